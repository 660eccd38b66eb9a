"""The parts of an additive model: how an axis cuts a feature into bins, and the points of each bin."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import Any

from features.spec import FeatureValue, Kind
from models.errors import ModelFormError

MISSING = 0
"""The bin of a value that was not submitted, on every axis."""
MAX_BINS = 1024
"""Most bins that one axis may have."""
MAX_POINTS = 1e6
"""Largest size of a point or of its error, in log-odds: far beyond any use, and far from overflow."""

Table = tuple[float, ...] | tuple[tuple[float, ...], ...]
"""Numbers per bin, or per pair of bins."""


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
        errors: standard errors of the points, same shape.
        weights: training weight per bin, same shape; zeros where it is not known.
    """

    axes: tuple[Axis, ...]
    points: Table
    errors: Table
    weights: Table

    def __post_init__(self) -> None:
        """Take tuples of plain floats only: they are what scoring is fast with."""
        for name in ("points", "errors", "weights"):
            object.__setattr__(self, name, _scale(getattr(self, name)))

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
        for name, least in (("points", -MAX_POINTS), ("errors", 0.0), ("weights", 0.0)):
            cells = _cells(getattr(self, name), shape)
            most = math.inf if name == "weights" else MAX_POINTS
            if cells is None:
                yield f"{name} has the shape {shape}"
            elif not all(math.isfinite(cell) and least <= cell <= most for cell in cells):
                yield f"{name} are finite numbers from {least:g} to {most:g}"

    def scaled(self, slope: float) -> "Term":
        """Multiply points by ``slope``, and errors by its size."""
        return Term(self.axes, _scale(self.points, slope), _scale(self.errors, abs(slope)), self.weights)

    def to_json(self) -> dict[str, Any]:
        """Write the term as plain lists and numbers."""
        return {
            "axes": [axis.to_json() for axis in self.axes],
            "points": _lists(self.points),
            "errors": _lists(self.errors),
            "weights": _lists(self.weights),
        }


def read_term(data: Any) -> Term:
    """Read what :meth:`Term.to_json` wrote.

    Raises:
        ModelFormError: where the data is no term; sizes and bounds are checked by the model.
    """
    try:
        axes = tuple(_read_axis(axis) for axis in data["axes"])
        term = Term(axes, data["points"], data["errors"], data["weights"])
        extra = set(data) - {"axes", "points", "errors", "weights"}
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError) as error:
        raise ModelFormError(f"a term has axes, points, errors and weights: {type(error).__name__}") from None
    if extra:
        raise ModelFormError(f"a term has axes, points, errors and weights, not {len(extra)} more")
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
