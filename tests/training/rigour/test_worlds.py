"""A world holds what its parameters say, is the same for the same seed, and never tells what nobody looked at."""

from dataclasses import replace

import numpy as np
import pytest

from training.rigour.worlds import (
    NOT_SELECTED,
    OFFICER,
    RANDOM,
    SCORE,
    WorldParameters,
    inspect,
    make_world,
    score_chances,
)

SMALL = WorldParameters(travellers=60_000)


@pytest.fixture(scope="module")
def world():
    """Give a small world."""
    return make_world(SMALL, 3)


@pytest.fixture(scope="module")
def seen(world):
    """Give what was seen of it."""
    return inspect(world, 3)


def test_the_same_seed_gives_the_same_world(world, seen):
    """Worlds and inspections are functions of their seed; another seed gives another."""
    again = make_world(SMALL, 3)
    assert (world.x == again.x).all()
    assert (world.y == again.y).all()
    assert np.array_equal(seen.found, inspect(again, 3).found, equal_nan=True)
    assert not np.array_equal(world.y, make_world(SMALL, 4).y)


def test_prevalence_and_shares_are_those_asked_for(world, seen):
    """Within three standard errors."""
    assert world.risk.mean() == pytest.approx(0.007, rel=1e-6)
    share = SMALL.lane_share
    assert (seen.arm == RANDOM).mean() == pytest.approx(share, abs=3 * np.sqrt(share * (1 - share) / len(world)))
    system = np.isin(seen.arm, (RANDOM, SCORE)).mean()
    assert system == pytest.approx(seen.logged.mean(), abs=3 * np.sqrt(0.04 / len(world)))


def test_what_nobody_looked_at_is_not_a_zero(seen):
    """It is NaN, with no time at which it became known."""
    assert np.isnan(seen.found[seen.arm == NOT_SELECTED]).all()
    assert np.isnan(seen.known_day[~seen.inspected]).all()
    assert set(np.unique(seen.found[seen.inspected])) == {0.0, 1.0}


def test_logged_chances_count_everybody_once(world, seen):
    """The weights of those whom the system picked add up to everybody, as a Horvitz-Thompson sum has to."""
    picked = np.isin(seen.arm, (RANDOM, SCORE))
    weights = 1 / seen.logged[picked]
    error = np.sqrt(np.sum((1 - seen.logged) / seen.logged))
    assert weights.sum() == pytest.approx(len(world), abs=4 * error)


def test_officers_see_more_than_is_recorded(world, seen):
    """Their cue is high among those they pick, and they pick two blocs more often."""
    theirs = seen.arm == OFFICER
    assert world.cue[theirs].mean() > 0.5
    rate = [theirs[world.bloc == bloc].mean() for bloc in range(5)]
    assert rate[4] > 1.5 * rate[0]


def test_a_lane_that_skips_the_risky_is_no_sample(world):
    """Skipped travellers carry more than inspected ones where the parameters say so."""
    world = make_world(replace(SMALL, compliance=0.7, compliance_on_risk=-1.0), 3)
    lane = inspect(world, 3)
    drawn = lane.arm == RANDOM
    assert (drawn & lane.inspected).sum() / drawn.sum() == pytest.approx(0.7, abs=0.05)
    assert world.risk[drawn & ~lane.inspected].mean() > 1.3 * world.risk[drawn & lane.inspected].mean()


def test_a_new_pattern_runs_through_low_scores_from_its_day_on():
    """Before its day nothing is special about these travellers."""
    world = make_world(replace(SMALL, new_pattern_share=0.02, new_pattern_day=90), 3)
    assert world.new_pattern.mean() == pytest.approx(0.02, rel=0.1)
    assert world.score[world.new_pattern].max() <= np.quantile(world.score, 0.51)
    assert world.y[world.new_pattern & (world.day >= 90)].mean() > 0.1
    assert world.y[world.new_pattern & (world.day < 90)].mean() < 0.02


def test_hits_become_known_late_and_false_hits_happen():
    """Delay and false hits follow their parameters."""
    world = make_world(replace(SMALL, prevalence=0.05, delay_days=30, specificity=0.99, sensitivity=0.6), 3)
    seen = inspect(world, 3)
    hits = seen.found == 1
    assert (seen.known_day - world.day)[hits].mean() == pytest.approx(30, rel=0.1)
    assert (seen.known_day == world.day)[seen.found == 0].all()
    there = seen.inspected & (world.y == 1)
    assert seen.found[there].mean() == pytest.approx(0.6, abs=0.06)
    assert seen.found[seen.inspected & (world.y == 0)].mean() == pytest.approx(0.01, abs=0.005)


@pytest.mark.parametrize("softness", [0.0, 0.5])
def test_a_score_refers_its_capacity(softness):
    """With a hard cut and with a soft zone, the expected number is the capacity; the highest are surely referred."""
    score = np.random.default_rng(0).normal(size=20_000)
    chances = score_chances(score, 0.05, softness)
    assert chances.mean() == pytest.approx(0.05, rel=1e-3)
    assert chances[np.argmax(score)] == 1.0
    assert ((chances == 0) | (chances >= 0.02)).all()
