"""Counts of some days put together, for one bundle or for all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from riskapi.monitoring.tally import EVERYWHERE, Counts, Place


@dataclass(frozen=True, slots=True)
class Days:
    """The counts of some days.

    Attributes:
        everywhere: of all crossing points together, day by day.
        points: of each crossing point, over all days.
    """

    everywhere: list[Counts] = field(default_factory=list)
    points: dict[str, Counts] = field(default_factory=dict)

    @property
    def total(self) -> Counts:
        """Over all days."""
        return added(self.everywhere)


def put_together(rows: Iterable[tuple[Place, Counts]], digests: Sequence[str] | None = None) -> Days:
    """Put counts together.

    Args:
        rows: by place.
        digests: bundles to take; all where they are left out.
    """
    days: defaultdict[str, list[Counts]] = defaultdict(list)
    points: defaultdict[str, list[Counts]] = defaultdict(list)
    for place, found in rows:
        if digests is not None and place.digest not in digests:
            continue
        if place.part == EVERYWHERE:
            days[place.start].append(found)
        else:
            points[place.part].append(found)
    return Days(
        [added(found) for _, found in sorted(days.items())],
        {name: added(found) for name, found in sorted(points.items())},
    )


def added(many: Iterable[Counts]) -> Counts:
    """Add counts up.

    >>> added([{"a": 1}, {"a": 2, "b": 1}])
    {'a': 3.0, 'b': 1.0}
    """
    total: defaultdict[str, float] = defaultdict(float)
    for one in many:
        for name, number in one.items():
            total[name] += number
    return dict(total)


def under(counts: Counts, prefix: str) -> dict[str, float]:
    """Take the numbers whose names begin with a word, by the rest of their names.

    >>> under({"band|high": 2, "seen": 9}, "band")
    {'high': 2}
    """
    start = f"{prefix}|"
    return {name.removeprefix(start): number for name, number in counts.items() if name.startswith(start)}


def row_of(counts: Counts, names: Sequence[str]) -> list[float]:
    """Take some numbers in order; 0 where there is none."""
    return [max(0.0, counts.get(name, 0.0)) for name in names]


def day_before(day: str, days: int) -> str:
    """The day that lies some days earlier.

    >>> day_before("2026-03-01", 1)
    '2026-02-28'
    """
    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()


def between(rows: Iterable[tuple[Place, Counts]], start: str, end: str) -> Iterator[tuple[Place, Counts]]:
    """Take the counts of a span of days."""
    return ((place, found) for place, found in rows if start <= place.start < end)
