"""The arithmetic of an additive model for many records at once, equal to that of one record bit for bit."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features.spec import Kind
from models.errors import ModelFormError
from models.swings import UNIT, move_unit
from models.terms import MISSING, Axis

if TYPE_CHECKING:
    from models.additive import AdditiveModel

Columns = Mapping[str, npt.NDArray[np.generic]]
Floats = npt.NDArray[np.float64]


class Column:
    """One column, read once for all terms that use it: numbers as such, categories as places in a list of values."""

    def __init__(self, values: npt.NDArray[np.generic], kind: Kind) -> None:
        self.numbers: Floats | None = None
        if kind is not Kind.CATEGORY:
            self.numbers = np.asarray(values, dtype=np.float64)
            return
        place: dict[object, int] = {}
        self.codes = np.fromiter(
            (place.setdefault(value, len(place)) for value in values), dtype=np.intp, count=len(values)
        )
        self.values = list(place)

    def bins(self, axis: Axis) -> npt.NDArray[np.intp]:
        """Find the bin of every row, (n_rows,), as :meth:`Axis.bin_of` does for one value."""
        if self.numbers is None:
            return np.array([axis.bin_of(value) for value in self.values], dtype=np.intp)[self.codes]  # type: ignore[arg-type]
        bins = np.searchsorted(np.asarray(axis.cuts), self.numbers, side="right") + 1
        bins[np.isnan(self.numbers)] = MISSING
        return bins


def log_odds(model: "AdditiveModel", found: Floats) -> Floats:
    """Add up contributions, (n_rows, n_terms), term by term in the order of the terms: (n_rows,)."""
    return _add_up(model.baseline, found)


def standard_errors(model: "AdditiveModel", columns: Columns) -> Floats:
    """Standard errors of the log-odds, (n_rows,): the length of the summed swings."""
    total = _swings(model, columns)
    return np.fromiter((math.hypot(*lanes) for lanes in total.tolist()), dtype=np.float64, count=len(total)) * UNIT


def redraws(model: "AdditiveModel", columns: Columns) -> Floats:
    """Log-odds in every redraw of the cases, (n_rows, n_redraws)."""
    scores = log_odds(model, contributions(model, columns))
    return np.asarray(scores[:, None] + _swings(model, columns) * move_unit(len(model.baseline_swings)))


def term_moves(model: "AdditiveModel", columns: Columns) -> Floats:
    """How each contribution moved in each redraw, (1 + n_terms, n_rows, n_redraws) [log-odds]; the baseline first."""
    unit = move_unit(len(model.baseline_swings))
    read, rows = _read(model, columns)
    moves = np.empty((1 + len(model.terms), rows, len(model.baseline_swings)))
    moves[0] = np.asarray(model.baseline_swings) * unit
    for at, term in enumerate(model.terms, start=1):
        moves[at] = np.asarray(term.swings)[tuple(read[axis.feature].bins(axis) for axis in term.axes)] * unit
    return moves


def _swings(model: "AdditiveModel", columns: Columns) -> npt.NDArray[np.int64]:
    """Summed lanes of every record, (n_rows, n_redraws)."""
    read, rows = _read(model, columns)
    total = np.tile(np.asarray(model.baseline_swings, dtype=np.int64), (rows, 1))
    for term in model.terms:
        bins = tuple(read[axis.feature].bins(axis) for axis in term.axes)
        total += np.asarray(term.swings, dtype=np.int64)[bins]
    return total


def _add_up(start: float, found: Floats) -> Floats:
    # numpy's own sum pairs the terms in another order, which changes the last bit
    total = np.full(len(found), start)
    for column in found.T:
        total += column
    return total


def _read(model: "AdditiveModel", columns: Columns) -> tuple[dict[str, Column], int]:
    """Read the columns that the terms use, each once; and count the rows."""
    absent = [name for name in model.features if name not in columns]
    lengths = {len(columns[name]) for name in model.features if name in columns}
    if absent or len(lengths) > 1:
        raise ModelFormError(f"one column of equal length for each feature; {len(absent)} absent: {absent[:5]}")
    kinds = {axis.feature: axis.kind for term in model.terms for axis in term.axes}
    return {name: Column(columns[name], kind) for name, kind in kinds.items()}, lengths.pop() if lengths else 0


def contributions(model: "AdditiveModel", columns: Columns) -> Floats:
    """Look up the points of every term, (n_rows, n_terms), log-odds; column-major, so that a term is contiguous."""
    read, rows = _read(model, columns)
    found = np.empty((rows, len(model.terms)), order="F")
    for at, term in enumerate(model.terms):
        found[:, at] = np.asarray(term.points)[tuple(read[axis.feature].bins(axis) for axis in term.axes)]
    return found
