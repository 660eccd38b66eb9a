"""Why a row does not follow from the one before: tries what may have been done to the chain, and names the place."""

from collections import deque
from dataclasses import dataclass

from riskapi.log.entry import GENESIS_PREV, entry_hash
from riskapi.log.findings import Rule

REACH = 16
"""Rows that may have been put in or taken out together and are still recognised as such."""
_TRIED_MAX = 200
"""Rows of one chain that are looked into; a chain in which more are broken was not changed in one place."""


@dataclass(frozen=True, slots=True)
class Content:
    """A row without its place and hash."""

    at: str
    kind: str
    body: bytes


@dataclass(slots=True)
class _Break:
    """A row whose hash is not that of its content."""

    seq: int
    stored: bytes
    made: bytes
    prev: bytes
    place: int


class Diagnosis:
    """Remembers enough of one chain to recognise insertion, removal, exchange and a mere wrong hash.

    Attributes:
        shift: add it to a row's number for the number that it was written under.
        explained: rows at which the difference between stored hashes and signed roots is accounted for.
    """

    def __init__(self, writer: str) -> None:
        self.shift = 0
        self.explained: list[int] = []
        self._writer = writer
        self._hashes: deque[bytes] = deque([GENESIS_PREV], maxlen=REACH + 2)
        self._twins: list[bytes] = []
        self._breaks: deque[_Break] = deque(maxlen=REACH)
        self._tried = 0
        self.remember = self._hashes.append
        """Take the stored hash of a row; to be called for every one."""

    def forget(self) -> None:
        """Take note that rows are missing: what comes next follows from nothing that is known."""
        self._hashes.clear()
        self._twins.clear()
        self._breaks.clear()
        self.shift = 0

    def twin(self, seq: int, row_hash: bytes) -> None:
        """Take a second row of the same number: the next one may follow from it."""
        self._twins.append(row_hash)
        self.explained.append(seq)

    def made(self, seq: int) -> bytes | None:
        """The hash that a broken row should have."""
        return self._breaks[-1].made if self._breaks and self._breaks[-1].seq == seq else None

    def explain(self, seq: int, content: Content, stored: bytes) -> tuple[Rule, int, str] | None:
        """Find out what happened.

        Args:
            seq: number of the row that does not follow.
            content: of it.
            stored: its hash.

        Returns:
            Rule, row and text of a finding; ``None`` where an earlier finding accounts for it.
        """
        twins, self._twins = self._twins, []
        if not self._hashes:  # the row before is missing
            return None
        self._tried += 1
        if self._tried <= _TRIED_MAX:
            if any(self._made(seq + self.shift, content, twin) == stored for twin in twins):
                return None
            last = self._breaks[-1] if self._breaks and self._breaks[-1].seq == seq - 1 else None
            if last and self._made(seq + self.shift, content, last.made) == stored:
                self.explained.append(last.seq)
                return None
            found = self._removed(seq, content, stored, last) or self._inserted(seq, content, stored, last)
            if found is not None:
                return found if found[1] else None
            exchanged = self._exchanged(content, stored)
        else:
            exchanged = None
        prev = self._hashes[-1]
        place = seq + self.shift
        self._breaks.append(_Break(seq, stored, self._made(place, content, prev), prev, place))
        if exchanged is not None:
            return Rule.CHANGED, seq, f"rows {exchanged} and {seq} were exchanged"
        return Rule.CHANGED, seq, "its hash is not that of its content and of the hash before it"

    def _made(self, place: int, content: Content, prev: bytes) -> bytes:
        return entry_hash(self._writer, place, content.at, content.kind, content.body, prev=prev)

    def _removed(self, seq: int, content: Content, stored: bytes, last: _Break | None) -> tuple[Rule, int, str] | None:
        """Rows were taken out before the last one, and those after it renumbered."""
        for shift in range(self.shift + 1, self.shift + REACH + 1):
            if self._made(seq + shift, content, self._hashes[-1]) == stored:
                self.shift = shift
                self.explained.append(seq - 1)
                if last:
                    return Rule.CHANGED, 0, ""
                return Rule.CHANGED, seq, "rows from here on were renumbered"
        return None

    def _inserted(self, seq: int, content: Content, stored: bytes, last: _Break | None) -> tuple[Rule, int, str] | None:
        """Rows were put in before this one, and those after them renumbered."""
        for count in range(1, min(REACH, len(self._hashes) - 1) + 1):
            if self._made(seq + self.shift - count, content, self._hashes[-1 - count]) == stored:
                self.shift -= count
                self.explained.append(seq - count)
                if last and last.seq <= seq - count:
                    return Rule.INSERTED, 0, ""
                return Rule.INSERTED, seq - count, f"put in between two rows that follow one another ({count} rows)"
        return None

    def _exchanged(self, content: Content, stored: bytes) -> int | None:
        for broken in self._breaks:
            if self._made(broken.place, content, broken.prev) == stored:
                self.explained.append(broken.seq)
                return broken.seq
        return None
