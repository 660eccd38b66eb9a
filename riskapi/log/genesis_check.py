"""Holds the heads that a new chain names, of the chains before it, against those chains."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from riskapi.log.findings import Findings, Rule

_NUMBER_MAX = 1 << 53
Place = tuple[str, int]
"""Writer and number of a row."""


class GenesisCheck:
    """Follows the first rows of chains: each names the last row of every other chain, as it was when this one began.

    A checkpoint covers at most what was there when it was signed; rows after the last one, which a kill leaves, are
    covered by the chains that began later.

    Args:
        hashes: finds the stored hashes of rows; those that are not there are left out.
        findings: where to note what does not hold.
    """

    def __init__(
        self, hashes: Callable[[Collection[Place]], Mapping[Place, Collection[bytes]]], findings: Findings
    ) -> None:
        self._hashes = hashes
        self._findings = findings
        self._told: dict[Place, dict[str, str]] = {}

    def take(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        """Take the first row of a chain."""
        heads = body.get("heads")
        for other, head in heads.items() if isinstance(heads, dict) else ():
            match head:
                case [int(number), str(digest)] if 0 < number < _NUMBER_MAX:
                    self._told.setdefault((other, number), {})[digest] = writer
                case _:
                    self._findings.add(Rule.MALFORMED, "a head is a number and a hash", writer, seq)

    def finish(self) -> None:
        """Take the end of the log: every row that was named is there, and is the one that was named."""
        stored = self._hashes(self._told.keys()) if self._told else {}
        for (writer, seq), told in sorted(self._told.items()):
            found = {one.hex() for one in stored.get((writer, seq), ())}
            for digest, by in sorted(told.items()):
                if not found:
                    text = f"this row was there when chain {by} began, and is gone"
                    self._findings.add(Rule.TRUNCATED, text, writer, seq)
                elif digest not in found:
                    text = f"this row was another one when chain {by} began"
                    self._findings.add(Rule.REWRITTEN, text, writer, seq)
