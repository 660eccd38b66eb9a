"""Who is checked: a random lane that can be trusted, and choices that cannot."""

import numpy as np
import pytest

from features.risk import RISKS
from tests.training.simulator.conftest import make_past
from training.simulator.officers import LANES, NOT_CHECKED, OFFICER, RANDOM, _choose_within


def any_risk(past):
    """Whether any risk is truly present."""
    return np.logical_or.reduce([past.truth(risk) for risk in RISKS])


def confirmed(past):
    """Whether a check confirmed any risk."""
    codes = [code for risk in RISKS.values() for code in risk.outcome_codes]
    return np.isin(past.outcome("code").astype(str), codes)


def test_enough_is_checked_and_confirmed_to_learn_from(past):
    """A tenth is checked; each risk has the confirmed cases that 240,000 crossings need for 300."""
    assert 0.08 < (past.lane() != NOT_CHECKED).mean() < 0.14
    for risk in RISKS:
        assert past.detected(risk).sum() > 300 * len(past.lane()) / 240_000


def test_random_lane_estimates_the_truth_and_choice_does_not(past):
    """The lane's prevalence is the truth within sampling error; that of chosen checks is far above."""
    truth, lane = any_risk(past), past.lane()
    rate = truth.mean()
    drawn = lane == RANDOM
    error = np.sqrt(rate * (1 - rate) / drawn.sum())
    assert abs(truth[drawn].mean() - rate) < 4 * error
    chosen = lane == OFFICER
    assert truth[chosen].mean() > rate + 6 * np.sqrt(rate * (1 - rate) / chosen.sum())


def test_random_lane_has_the_logged_share_less_those_left_undone(past):
    """Probability times compliance, at every kind of post."""
    lanes = past.cast.world.parameters.lanes
    share = lanes.random_probability * lanes.random_compliance
    for mode in range(3):
        drawn = past.lane()[past.fact("mode") == mode] == RANDOM
        assert abs(drawn.mean() - share) < 4 * np.sqrt(share / len(drawn))


def test_hit_rate_of_chosen_checks_flatters(past):
    """What officers choose is confirmed more often than what chance draws: the naive rate is no prevalence."""
    found, lane = confirmed(past), past.lane()
    naive = found[(lane != RANDOM) & (lane != NOT_CHECKED)].mean()
    assert naive > 1.25 * found[lane == RANDOM].mean()


@pytest.mark.parametrize("lane", range(len(LANES)), ids=LANES)
def test_every_lane_checks_somebody(past, lane):
    """Each way to be checked occurs."""
    assert (past.lane() == lane).sum() > 100


def test_officers_see_what_no_record_holds(past):
    """Among the chosen, the private cue is high, and it goes with the truth."""
    cue = np.concatenate([week.scene.hidden.cue for week in past.weeks])
    assert cue[past.lane() == OFFICER].mean() > 0.5
    assert abs(cue[past.lane() == RANDOM].mean()) < 0.15
    assert cue[any_risk(past)].mean() > 0.2


def officer_share(past, members):
    """Share of a group whom officers choose."""
    return (past.lane()[members] == OFFICER).mean()


def test_bias_shows_in_who_is_chosen_and_goes_when_taken_away(past, default_parameters):
    """The same customs draw more checks on some blocs and on men; without bias, less of it remains."""
    fair = default_parameters.officers.model_copy(update={"bias_blocs": {}, "bias_men": 0.0})
    unbiased = make_past(default_parameters.model_copy(update={"officers": fair}), crossings=60_000)
    ratios = []
    for world in (past, unbiased):
        by_air = world.fact("mode") == 0
        africa, kenya = (world.fact("bloc") == world.cast.world.blocs.index(name) for name in ("africa", "kenya"))
        woman = world.fact("is_woman")
        ratios.append(
            (
                officer_share(world, by_air & africa) / officer_share(world, by_air & kenya),
                officer_share(world, ~woman) / officer_share(world, woman),
            )
        )
    (bloc_biased, men_biased), (bloc_fair, men_fair) = ratios
    assert bloc_biased > 1.25 * bloc_fair
    assert men_biased > 1.1
    assert men_fair == pytest.approx(1.0, abs=0.1)


def test_officers_differ_in_how_readily_they_select(past):
    """The share that an officer chooses varies more than chance would have it."""
    officer = np.concatenate([week.selection.officer for week in past.weeks])
    here = past.fact("post") == 0
    seen = np.bincount(officer[here])
    chosen = np.bincount(officer[here & (past.lane() == OFFICER)], minlength=len(seen))
    shares = chosen[seen > 0] / seen[seen > 0]
    by_chance = np.sqrt(shares.mean() * (1 - shares.mean()) / seen[seen > 0].mean())
    assert shares.std() > 3 * by_chance


def test_crew_are_checked_by_chance_only(past):
    """Crew are not scored, so no officer and no rule picks them."""
    crew = past.fact("is_crew")
    assert crew.sum() > 200
    assert set(np.unique(past.lane()[crew])) <= {NOT_CHECKED, RANDOM}


def test_capacity_is_kept_within_each_group():
    """The strongest wishes are chosen, as many as there are places; who is taken or barred is passed over."""
    wish = np.array([5.0, 4.0, 3.0, 9.0, -np.inf, 1.0])
    group = np.array([0, 0, 0, 0, 1, 1])
    taken = np.array([False, False, False, True, False, False])
    chosen = _choose_within(np.array([2, 2]), group, wish, taken)
    assert chosen.tolist() == [True, True, False, False, False, True]
