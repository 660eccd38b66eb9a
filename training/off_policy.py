"""What another model would have found: hit rate and recall at a capacity, from cases that an earlier policy chose.

The hit rate is that of :mod:`models.metrics.off_policy`. Here are the share of all hits that a capacity reaches, and
the simple outcome model behind a doubly robust estimate, fitted on other cases than those that it predicts
(cross-fitting: Chernozhukov et al. 2018, Econometrics Journal 21).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.metrics.intervals import normal_quantile
from models.metrics.off_policy import highest
from training.calibrate import fit_logistic, logistic

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

FOLDS = 5
MIN_POSITIVES = 10
"""Hits in a fold's cases below which its outcome model knows the base rate only."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Share of all hits that the highest scores hold.

    Attributes:
        estimate: ``None`` where no hit is known.
        low: lower end of the interval; ``None`` with the estimate.
        high: upper end.
        level: of the interval.
        hits: known hits behind it.
    """

    estimate: float | None
    low: float | None
    high: float | None
    level: float
    hits: int


def recall_at(
    score: Floats, inspected: Booleans, outcome: Floats, probability: Floats, share: float, *, level: float = 0.95
) -> Recall:
    """Estimate the share of all hits among the highest scores, from inspections with logged chances.

    The ratio of two Horvitz-Thompson sums; its interval by linearisation (Sarndal, Swensson and Wretman 1992,
    section 5.6), on the scale of log-odds. An end that hits on one side alone cannot give is that of "none of three"
    (Hanley and Lippman-Hand 1983).

    Args:
        score: (n,), of all travellers.
        inspected: (n,), whether an inspection came to a finding.
        outcome: (n,), 1 or 0; ignored where nobody was inspected.
        probability: (n,), logged chance of inspection; ignored where nobody was inspected.
        share: of travellers that can be referred.
        level: of the interval.
    """
    hit = inspected & (outcome == 1)
    hits = int(hit.sum())
    if not hits:
        return Recall(None, None, None, level, 0)
    among = highest(score, share)[hit]
    weight = 1.0 / probability[hit]
    total = float(weight.sum())
    estimate = float(np.sum(weight * among)) / total
    spread = math.sqrt(float(np.sum((weight * (among - estimate)) ** 2))) / total
    size = total**2 / float(np.sum(weight**2))
    if not 0 < estimate < 1 or spread == 0:
        reach = min(1.0, -math.log((1 - level) / 2) / size)
        return Recall(estimate, max(0.0, estimate - reach), min(1.0, estimate + reach), level, hits)
    middle, reach = math.log(estimate / (1 - estimate)), normal_quantile(level) * spread / (estimate * (1 - estimate))
    low, high = logistic(np.array([middle - reach, middle + reach]))
    return Recall(estimate, float(low), float(high), level, hits)


def crossfitted(x: Floats, seen: Booleans, outcome: Floats, weight: Floats, *, seed: int, folds: int = FOLDS) -> Floats:
    """Predict outcomes of all travellers by logistic regressions that have not seen them, (n,).

    Args:
        x: (n, n_columns), finite.
        seen: (n,), whose outcome is known.
        outcome: (n,), 1 or 0 where seen.
        weight: (n,), of the seen.
        seed: of the folds.
        folds: number of folds.
    """
    place = np.random.default_rng(seed).integers(0, folds, len(x))
    spread = x.std(axis=0)
    design = np.column_stack([(x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0), np.ones(len(x))])
    predicted = np.zeros(len(x))
    for fold in range(folds):
        others, own = seen & (place != fold), place == fold
        y, w = outcome[others], weight[others]
        rate = float(np.average(y, weights=w)) if len(y) else 0.0
        beta = None
        if y.sum() >= MIN_POSITIVES:
            beta = fit_logistic(design[others], y, w / w.mean(), np.zeros(len(y)), ridge=1.0)
        predicted[own] = rate if beta is None else logistic(design[own] @ beta)
    return predicted
