"""What all measures share: arrays that fit together, and scores ranked with their ties."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.errors import MetricError

Floats = npt.NDArray[np.float64]
Numbers = npt.ArrayLike


def dot(left: Floats, right: Floats) -> float:
    """Sum of products by numpy's own summation: a threaded library would add in an order that depends on the machine.

    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    return float(np.sum(left * right))


def checked(y: Numbers, score: Numbers, weight: Numbers | None = None) -> tuple[Floats, Floats, Floats]:
    """Take outcomes (0 or 1), scores and weights (1 where none are given) as arrays of one length.

    Raises:
        MetricError: where lengths differ, nothing is there, or a number is out of place.
    """
    outcome, scores = np.asarray(y, dtype=np.float64), np.asarray(score, dtype=np.float64)
    weights = np.ones_like(outcome) if weight is None else np.asarray(weight, dtype=np.float64)
    if outcome.ndim != 1 or not outcome.shape == scores.shape == weights.shape:
        raise MetricError("outcomes, scores and weights are one-dimensional and of one length")
    if not len(outcome):
        raise MetricError("a measure needs at least one case")
    if not ((outcome == 0) | (outcome == 1)).all():
        raise MetricError("outcomes are 0 or 1: leave cases out whose outcome is not known")
    if not (np.isfinite(scores).all() and np.isfinite(weights).all()) or (weights < 0).any() or not weights.any():
        raise MetricError("scores are finite; weights are finite, not negative, and not all zero")
    return outcome, scores, weights


@dataclass(frozen=True, slots=True)
class Ranked:
    """Weights per distinct score, the highest score first.

    Attributes:
        positive: (n_distinct,), weight of the confirmed cases with this score.
        total: (n_distinct,), weight of all cases with it.
    """

    positive: Floats
    total: Floats

    @property
    def prevalence(self) -> float:
        """Share of confirmed cases."""
        return float(self.positive.sum() / self.total.sum())


def ranked(y: Numbers, score: Numbers, weight: Numbers | None = None) -> Ranked:
    """Rank cases by score, ties together.

    Raises:
        MetricError: as :func:`checked`.
    """
    outcome, scores, weights = checked(y, score, weight)
    if (scores[1:] > scores[:-1]).any():  # resamples come sorted: then there is nothing to do
        order = np.argsort(-scores, kind="stable")
        outcome, scores, weights = outcome[order], scores[order], weights[order]
    positive = outcome * weights
    starts = np.concatenate(([0], np.flatnonzero(np.diff(scores)) + 1))
    total = np.add.reduceat(weights, starts)
    kept = total > 0  # a resample may leave a score without a case
    return Ranked(np.add.reduceat(positive, starts)[kept], total[kept])
