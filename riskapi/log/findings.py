"""What a verification found: each finding names the first place where the log is not what it says, and the rule."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

SHOWN_MAX = 20
"""Findings of one rule and writer that are listed; the rest is counted."""


class Rule(StrEnum):
    """What does not hold."""

    MALFORMED = "malformed"
    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"
    DUPLICATE = "duplicate"
    REWRITTEN = "rewritten"
    TRUNCATED = "truncated"
    CHECKPOINT_REFUSED = "checkpoint-refused"
    SPLIT_VIEW = "split-view"
    CONTENTS_CHANGED = "contents-changed"
    CONTENTS_MISSING = "contents-missing"
    CONTENTS_KEPT = "contents-kept"
    CONTENTS_UNLOGGED = "contents-unlogged"
    REGISTRY_CHANGED = "registry-changed"
    LEDGER_CHANGED = "ledger-changed"
    ACCESS_CHANGED = "access-changed"
    TOMBSTONE_UNSIGNED = "tombstone-unsigned"
    SELECTION_UNKNOWN = "selection-unknown"
    DRAW_WRONG = "draw-wrong"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule.

    Attributes:
        writer: whose chain; empty where the place is in no chain.
        seq: first bad row of it; 0 where the place is no row.
        rule: what does not hold.
        text: for people: what was met, and what it means.
        through: last row of the stretch within which the first bad one lies; equal to ``seq`` where it is exact.
        source: name of the export or database.
    """

    writer: str
    seq: int
    rule: Rule
    text: str
    through: int
    source: str

    def line(self) -> str:
        """Write it as one line."""
        if not self.seq:
            place = self.writer
        elif self.seq == self.through:
            place = f"{self.writer} {self.seq}"
        else:
            place = f"{self.writer} {self.seq}-{self.through}"
        return f"{self.source}: {place + ': ' if place else ''}{self.rule}: {self.text}"

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON data."""
        return asdict(self)


class Findings:
    """Collects findings of one source; lists the first of each rule and writer, and counts the rest."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.total = 0
        self._listed: list[Finding] = []
        self._counts: Counter[tuple[str, Rule]] = Counter()

    def add(self, rule: Rule, text: str, writer: str = "", seq: int = 0, through: int | None = None) -> None:
        """Note a finding."""
        self.total += 1
        self._counts[writer, rule] += 1
        if self._counts[writer, rule] <= SHOWN_MAX:
            last = seq if through is None else through
            self._listed.append(Finding(writer, seq, rule, text, last, self.source))

    def __iter__(self) -> Iterator[Finding]:
        """The listed ones by place, the first bad row of each writer first."""
        return iter(sorted(self._listed))

    def unlisted(self) -> Iterator[tuple[str, Rule, int]]:
        """How many more there were of a writer and rule."""
        for (writer, rule), count in sorted(self._counts.items()):
            if count > SHOWN_MAX:
                yield writer, rule, count - SHOWN_MAX
