"""The examples in the docstrings run, and the example records are what they say."""

import doctest

import pytest

from features.catalogue import CATALOGUE
from features.record import History, TravellerRecord
from features.spec import FeatureSpec
from tests.makers import (
    EXAMPLE_LAND_RECORD,
    EXAMPLE_MINOR_RECORD,
    EXAMPLE_RECORD,
    EXAMPLE_REFERENCE,
    leg,
    random_records,
    traveller,
)


@pytest.mark.parametrize("spec", CATALOGUE, ids=lambda spec: spec.name)
def test_the_example_of_each_feature_runs(spec: FeatureSpec):
    """The docstring of a feature is shown on the API page; its example is true."""
    names = {spec.name: spec, "traveller": traveller, "leg": leg, "reference": EXAMPLE_REFERENCE, "History": History}
    example = doctest.DocTestParser().get_doctest(spec.doc, names, spec.name, None, 0)
    report: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert result.attempted >= 1
    assert result.failed == 0, "".join(report)


@pytest.mark.parametrize("data", [EXAMPLE_RECORD, EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD])
def test_example_records_validate(data: dict):
    """What the API page shows can be submitted as it stands."""
    assert traveller(data).record_id == data["record_id"]


def test_short_cuts_reach_every_block():
    """A fact is changed by its name, by its path, or with its block."""
    assert traveller(is_pooled=True).baggage.is_pooled is True
    assert traveller(booking__party_size=3).booking.party_size == 3
    assert traveller(document__type="ID").documents[0].type == "ID"
    assert traveller(documents=None).documents == ()
    assert traveller(departs_at="2026-03-14T07:00Z").journey.legs[0].departs_at.hour == 7
    assert traveller(document={"type": "V"}).documents[0].type == "V"
    assert traveller(documents=traveller().documents).documents[0].type == "P"
    assert traveller(history=History(crossings_12_months=7)).history.crossings_12_months == 7


def test_random_records_are_valid_repeatable_and_diverse():
    """The property tests of the project rest on them."""
    records = random_records(300, seed=5)
    assert records == random_records(300, seed=5)
    assert {record.crossing.mode for record in records} == {"air", "sea", "land"}
    for block in ("traveller", "journey", "booking", "contact", "baggage", "seat", "guardian", "stay", "history"):
        missing = sum(getattr(record, block) is None for record in records)
        assert 0 < missing < 300, block
    assert all(isinstance(record, TravellerRecord) for record in records)
