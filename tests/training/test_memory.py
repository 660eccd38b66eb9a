"""The replay over a case table: each record gets what was known when it came, and nothing else changes."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.catalogue import LINKS_GROUP
from features.memory.facts import FACTS
from features.risk import RISKS
from training.cases import load
from training.config import SplitConfig
from training.dataset import build
from training.errors import ConfigError
from training.memory import crossings_and_findings, remember, replay
from training.simulator.parameters import WorldParameters
from training.simulator.simulation import simulate

NAMES = {fact.name for fact in FACTS}


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """A small border with rings."""
    place = tmp_path_factory.mktemp("border")
    simulate(WorldParameters.default().with_rings(share=0.1), 6_000, 5, place)
    return load([place / "feed" / "cases.parquet"], workers=1)


def histories(cases):
    """The history of each record."""
    return [json.loads(text).get("history", {}) for text in cases.accepted["record"]]


def test_records_get_the_facts_of_their_time_and_keep_all_else(cases):
    """What the sender said stays; the facts are those of the replay, and some see links."""
    remembered = remember(cases, workers=1)
    facts = replay(*crossings_and_findings(cases, workers=1))
    for old, new, said in zip(histories(cases), histories(remembered), facts, strict=True):
        assert {name: value for name, value in new.items() if name not in NAMES} == old
        assert {name: new.get(name) for name in said} == said
    assert sum(each.get("phone_unrelated_bookings", 0) > 2 for each in histories(remembered)) > 10


def test_a_replay_of_the_first_half_says_the_same_of_it(cases):
    """Later cases, and outcomes that are known later, change nothing before."""
    crossings, findings = crossings_and_findings(cases, workers=1)
    half = len(crossings) // 2
    assert replay(crossings[:half], findings[:half]) == replay(crossings, findings)[:half]


def test_records_that_came_with_facts_keep_them(cases):
    """They are what was seen when the decision was made."""
    remembered = remember(cases, workers=1)
    again = remember(replace(remembered, accepted=remembered.accepted.tail(500).reset_index(drop=True)), workers=1)
    assert histories(again) == histories(remembered)[-500:]


def test_models_read_links_only_where_a_memory_knew_of_them(cases):
    """Without, the features are those of before; with, they are there and not all missing."""
    risk = RISKS["document_fraud"].model_copy(
        update={"outcome_codes": tuple(code for one in RISKS.values() for code in one.outcome_codes)}
    )
    split = SplitConfig(train_share=0.5, calibration_share=0.3)
    without, with_memory = (build(one, risk, split, workers=1) for one in (cases, remember(cases, workers=1)))
    links = [spec.name for spec in with_memory.specs if spec.group == LINKS_GROUP]
    assert [spec.name for spec in without.specs] == [s.name for s in with_memory.specs if s.name not in links]
    assert {"document_other_identities", "phone_confirmed_rate", "earlier_benign_checks"} <= set(links)
    values = with_memory.population.frame["phone_unrelated_bookings"].to_numpy()
    assert 0.2 < np.isnan(values).mean() < 0.8
    pd.testing.assert_series_equal(
        without.population.frame["contact_channels"], with_memory.population.frame["contact_channels"]
    )


def test_cases_without_times_have_no_memory(cases):
    """There is no order to replay them in."""
    with pytest.raises(ConfigError, match="memory = false"):
        remember(replace(cases, has_time=False), workers=1)
