"""Cuts of a scorecard: few bins per feature, found by a small tree and merged until they follow the direction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from features.spec import FeatureSpec, Kind
from models.additive import Axis
from training.families.base import Floats
from training.families.prepare import Prepared
from training.families.shape import direction


@dataclass(frozen=True)
class Binning:
    """How a scorecard reads one feature: bin 0 missing, then its values, then rare or unseen."""

    spec: FeatureSpec
    cuts: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def size(self) -> int:
        """Number of bins."""
        return 2 + (len(self.levels) if self.spec.kind is Kind.CATEGORY else len(self.cuts) + 1)

    @property
    def axis(self) -> Axis:
        """The axis of the compiled term."""
        return Axis(self.spec.name, self.spec.kind, self.cuts, self.levels, self.low, self.high)

    def bins(self, column: pd.Series) -> npt.NDArray[np.intp]:
        """The bin of each row."""
        if self.spec.kind is Kind.CATEGORY:
            place = {name: 1 + number for number, name in enumerate(self.levels)}
            known = column.map(place).to_numpy(dtype=np.float64)
            return np.where(column.isna(), 0, np.where(np.isnan(known), self.size - 1, known)).astype(np.intp)
        values = column.to_numpy(dtype=np.float64)
        return np.where(np.isnan(values), 0, 1 + np.searchsorted(self.cuts, values, side="right"))

    def without_cuts(self, places: Sequence[int]) -> "Binning":
        """Merge the bins on both sides of each named cut."""
        return replace(self, cuts=tuple(cut for place, cut in enumerate(self.cuts) if place not in set(places)))


def bin_feature(spec: FeatureSpec, cases: Prepared, max_bins: int, min_bin_rows: int) -> Binning:
    """Find the bins of one feature.

    Args:
        spec: the feature.
        cases: the cases of the fit.
        max_bins: most bins of its values.
        min_bin_rows: fewest cases in a bin.
    """
    if spec.kind is Kind.CATEGORY:
        return Binning(spec, levels=cases.levels[spec.name])
    values = cases.frame[spec.name].to_numpy(dtype=np.float64)
    there = ~np.isnan(values)
    sign = direction(spec)
    if spec.kind is Kind.FLAG:
        binning = Binning(spec, cuts=(0.5,), low=0.0, high=1.0)
    else:
        tree = DecisionTreeClassifier(
            criterion="entropy",
            max_leaf_nodes=max_bins,
            min_samples_leaf=min_bin_rows,
            monotonic_cst=[sign] if sign else None,
            random_state=0,  # one feature: nothing is drawn, but the tree asks for it
        ).fit(values[there].reshape(-1, 1), cases.y[there], sample_weight=cases.weight[there])
        cuts = sorted(
            {float(cut) for cut, left in zip(tree.tree_.threshold, tree.tree_.children_left, strict=True) if left >= 0}
        )
        binning = Binning(spec, cuts=tuple(cuts), low=float(values[there].min()), high=float(values[there].max()))
    return pooled_adjacent_violators(binning, cases, sign)


def pooled_adjacent_violators(binning: Binning, cases: Prepared, sign: int) -> Binning:
    """Merge neighbouring bins until their rates follow the direction."""
    while sign and binning.cuts:
        bins = binning.bins(cases.frame[binning.spec.name])
        total = np.bincount(bins, weights=cases.weight, minlength=binning.size)[1:-1]
        confirmed = np.bincount(bins, weights=cases.weight * cases.y, minlength=binning.size)[1:-1]
        rate = np.divide(confirmed, total, out=np.zeros_like(total), where=total > 0)
        against = violations(rate, sign) or np.flatnonzero(total[:-1] == 0).tolist()
        if not against:
            break
        binning = binning.without_cuts(against[:1])
    return binning


def violations(points: Floats, sign: int) -> list[int]:
    """Places of the cuts across which the points step against the direction, or do not step where they should differ.

    >>> violations(np.array([0.1, 0.3, 0.2]), 1), violations(np.array([0.1, 0.3, 0.2]), 0)
    ([1], [])
    """
    return np.flatnonzero(sign * np.diff(points) < 0).tolist() if sign else []
