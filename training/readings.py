"""What readers at the review desk thought of the reasons for a score: evidence about reasons, never a label.

A case without an independent outcome stays without one, whatever its readers agreed to.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from pydantic import BaseModel, TypeAdapter

from features.declared import Problem
from models.metrics.intervals import wilson_interval

LEVEL: Final = 0.90
VERDICTS_MIN: Final = 10
"""Verdicts of those who could tell, below which no share is given."""
AGREES, DISAGREES, CANNOT_TELL = "agrees", "disagrees", "cannot_tell"
_BROKEN = Problem(
    "readings", "are no readings as an export has them", "export the cases again, or leave the cell blank"
)


class Verdict(BaseModel):
    """What a reader thought of a reason."""

    risk: str
    code: str
    verdict: str


class ReadCase(BaseModel):
    """A reading of a case as an export has it."""

    by: str
    own_view: str | None
    verdicts: list[Verdict]


_READINGS = TypeAdapter(list[ReadCase])


@dataclass(frozen=True)
class ReasonVerdicts:
    """What readers thought of one reason.

    Attributes:
        code: of the reason.
        counts: how often each verdict was given.
        told: verdicts of those who could tell.
        agrees: share of them that agree; ``None`` where there are too few.
        interval: of the share (Wilson, 90 %).
    """

    code: str
    counts: Mapping[str, int]
    told: int
    agrees: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Provenance:
    """Where the outcomes of a case table came from, and what readers thought of its cases.

    Attributes:
        ways: outcomes by the way that they were recorded; those of which it is not told are left out.
        recorders: persons who recorded outcomes.
        read: cases with a reading.
        read_without_outcome: of them without an outcome: they have no label.
        readings: by all readers of all cases.
        readers: persons who read.
        own_views: readings in which the own view was noted before the score was shown.
        verdicts: on reasons, of all risks.
        reasons: of one risk, those with most verdicts first.
    """

    ways: Mapping[str, int]
    recorders: int
    read: int
    read_without_outcome: int
    readings: int
    readers: int
    own_views: int
    verdicts: Mapping[str, int]
    reasons: tuple[ReasonVerdicts, ...]

    def content(self) -> dict[str, Any]:
        """Write it as JSON values."""
        return {
            "outcomes_by_way": dict(self.ways),
            "recorders": self.recorders,
            "cases_read": self.read,
            "cases_read_without_outcome": self.read_without_outcome,
            "readings": self.readings,
            "readers": self.readers,
            "own_views": self.own_views,
            "verdicts": dict(self.verdicts),
            "reasons": {one.code: dict(one.counts) for one in self.reasons},
        }

    @property
    def told(self) -> bool:
        """Whether the table tells anything of this kind."""
        return bool(self.ways) or bool(self.readings)


def provenance(cases: pd.DataFrame, risk: str) -> Provenance:
    """Count where outcomes came from, and what readers thought.

    Args:
        cases: accepted cases.
        risk: whose reasons are told one by one.
    """
    looked = cases["outcome_code"].notna()
    ways = _column(cases, "recorded_way")[looked].dropna()
    texts = _column(cases, "readings")
    readings = [one for text in texts.dropna() for one in read(text)]
    verdicts = [verdict for one in readings for verdict in one.verdicts]
    return Provenance(
        ways=dict(sorted(Counter(ways).items())),
        recorders=int(_column(cases, "recorded_by")[looked].nunique()),
        read=int(texts.notna().sum()),
        read_without_outcome=int((texts.notna() & ~looked).sum()),
        readings=len(readings),
        readers=len({one.by for one in readings}),
        own_views=sum(one.own_view is not None for one in readings),
        verdicts=dict(sorted(Counter(one.verdict for one in verdicts).items())),
        reasons=tuple(_reasons(one for one in verdicts if one.risk == risk)),
    )


def read(text: str) -> list[ReadCase]:
    """Read the readings of one case.

    Raises:
        ValueError: where they are not as an export has them.
    """
    return _READINGS.validate_json(text)


def problems_of_readings(texts: pd.Series) -> Iterator[tuple[int, Problem]]:
    """Find cells that hold no readings, by their place."""
    for place, text in enumerate(texts):
        if text is not None:
            try:
                read(text)
            except ValueError:
                yield place, _BROKEN


def number_of(text: str | None) -> int:
    """Count the readings of a cell: they are only ever added to.

    >>> number_of(None)
    0
    """
    return 0 if text is None else len(read(text))


def _reasons(verdicts: Iterator[Verdict]) -> Sequence[ReasonVerdicts]:
    by_code: dict[str, Counter[str]] = defaultdict(Counter)
    for one in verdicts:
        by_code[one.code][one.verdict] += 1
    found = []
    for code, counts in sorted(by_code.items(), key=lambda item: (-item[1].total(), item[0])):
        told = counts.total() - counts[CANNOT_TELL]
        enough = told >= VERDICTS_MIN
        interval = wilson_interval(counts[AGREES], told, LEVEL) if enough else None
        found.append(ReasonVerdicts(code, dict(counts), told, counts[AGREES] / told if enough else None, interval))
    return found


def _column(cases: pd.DataFrame, name: str) -> "pd.Series[Any]":
    return cases[name] if name in cases else pd.Series([None] * len(cases), index=cases.index, dtype=object)
