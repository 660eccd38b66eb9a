"""A model that was really trained, packed and opened again keeps its laws on 10,000 random records."""

import json

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CATALOGUE, Extractor
from features.record import TravellerRecord
from features.risk import RISKS
from features.spec import Kind
from features.walk import stored_form
from models.bundle import BundleContent, ModelBundle, pack, sign
from tests.makers import random_records
from tests.models import bundle_makers
from tests.training.synthetic import QUICK
from training.families import FAMILIES
from training.families.base import model_columns

ROWS = 10_000
RISK = RISKS["migrant_smuggling"]
IDENTITY = {
    "surname": "ZZTEST",
    "given_names": "ZZ OTHER",
    "gender": "X",
    "nationality": "XXA",
    "residence_country": "XXB",
    "ref": "ZZREF",
}
NEVER = {"ethnicity": "zz", "religion": "zz", "place_of_birth": "zz", "health": "zz"}


@pytest.fixture(scope="module")
def trained():
    """Records, their features, the fitted estimator, and the bundle as a service would open it."""
    records = random_records(ROWS, seed=11)
    reference = bundle_makers.content(RISK).reference
    specs = CATALOGUE.for_scoring(RISK)
    rows = list(map(Extractor(specs, reference).values, records))
    frame = pd.DataFrame(
        {
            spec.name: pd.Series(column, dtype=object)
            if spec.kind is Kind.CATEGORY
            else pd.Series([np.nan if value is None else float(value) for value in column])
            for spec, column in zip(specs, zip(*rows, strict=True), strict=True)
        }
    )
    rng = np.random.default_rng(5)
    log_odds = -2.0 + 1.2 * (frame["paid_in_cash"] == 1) - 0.01 * frame["booking_lead_hours"].fillna(200).clip(0, 300)
    y = (rng.random(ROWS) < 1 / (1 + np.exp(-log_odds))).astype(float).to_numpy()
    family = FAMILIES["explainable_boosting"]
    settings = family.settings_type.model_validate(QUICK["explainable_boosting"])
    fitted = family.fit(frame, y, None, specs, settings=settings, seed=7)
    model = fitted.compile()
    template = bundle_makers.content(RISK)
    content = BundleContent(
        risk=RISK,
        specs=fitted.specs,
        model=model,
        bands=template.bands,
        reference=reference,
        baselines=template.baselines.from_reference(
            model.log_odds(model_columns(frame, model.features)), model_columns(frame, model.features), fitted.specs
        ),
        card=bundle_makers.card(RISK, model),
        gates=template.gates,
        golden=records[:50],
    )
    files = sign(pack(bundle_makers.origin(RISK), content), bundle_makers.KEY)
    return records, frame, fitted, ModelBundle.open(files, bundle_makers.TRUSTED)


def explained(bundle, record):
    """The explanation of one record, by the path that the service takes."""
    return bundle.model.explain(bundle.extractor.values(record))


def test_r4_baseline_and_contributions_are_the_score_as_trained(trained):
    """For every record: baseline + contributions = log-odds, served = trained, both within 1e-9."""
    records, frame, fitted, bundle = trained
    assert any(len(term.axes) == 2 for term in bundle.model.terms), "the model has pairs"
    served = [explained(bundle, record) for record in records]
    sums = np.array([one.baseline + sum(one.contributions) for one in served])
    log_odds = np.array([one.log_odds for one in served])
    assert np.max(np.abs(sums - log_odds)) <= 1e-9
    assert np.max(np.abs(fitted.log_odds(frame) - log_odds)) <= 1e-9
    assert np.std(log_odds) > 0.1


def test_r1_protected_facts_change_no_bit(trained):
    """Audit-only and never-stored facts, filled with anything, leave every contribution as it was."""
    records, _, _, bundle = trained
    for record in records[:2000]:
        sent = json.loads(stored_form(record, lambda value: value))
        sent["traveller"] = {**sent.get("traveller", {}), **IDENTITY, **NEVER}
        sent |= {
            "meals": "zz",
            "ssr": ["zz"],
            "osi": "zz",
            "free_text": "zz",
            "assistance": "zz",
            "source_system": "zz",
        }
        sent["upstream"] = {"watchlist_hit": True, "visa_ok": False, "document_ok": False}
        changed = TravellerRecord.model_validate_json(json.dumps(sent))
        assert explained(bundle, changed).contributions == explained(bundle, record).contributions


def test_r5_a_missing_value_changes_its_own_contributions_only(trained):
    """One value set to missing moves the terms that read it, and no other by a single bit."""
    records, _, _, bundle = trained
    rng = np.random.default_rng(1)
    names = bundle.model.features
    moved = 0
    for record in records:
        values = bundle.extractor.values(record)
        at = int(rng.integers(len(names)))
        before = bundle.model.explain(values).contributions
        after = bundle.model.explain(
            [None if place == at else value for place, value in enumerate(values)]
        ).contributions
        for term, old, new in zip(bundle.model.terms, before, after, strict=True):
            reads = any(axis.feature == names[at] for axis in term.axes)
            assert reads or old == new
            moved += old != new
    assert moved > ROWS / 10


def stated(term, values):
    """The points of a term as its JSON states them, read without any code of the model."""
    found = term["points"]
    for axis in term["axes"]:
        value = values[axis["feature"]]
        if value is None:
            place = 0
        elif axis["kind"] == "category":
            place = 1 + (axis["levels"].index(value) if value in axis["levels"] else len(axis["levels"]))
        else:
            place = 1 + sum(cut <= float(value) for cut in axis["cuts"])
        found = found[place]
    return found


def test_r5_another_value_moves_the_score_by_the_difference_that_the_table_states(trained):
    """For every record one feature gets the value of another record: only its own points change, as they are stored."""
    records, _, _, bundle = trained
    terms = json.loads(json.dumps(bundle.model.to_json()))["terms"]
    names, rng = bundle.model.features, np.random.default_rng(2)
    vectors = [bundle.extractor.values(record) for record in records]
    moved = 0
    for vector, other in zip(vectors, vectors[1:] + vectors[:1], strict=True):
        at = int(rng.integers(len(names)))
        changed = [other[place] if place == at else value for place, value in enumerate(vector)]
        before, after = (dict(zip(names, each, strict=True)) for each in (vector, changed))
        reading = [term for term in terms if any(axis["feature"] == names[at] for axis in term["axes"])]
        difference = sum(stated(term, after) - stated(term, before) for term in reading)
        gap = bundle.model.explain(changed).log_odds - bundle.model.explain(vector).log_odds
        assert abs(gap - difference) <= 1e-9
        moved += difference != 0
    assert moved > ROWS / 20
