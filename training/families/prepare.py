"""Bring cases into the one form and order in which every family fits them, so that a fit depends on them alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.spec import FeatureSpec, Kind
from training.errors import DatasetError, EmptyColumnError, NoCasesError, OneOutcomeError
from training.families.base import Floats

POOLED = "\x00pooled"
"""Stands for every rare level of a category: what is rare in training shares its points with what was never met."""
MIN_TRAVELLERS = 20
"""Different travellers that points of their own need, so that a table of points tells of nobody."""
_ABSENT = "\x00absent"


@dataclass(frozen=True)
class Prepared:
    """Cases in canonical order, with the features that can tell anything.

    Attributes:
        frame: (n_rows, n_features), rare levels pooled.
        y: (n_rows,), 0.0 or 1.0.
        weight: (n_rows,), positive.
        specs: the features kept, in their order.
        travellers: (n_rows,), number of the traveller of each row, from 0.
        levels: category -> the levels that have points of their own, sorted.
        notes: what was left out, and why.
    """

    frame: pd.DataFrame
    y: Floats
    weight: Floats
    travellers: npt.NDArray[np.intp]
    specs: tuple[FeatureSpec, ...]
    levels: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]

    def levels_of(self, specs: Sequence[FeatureSpec]) -> dict[str, tuple[str, ...]]:
        """The levels of some of the features."""
        names = {spec.name for spec in specs}
        return {name: known for name, known in self.levels.items() if name in names}


def prepare(
    frame: pd.DataFrame,
    y: npt.NDArray[np.generic],
    weight: Floats | None,
    specs: Sequence[FeatureSpec],
    min_level_rows: int,
    *,
    travellers: Sequence[object] | None = None,
) -> Prepared:
    """Check, sort and pool the cases of one fit.

    Args:
        frame: one column per feature.
        y: (n_rows,), zeros and ones.
        weight: (n_rows,) or ``None``.
        specs: the features to use.
        min_level_rows: rows that a level of a category needs for points of its own; they come from at least
            :data:`MIN_TRAVELLERS` travellers.
        travellers: (n_rows,), who crossed; ``None`` where each row is somebody else.

    Raises:
        NoCasesError: no row.
        OneOutcomeError: only one outcome.
        EmptyColumnError: no feature has two different values.
        DatasetError: lengths differ, a weight is not positive, a column is missing.
    """
    if len(frame) == 0:
        raise NoCasesError("There is no labelled case to learn from. Give cases with a conclusive outcome.")
    if (
        not len(frame)
        == len(y)
        == (len(y) if weight is None else len(weight))
        == len(y if travellers is None else travellers)
    ):
        raise DatasetError("Features, outcomes and weights must have one entry per case.")
    absent = [spec.name for spec in specs if spec.name not in frame]
    if absent:
        raise DatasetError(f"The frame lacks the features {', '.join(absent)}.")
    outcome = np.asarray(y, dtype=np.float64)
    if not set(np.unique(outcome)) <= {0.0, 1.0}:
        raise DatasetError("Outcomes are 0 or 1.")
    if len(np.unique(outcome)) < 2:  # noqa: PLR2004  two outcomes
        met = "the risk was confirmed" if outcome[0] else "the risk was not confirmed"
        raise OneOutcomeError(f"In all {len(outcome)} labelled cases {met}. Give cases of both kinds.")
    weights = np.ones(len(outcome)) if weight is None else np.asarray(weight, dtype=np.float64)
    if not (np.all(np.isfinite(weights)) and np.all(weights > 0)):
        raise DatasetError("Every weight must be a positive number.")
    kept = tuple(spec for spec in specs if _varies(frame[spec.name]))
    if not kept:
        raise EmptyColumnError("No feature has two different values in the labelled cases, so nothing can be learned.")
    left_out = [spec.name for spec in specs if spec not in kept]
    notes = [f"Left out, since they never vary in the labelled cases: {', '.join(left_out)}."] if left_out else []
    names = np.zeros(len(frame)) if travellers is None else np.asarray([str(name) for name in travellers])
    order = _canonical_order(frame[[spec.name for spec in kept]], outcome, weights, names)
    ordered = frame[[spec.name for spec in kept]].iloc[order].reset_index(drop=True)
    people = np.arange(len(frame)) if travellers is None else np.asarray(pd.factorize(names[order])[0], dtype=np.intp)
    levels = {
        spec.name: _levels(ordered[spec.name], people, min_level_rows) for spec in kept if spec.kind is Kind.CATEGORY
    }
    return Prepared(pool(ordered, levels), outcome[order], weights[order], people, kept, levels, tuple(notes))


def pool(frame: pd.DataFrame, levels: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Replace every level that has no points of its own; missing stays missing."""
    pooled = frame.copy(deep=False)
    for name, known in levels.items():
        column = frame[name].to_numpy(dtype=object)
        held = frozenset(known)
        pooled[name] = pd.Series(
            [value if value is None or value in held else POOLED for value in (None if v != v else v for v in column)],  # noqa: PLR0124  NaN differs from itself
            index=frame.index,
            dtype=object,
        )
    return pooled


def _varies(column: pd.Series) -> bool:
    values = column.dropna().to_numpy()
    return len(values) > 0 and bool((values != values[0]).any())


def _levels(column: pd.Series, travellers: npt.NDArray[np.intp], min_rows: int) -> tuple[str, ...]:
    there = column.notna().to_numpy()
    given = column[there].astype(str)
    rows = given.value_counts()
    people = pd.Series(travellers[there], index=given.index).groupby(given).nunique()
    return tuple(sorted(name for name in rows.index if rows[name] >= min_rows and people[name] >= MIN_TRAVELLERS))


def _canonical_order(
    frame: pd.DataFrame, y: Floats, weight: Floats, travellers: npt.NDArray[np.generic]
) -> npt.NDArray[np.intp]:
    """Sort rows by a hash of their content: the order in which cases were stored must not shape a model."""
    plain = frame.copy(deep=False)
    for name in plain:
        if plain[name].dtype == object:
            plain[name] = plain[name].where(plain[name].notna(), _ABSENT).astype(object)
    digest = pd.util.hash_pandas_object(plain, index=False).to_numpy()
    return np.lexsort((travellers, weight, y, digest))
