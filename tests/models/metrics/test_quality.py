"""Measures of ranking agree with scikit-learn and with plain definitions, ties and weights included."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from models.errors import MetricError
from models.metrics.quality import (
    Resampled,
    average_precision,
    bootstrap_interval,
    lift_at,
    precision_at,
    recall_at,
    roc_auc,
)

CASES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5]) | st.floats(-3, 3), st.integers(1, 4)),
    min_size=2,
    max_size=60,
).filter(lambda rows: len({y for y, _, _ in rows}) == 2)


def arrays(rows):
    """Outcomes, scores and weights of drawn cases."""
    y, score, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return y, score, weight


@given(CASES)
def test_areas_agree_with_scikit_learn(rows):
    """With ties and weights, on any cases with both outcomes."""
    y, score, weight = arrays(rows)
    assert roc_auc(y, score, weight) == pytest.approx(sklearn_metrics.roc_auc_score(y, score, sample_weight=weight))
    assert roc_auc(y, score) == pytest.approx(sklearn_metrics.roc_auc_score(y, score))
    expected = sklearn_metrics.average_precision_score(y, score, sample_weight=weight)
    assert average_precision(y, score, weight) == pytest.approx(expected)
    assert average_precision(y, score) == pytest.approx(sklearn_metrics.average_precision_score(y, score))


@given(CASES)
def test_whole_weights_are_repeated_cases(rows):
    """A case of weight three counts as three cases, in every measure."""
    y, score, weight = arrays(rows)
    repeated = np.repeat(y, weight.astype(int)), np.repeat(score, weight.astype(int))
    measures = [roc_auc, average_precision]
    measures += [partial(one, share=share) for one in (precision_at, recall_at, lift_at) for share in (0.01, 0.2, 1.0)]
    for measure in measures:
        assert measure(y, score, weight) == pytest.approx(measure(*repeated))


@given(CASES, st.floats(0.01, 1.0))
def test_ties_at_the_limit_count_by_their_expected_value(rows, share):
    """The mean over many random orders of equal scores, computed directly."""
    y, score, _ = arrays(rows)
    limit = share * len(y)
    caught = taken = 0.0
    for value in sorted(set(score), reverse=True):
        group = y[score == value]
        room = min(len(group), limit - taken)
        caught += group.mean() * room
        taken += room
        if taken >= limit:
            break
    assert precision_at(y, score, share=share) == pytest.approx(caught / limit)
    assert recall_at(y, score, share=share) == pytest.approx(caught / y.sum())
    assert lift_at(y, score, share=share) == pytest.approx(caught / limit / y.mean())


def test_order_of_cases_does_not_matter():
    """Shuffled cases give the same measures."""
    rng = np.random.default_rng(2)
    y, score = (rng.random(500) < 0.1).astype(float), rng.integers(0, 20, 500).astype(float)
    order = rng.permutation(500)
    for measure in (roc_auc, average_precision, partial(precision_at, share=0.03)):
        assert measure(y, score) == pytest.approx(measure(y[order], score[order]), rel=1e-12)


def test_a_random_score_lifts_nothing_and_a_perfect_one_everything():
    """The scale of lift: one, and one over the prevalence."""
    rng = np.random.default_rng(5)
    y = (np.arange(100_000) % 50 == 0).astype(float)
    assert lift_at(y, np.zeros(100_000), share=0.02) == pytest.approx(1.0)
    assert lift_at(y, rng.random(100_000), share=0.02) == pytest.approx(1.0, abs=0.35)
    assert lift_at(y, y, share=0.02) == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("y", "score", "weight", "rule"),
    [
        ([], [], None, "at least one"),
        ([1], [1, 2], None, "one length"),
        ([[1]], [[1]], None, "one-dimensional"),
        ([1, 2], [0, 0], None, "0 or 1"),
        ([1, np.nan], [0, 0], None, "0 or 1"),
        ([1, 0], [0, np.inf], None, "finite"),
        ([1, 0], [0, 1], [-1, 1], "not negative"),
        ([1, 0], [0, 1], [0, 0], "not all zero"),
        ([1, 1], [0, 1], None, "confirmed cases and others"),
        ([0, 0], [0, 1], None, "confirmed cases and others"),
        ([1, 0], [0, 1], [1, 0], "confirmed cases and others"),
    ],
)
def test_data_that_cannot_carry_a_measure_is_refused(y, score, weight, rule):
    """No number is better than a number of nothing."""
    with pytest.raises(MetricError, match=rule):
        roc_auc(y, score, weight)


@pytest.mark.parametrize("measure", [average_precision, partial(recall_at, share=0.5), partial(lift_at, share=0.5)])
def test_measures_of_confirmed_cases_need_some(measure):
    """Without any confirmed case they have no meaning."""
    with pytest.raises(MetricError, match="confirmed cases"):
        measure([0, 0, 0], [1, 2, 3])


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_is_a_share(share):
    """Above none and at most all."""
    with pytest.raises(MetricError, match="share"):
        precision_at([0, 1], [0, 1], share=share)


def _cases(rows: int, seed: int):
    rng = np.random.default_rng(seed)
    risk = rng.normal(-3.0, 1.0, rows)
    return (rng.random(rows) < 1 / (1 + np.exp(-risk))).astype(float), risk


def test_the_bootstrap_interval_covers_the_truth_as_often_as_it_says():
    """Of 200 samples, about nine in ten have the population's ROC AUC in their 90 % interval (99.9 % range)."""
    truth = roc_auc(*_cases(400_000, seed=0))
    inside = 0
    for seed in range(1, 201):
        found = bootstrap_interval(roc_auc, *_cases(600, seed), n=100, seed=seed)
        inside += found.low <= truth <= found.high
    assert 165 <= inside <= 194


def test_the_bootstrap_is_reproducible_and_keeps_its_level():
    """Same seed, same interval; a higher level is wider."""
    y, score = _cases(2000, seed=9)
    first = bootstrap_interval(roc_auc, y, score, n=200, seed=3)
    assert bootstrap_interval(roc_auc, y, score, n=200, seed=3) == first
    assert isinstance(first, Resampled)
    wide = bootstrap_interval(roc_auc, y, score, n=200, seed=3, level=0.99)
    assert wide.low < first.low < roc_auc(y, score) < first.high < wide.high


def test_resampling_travellers_is_wider_than_resampling_their_crossings():
    """Ten copies of each traveller are no ten times more data."""
    y, score = _cases(300, seed=4)
    many = np.repeat(y, 10), np.repeat(score, 10)
    cluster = np.repeat(np.arange(300), 10)
    rows = bootstrap_interval(roc_auc, *many, n=200, seed=1)
    travellers = bootstrap_interval(roc_auc, *many, n=200, seed=1, cluster=cluster)
    plain = bootstrap_interval(roc_auc, y, score, n=200, seed=1)
    assert travellers.high - travellers.low > 2 * (rows.high - rows.low)
    assert travellers.high - travellers.low == pytest.approx(plain.high - plain.low, rel=0.3)


def test_too_few_confirmed_cases_give_no_interval():
    """Where many resamples hold no confirmed case, the error says so."""
    with pytest.raises(MetricError, match="too few"):
        bootstrap_interval(roc_auc, [1, 0, 0, 0], [0.5, 0.1, 0.2, 0.3], n=100)


@pytest.mark.parametrize("change", [{"level": 0.0}, {"level": 1.0}, {"n": 0}])
def test_odd_requests_are_refused(change):
    """A level is between none and all, and there is a resample."""
    with pytest.raises(MetricError, match="level"):
        bootstrap_interval(roc_auc, [1, 0], [1, 0], **change)
