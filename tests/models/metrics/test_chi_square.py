"""The chi-square distribution agrees with another program's."""

import pytest
from scipy import stats

from models.errors import MetricError
from models.metrics.chi_square import noncentrality_interval, quantile, survival


@pytest.mark.parametrize("freedom", [0.3, 1, 2, 9.5, 40, 1000])
@pytest.mark.parametrize("statistic", [0.0, 1e-6, 0.5, 3.0, 12.0, 45.0, 1100.0])
def test_tails_agree_with_scipy(statistic, freedom):
    """Far into the tail as well, where the verdicts of large families are."""
    expected = stats.chi2.sf(statistic, freedom)
    assert survival(statistic, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("freedom", [0.3, 1, 9, 250.5])
@pytest.mark.parametrize("chance", [0.0, 0.025, 0.5, 0.99, 0.99999])
def test_quantiles_agree_with_scipy(chance, freedom):
    """The inverse, for broken degrees of freedom too."""
    assert quantile(chance, freedom) == pytest.approx(stats.chi2.ppf(chance, freedom), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize(("statistic", "freedom"), [(-1.0, 1), (float("nan"), 1), (1.0, 0), (1.0, float("inf"))])
def test_numbers_out_of_place_are_refused(statistic, freedom):
    """Rather than a chance that means nothing."""
    with pytest.raises(MetricError):
        survival(statistic, freedom)
    with pytest.raises(MetricError):
        quantile(1.0, 1)


@pytest.mark.parametrize("freedom", [1, 4, 9, 40])
@pytest.mark.parametrize("statistic", [0.5, 12.0, 60.0, 900.0])
def test_noncentrality_has_the_chance_that_scipy_gives_it(statistic, freedom):
    """At each end of the interval; an end at 0 is past it."""
    low, high = noncentrality_interval(statistic, freedom, 0.95)
    below = stats.ncx2.cdf(statistic, freedom, [low or 1e-12, high or 1e-12])
    assert below[0] == pytest.approx(0.975, abs=0.01) if low else below[0] < 0.985
    assert below[1] == pytest.approx(0.025, abs=0.01) if high else below[1] < 0.035
