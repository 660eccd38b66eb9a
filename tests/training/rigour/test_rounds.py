"""Rounds of score, inspect and learn in short: few rounds of small worlds, limits as wide as so little data needs."""

from dataclasses import replace

import numpy as np
import pytest

from models.baselines import Baselines
from riskapi.selection import Selector
from riskapi.selection_policy import SelectionPolicy
from tests.bundles import make_bundle
from tests.makers import random_records
from tests.riskapi.test_live import live_of
from tests.riskapi.test_selection import AT, SOMEBODY, key_of
from training.errors import NotInspectedError
from training.rigour import new_pattern, rounds, urn
from training.rigour.claim import over_seeds
from training.rigour.worlds import NOT_SELECTED, SCORE

SMALL = replace(new_pattern.LARGE, travellers=40_000)


def test_rounds_refer_as_the_service_does():
    """The same draws, arms and chances as the service's own selection, for scores on both sides of the threshold."""
    live = live_of(make_bundle("document_fraud")[0])
    [record] = random_records(1, seed=3)
    [(model, values)] = live.values(record)
    risk = replace(model.scorer.assess(values), abstained=[])
    selector = Selector(SelectionPolicy(lane=0.05), key_of)
    log_odds = np.random.default_rng(2).normal(selector.threshold(model), 1.0, 600)
    served = [
        selector.select(str(at), AT, SOMEBODY, [(model, replace(risk, log_odds=value))]).risks[0]
        for at, value in enumerate(log_odds.tolist())
    ]
    reached = log_odds >= selector.threshold(model)
    referred = rounds.refer(None, rounds.Policy(0.02, 0.05), lambda *_: reached, key_of(AT[:7]))
    arms = [rounds.ARM_NAMES.get(int(arm)) for arm in referred.arm]
    assert arms == [None if one.arm is None else one.arm.value for one in served]
    assert {"random", "score", None} == set(arms)
    assert referred.chance.tolist() == [one.probability for one in served]


@pytest.fixture(scope="module")
def first():
    """Give the first round of a small world, its history and its model."""
    made = replace(SMALL, travellers=20_000)
    history = new_pattern._history(1, made)
    crowd = new_pattern._crowd(made, 1, 1, runs=True)
    model = rounds.learn(history, new_pattern.ALL_SPECS)
    return history, rounds.Scored(model, new_pattern.ALL_SPECS, history.frame, crowd)


def test_a_score_refers_its_capacity_and_nothing_that_the_model_abstains_from(first):
    """About the capacity, the highest scores, less those without a band."""
    _, scored = first
    reached = rounds.highest_scores(scored, 0.05)
    assert 0.04 < reached.mean() <= 0.055
    score = rounds.score(scored.model, scored.crowd.frame)
    threshold = Baselines.from_reference(rounds.score(scored.model, scored.reference), {}, ()).threshold(0.05)
    assert (score[reached] >= threshold).all()
    left = (score >= threshold) & ~reached
    assert left.mean() < 0.01


def test_a_round_adds_what_was_found_and_nothing_of_the_others(first):
    """Who was not referred is not a zero, and has neither arm nor chance; counts are what the pipeline refuses."""
    history, scored = first
    reached = rounds.highest_scores(scored, 0.05)
    referred = rounds.refer(scored, rounds.Policy(0.05, 0.05), lambda *_: reached, bytes(32))
    longer = history.and_then(scored.crowd, referred)
    before = len(history.found)
    found, about = longer.found[before:], longer.about.iloc[before:]
    assert np.array_equal(~np.isnan(found), referred.looked)
    assert (found[referred.looked] == scored.crowd.y[referred.looked]).all()
    assert about["selection"].notna().to_numpy().tolist() == referred.looked.tolist()
    assert set(about["selection_probability"].dropna()) == {0.05, 1.0}
    assert about["selection_probability"][referred.arm == NOT_SELECTED].isna().all()
    assert (referred.chance[referred.arm == SCORE] == 1.0).all()
    with pytest.raises(NotInspectedError):
        rounds._fitted(longer.frame, longer.found, None, new_pattern.ALL_SPECS)


@pytest.mark.slow
def test_what_is_new_is_found_with_the_lane_and_not_without():
    """In six rounds, in both worlds; and finding it pays for the lane."""
    found = over_seeds(lambda seed: new_pattern.measure(seed, SMALL), range(2))
    assert max(found["found"]) <= 6
    assert min(found["of ideal"]) > 0.75
    assert max(found["alone of ideal"]) < 0.6
    assert min(found["alone found"]) == np.inf
    assert min(found["last over alone"]) > 1.0


def test_ports_of_equal_risk_keep_equal_shares_and_counts_keep_what_was():
    """After five rounds; the control has not forgotten whom officers looked at."""
    found = over_seeds(lambda seed: urn.measure(seed, replace(urn.LARGE, travellers=20_000), 5), range(3))
    assert 0.4 < np.mean(found["ours"]) < 0.6
    assert np.mean(found["counts"]) < 0.4
