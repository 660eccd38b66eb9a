"""What scoring one record reads: the cells of all terms, laid out for lookup and numbered by their points."""

import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from features.spec import FeatureValue, Kind
from models.swings import Packing
from models.terms import MISSING, Axis, Term

Cell = tuple[int, float, int, bool]
"""Its number, points, packed swings, and whether the value deserves a note: missing, or outside what training saw."""
Single = tuple[int, list[float] | None, Any]
"""Place of the feature; cuts of a number, or ``None``; the cell by place among them, or by value."""
Pair = tuple[int, list[float] | None, Any, int, list[float] | None]
"""Place, cuts and rows of the first feature; place and cuts of the second, which finds the cell in a row."""
Bins = tuple[int, ...]


class Cells:
    """The cells of a model's terms.

    Numbers rise with the points, so that sorting the numbers of a record's cells ranks its contributions. Of equal
    points, those of the earlier term come first on either side: lowest where points lower, highest where they raise.

    Args:
        features: names in the order of the values.
        terms: those of one feature, then those of two.
        packing: of the swings of all cells.

    Attributes:
        singles: where each term of one feature looks up its cell.
        pairs: where each term of two looks up its cell.
        points: of each cell, by number.
        terms: place of each cell's term, by number.
        bins: of each cell on the axes of its term, by number.
        lowering: numbers below it lower the score.
        raising: numbers from it on raise the score.
    """

    def __init__(self, features: Sequence[str], terms: Sequence[Term], packing: Packing) -> None:
        ranked = sorted(
            (points, -at if points > 0 else at, at, bins)
            for at, term in enumerate(terms)
            for bins, points in _cells(term)
        )
        self.points = [points for points, *_ in ranked]
        self.terms = [at for _, _, at, _ in ranked]
        self.bins = [bins for *_, bins in ranked]
        self.lowering, self.raising = bisect_left(self.points, 0.0), bisect_right(self.points, 0.0)
        numbers: list[dict[Bins, int]] = [{} for _ in terms]
        for number, (_, _, at, bins) in enumerate(ranked):
            numbers[at][bins] = number
        place = {name: at for at, name in enumerate(features)}
        known = list(zip(terms, numbers, strict=True))
        self.singles = [_single(place, *one, packing) for one in known if len(one[0].axes) == 1]
        self.pairs = [_pair(place, *one, packing) for one in known if len(one[0].axes) > 1]


class _Known(dict[FeatureValue, Any]):
    """What stands at the values of a flag or a category; any other value is looked up."""

    def __init__(self, known: Mapping[Any, Any], look_up: Callable[[Any], Any]) -> None:
        super().__init__(known)
        self._look_up = look_up

    def __missing__(self, value: FeatureValue) -> Any:
        return self._look_up(value)


def _cells(term: Term) -> Iterator[tuple[Bins, float]]:
    for bins in product(*(range(axis.size) for axis in term.axes)):
        yield bins, float(_at(term.points, bins))


def _at(table: Any, bins: Bins) -> Any:
    for place in bins:
        table = table[place]
    return table


def _single(place: Mapping[str, int], term: Term, numbers: Mapping[Bins, int], packing: Packing) -> Single:
    """Lay out a term of one feature: the trained range makes two more cuts, missing stands last."""
    axis, above = term.axes[0], max(term.reach())

    def cell(at: int, *, noted: bool) -> Cell:
        return numbers[at,], _at(term.points, (at,)), packing.pack(_at(term.swings, (at,)), above), noted

    if axis.kind is Kind.CATEGORY:
        by_bin = [cell(at, noted=at in (MISSING, axis.size - 1)) for at in range(axis.size)]
        return place[axis.feature], None, _levels(axis, by_bin)
    low = -sys.float_info.max if axis.low is None else axis.low
    high = math.inf if axis.high is None else math.nextafter(axis.high, math.inf)
    cuts = sorted({*axis.cuts, low, high})
    table = [cell(axis.bin_of(start), noted=axis.is_outside(start)) for start in (-math.inf, *cuts)]
    table[-1] = (*table[-1][:3], True)  # where infinity and not-a-number end up: who reads it looks twice
    return place[axis.feature], *_by_place(axis, cuts, [*table, cell(MISSING, noted=True)])


def _pair(place: Mapping[str, int], term: Term, numbers: Mapping[Bins, int], packing: Packing) -> Pair:
    """Lay out a term of two features: rows by the first, in each row cells by the second."""
    (first, second), above = term.axes, max(term.reach())

    def cell(*bins: int) -> Cell:
        return numbers[bins], _at(term.points, bins), packing.pack(_at(term.swings, bins), above), False

    rows = [_by_bin(second, [cell(at, other) for other in range(second.size)]) for at in range(first.size)]
    cuts, by_first = _by_bin(first, [row for _, row in rows])
    return place[first.feature], cuts, by_first, place[second.feature], rows[0][0]


def _by_bin(axis: Axis, by_bin: Sequence[Any]) -> tuple[list[float] | None, Any]:
    """Put what stands in each bin where a value finds it."""
    if axis.kind is Kind.CATEGORY:
        return None, _levels(axis, by_bin)
    return _by_place(axis, list(axis.cuts), [*by_bin[MISSING + 1 : -1], by_bin[MISSING]])


def _levels(axis: Axis, by_bin: Sequence[Any]) -> _Known:
    return _Known(dict(zip((None, *axis.levels), by_bin, strict=False)), lambda _: by_bin[-1])


def _by_place(axis: Axis, cuts: list[float], table: list[Any]) -> tuple[list[float] | None, Any]:
    """Leave a number to find its place among the cuts, missing last; a flag needs no search."""
    if axis.kind is not Kind.FLAG:
        return cuts, table

    def look_up(value: Any) -> Any:
        return table[bisect_right(cuts, value)]

    return None, _Known({None: table[-1], False: look_up(0.0), True: look_up(1.0)}, look_up)
