"""Ratios of groups: right values, honest intervals, verdicts of three kinds, and small groups that are not hidden."""

import math

import numpy as np
import pytest

from models.errors import MetricError
from models.metrics.fairness import Allowed, Counted, Ratio, holm, rate, ratio_of_rates, referred, shrunk, worst
from models.promotion import Verdict


def ratio(value: float, error: float) -> Ratio:
    """A ratio with its interval."""
    reach = math.exp(1.6449 * error)
    return Ratio(value, value / reach, value * reach, error, 0.90)


def two_groups(first: float, second: float, size: int, rng) -> tuple[Counted, np.ndarray]:
    """Travellers of two groups, referred with their own chances."""
    inside = np.arange(2 * size) < size
    hits = (rng.random(2 * size) < np.where(inside, first, second)).astype(float)
    return Counted(hits, np.ones(2 * size), np.arange(2 * size)), inside


def test_referral_fills_the_capacity_exactly():
    """Ties at the limit share what is left."""
    score = np.random.default_rng(1).integers(0, 20, 997).astype(float)
    chance = referred(score, 0.07)
    assert chance.sum() == pytest.approx(0.07 * 997)
    assert set(np.unique(chance[score == score.max()])) <= {1.0, chance[score == score.max()][0]}
    assert (np.diff(chance[np.argsort(-score, kind="stable")]) <= 1e-12).all()


def test_the_error_is_that_of_katz_where_each_traveller_crosses_once():
    """Closed form against the sum over travellers."""
    counted, inside = two_groups(0.10, 0.05, 4000, np.random.default_rng(2))
    found = ratio_of_rates(counted, inside, ~inside)
    a, b = counted.hits[inside].sum(), counted.hits[~inside].sum()
    assert found.value == pytest.approx(a / b)
    assert found.error == pytest.approx(math.sqrt(1 / a - 1 / 4000 + 1 / b - 1 / 4000), rel=1e-9)


def test_crossings_of_one_traveller_are_not_independent():
    """Each crossing four times over: the ratio stays, and so does its error."""
    counted, inside = two_groups(0.10, 0.05, 2000, np.random.default_rng(3))
    again = Counted(np.tile(counted.hits, 4), np.ones(16_000), np.tile(counted.entity, 4))
    one, four = ratio_of_rates(counted, inside, ~inside), ratio_of_rates(again, np.tile(inside, 4), np.tile(~inside, 4))
    assert four.value == pytest.approx(one.value)
    assert four.error == pytest.approx(one.error)
    single, repeated = rate(counted, inside), rate(again, np.tile(inside, 4))
    assert repeated.high - repeated.low == pytest.approx(single.high - single.low, rel=1e-6)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Ninety in a hundred, within what chance allows for 400 draws."""
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        counted, inside = two_groups(0.06, 0.04, 3000, rng)
        found = ratio_of_rates(counted, inside, ~inside)
        held += found.low <= 1.5 <= found.high
    assert 344 <= held <= 376  # 99.9 % of binomial draws around 360


def test_nobody_referred_is_a_ratio_with_a_wide_interval():
    """Zero hits of a hundred say little, of ten thousand much."""
    few, many = (
        ratio_of_rates(Counted(np.repeat([0.0, 1.0, 0.0], [size, 500, 9500]), np.ones(size + 10_000),
                               np.arange(size + 10_000)), np.arange(size + 10_000) < size,
                       np.arange(size + 10_000) >= size)
        for size in (40, 10_000)
    )  # fmt: skip
    assert Allowed().verdicts([few]) == (Verdict.INCONCLUSIVE,)
    assert Allowed().verdicts([many]) == (Verdict.FAILED,)


@pytest.mark.parametrize(
    ("value", "error", "verdict"),
    [
        (1.0, 0.05, Verdict.PASSED),
        (1.2, 0.05, Verdict.INCONCLUSIVE),
        (1.0, 0.2, Verdict.INCONCLUSIVE),
        (1.6, 0.05, Verdict.FAILED),
        (0.5, 0.05, Verdict.FAILED),
        (1.3, 0.1, Verdict.INCONCLUSIVE),
    ],
)
def test_a_verdict_has_three_values(value, error, verdict):
    """Inside as a whole, outside beyond chance, or the data cannot tell; a ratio and its inverse are judged alike."""
    assert Allowed().verdicts([ratio(value, error)]) == (verdict,)
    assert Allowed().verdicts([ratio(1 / value, error)]) == (verdict,)


def test_many_comparisons_raise_no_more_false_alarms_than_one():
    """Ten groups at the very edge of the range: Holm keeps failures anywhere in the family to one in twenty."""
    rng = np.random.default_rng(5)
    alarms = sum(
        Verdict.FAILED in Allowed().verdicts([ratio(1.25 * math.exp(0.1 * z), 0.1) for z in rng.normal(size=10)])
        for _ in range(1000)
    )
    alone = sum(
        Verdict.FAILED in Allowed().verdicts([ratio(1.25 * math.exp(0.1 * z), 0.1)]) for z in rng.normal(size=1000)
    )
    assert alarms <= 75
    assert 25 <= alone <= 75


def test_holm_keeps_order_and_ends_at_one():
    """A larger p-value never gets a smaller adjusted one."""
    assert holm(()) == ()
    assert holm((0.5, 0.01)) == (0.5, 0.02)
    assert max(holm((0.9, 0.8, 0.7))) == 1.0


def test_nothing_judged_is_no_pass():
    """Silence is inconclusive."""
    assert worst(()) is Verdict.INCONCLUSIVE
    assert worst((Verdict.PASSED, Verdict.PASSED)) is Verdict.PASSED
    assert Allowed().verdicts([None]) == (Verdict.INCONCLUSIVE,)


def test_noisy_ratios_are_drawn_to_what_all_say():
    """A precise ratio stays, a noisy one moves; without spread between groups all meet."""
    exact, noisy, gone = shrunk([ratio(2.0, 0.02), ratio(4.0, 1.0), None])
    assert exact == pytest.approx(2.0, rel=0.02)
    assert 2.0 < noisy < 3.0
    assert gone is None
    same = shrunk([ratio(1.1, 0.3), ratio(0.9, 0.3)])
    assert same[0] == pytest.approx(same[1])


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Counted(np.array([2.0]), np.array([1.0]), np.array([0])),
        lambda: Counted(np.array([]), np.array([]), np.array([], dtype=int)),
        lambda: Counted(np.array([np.nan]), np.array([1.0]), np.array([0])),
        lambda: Allowed(1.1, 1.2),
        lambda: referred([1.0, np.inf], 0.5),
        lambda: referred([1.0], 0.0),
    ],
)
def test_what_makes_no_sense_is_refused(broken):
    """More hits than cases, no case, no number, a range that misses 1, a share of nothing."""
    with pytest.raises(MetricError):
        broken()
