"""The chi-square distribution, for whole and broken degrees of freedom, without a statistics library."""

import math
from functools import lru_cache

from models.errors import MetricError

_TERMS = 100_000
_EXACT = 1e-15
_HALF_ROOT = math.sqrt(0.5)
_TINY = 1e-300
_HALVINGS = 200
_CLOSE = 1e-6
"""Of an end of an interval, which is an approximation anyway."""


def survival(statistic: float, freedom: float) -> float:
    """Chance that a chi-square variable exceeds a value.

    Series below, continued fraction above: Press et al., Numerical Recipes (2007), section 6.2.

    Args:
        statistic: not negative.
        freedom: degrees of freedom, above 0.

    >>> round(survival(3.841458820694124, 1), 6), survival(0.0, 3)
    (0.05, 1.0)
    """
    if not (math.isfinite(statistic) and statistic >= 0 and math.isfinite(freedom) and freedom > 0):
        raise MetricError("a chi-square statistic is not negative, and has degrees of freedom")
    half, at = freedom / 2, statistic / 2
    if at == 0:
        return 1.0
    front = math.exp(half * math.log(at) - at - math.lgamma(half))
    return max(0.0, 1.0 - front * _series(half, at)) if at < half + 1 else min(1.0, front * _fraction(half, at))


@lru_cache(1024)
def quantile(chance: float, freedom: float) -> float:
    """The value that a chi-square variable stays below with a given chance, by bisection.

    >>> round(quantile(0.95, 1), 6)
    3.841459
    """
    if not 0 <= chance < 1:
        raise MetricError("a chance is from 0 to below 1")
    low, high = 0.0, freedom + 10.0
    while survival(high, freedom) > 1 - chance:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if survival(middle, freedom) > 1 - chance else (low, middle)
    return (low + high) / 2


def noncentrality_interval(statistic: float, freedom: float, level: float) -> tuple[float, float]:
    """Interval of the noncentrality behind a statistic: how far it is from what would be were nothing there.

    By bisection of Sankaran's approximation (Biometrika 50, 1963), within a hundredth of the exact chance.

    Args:
        statistic: not negative.
        freedom: degrees of freedom, above 0.
        level: share of intervals so made that hold the noncentrality.

    >>> tuple(round(end, 1) for end in noncentrality_interval(30.0, 9, 0.95))
    (6.0, 45.9)
    """
    tail = (1 - level) / 2
    return _noncentrality(statistic, freedom, 1 - tail), _noncentrality(statistic, freedom, tail)


def _noncentrality(statistic: float, freedom: float, chance: float) -> float:
    """The noncentrality at which a variable stays below the statistic with a given chance; 0 where none is."""
    if _below(statistic, freedom, 0.0) <= chance:
        return 0.0
    low, high = 0.0, statistic + 1.0
    while _below(statistic, freedom, high) > chance:
        low, high = high, 2 * high
    while high - low > _CLOSE * (1 + high):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(statistic, freedom, middle) > chance else (low, middle)
    return (low + high) / 2


def _below(statistic: float, freedom: float, excess: float) -> float:
    """Chance that a noncentral chi-square variable stays below a value (Sankaran)."""
    mean, spread, skew = freedom + excess, freedom + 2 * excess, freedom + 3 * excess
    power = 1 - 2 * mean * skew / (3 * spread * spread)
    share = spread / (mean * mean)
    bend = (power - 1) * (1 - 3 * power)
    centre = 1 + power * share * (power - 1 - 0.5 * (2 - power) * bend * share)
    reach = power * math.sqrt(2 * share) * (1 + 0.5 * bend * share)
    return 0.5 * math.erfc((centre - (statistic / mean) ** power) / reach * _HALF_ROOT)


def _series(half: float, at: float) -> float:
    """Lower incomplete gamma function, without its factor in front."""
    term = total = 1.0 / half
    for step in range(1, _TERMS):
        term *= at / (half + step)
        total += term
        if term < total * _EXACT:
            break
    return total


def _fraction(half: float, at: float) -> float:
    """Upper incomplete gamma function, without its factor in front (Lentz's method)."""
    bottom = at + 1 - half
    c, d = 1 / _TINY, 1 / bottom
    product = d
    for step in range(1, _TERMS):
        above = -step * (step - half)
        bottom += 2
        d = above * d + bottom
        d = 1 / (d if abs(d) > _TINY else _TINY)
        c = bottom + above / c
        c = c if abs(c) > _TINY else _TINY
        product *= c * d
        if abs(c * d - 1) < _EXACT:
            break
    return product
