"""What another policy would have found is estimated from logged chances, and only from those."""

import numpy as np
import pytest

from models.errors import MetricError
from models.metrics.off_policy import at_capacities, highest, hit_rate

N = 40_000


def _world(seed, n=N):
    """Travellers with two scores; inspected by the first within capacity or by a lane, detected without error."""
    rng = np.random.default_rng(seed)
    cause, noise = rng.normal(size=(2, n))
    risk = 1 / (1 + np.exp(-(-4.2 + 0.9 * cause)))
    truth = (rng.random(n) < risk).astype(float)
    chance = 0.05 + 0.95 / (1 + np.exp(-(noise + 0.3 * cause - 2.0) * 3))
    seen = rng.random(n) < chance
    return {
        "score": cause,
        "risk": risk,
        "truth": truth,
        "chance": chance,
        "seen": seen,
        "outcome": np.where(seen, truth, np.nan),
    }


def test_the_estimate_is_near_the_truth_and_its_interval_holds_it():
    """For a policy that refers others than those who were referred; the plain hit rate is not its hit rate."""
    held, errors = [], []
    for seed in range(30):
        world = _world(seed, 200_000)
        for found in at_capacities(world["score"], world["seen"], world["outcome"], world["chance"]):
            refer = highest(world["score"], found.capacity)
            truth = float((refer * world["risk"]).sum() / refer.sum())
            held.append(found.low <= truth <= found.high)
            errors.append(found.estimate / truth - 1)
    assert abs(np.mean(errors)) < 0.06
    assert 0.90 <= np.mean(held) <= 0.995


def test_inspections_count_for_as_many_as_had_the_same_chance():
    """Where hits were inspected more often, the share of hits among inspections is too high, and is corrected."""
    rng = np.random.default_rng(1)
    truth = (rng.random(N) < 0.02).astype(float)
    chance = np.where(truth == 1, 0.6, 0.1)  # a cue that only the officer had, on record as a chance
    seen = rng.random(N) < chance
    found = hit_rate(np.ones(N), seen, truth, chance)
    assert truth[seen].mean() > 0.08
    assert found.low < truth.mean() < found.high
    assert found.estimate == pytest.approx(truth.mean(), rel=0.1)


def test_a_prediction_makes_the_interval_narrower_and_may_be_wrong():
    """Doubly robust: with logged chances, a bad outcome model costs precision, not truth."""
    errors = {"good": [], "bad": []}
    widths = {"good": [], "plain": []}
    for seed in range(30):
        world = _world(seed)
        sample = np.ones(N), world["seen"], world["outcome"], world["chance"]
        plain, good = hit_rate(*sample), hit_rate(*sample, predicted=world["risk"])
        bad = hit_rate(*sample, predicted=np.full(N, 0.5))
        truth = world["risk"].mean()
        errors["good"].append(good.estimate / truth - 1)
        errors["bad"].append(bad.estimate / truth - 1)
        widths["good"].append(good.high - good.low)
        widths["plain"].append(plain.high - plain.low)
    assert abs(np.mean(errors["good"])) < 0.03
    assert abs(np.mean(errors["bad"])) < 0.05
    assert np.mean(widths["good"]) < np.mean(widths["plain"])


def test_travellers_that_come_again_are_no_more_evidence():
    """The same inspections told ten times have the interval of one telling, once they are tied together."""
    rng = np.random.default_rng(2)
    truth, chance = (rng.random(400) < 0.1).astype(float), np.full(400, 0.5)
    seen = rng.random(400) < chance
    once = hit_rate(np.ones(400), seen, truth, chance)
    tied = hit_rate(
        np.ones(4000), *(np.tile(column, 10) for column in (seen, truth, chance)), cluster=np.tile(np.arange(400), 10)
    )
    loose = hit_rate(np.ones(4000), *(np.tile(column, 10) for column in (seen, truth, chance)))
    assert (tied.estimate, tied.low, tied.high) == pytest.approx((once.estimate, once.low, once.high), rel=1e-6)
    assert loose.high - loose.low < 0.5 * (tied.high - tied.low)


def test_whom_nobody_could_inspect_nothing_is_said_of():
    """The note says how many of the referrals they are."""
    found = hit_rate([1, 1, 1, 1], [True, True, False, False], [1, 0, 0, 0], [0.5, 0.5, 0.5, 0.0])
    assert found.reached == 0.75
    assert "25.0% of the referrals had no chance" in found.note
    nobody = hit_rate([1, 0], [False, True], [0, 1], [0.5, 0.5])
    assert nobody.estimate is None
    assert nobody.note


def test_no_finding_and_only_findings_have_intervals():
    """Neither is certain."""
    none, every = (hit_rate(np.ones(50), np.ones(50, bool), np.full(50, y), np.full(50, 0.5)) for y in (0.0, 1.0))
    assert (none.estimate, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(3.689 / 50, rel=0.01)
    assert (every.estimate, every.high) == (1.0, 1.0)
    assert 0.9 < every.low < 0.95


def test_cut_weights_are_told():
    """Since they bend the estimate towards those who are inspected often."""
    world = _world(4)
    sample = np.ones(N), world["seen"], world["outcome"], world["chance"]
    cut = hit_rate(*sample, clip=4.0)
    assert cut.clipped > 0
    assert "weights were cut" in cut.note
    assert cut.effective_size > hit_rate(*sample).effective_size


def test_equal_scores_at_the_limit_share_the_places():
    """Whoever they are: the order of rows decides nothing."""
    assert highest([5.0, 1.0, 1.0, 1.0, 0.0], 0.4).tolist() == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3, 0])
    assert highest([1.0, 1.0], 1.0).tolist() == [1.0, 1.0]
    assert highest([1.0, 2.0, 3.0], 0.1).tolist() == pytest.approx([0, 0, 0.3])


@pytest.mark.parametrize(
    ("refer", "seen", "outcome", "chance"),
    [
        ([1.0], [True], [1.0], [0.0]),
        ([1.0], [True], [0.5], [0.5]),
        ([1.0], [True], [float("nan")], [0.5]),
        ([1.5], [True], [1.0], [0.5]),
        ([1.0], [True], [1.0], [float("nan")]),
        ([1.0, 1.0], [True], [1.0], [0.5]),
        ([0.0], [True], [1.0], [0.5]),
        ([], [], [], []),
    ],
)
def test_numbers_out_of_place_are_refused(refer, seen, outcome, chance):
    """A chance of nothing cannot have led to an inspection, and an outcome is one or the other."""
    with pytest.raises(MetricError):
        hit_rate(refer, seen, outcome, chance)


def test_settings_out_of_place_are_refused():
    """Of level, weights, predictions and capacities."""
    sample = [1.0], [True], [1.0], [0.5]
    for settings in ({"level": 1.0}, {"clip": 0.0}, {"predicted": [2.0]}):
        with pytest.raises(MetricError):
            hit_rate(*sample, **settings)
    with pytest.raises(MetricError):
        highest([1.0], 0.0)
