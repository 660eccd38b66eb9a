"""How well scores rank: areas under curves, and what an agency gets for the share of travellers that it can look at."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.errors import MetricError
from models.metrics.arrays import Floats, Numbers, Ranked, checked, dot, ranked

Metric = Callable[[Floats, Floats, Floats], float]
"""A measure of outcomes, scores and weights."""

MAX_LOST = 0.1
"""Largest share of resamples in which a measure may have no meaning."""


def roc_auc(y: Numbers, score: Numbers, weight: Numbers | None = None) -> float:
    """Chance that a confirmed case scores higher than another; a tie counts half.

    >>> roc_auc([1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1])
    0.875
    """
    found = ranked(y, score, weight)
    negative = found.total - found.positive
    pairs = found.positive.sum() * negative.sum()
    if not pairs > 0:
        raise MetricError("ROC AUC needs confirmed cases and others")
    below = negative.sum() - np.cumsum(negative) + negative / 2
    return dot(found.positive, below) / float(pairs)


def average_precision(y: Numbers, score: Numbers, weight: Numbers | None = None) -> float:
    """Mean precision over the confirmed cases, as scikit-learn defines it: ties are taken together."""
    found = _with_positives(ranked(y, score, weight))
    precision = np.cumsum(found.positive) / np.cumsum(found.total)
    return dot(found.positive, precision) / float(found.positive.sum())


def _with_positives(found: Ranked) -> Ranked:
    if not found.positive.sum() > 0:
        raise MetricError("this measure needs confirmed cases")
    return found


def _caught(found: Ranked, share: float) -> tuple[float, float]:
    """Weight of confirmed cases in the highest share, and the weight of that share.

    Where the limit cuts through equal scores, nobody can say who of them is looked at: the expected number counts.
    """
    if not 0 < share <= 1:
        raise MetricError("a share is above 0 and at most 1")
    limit = share * float(found.total.sum())
    ends = np.concatenate(([0.0], np.cumsum(found.total)))
    caught = np.concatenate(([0.0], np.cumsum(found.positive)))
    return float(np.interp(limit, ends, caught)), limit


def precision_at(y: Numbers, score: Numbers, weight: Numbers | None = None, *, share: float) -> float:
    """Share of confirmed cases among the highest scores.

    Args:
        y: (n,), outcomes.
        score: (n,).
        weight: (n,) or ``None``.
        share: of all cases that can be looked at.

    >>> precision_at([1, 0, 1, 0], [4.0, 3.0, 3.0, 1.0], share=0.5)
    0.75
    """
    caught, size = _caught(ranked(y, score, weight), share)
    return caught / size


def recall_at(y: Numbers, score: Numbers, weight: Numbers | None = None, *, share: float) -> float:
    """Share of the confirmed cases that are among the highest scores."""
    found = _with_positives(ranked(y, score, weight))
    return _caught(found, share)[0] / float(found.positive.sum())


def lift_at(y: Numbers, score: Numbers, weight: Numbers | None = None, *, share: float) -> float:
    """How many times as many confirmed cases the highest scores hold as a random choice of the same size."""
    found = _with_positives(ranked(y, score, weight))
    caught, size = _caught(found, share)
    return caught / size / found.prevalence


@dataclass(frozen=True, slots=True)
class Resampled:
    """Interval of a measure over resamples of the cases."""

    low: float
    high: float
    level: float


def bootstrap_interval(
    metric: Metric,
    y: Numbers,
    score: Numbers,
    weight: Numbers | None = None,
    *,
    n: int = 500,
    seed: int = 0,
    level: float = 0.90,
    cluster: npt.NDArray[np.generic] | None = None,
) -> Resampled:
    """Percentile interval of a measure over resamples with replacement.

    Cases are sorted once; a resample is a vector of counts that multiply the weights.

    Args:
        metric: for example ``roc_auc``, or ``functools.partial(lift_at, share=0.02)``.
        y: (n_cases,), outcomes.
        score: (n_cases,).
        weight: (n_cases,) or ``None``.
        n: resamples.
        seed: of the resamples.
        level: share of intervals so made that hold the value.
        cluster: (n_cases,), who each case belongs to; then whole travellers are drawn, not crossings.

    Raises:
        MetricError: where the measure has no meaning in more than a tenth of the resamples.
    """
    outcome, scores, weights = checked(y, score, weight)
    if not 0 < level < 1 or n < 1:
        raise MetricError("the level is between 0 and 1, and there is at least one resample")
    order = np.argsort(-scores, kind="stable")
    outcome, scores, weights = outcome[order], scores[order], weights[order]
    members = None if cluster is None else np.unique(np.asarray(cluster)[order], return_inverse=True)[1]
    drawn_from = len(outcome) if members is None else int(members.max()) + 1
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(n):
        counts = np.bincount(rng.integers(0, drawn_from, drawn_from), minlength=drawn_from)
        try:
            values.append(metric(outcome, scores, weights * (counts if members is None else counts[members])))
        except MetricError:  # no confirmed case was drawn
            continue
    if len(values) < n * (1 - MAX_LOST):
        raise MetricError(f"the measure has no meaning in {n - len(values)} of {n} resamples: there are too few cases")
    low, high = np.quantile(values, ((1 - level) / 2, (1 + level) / 2))
    return Resampled(float(low), float(high), level)
