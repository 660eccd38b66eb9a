"""The parts of an additive model: how an axis cuts a feature into bins, and the points of each bin."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

from features.spec import FeatureValue, Kind
from models.errors import ModelFormError
from models.swings import MAX_LANES, MAX_SWING, Lanes, move_unit, norm

MISSING = 0
"""The bin of a value that was not submitted, on every axis."""
MAX_BINS = 1024
"""Most bins that one axis may have."""
MAX_POINTS = 1e6
"""Largest size of a point, in log-odds: far beyond any use, and far from overflow."""

Table = tuple[float, ...] | tuple[tuple[float, ...], ...]
"""Numbers per bin, or per pair of bins."""
SwingTable = tuple[Lanes, ...] | tuple[tuple[Lanes, ...], ...]
"""Lanes per bin, or per pair of bins."""


@dataclass(frozen=True, slots=True)
class Axis:
    """How one feature is read: bin 0 is missing, then the bins of its values, then one for what was never seen.

    A number ``v`` falls in bin ``1 + bisect_right(cuts, v)``, a category in ``1 +`` its place in ``levels``. A flag is
    a number with the one cut 0.5. ``low`` and ``high`` bound the values of a number seen in training.

    >>> axis = Axis("lead_hours", Kind.NUMBER, cuts=(24.0, 72.0), low=0.0, high=900.0)
    >>> [axis.bin_of(value) for value in (None, 3.5, 24.0, 1000.0)]
    [0, 1, 2, 3]
    """

    feature: str
    kind: Kind
    cuts: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        """Take plain floats only, whatever kind of number training hands over."""
        object.__setattr__(self, "cuts", tuple(map(_number, self.cuts)))
        for name in ("low", "high"):
            bound = getattr(self, name)
            object.__setattr__(self, name, None if bound is None else _number(bound))

    @property
    def size(self) -> int:
        """Number of bins, with those of the missing and of the unseen value."""
        return 2 + (len(self.levels) if self.kind is Kind.CATEGORY else len(self.cuts) + 1)

    def bin_of(self, value: FeatureValue) -> int:
        """Find the bin of one value; not-a-number counts as missing."""
        if value is None or value != value:  # noqa: PLR0124  only not-a-number differs from itself
            return MISSING
        if self.kind is Kind.CATEGORY:
            return 1 + self.levels.index(str(value)) if value in self.levels else self.size - 1
        return 1 + bisect_right(self.cuts, value)

    def is_outside(self, value: FeatureValue) -> bool:
        """Say whether a value was submitted that training never saw."""
        place = self.bin_of(value)
        if place == MISSING or self.kind is Kind.FLAG:
            return False
        if self.kind is Kind.CATEGORY:
            return place == self.size - 1
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return abs(value) == math.inf or not low <= value <= high  # type: ignore[arg-type,operator]

    def problems(self) -> Iterator[str]:
        """Every rule that the axis breaks."""
        if self.size > MAX_BINS:
            yield f"at most {MAX_BINS} bins"
        if not all(map(math.isfinite, self.cuts)) or any(a >= b for a, b in pairwise(self.cuts)):
            yield "cuts are finite and rise"
        if self.kind is Kind.CATEGORY:
            if self.cuts or self.low is not None or self.high is not None:
                yield "a category has levels, no cuts and no range"
            if len(set(self.levels)) != len(self.levels):
                yield "levels differ from each other"
        elif self.levels:
            yield "only a category has levels"
        if self.kind is Kind.FLAG and self.cuts != (0.5,):
            yield "a flag has the one cut 0.5"
        bounds = [bound for bound in (self.low, self.high) if bound is not None]
        if not all(map(math.isfinite, bounds)) or bounds != sorted(bounds):
            yield "the range is finite, and low is not above high"

    def to_json(self) -> dict[str, Any]:
        """Write the axis with what its kind needs and nothing else."""
        told: dict[str, Any] = {"feature": self.feature, "kind": self.kind.value}
        if self.kind is Kind.CATEGORY:
            return told | {"levels": list(self.levels)}
        return told | {"cuts": list(self.cuts), "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Term:
    """The points of one feature, or of two together.

    Attributes:
        axes: one or two.
        points: log-odds per bin, or per ``[bin of the first axis][bin of the second]``.
        swings: how the points moved when cases were drawn anew (:mod:`models.swings`), lanes per bin, same shape.
        travellers: different travellers per bin in training, same shape; zeros where it is not known.
    """

    axes: tuple[Axis, ...]
    points: Table
    swings: SwingTable
    travellers: Table

    def __post_init__(self) -> None:
        """Take tuples of plain numbers only: they are what scoring is fast with."""
        for name in ("points", "travellers"):
            object.__setattr__(self, name, _scale(getattr(self, name)))
        object.__setattr__(self, "swings", _lanes(self.swings, len(self.axes)))

    @property
    def errors(self) -> Table:
        """Standard error of each point by itself, same shape [log-odds]."""
        if len(self.axes) == 1:
            return tuple(norm(lanes) for lanes in self.swings)  # type: ignore[arg-type]
        return tuple(tuple(norm(lanes) for lanes in row) for row in self.swings)  # type: ignore[arg-type]

    @property
    def lanes(self) -> int:
        """Number of redraws; 0 for a term without bins."""
        return len(next(self.all_swings(), ()))

    def all_swings(self) -> Iterator[Lanes]:
        """The lanes of every cell, in their order."""
        for row in self.swings:
            yield from (row,) if len(self.axes) == 1 else row  # type: ignore[misc]

    @property
    def name(self) -> str:
        """Name of the feature, or of both: ``"a & b"``."""
        return " & ".join(axis.feature for axis in self.axes)

    def cell(self, table: Table, values: Sequence[FeatureValue]) -> float:
        """Look up one number of one of the tables for the values of the axes."""
        found: Any = table
        for axis, value in zip(self.axes, values, strict=True):
            found = found[axis.bin_of(value)]
        return float(found)

    def problems(self) -> Iterator[str]:
        """Every rule that the term breaks."""
        if len(self.axes) not in (1, 2) or len({axis.feature for axis in self.axes}) != len(self.axes):
            yield "a term has one axis, or two of different features"
            return
        for axis in self.axes:
            yield from axis.problems()
        shape = tuple(axis.size for axis in self.axes)
        for name, least in (("points", -MAX_POINTS), ("travellers", 0.0)):
            cells = _cells(getattr(self, name), shape)
            most = math.inf if name == "travellers" else MAX_POINTS
            if cells is None:
                yield f"{name} has the shape {shape}"
            elif not all(math.isfinite(cell) and least <= cell <= most for cell in cells):
                yield f"{name} are finite numbers from {least:g} to {most:g}"
        rows = self.swings
        sized = len(rows) == shape[0] and (len(shape) == 1 or all(len(row) == shape[1] for row in rows))
        lanes = list(self.all_swings())
        if not sized or len({len(each) for each in lanes}) > 1 or not 1 <= self.lanes <= MAX_LANES:
            yield f"swings has the shape {shape}, and one to {MAX_LANES} lanes for each cell"
        elif any(abs(move) > MAX_SWING for each in lanes for move in each):
            yield f"swings are whole numbers from {-MAX_SWING} to {MAX_SWING}"

    def reach(self) -> list[int]:
        """The largest move of a cell in each lane."""
        return [max(map(abs, moves)) for moves in zip(*self.all_swings(), strict=True)]

    def scaled(self, slope: float, slopes: Sequence[float] = ()) -> "Term":
        """Multiply points by ``slope``, and the points of each redraw by its own slope.

        Args:
            slope: of the points.
            slopes: one per redraw; ``slope`` for all where there is none.
        """

        def moved(lanes: Any, points: Any) -> Any:
            if isinstance(points, tuple):
                return [moved(*cell) for cell in zip(lanes, points, strict=True)]
            return scaled_lanes(lanes, points, slope, slopes)

        return Term(self.axes, _scale(self.points, slope), moved(self.swings, self.points), self.travellers)

    def to_json(self) -> dict[str, Any]:
        """Write the term as plain lists and numbers."""
        return {
            "axes": [axis.to_json() for axis in self.axes],
            "points": _lists(self.points),
            "swings": [list(row) if len(self.axes) == 1 else [list(each) for each in row] for row in self.swings],  # type: ignore[arg-type]
            "travellers": _lists(self.travellers),
        }


def read_term(data: Any) -> Term:
    """Read what :meth:`Term.to_json` wrote.

    Raises:
        ModelFormError: where the data is no term; sizes and bounds are checked by the model.
    """
    try:
        axes = tuple(_read_axis(axis) for axis in data["axes"])
        term = Term(axes, data["points"], data["swings"], data["travellers"])
        extra = set(data) - {"axes", "points", "swings", "travellers"}
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError) as error:
        raise ModelFormError(f"a term has axes, points, swings and travellers: {type(error).__name__}") from None
    if extra:
        raise ModelFormError(f"a term has axes, points, swings and travellers, not {len(extra)} more")
    return term


def _read_axis(data: dict[str, Any]) -> Axis:
    fields = dict(data)
    feature, kind = fields.pop("feature"), Kind(fields.pop("kind"))
    levels = tuple(fields.pop("levels", ()))
    cuts, low, high = tuple(fields.pop("cuts", ())), fields.pop("low", None), fields.pop("high", None)
    if fields or not isinstance(feature, str) or not all(isinstance(level, str) for level in levels):
        raise ValueError
    return Axis(feature, kind, cuts, levels, low, high)


def _number(value: Any) -> float:
    if type(value) is not float and (isinstance(value, bool) or not isinstance(value, Real)):
        raise TypeError
    return float(value) + 0.0  # a negative zero becomes zero: canonical JSON knows only one


def _scale(table: Any, factor: float = 1.0) -> Table:
    """Copy a table of one or two dimensions, times a factor."""
    if not isinstance(table, list | tuple):
        raise TypeError
    if table and isinstance(table[0], list | tuple):
        return tuple(tuple(_number(cell) * factor + 0.0 for cell in row) for row in table)
    return tuple(_number(cell) * factor + 0.0 for cell in table)


def scaled_lanes(lanes: Sequence[int], value: float, slope: float, slopes: Sequence[float] = ()) -> Lanes:
    """Move lanes along with the value that they belong to.

    Args:
        lanes: of one value.
        value: the value itself [log-odds].
        slope: that it is multiplied by.
        slopes: that it is multiplied by in each redraw; ``slope`` in all where there is none.

    >>> scaled_lanes((10, -10), 0.0, 2.0), scaled_lanes((0, 0), 1.0, 1.0, (1.5, 0.5))
    ((20, -20), (512, -512))
    """
    if not slopes:
        return tuple(round(lane * slope) for lane in lanes)
    unit = move_unit(len(lanes))
    return tuple(round(lane * own + (own - slope) * value / unit) for lane, own in zip(lanes, slopes, strict=True))


def _lanes(table: Any, axes: int) -> Any:
    """Copy the lanes of each cell as tuples of plain whole numbers."""
    if not isinstance(table, list | tuple):
        raise TypeError
    if axes > 1:
        return tuple(_lanes(row, 1) for row in table)
    return tuple(tuple(map(_whole, cell)) for cell in table)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError
    return int(value)


def _lists(table: Table) -> list[Any]:
    return [list(row) if isinstance(row, tuple) else row for row in table]


def _cells(table: Table, shape: tuple[int, ...]) -> list[float] | None:
    """All numbers of a table, or ``None`` where it does not have the shape."""
    if len(table) != shape[0]:
        return None
    flat: list[float] = []
    for row in table:
        if isinstance(row, tuple) != (len(shape) == 2) or (isinstance(row, tuple) and len(row) != shape[1]):  # noqa: PLR2004  a pair
            return None
        flat.extend(row if isinstance(row, tuple) else (row,))
    return flat
