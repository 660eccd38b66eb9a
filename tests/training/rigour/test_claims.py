"""The claims of selection in short: few seeds, small worlds, limits as wide as so little data needs."""

from dataclasses import replace

import numpy as np
import pytest

from training.rigour import capacity, delay, detection, off_policy, prevalence
from training.rigour.claim import over_seeds
from training.rigour.worlds import WorldParameters

SMALL = WorldParameters(travellers=60_000, prevalence=0.03)
SEEDS = range(4)


@pytest.fixture(scope="module")
def shares():
    """Give the prevalence of small worlds, measured in every way."""
    return over_seeds(lambda seed: prevalence.measure(seed, SMALL), SEEDS)


def test_t1_logged_chances_and_lane_measure_prevalence(shares):
    """Mean error within 6 % and its noise of about 3 %; intervals cover."""
    for name in prevalence.METHODS:
        assert abs(np.mean([each.error for each in shares[name]])) < 0.12, name
        assert sum(each.covers for each in shares[name]) >= 3, name


def test_t1_naive_and_fitted_ways_fail_as_they_should(shares):
    """The control proves that the claim is one that could fail."""
    assert np.mean([each.error for each in shares["naive"]]) > 0.25
    assert np.mean([each.error for each in shares["fitted"]]) > 0.15


def test_without_a_private_cue_fitted_chances_are_right():
    """It is the cue that nobody recorded, nothing else, that breaks the fitted way."""
    no_cue = replace(SMALL, cue_on_selection=0.0)
    found = over_seeds(lambda seed: prevalence.measure(seed, no_cue), SEEDS)
    assert abs(np.mean([each.error for each in found["fitted"]])) < 0.12


def test_another_models_hit_rate_is_known():
    """At each capacity, within the noise of small worlds; the naive rate is far off."""
    found = over_seeds(lambda seed: off_policy.measure(seed, SMALL), SEEDS)
    for share in off_policy.CAPACITIES:
        assert abs(np.mean(found[f"robust {share}"])) < 0.25
        assert sum(found[f"plain covers {share}"]) >= 3
    assert np.mean(found["naive 0.05"]) > 0.1


@pytest.fixture(scope="module")
def inspections():
    """Give what four kinds of inspection make of small worlds."""
    return over_seeds(lambda seed: detection.measure(seed, SMALL), SEEDS)


def test_t8_misses_are_corrected(inspections):
    """Corrected within the noise; uncorrected a quarter too low."""
    assert abs(np.mean(inspections["corrected"])) < 0.12
    assert np.mean(inspections["uncorrected"]) < -0.10
    assert sum(inspections["corrected covers"]) >= 3


def test_t7_a_lane_that_sees_no_score_is_not_anchored(inspections):
    """Who sees the score finds more; the blind lane does not."""
    assert abs(np.mean(inspections["blind lane"])) < 0.12
    assert np.mean(inspections["targeted"]) > 0.10


def test_a_skipped_lane_gives_bounds_that_hold(inspections):
    """No number, and the truth inside, in every world."""
    assert all(inspections["no number"])
    assert all(inspections["bounds cover"])
    assert np.mean(inspections["skipped"]) < -0.10


def test_t9_hits_to_come_do_not_lower_what_is_learned():
    """The rate is right, the clock is kept, and counting them as nothing found is not right."""
    found = over_seeds(lambda seed: delay.measure(seed, SMALL), SEEDS)
    assert abs(np.mean(found["mature"])) < 0.12
    assert not any(found["later"])
    assert np.mean(found["as negative"]) < -0.25


def test_what_is_learned_from_chosen_cases_holds_for_all():
    """Precision near the oracle's and above the officers', the level right, bands in order; the naive level is not."""
    common = replace(SMALL, prevalence=0.05, travellers=100_000)
    found = over_seeds(lambda seed: capacity.measure(seed, common), range(3))
    assert np.mean(found["oracle 0.02"]) > 0.6
    assert np.mean(found["officers"]) > 1.0
    assert all(found["in order"])
    assert np.mean(found["level"]) == pytest.approx(1.0, abs=0.15)
    assert np.mean(found["naive level"]) > 1.2
