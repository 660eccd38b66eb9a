import json

import pytest

from features.record import TravellerRecord
from models.assessment import RiskScorer
from models.bundle import ModelBundle
from riskapi.live import LiveModel, LiveModels
from tests.bundles import RISK_NAMES, TRUSTED, make_bundle
from tests.makers import random_records, traveller
from tests.riskapi.test_scores import COLUMNS


def live_of(*files):
    """Bundles as live models."""
    bundles = [ModelBundle.open(one, TRUSTED) for one in files]
    return LiveModels([LiveModel(bundle, RiskScorer(bundle)) for bundle in bundles])


@pytest.fixture(scope="module")
def live():
    """The three models together."""
    return live_of(*(make_bundle(risk)[0] for risk in RISK_NAMES))


def test_values_are_those_that_each_bundle_computes_alone(live):
    """Sharing features changes no value of any model."""
    for record in random_records(60, seed=2):
        for model, values in live.values(record):
            assert list(values) == model.bundle.extractor.values(record)


def test_each_feature_is_computed_once(live):
    """Models that read the same feature share its value."""
    computed = [spec.name for extractor in live._extractors for spec in extractor.specs]
    wanted = {spec.name for model in live.models for spec in model.bundle.specs}
    assert sorted(computed) == sorted(wanted)
    assert len(computed) < sum(len(model.bundle.specs) for model in live.models)


def test_declared_columns_of_two_models_do_not_mix():
    """Two bundles with the same column each read it by their own declaration."""
    live = live_of(
        make_bundle("document_fraud", columns=COLUMNS)[0], make_bundle("migrant_smuggling", columns=COLUMNS)[0]
    )
    record = TravellerRecord.model_validate_json(
        json.dumps({**json.loads(traveller().model_dump_json(exclude_none=True)), "extra": {"tax_rate": 8.5}})
    )
    for model, values in live.values(record):
        assert list(values) == model.bundle.extractor.values(record)
        assert dict(zip(model.bundle.model.features, values, strict=True))["tax_rate"] == 8.5
    assert live.problems_of_extra(record) == []


def test_no_models_give_nothing():
    """An empty set scores nothing and says that it is empty."""
    live = LiveModels()
    assert not live
    assert live.values(traveller()) == []
    assert live.digests == ()
