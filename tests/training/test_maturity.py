"""Nothing that became known later is learned from, and hits still to come are allowed for by the known delay."""

import numpy as np
import pandas as pd
import pytest

from training.config import SplitConfig
from training.maturity import MIN_HITS, learn_delays, pending_share, weights_of_hits
from training.slices import CALIBRATION, HOLDOUT, TRAIN, cut

RNG = np.random.default_rng(2)


def known_hits(hits: int, window: float, mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Delays and ages of the hits that are known at the end of a window."""
    age = RNG.uniform(0, window, hits)
    delay = RNG.exponential(mean, hits)
    seen = delay <= age
    return delay[seen], age[seen]


def test_the_delay_is_learned_though_long_ones_are_missing():
    """The share known at each age is the true one, relative to the greatest age; the plain share is too high."""
    delay, age = known_hits(20_000, 400.0, 100.0)
    model = learn_delays(delay, age)
    for at in (30.0, 100.0, 200.0):
        truth = (1 - np.exp(-at / 100)) / (1 - np.exp(-4))
        assert model.known(at) == pytest.approx(truth, abs=0.03)
        assert (delay <= at).mean() > truth + 0.03
    assert model.age_at(0.5) == pytest.approx(66, abs=6)


def test_few_hits_teach_no_delay():
    """Below the floor everything counts as known."""
    model = learn_delays(np.ones(MIN_HITS - 1), np.full(MIN_HITS - 1, 9.0))
    assert model.known([0.0, 5.0]).tolist() == [1.0, 1.0]
    assert model.age_at(0.9) == 0.0


def test_a_hit_from_the_future_is_refused():
    """A delay above the age became known after the moment."""
    with pytest.raises(ValueError, match="only after the moment"):
        learn_delays(np.full(20, 5.0), np.full(20, 4.0))


def test_hits_stand_for_those_to_come():
    """The weighted number of known hits is that of all, though the young ones are mostly missing."""
    age = RNG.uniform(0, 300, 60_000)
    hit = RNG.random(60_000) < 0.1
    seen = hit & (RNG.exponential(60, 60_000) <= age)
    known = 1 - np.exp(-age / 60)
    weight = weights_of_hits(seen.astype(float), known)
    assert weight[seen].sum() == pytest.approx(hit.sum(), rel=0.03)
    assert pending_share(seen.astype(float), known) == pytest.approx(1 - seen.sum() / hit.sum(), abs=0.03)


def frozen(cases: int) -> tuple[pd.DataFrame, pd.Series]:
    """Cases with outcomes that become known late, over a year."""
    time = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(np.sort(RNG.uniform(0, 365, cases)), unit="D")
    label = pd.Series((RNG.random(cases) < 0.2).astype(float))
    wait = np.where(label == 1, RNG.exponential(60, cases), 0.1)
    frame = pd.DataFrame({"time": time, "entity": np.arange(cases).astype(str)})
    frame["known_at"] = frame["time"] + pd.to_timedelta(wait, unit="D")
    return frame, label


def test_t9_no_slice_holds_an_outcome_that_was_not_known_at_its_moment():
    """Ten thousand cases, the clock frozen at each of six moments."""
    cases, label = frozen(10_000)
    for share in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        split = SplitConfig(train_share=share, calibration_share=0.1)
        where = cut(cases, label, split, has_time=True, seed=0, mature_share=0.3)
        for number, moment in ((TRAIN, where.train_until), (CALIBRATION, where.calibration_until)):
            chosen = where.labelled & (where.place == number)
            assert chosen.any()
            assert (cases["known_at"][chosen] <= moment).all()


def test_young_cases_are_left_out_whatever_their_outcome():
    """Of those left, at least half of the hits are known, and numbers say how many went."""
    cases, label = frozen(10_000)
    split = SplitConfig(train_share=0.6, calibration_share=0.2)
    where = cut(cases, label, split, has_time=True, seed=0, mature_share=0.5)
    assert where.numbers["too_young"] > 500
    assert where.known[where.labelled].min() >= 0.5
    holdout = where.labelled & (where.place == HOLDOUT)
    assert holdout.any()
    kept = cut(cases, label, split, has_time=True, seed=0)
    assert kept.numbers["too_young"] == 0


def test_what_becomes_known_later_changes_nothing_now():
    """Outcomes after the moment of the training, changed at will, leave its slice and its delays as they were."""
    cases, label = frozen(4_000)
    split = SplitConfig(train_until="2025-08-01", calibration_until="2025-10-01")
    before = cut(cases, label, split, has_time=True, seed=0, mature_share=0.5)
    later = (cases["known_at"] > before.train_until).to_numpy()
    changed = cases.assign(known_at=cases["known_at"].where(~later, cases["known_at"] + pd.Timedelta(days=9)))
    after = cut(changed, label.where(~later, 1 - label), split, has_time=True, seed=0, mature_share=0.5)
    train = before.place == TRAIN
    assert (before.labelled[train] == after.labelled[train]).all()
    assert (before.known[train] == after.known[train]).all()
