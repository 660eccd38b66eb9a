"""Intervals of counts and shares, in closed form or exact."""

import math
from statistics import NormalDist

import numpy as np

from models.errors import MetricError

EXACT_UP_TO = 1000
"""Counts up to here get the exact interval; above, Byar's approximation differs by less than a ten-thousandth."""


def normal_quantile(level: float) -> float:
    """Half-width of a two-sided normal interval, in standard deviations.

    >>> round(normal_quantile(0.9), 4)
    1.6449
    """
    if not 0 < level < 1:
        raise MetricError("the level is between 0 and 1")
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson_interval(hits: float, cases: float, level: float = 0.90) -> tuple[float, float]:
    """Interval of a share (Wilson 1927; recommended by Brown, Cai and DasGupta, Statistical Science 16, 2001).

    >>> tuple(round(end, 3) for end in wilson_interval(0, 20))
    (0.0, 0.119)
    """
    if not 0 <= hits <= cases or cases <= 0:
        raise MetricError("hits are from 0 to the number of cases, and there is a case")
    z = normal_quantile(level)
    share, square = hits / cases, z * z / cases
    middle = (share + square / 2) / (1 + square)
    reach = z * math.sqrt(share * (1 - share) / cases + square / (4 * cases)) / (1 + square)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def difference_interval(
    one: tuple[float, float], other: tuple[float, float], level: float = 0.90
) -> tuple[float, float]:
    """Interval of the difference of shares of different cases (Newcombe, Statistics in Medicine 17, 1998, method 10).

    Args:
        one: hits and cases of the first share.
        other: those of the share that is taken from it.
        level: of the interval.

    >>> tuple(round(end, 4) for end in difference_interval((56, 70), (48, 80), 0.95))
    (0.0524, 0.3339)
    """
    (low, high), (low_other, high_other) = wilson_interval(*one, level), wilson_interval(*other, level)
    share, share_other = one[0] / one[1], other[0] / other[1]
    gap = share - share_other
    return (
        gap - math.hypot(share - low, high_other - share_other),
        gap + math.hypot(high - share, share_other - low_other),
    )


def poisson_interval(count: float, level: float = 0.90) -> tuple[float, float]:
    """Exact interval of the mean of a count (Garwood 1936); above 1,000, or for a count that is not whole, Byar's.

    Byar's approximation: Breslow and Day, Statistical Methods in Cancer Research II (IARC 1987), section 2.3.

    >>> tuple(round(end, 3) for end in poisson_interval(0)), tuple(round(end, 3) for end in poisson_interval(1))
    ((0.0, 2.996), (0.051, 4.744))
    """
    if count < 0 or not math.isfinite(count):
        raise MetricError("a count is not negative")
    z, tail = normal_quantile(level), (1 - level) / 2
    if count > EXACT_UP_TO or count != int(count):
        low = count * max(0.0, 1 - 1 / (9 * count) - z / (3 * math.sqrt(count))) ** 3
        more = count + 1
        return low, more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3
    whole = int(count)
    low = 0.0 if whole == 0 else _mean_where(whole - 1, 1 - tail)
    return low, _mean_where(whole, tail)


def _mean_where(count: int, chance: float) -> float:
    """The mean at which a Poisson count is at most ``count`` with the given chance, by bisection."""
    numbers = np.arange(count + 1)
    logs = np.cumsum(np.concatenate(([0.0], np.log(numbers[1:]))))  # of the factorials
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 30
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        at_most = math.fsum(np.exp(numbers * math.log(middle) - middle - logs))
        low, high = (middle, high) if at_most > chance else (low, middle)
    return (low + high) / 2
