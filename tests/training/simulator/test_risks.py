"""The latent risks: how common, how far the record tells of them, and what is a cause and what a proxy."""

import itertools

import numpy as np
import pytest

from features.risk import RISKS
from training.simulator.causes import CAUSES, measure_causes
from training.simulator.summary import measure_auc
from training.simulator.world import walk


@pytest.mark.parametrize("risk", RISKS)
def test_no_model_can_reach_more_than_real_data_allows(past, risk):
    """The best attainable AUC lies between 0.70 and 0.80, and what no record holds adds to it."""
    present = past.truth(risk)
    recorded, everything = (measure_auc(present, past.truth(risk, name)) for name in ("recorded", "probability"))
    assert 0.70 < recorded < 0.80
    assert recorded < everything < 0.82


@pytest.mark.parametrize("risk", RISKS)
def test_base_rates_are_those_of_the_parameters(past, risk):
    """Within a fifth: harmless history lowers the rate, sampling moves it."""
    base_rate = past.cast.world.parameters.risks[risk].base_rate
    assert past.truth(risk).mean() == pytest.approx(base_rate, rel=0.2)
    assert past.truth(risk, "probability").mean() == pytest.approx(past.truth(risk).mean(), rel=0.12)


def test_risks_have_different_mechanisms(past):
    """What makes one risk likely says little of another."""
    for one, other in itertools.combinations(RISKS, 2):
        pair = (np.log(past.truth(risk, "recorded")) for risk in (one, other))
        assert np.corrcoef(*pair)[0, 1] < 0.6


OF_RINGS = {"ring", "reused_document", "courier"}
"""They act only in a world with rings (test_rings.py)."""


@pytest.mark.parametrize("name", [name for name in CAUSES if name not in OF_RINGS])
def test_each_cause_is_a_shape_between_zero_and_one_that_occurs(past, name):
    """A cause that never acts would be a dead parameter."""
    strength = np.concatenate([week.scene.causes[name] for week in past.weeks])
    assert strength.min() >= 0
    assert strength.max() <= 1
    assert strength.max() > 0.3
    assert strength.std() > 0.003


def test_each_true_case_can_name_its_causes(past):
    """Most true cases have a cause that acts, and causes act more often in true cases."""
    for risk in RISKS:
        acts = np.concatenate([np.logical_or.reduce(list(week.truths[risk].causes.values())) for week in past.weeks])
        present = past.truth(risk)
        assert acts[present].mean() > acts[~present].mean() + 0.15


def test_nationality_is_a_proxy_and_no_cause(past):
    """Blocs differ in customs and rates; given the likelihood, they do not differ any more."""
    bloc = past.fact("bloc")
    horn, west = (bloc == past.cast.world.blocs.index(name) for name in ("horn", "west"))
    cash, booked = past.fact("cash"), past.fact("booked")
    assert cash[horn & booked].mean() > 1.5 * cash[west & booked].mean()
    present = past.truth("migrant_smuggling")
    likely, by_air = past.truth("migrant_smuggling", "recorded"), past.fact("by_air")
    assert likely[horn & by_air].mean() > 1.15 * likely[west & by_air].mean()
    for group in (horn, west):
        expected = past.truth("migrant_smuggling", "probability")[group]
        error = np.sqrt((expected * (1 - expected)).sum())
        assert abs(present[group].sum() - expected.sum()) < 4 * error


def test_interactions_need_both_parts(past):
    """Cash alone or a third-party payer alone is no cash by a third party."""
    facts = dict(past.weeks[0].scene.facts)
    causes = measure_causes(facts)
    both = causes["cash_by_third_party"]
    assert both.sum() > 0
    assert np.array_equal(both, causes["cash_payment"] * causes["third_party_payer"])


def test_late_booking_fades_with_time(past):
    """The shape is steep around two days and flat after a week."""
    facts = {name: values[:4] for name, values in past.weeks[0].scene.facts.items()}
    facts |= {"booked": np.ones(4, dtype=bool), "lead_hours": np.array([1.0, 44.0, 168.0, 720.0])}
    strength = CAUSES["late_booking"](facts)
    assert strength == pytest.approx([1.0, 0.5, 0.105, 0.011], abs=0.01)


def test_a_walk_has_the_spread_and_the_six_week_change_asked_for():
    """Customs drift as nationalities did in the source: sd 0.75 between them, 0.80 within six weeks."""
    series = walk(np.random.default_rng(0), 200, 300, 0.75, 0.80)
    assert series.std() == pytest.approx(0.75, rel=0.05)
    assert (series[6:] - series[:-6]).std() == pytest.approx(0.80, rel=0.05)


def test_the_new_pattern_starts_in_the_middle_and_raises_smuggling(past):
    """It is absent before its week and dangerous after it."""
    pattern, week = past.fact("pattern"), past.fact("week")
    start = past.cast.world.parameters.drift.pattern_week
    assert not pattern[week < start].any()
    assert pattern[week >= start].sum() > 100
    present = past.truth("migrant_smuggling")
    assert present[pattern].mean() > 2 * present[~pattern].mean()
    assert past.fact("lead_hours")[pattern].min() > 48
