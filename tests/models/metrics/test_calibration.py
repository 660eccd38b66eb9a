"""Measures of calibration agree with scikit-learn, and find what was put in."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics
from sklearn.linear_model import LogisticRegression

from models.errors import MetricError
from models.metrics.calibration import (
    brier,
    calibration_error,
    calibration_line,
    log_loss,
    observed_to_expected,
    reliability_table,
)

CASES = st.lists(st.tuples(st.integers(0, 1), st.floats(0.001, 0.999), st.integers(1, 4)), min_size=2, max_size=60)


def simulated(rows: int, seed: int, slope: float = 1.0, intercept: float = 0.0):
    """Outcomes, and log-odds that are off by a line."""
    rng = np.random.default_rng(seed)
    told = rng.normal(-4.0, 1.2, rows)
    return (rng.random(rows) < 1 / (1 + np.exp(-(slope * told + intercept)))).astype(float), told


def probability(log_odds):
    """Through the link."""
    return 1 / (1 + np.exp(-log_odds))


@given(CASES)
def test_scores_of_probabilities_agree_with_scikit_learn(rows):
    """With weights, on any cases."""
    y, chance, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    assert brier(y, chance, weight) == pytest.approx(sklearn_metrics.brier_score_loss(y, chance, sample_weight=weight))
    expected = sklearn_metrics.log_loss(y, chance, sample_weight=weight, labels=[0, 1])
    assert log_loss(y, chance, weight) == pytest.approx(expected)


def test_certain_and_wrong_costs_much_but_not_infinity():
    """Probabilities of exactly zero and one are kept from infinity."""
    assert log_loss([1, 0], [0.0, 1.0]) == pytest.approx(-math.log(1e-15), rel=1e-2)
    assert log_loss([1, 0], [1.0, 0.0]) == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.6, -1.0), (1.4, 1.0)])
def test_the_calibration_line_finds_what_was_put_in(slope, intercept):
    """Slope and intercept of a million simulated cases."""
    found = calibration_line(*simulated(1_000_000, 7, slope, intercept))
    assert found == pytest.approx((slope, intercept), abs=0.06)


def test_the_calibration_line_agrees_with_scikit_learn():
    """With weights, against an unpenalised logistic regression."""
    y, told = simulated(20_000, 3)
    weight = np.random.default_rng(1).uniform(0.5, 3.0, 20_000)
    plain = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(told[:, None], y, sample_weight=weight)
    assert calibration_line(y, told, weight) == pytest.approx((plain.coef_[0, 0], plain.intercept_[0]), abs=1e-5)


@pytest.mark.parametrize(
    ("y", "scores"),
    [([1, 1], [0, 1]), ([0, 0], [0, 1]), ([1, 0], [2, 2]), ([0, 0, 1, 1], [-2, -1, 1, 2])],
    ids=["all", "none", "flat", "separated"],
)
def test_a_line_that_does_not_exist_is_refused(y, scores):
    """One outcome, equal scores, or scores that separate the outcomes."""
    with pytest.raises(MetricError, match="line"):
        calibration_line(y, scores)


def test_observed_over_expected_covers_one_where_the_model_is_right():
    """In about nine of ten samples the 90 % interval holds 1 (99.9 % range of 300 samples)."""
    inside = 0
    for seed in range(300):
        y, told = simulated(3000, seed)
        found = observed_to_expected(y, probability(told))
        inside += found.low <= 1 <= found.high
    assert 251 <= inside <= 292


def test_observed_over_expected_finds_a_model_that_promises_too_much():
    """Probabilities that are twice too high show as a half, with an interval that leaves out 1."""
    y, told = simulated(200_000, 2)
    found = observed_to_expected(y, np.minimum(2 * probability(told), 1))
    assert found.ratio == pytest.approx(0.5, abs=0.03)
    assert found.high < 0.6


def test_equal_weights_do_not_change_the_interval():
    """A weight of three for everybody is no more data."""
    y, told = simulated(5000, 4)
    plain = observed_to_expected(y, probability(told))
    heavy = observed_to_expected(y, probability(told), np.full(5000, 3.0))
    assert (heavy.ratio, heavy.low, heavy.high) == pytest.approx((plain.ratio, plain.low, plain.high))


def test_no_confirmed_case_still_has_an_upper_end():
    """Nothing seen is not proof of nothing: three over the expected number."""
    found = observed_to_expected(np.zeros(100), np.full(100, 0.02))
    assert (found.ratio, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(2.9957 / 2.0, rel=1e-4)


def test_the_reliability_table_counts_every_case_once():
    """Bins are ordered, about equal, and their sums are those of the data."""
    y, told = simulated(10_000, 5)
    rows = reliability_table(y, probability(told), bins=10)
    assert len(rows) == 10
    assert sum(row.cases for row in rows) == 10_000
    assert math.fsum(row.observed for row in rows) == y.sum()
    assert math.fsum(row.expected for row in rows) == pytest.approx(probability(told).sum())
    for lower, upper in pairwise(rows):
        assert lower.highest < upper.lowest
    for row in rows:
        assert abs(row.cases - 1000) <= 1
        assert row.rate_low <= row.rate <= row.rate_high
        assert row.ratio_low <= row.ratio <= row.ratio_high
        assert row.lowest <= row.predicted <= row.highest


def test_ties_stay_in_one_bin():
    """Equal probabilities cannot be told apart, so they are never spread over bins."""
    chance = np.array([0.1] * 70 + [0.2] * 30)
    rows = reliability_table(np.zeros(100), chance, bins=10)
    assert [(row.cases, row.lowest, row.highest) for row in rows] == [(70, 0.1, 0.1), (30, 0.2, 0.2)]


def test_the_calibration_error_is_relative_to_the_prevalence():
    """A model that always says never is off by everything, however rare the cases."""
    y = (np.arange(10_000) % 100 == 0).astype(float)
    assert calibration_error(y, np.full(10_000, 1e-9)) == pytest.approx(1.0, abs=1e-6)
    assert calibration_error(y, np.full(10_000, 0.01)) == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(MetricError, match="confirmed"):
        calibration_error(np.zeros(5), np.full(5, 0.1))


@pytest.mark.parametrize("chance", [[-0.1, 0.5], [0.5, 1.1]])
def test_probabilities_are_probabilities(chance):
    """Log-odds handed over by mistake are refused."""
    for measure in (brier, log_loss, reliability_table, observed_to_expected):
        with pytest.raises(MetricError, match="from 0 to 1"):
            measure([0, 1], chance)


def test_odd_requests_are_refused():
    """No bins, and nothing promised."""
    with pytest.raises(MetricError, match="one bin"):
        reliability_table([0, 1], [0.1, 0.2], bins=0)
    with pytest.raises(MetricError, match="no case at all"):
        observed_to_expected([0, 1], [0.0, 0.0])
