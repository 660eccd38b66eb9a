"""The arithmetic of an additive model for many records at once, equal to that of one record bit for bit."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features.spec import Kind
from models.errors import ModelFormError
from models.terms import MISSING, Axis, Table

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


def contributions(model: "AdditiveModel", columns: Columns) -> Floats:
    """Look up the points of every term, (n_rows, n_terms), log-odds."""
    return _look_up(model, columns, "points")


def log_odds(model: "AdditiveModel", found: Floats) -> Floats:
    """Add up contributions, (n_rows, n_terms), term by term in the order of the terms: (n_rows,)."""
    return _add_up(model.baseline, found)


def standard_errors(model: "AdditiveModel", columns: Columns) -> Floats:
    """Standard errors of the log-odds, (n_rows,); terms are taken as independent."""
    errors = _look_up(model, columns, "errors")
    return np.sqrt(_add_up(model.baseline_error * model.baseline_error, errors * errors))


def _add_up(start: float, found: Floats) -> Floats:
    # numpy's own sum pairs the terms in another order, which changes the last bit
    total = np.full(len(found), start)
    for column in found.T:
        total += column
    return total


def _look_up(model: "AdditiveModel", columns: Columns, table: str) -> Floats:
    """One number per record and term from one of the tables, column-major, so that a term is contiguous."""
    absent = [name for name in model.features if name not in columns]
    lengths = {len(columns[name]) for name in model.features if name in columns}
    if absent or len(lengths) > 1:
        raise ModelFormError(f"one column of equal length for each feature; {len(absent)} absent: {absent[:5]}")
    kinds = {axis.feature: axis.kind for term in model.terms for axis in term.axes}
    read = {name: Column(columns[name], kind) for name, kind in kinds.items()}
    found = np.empty((lengths.pop() if lengths else 0, len(model.terms)), order="F")
    for at, term in enumerate(model.terms):
        cells: Table = getattr(term, table)
        bins = tuple(read[axis.feature].bins(axis) for axis in term.axes)
        found[:, at] = np.asarray(cells)[bins]
    return found
