"""Whether groups meet a model alike: rates per group, their ratios, and verdicts that know what they do not know.

Rates are sums over cases, so that crossings of one traveller are not taken for independent: every error is that of
whole travellers (linearised, which for one crossing each is the interval of Katz and others, Biometrika 65, 1978).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from models.errors import MetricError
from models.metrics.arrays import Floats, Numbers, dot
from models.metrics.intervals import normal_quantile, wilson_interval
from models.promotion import Verdict

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

NO_HITS = 0.5
"""What is added to hits and others where a group has none of either, as Haldane and Anscombe do."""


def referred(score: Numbers, share: float) -> Floats:
    """Chance of each case to be referred where the highest scores up to a share are.

    Where the limit cuts through equal scores, they share what is left of the capacity.

    >>> referred([3.0, 2.0, 2.0, 1.0], 0.5).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    scores = np.asarray(score, dtype=np.float64)
    if scores.ndim != 1 or not len(scores) or not np.isfinite(scores).all():
        raise MetricError("scores are finite, one-dimensional, and there is at least one")
    if not 0 < share <= 1:
        raise MetricError("a share is above 0 and at most 1")
    room = share * len(scores)
    limit = np.sort(scores)[::-1][min(len(scores), math.ceil(room)) - 1]
    above, level = scores > limit, scores == limit
    return np.asarray(above + level * ((room - above.sum()) / level.sum()))


@dataclass(frozen=True)
class Counted:
    """What is counted of each case, and who it belongs to.

    Attributes:
        hits: (n,), at most ``base``: referred travellers, say.
        base: (n,), not negative: all travellers, say.
        entity: (n,), number of the traveller, from 0.
    """

    hits: Floats
    base: Floats
    entity: Codes

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        if not self.hits.shape == self.base.shape == self.entity.shape or self.hits.ndim != 1 or not len(self.hits):
            raise MetricError("hits, base and entities are one-dimensional, of one length, with at least one case")
        if not (np.isfinite(self.hits).all() and np.isfinite(self.base).all()):
            raise MetricError("hits and base are finite")
        if (self.hits < 0).any() or (self.hits > self.base + 1e-12).any():
            raise MetricError("hits lie between 0 and their base")


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of a group.

    Attributes:
        value: hits over base.
        low: lower end of its interval (Wilson, with the number of cases that the error of whole travellers leaves).
        high: upper end.
        hits: sum.
        base: sum.
    """

    value: float
    low: float
    high: float
    hits: float
    base: float


def rate(counted: Counted, inside: Flags, level: float = 0.90) -> Rate | None:
    """Rate within a group; ``None`` where its base is empty.

    >>> one = Counted(np.array([1.0, 0.0, 0.0]), np.ones(3), np.arange(3))
    >>> round(rate(one, np.array([True, True, False])).value, 2)
    0.5
    """
    hits, base = counted.hits[inside], counted.base[inside]
    total = float(base.sum())
    if not total > 0:
        return None
    found = min(float(hits.sum()) / total, 1.0)
    number = _per_entity(hits - found * base, counted.entity[inside])
    spread = dot(number, number) / (total * total)
    weights = _per_entity(base, counted.entity[inside])
    size = total * total / dot(weights, weights)  # Kish's effective number of travellers
    if spread > 0 and 0 < found < 1:
        size = min(found * (1 - found) / spread, float(np.count_nonzero(base)))
    low, high = wilson_interval(found * size, size, level)
    return Rate(found, low, high, float(hits.sum()), total)


@dataclass(frozen=True, slots=True)
class Ratio:
    """Rate of a group over that of others.

    Attributes:
        value: the ratio.
        low: lower end of its interval.
        high: upper end.
        error: standard error of its logarithm.
        level: of the interval.
    """

    value: float
    low: float
    high: float
    error: float
    level: float

    @property
    def log(self) -> float:
        """Logarithm of the ratio."""
        return math.log(self.value)


def ratio_of_rates(counted: Counted, inside: Flags, against: Flags, level: float = 0.90) -> Ratio | None:
    """Compare the rate of one group with that of others; ``None`` where one of the bases is empty or nobody is hit.

    Args:
        counted: the cases.
        inside: (n,), the group.
        against: (n,), who it is compared with; nobody is in both.
        level: of the interval.

    >>> hits = np.repeat([1.0, 0.0, 1.0, 0.0], [10, 90, 20, 180])
    >>> group = np.repeat([True, False], [100, 200])
    >>> found = ratio_of_rates(Counted(hits, np.ones(300), np.arange(300)), group, ~group)
    >>> round(found.value, 2), round(found.error, 3)
    (1.0, 0.367)
    """
    sides = []
    for rows in (inside, against):
        base, hits = float(counted.base[rows].sum()), float(counted.hits[rows].sum())
        if not base > 0:
            return None
        sides.append((hits, base))
    if not sides[0][0] + sides[1][0] > 0:
        return None
    logs, influence = [], np.zeros(len(counted.hits))
    extra = 0.0
    for sign, rows, (hits, base) in zip((1.0, -1.0), (inside, against), sides, strict=True):
        if hits < NO_HITS or base - hits < NO_HITS:  # none, or all: the error of the rate itself says nothing
            seen, of = hits + NO_HITS, base + 2 * NO_HITS
            logs.append(math.log(seen / of))
            extra += max(1 / seen - 1 / of, 0.0)
            continue
        found = hits / base
        logs.append(math.log(found))
        influence[rows] += sign * (counted.hits[rows] - found * counted.base[rows]) / hits
    number = _per_entity(influence, counted.entity)
    error = math.sqrt(dot(number, number) + extra)
    reach = normal_quantile(level) * error
    middle = logs[0] - logs[1]
    return Ratio(math.exp(middle), math.exp(middle - reach), math.exp(middle + reach), error, level)


def _per_entity(values: Floats, entity: Codes) -> Floats:
    return np.asarray(np.bincount(entity, weights=values), dtype=np.float64)


def ratio_of_counts(one: tuple[float, float], other: tuple[float, float], level: float = 0.90) -> Ratio | None:
    """Compare two rates of different cases, each of which counts by itself (Katz and others, Biometrika 65, 1978).

    Args:
        one: hits of a group, and of how many.
        other: those of who it is compared with.
        level: of the interval.

    Returns:
        ``None`` where one of the bases is empty or nobody is hit.

    >>> found = ratio_of_counts((10, 100), (20, 200))
    >>> round(found.value, 2), round(found.error, 3)
    (1.0, 0.367)
    """
    if not min(one[1], other[1]) > 0 or not one[0] + other[0] > 0:
        return None
    sides = [
        (hits, of) if NO_HITS <= hits <= of - NO_HITS else (hits + NO_HITS, of + 2 * NO_HITS)
        for hits, of in (one, other)
    ]
    (hits, of), (other_hits, other_of) = sides
    error = math.sqrt(sum(max(1 / hit - 1 / base, 0.0) for hit, base in sides))
    middle = math.log(hits / of) - math.log(other_hits / other_of)
    reach = normal_quantile(level) * error
    return Ratio(math.exp(middle), math.exp(middle - reach), math.exp(middle + reach), error, level)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The range in which a ratio counts as equal: four fifths and its inverse, where nothing else is decided."""

    low: float = 0.8
    high: float = 1.25

    def __post_init__(self) -> None:
        """Check that 1 lies inside."""
        if not 0 < self.low < 1 < self.high or not math.isfinite(self.high):
            raise MetricError("an allowed range lies above 0 and around 1")

    def chance_outside(self, ratio: Ratio) -> float:
        """One-sided p-value of "the ratio lies inside": small where the data speak for a breach."""
        outside = max(ratio.log - math.log(self.high), math.log(self.low) - ratio.log)
        if ratio.error == 0:
            return 0.0 if outside > 0 else 1.0
        return 1 - NormalDist().cdf(outside / ratio.error)

    def chance_to_pass(self, error: float, level: float) -> float:
        """Chance that a group passes which in truth is treated exactly as the others are: the power of the comparison.

        Args:
            error: standard error of the logarithm of the ratio.
            level: of its interval.

        >>> [round(Allowed().chance_to_pass(error, 0.90), 2) for error in (0.05, 0.075, 0.15)]
        [1.0, 0.82, 0.0]
        """
        if error == 0:
            return 1.0
        reach = normal_quantile(level)
        normal = NormalDist()
        return max(
            0.0, normal.cdf(math.log(self.high) / error - reach) - normal.cdf(math.log(self.low) / error + reach)
        )

    def verdicts(self, ratios: Sequence[Ratio | None]) -> tuple[Verdict, ...]:
        """Judge a family of ratios.

        A ratio passes where its whole interval lies inside. All have to pass, so that passing needs no correction for
        their number (the tests are joined by "and"). It fails where it lies outside beyond what chance explains in any
        of so many comparisons (Holm, Scandinavian Journal of Statistics 6, 1979). Else the data cannot tell.

        >>> def of(value, error):
        ...     reach = math.exp(1.645 * error)
        ...     return Ratio(value, value / reach, value * reach, error, 0.90)
        >>> [verdict.value for verdict in Allowed().verdicts([of(1.0, 0.05), of(1.0, 0.3), of(2.9, 0.1), None])]
        ['passed', 'inconclusive', 'failed', 'inconclusive']
        """
        chances = iter(holm([self.chance_outside(ratio) for ratio in ratios if ratio is not None]))
        found = []
        for ratio in ratios:
            if ratio is None:
                found.append(Verdict.INCONCLUSIVE)
            elif next(chances) <= (1 - ratio.level) / 2:
                found.append(Verdict.FAILED)
            else:
                inside = self.low <= ratio.low and ratio.high <= self.high
                found.append(Verdict.PASSED if inside else Verdict.INCONCLUSIVE)
        return tuple(found)


def holm(chances: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values of a family, so that a false alarm anywhere in it is as rare as one test would have it.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    order = sorted(range(len(chances)), key=chances.__getitem__)
    adjusted, largest = [0.0] * len(chances), 0.0
    for place, at in enumerate(order):
        largest = max(largest, min(1.0, (len(chances) - place) * chances[at]))
        adjusted[at] = largest
    return tuple(adjusted)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Join verdicts: one failure fails, and nothing judged is no pass.

    >>> worst([Verdict.PASSED, Verdict.INCONCLUSIVE]).value, worst([]).value
    ('inconclusive', 'inconclusive')
    """
    if Verdict.FAILED in verdicts:
        return Verdict.FAILED
    return Verdict.PASSED if verdicts and Verdict.INCONCLUSIVE not in verdicts else Verdict.INCONCLUSIVE


def shrunk(ratios: Sequence[Ratio | None]) -> tuple[float | None, ...]:
    """Draw noisy ratios towards what all together say, as far as they are noisy (empirical Bayes, on the logarithm).

    The spread between groups is that of DerSimonian and Laird (Controlled Clinical Trials 7, 1986).

    Returns:
        One ratio each; ``None`` where there was none.
    """
    known = [ratio for ratio in ratios if ratio is not None]
    if not known:
        return tuple(None for _ in ratios)
    logs = np.array([ratio.log for ratio in known])
    squares = np.array([max(ratio.error**2, 1e-12) for ratio in known])
    weights = 1 / squares
    middle = float(np.average(logs, weights=weights))
    excess = dot(weights, (logs - middle) ** 2) - (len(known) - 1)
    scale = float(weights.sum()) - dot(weights, weights) / float(weights.sum())
    between = max(0.0, excess / scale) if scale > 0 else 0.0
    centre = float(np.average(logs, weights=1 / (squares + between)))
    drawn = iter(np.exp((between * logs + squares * centre) / (between + squares)).tolist())
    return tuple(None if ratio is None else next(drawn) for ratio in ratios)
