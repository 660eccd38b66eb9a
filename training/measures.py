"""What is measured of a model, and how sure one can be: every measure with an interval over resampled travellers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.card import Measure
from models.errors import MetricError
from models.metrics.calibration import brier, calibration_error, calibration_line, log_loss, observed_to_expected
from models.metrics.intervals import wilson_interval
from models.metrics.off_policy import hit_rate
from models.metrics.quality import (
    Metric,
    average_precision,
    bootstrap_interval,
    lift_at,
    precision_at,
    recall_at,
    roc_auc,
)
from training.families.base import Floats


@dataclass(frozen=True)
class Holdout:
    """Labelled cases that no fit and no calibration has seen.

    Attributes:
        y: (n_rows,), zeros and ones.
        entity: (n_rows,), who each case belongs to: intervals resample travellers, not crossings.
        weight: (n_rows,) or ``None``.
        groups: columns such as ``mode`` and ``point``.
        stands_for: "all" where the weighted cases stand for all travellers, "inspected" where they stand for those
            alone whom somebody chose to inspect.
    """

    y: Floats
    entity: npt.NDArray[np.generic]
    weight: Floats | None
    groups: pd.DataFrame
    stands_for: Literal["all", "inspected"] = "inspected"


@dataclass(frozen=True)
class Draw:
    """How intervals are drawn: the same seed for all, so that models meet the same resamples."""

    resamples: int
    level: float
    seed: int

    def measure(
        self,
        name: str,
        title: str,
        metric: Metric,
        score: Floats,
        holdout: Holdout,
        *,
        unit: Literal["", "percent"] = "",
        note: str = "",
    ) -> Measure:
        """Measure with an interval; without a value where the cases do not carry one.

        Args:
            name: of the measure.
            title: for people.
            metric: of outcomes, scores and weights.
            score: (n_rows,), log-odds.
            holdout: the rows.
            unit: how the number is shown.
            note: how to read it.
        """
        try:
            value = metric(holdout.y, score, weights_of(holdout))
        except MetricError as error:
            return Measure(name=name, title=title, value=None, unit=unit, note=str(error))
        try:
            found = bootstrap_interval(
                metric,
                holdout.y,
                score,
                holdout.weight,
                n=self.resamples,
                seed=self.seed,
                level=self.level,
                cluster=holdout.entity,
            )
        except MetricError as error:
            return Measure(name=name, title=title, value=value, unit=unit, note=str(error))
        return Measure(
            name=name, title=title, value=value, low=found.low, high=found.high, level=self.level, unit=unit, note=note
        )


def weights_of(holdout: Holdout) -> Floats:
    """Weights of the rows, one each where none are given."""
    return np.ones(len(holdout.y)) if holdout.weight is None else holdout.weight


def share_of(name: str, title: str, y: Floats, weight: Floats | None, level: float) -> Measure:
    """Share of confirmed cases with its interval: Wilson's, or that of a weighted count (Fay and Feuer 1997).

    Args:
        name: of the measure.
        title: for people.
        y: (n_rows,), outcomes; at least one.
        weight: (n_rows,) or ``None``.
        level: of the interval.
    """
    if weight is None:
        value: float | None = float(np.mean(y))
        low, high = wilson_interval(float(np.sum(y)), len(y), level)
    else:
        chance = float(np.min(weight[weight > 0])) / np.where(weight > 0, weight, 1.0)
        found = hit_rate(np.ones(len(y)), weight > 0, y, chance, level=level)
        value, low, high = found.estimate, found.low or 0.0, 1.0 if found.high is None else found.high
    return Measure(name=name, title=title, value=value, low=low, high=high, level=level, unit="percent")


def probability(log_odds: Floats) -> Floats:
    """Log-odds through the logistic function, (n_rows,)."""
    odds = np.exp(-np.abs(log_odds))
    return np.asarray(np.where(log_odds >= 0, 1.0, odds) / (1.0 + odds))


def _brier(y: Floats, score: Floats, weight: Floats) -> float:
    return brier(y, probability(score), weight)


def _log_loss(y: Floats, score: Floats, weight: Floats) -> float:
    return log_loss(y, probability(score), weight)


def negative_log_loss(y: Floats, score: Floats, weight: Floats) -> float:
    """Log loss turned around: higher is better."""
    return -_log_loss(y, score, weight)


def _calibration_error(y: Floats, score: Floats, weight: Floats) -> float:
    return calibration_error(y, probability(score), weight)


def _slope(y: Floats, score: Floats, weight: Floats) -> float:
    return calibration_line(y, score, weight)[0]


def _intercept(y: Floats, score: Floats, weight: Floats) -> float:
    return calibration_line(y, score, weight)[1]


WHOLE: tuple[tuple[str, str, Metric, str], ...] = (
    ("roc_auc", "ROC AUC", roc_auc, ""),
    ("average_precision", "Average precision", average_precision, ""),
    ("log_loss", "Log loss", _log_loss, ""),
    ("brier", "Brier score", _brier, "says little where few cases are confirmed"),
    ("calibration_error", "Calibration error, relative to the base rate", _calibration_error, "0 is right"),
    ("calibration_slope", "Calibration slope", _slope, "1 is right"),
    ("calibration_intercept", "Calibration intercept", _intercept, "0 is right"),
)
"""Measures over the whole holdout: name, title, function of outcomes and log-odds, note."""

AT_CAPACITY: tuple[tuple[str, str, Callable[..., float], Literal["", "percent"]], ...] = (
    ("precision", "Precision", precision_at, "percent"),
    ("recall", "Recall", recall_at, "percent"),
    ("lift", "Lift", lift_at, ""),
)
"""Measures at a share referred: name, title, function, unit."""


def ratio_of(y: Floats, log_odds: Floats, weight: Floats | None, level: float) -> Measure:
    """Observed over expected cases, with the exact interval of a Poisson count."""
    title = "Observed over expected"
    try:
        found = observed_to_expected(y, probability(log_odds), weight, level=level)
    except MetricError as error:
        return Measure(name="observed_to_expected", title=title, value=None, note=str(error))
    return Measure(
        name="observed_to_expected",
        title=title,
        value=found.ratio,
        low=found.low,
        high=found.high,
        level=level,
        note="1 is right; exact Poisson interval",
    )
