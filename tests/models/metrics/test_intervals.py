"""Intervals agree with exact ones."""

import math

import pytest
from scipy import stats

from models.errors import MetricError
from models.metrics.intervals import EXACT_UP_TO, normal_quantile, poisson_interval, wilson_interval


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 20, 271, 1000])
def test_poisson_intervals_are_exact(count, level):
    """Against the quantiles of the chi-squared distribution (Garwood 1936)."""
    tail = (1 - level) / 2
    low = stats.chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    high = stats.chi2.ppf(1 - tail, 2 * count + 2) / 2
    assert poisson_interval(count, level) == pytest.approx((low, high), rel=1e-9)


@pytest.mark.parametrize("count", [EXACT_UP_TO + 1, 5000, 1_000_000, 2500.5])
def test_large_counts_use_an_approximation_that_is_close(count):
    """Within a ten-thousandth of the exact interval."""
    exact = stats.chi2.ppf(0.05, 2 * count) / 2, stats.chi2.ppf(0.95, 2 * count + 2) / 2
    assert poisson_interval(count, 0.9) == pytest.approx(exact, rel=1e-4)


def test_effective_counts_below_one_have_an_interval():
    """A weighted count need not be whole."""
    low, high = poisson_interval(0.4)
    assert 0 <= low < 0.4 < high < poisson_interval(1)[1]


@pytest.mark.parametrize(("hits", "cases"), [(0, 20), (3, 20), (20, 20), (5, 1000), (1, 1)])
def test_wilson_intervals_agree_with_scipy(hits, cases):
    """Against the same interval elsewhere."""
    expected = stats.binomtest(hits, cases).proportion_ci(0.9, method="wilson")
    assert wilson_interval(hits, cases) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.999])
def test_the_normal_quantile_is_two_sided(level):
    """Half-width of the interval that holds the level."""
    assert normal_quantile(level) == pytest.approx(stats.norm.ppf((1 + level) / 2))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: normal_quantile(0.0),
        lambda: normal_quantile(1.0),
        lambda: poisson_interval(-1),
        lambda: poisson_interval(math.inf),
        lambda: poisson_interval(math.nan),
        lambda: wilson_interval(1, 0),
        lambda: wilson_interval(3, 2),
        lambda: wilson_interval(-1, 2),
    ],
)
def test_impossible_numbers_are_refused(ask):
    """No interval of what cannot be."""
    with pytest.raises(MetricError):
        ask()
