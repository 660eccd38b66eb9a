"""What another policy would have found, from what this one did: logged chances of inspection stand for the rest.

Each inspected traveller counts for as many as had the same chance and were not inspected (inverse propensity weights,
self-normalised; Hajek 1971), or corrects a prediction that is made for all (augmented; Robins, Rotnitzky and Zhao
1994). Valid where the chance was drawn by the system itself and is on record; a traveller with no chance stands for
nobody, and what nobody could have found is told as ``reached``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.base import logistic
from models.errors import MetricError
from models.metrics.arrays import Floats, Numbers, dot
from models.metrics.chi_square import quantile
from models.metrics.intervals import normal_quantile

CAPACITIES = (0.01, 0.02, 0.05)
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class OffPolicyEstimate:
    """Share of confirmed cases among those whom another policy would have referred.

    Attributes:
        capacity: share of all travellers that the policy refers.
        estimate: ``None`` where nobody of those was inspected.
        low: ``high`` the other end of the interval.
        level: share of intervals so made that hold the value.
        inspected: travellers, inspected in truth, whom the policy would have referred.
        confirmed: of those.
        effective_size: inspections of equal weight that would say as much (Kish).
        reached: share of the referrals that had a chance of inspection at all.
        clipped: inspected travellers whose weight was cut.
        note: what to know before the number is used; empty where there is nothing.
    """

    capacity: float
    estimate: float | None
    low: float | None
    high: float | None
    level: float
    inspected: int
    confirmed: int
    effective_size: float
    reached: float
    clipped: int
    note: str = ""


def hit_rate(
    would_refer: Numbers,
    inspected: npt.ArrayLike,
    outcome: Numbers,
    probability: Numbers,
    *,
    predicted: Numbers | None = None,
    cluster: npt.NDArray[np.generic] | None = None,
    clip: float | None = None,
    level: float = LEVEL,
) -> OffPolicyEstimate:
    """Estimate the hit rate of a policy on travellers that another policy chose from.

    Args:
        would_refer: (n,), chance from 0 to 1 that the policy refers each traveller.
        inspected: (n,), whether an inspection came to a finding.
        outcome: (n,), 1 for confirmed and 0 for not; ignored where nobody was inspected.
        probability: (n,), logged chance of having been inspected, from 0 to 1; 0 says that there was none.
        predicted: (n,), probabilities of an outcome model; then the estimate is doubly robust.
        cluster: (n,), who each row belongs to; then the interval allows for travellers that come again.
        clip: largest weight; a cut weight trades variance for bias, so cuts are counted.
        level: of the interval.

    Raises:
        MetricError: for lengths that differ, or numbers out of place.

    >>> found = hit_rate([1, 1, 1, 0], [True, True, False, True], [1, 0, 0, 1], [0.5, 0.5, 0.5, 0.1])
    >>> found.estimate, found.inspected, found.reached
    (0.5, 2, 1.0)
    """
    refer, seen, truth, chance = _checked(would_refer, inspected, outcome, probability)
    total = float(refer.sum())
    if not total > 0:
        raise MetricError("the policy refers at least one traveller")
    if not 0 < level < 1 or (clip is not None and not clip > 0):
        raise MetricError("the level is between 0 and 1, and a limit of weights above 0")
    weight = np.where(seen, refer / np.where(seen, chance, 1.0), 0.0)
    clipped = 0
    if clip is not None:
        clipped = int(((weight > clip * refer) & seen).sum())
        weight = np.minimum(weight, clip * refer)
    used = weight > 0
    squares = dot(weight, weight)
    effective = float(weight.sum()) ** 2 / squares if squares else 0.0
    found = OffPolicyEstimate(
        capacity=total / len(refer),
        estimate=None,
        low=None,
        high=None,
        level=level,
        inspected=int(used.sum()),
        confirmed=int(truth[used].sum()),
        effective_size=effective,
        reached=dot(refer, (chance > 0).astype(np.float64)) / total,
        clipped=clipped,
    )
    if not used.any():
        return replace(found, note="Nobody of those was inspected.")
    sample = _Sample(refer, weight, truth, None if cluster is None else np.asarray(cluster), level)
    made = sample.weighted() if predicted is None else sample.augmented(_chances(predicted, len(refer)))
    return replace(found, estimate=made[0], low=made[1], high=made[2], note=_note(found.reached, clipped))


def at_capacities(
    score: Numbers,
    inspected: npt.ArrayLike,
    outcome: Numbers,
    probability: Numbers,
    capacities: Sequence[float] = CAPACITIES,
    *,
    predicted: Numbers | None = None,
    cluster: npt.NDArray[np.generic] | None = None,
    clip: float | None = None,
    level: float = LEVEL,
) -> tuple[OffPolicyEstimate, ...]:
    """Estimate the hit rate of referring the highest scores, for each share of travellers that can be referred."""
    return tuple(
        hit_rate(
            highest(score, share),
            inspected,
            outcome,
            probability,
            predicted=predicted,
            cluster=cluster,
            clip=clip,
            level=level,
        )
        for share in capacities
    )


def highest(score: Numbers, share: float) -> Floats:
    """Chance of each traveller to be among the highest scores; equal scores at the limit share what is left.

    >>> highest([3.0, 2.0, 2.0, 1.0], 0.5).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    scores = np.asarray(score, dtype=np.float64)
    if scores.ndim != 1 or not len(scores) or not np.isfinite(scores).all() or not 0 < share <= 1:
        raise MetricError("scores are finite, and the share of travellers is above 0 and at most 1")
    places = share * len(scores)
    limit = np.partition(scores, len(scores) - math.ceil(places))[len(scores) - math.ceil(places)]
    above, equal = scores > limit, scores == limit
    return np.where(above, 1.0, np.where(equal, (places - above.sum()) / equal.sum(), 0.0))


@dataclass(frozen=True, slots=True)
class _Sample:
    """What an estimate is made from: referrals, weights of inspections, findings; all (n,)."""

    refer: Floats
    weight: Floats
    truth: Floats
    cluster: npt.NDArray[np.generic] | None
    level: float

    def weighted(self) -> tuple[float, float, float]:
        """Self-normalised estimate, with gamma quantiles of the weighted count (Fay and Feuer 1997): hits are rare."""
        total, tail = float(self.weight.sum()), (1 - self.level) / 2
        estimate = dot(self.weight, self.truth) / total
        unit = float(self._by_cluster(self.weight).max()) / total
        if estimate == 1.0:
            return 1.0, max(0.0, 1.0 - unit * quantile(1 - tail, 2) / 2), 1.0
        rows = self._by_cluster(self.weight * (self.truth - estimate))
        variance = dot(rows, rows) / total**2 if estimate else 0.0
        low = variance / (2 * estimate) * quantile(tail, 2 * estimate**2 / variance) if variance else 0.0
        moved, spread = estimate + unit, variance + unit**2
        high = spread / (2 * moved) * quantile(1 - tail, 2 * moved**2 / spread)
        return estimate, low, min(1.0, high)

    def augmented(self, predicted: Floats) -> tuple[float, float, float]:
        """Doubly robust estimate with the interval of its influence function, made on the scale of log-odds."""
        total, weights = float(self.refer.sum()), float(self.weight.sum())
        mean = dot(self.refer, predicted) / total
        miss = dot(self.weight, self.truth - predicted) / weights
        estimate = min(1.0, max(0.0, mean + miss))
        influence = self.refer * (predicted - mean) / total + self.weight * (self.truth - predicted - miss) / weights
        rows = self._by_cluster(influence)
        reach = normal_quantile(self.level) * math.sqrt(dot(rows, rows))
        if not 0 < estimate < 1 or reach == 0:
            return estimate, max(0.0, estimate - reach), min(1.0, estimate + reach)
        middle, reach = math.log(estimate / (1 - estimate)), reach / (estimate * (1 - estimate))
        return estimate, logistic(middle - reach), logistic(middle + reach)

    def _by_cluster(self, values: Floats) -> Floats:
        if self.cluster is None:
            return values
        _, place = np.unique(self.cluster, return_inverse=True)
        return np.bincount(place, weights=values).astype(np.float64)


def _note(reached: float, clipped: int) -> str:
    notes = []
    if reached < 1:
        notes.append(f"{1 - reached:.1%} of the referrals had no chance of inspection: nothing is known of them.")
    if clipped:
        notes.append(f"{clipped} weights were cut: the estimate leans towards those inspected often.")
    return " ".join(notes)


def _checked(
    would_refer: Numbers, inspected: npt.ArrayLike, outcome: Numbers, probability: Numbers
) -> tuple[Floats, npt.NDArray[np.bool_], Floats, Floats]:
    refer, chance = np.asarray(would_refer, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    seen = np.asarray(inspected, dtype=np.bool_)
    truth = np.where(seen, np.asarray(outcome, dtype=np.float64), 0.0)
    if refer.ndim != 1 or not refer.shape == seen.shape == truth.shape == chance.shape or not len(refer):
        raise MetricError("referrals, inspections, outcomes and chances are one-dimensional and of one length")
    if not ((refer >= 0) & (refer <= 1) & (chance >= 0) & (chance <= 1)).all():
        raise MetricError("chances are from 0 to 1")
    if not ((truth == 0) | (truth == 1)).all():
        raise MetricError("outcomes of inspections are 0 or 1")
    if (chance[seen] == 0).any():
        raise MetricError("who was inspected had a chance of it")
    return refer, seen, truth, chance


def _chances(predicted: Numbers, length: int) -> Floats:
    chances = np.asarray(predicted, dtype=np.float64)
    if chances.shape != (length,) or not ((chances >= 0) & (chances <= 1)).all():
        raise MetricError("predictions are probabilities, one for each traveller")
    return chances
