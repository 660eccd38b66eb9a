"""R28 and R29: any optional fact may be missing, at every kind of border."""

import pytest

from features.catalogue import CATALOGUE, Extractor
from features.record import TravellerRecord
from features.spec import Use
from tests.makers import EXAMPLE_LAND_RECORD, EXAMPLE_RECORD, EXAMPLE_REFERENCE, random_records, traveller

EXTRACTOR = Extractor(CATALOGUE.specs, EXAMPLE_REFERENCE)
RANDOM = random_records(1000, seed=11)
OPTIONAL = [name for name, info in TravellerRecord.model_fields.items() if not info.is_required()]


def _values(record: TravellerRecord) -> dict[str, object]:
    return {spec.name: value for spec, value in zip(CATALOGUE, EXTRACTOR.values(record), strict=True)}


@pytest.mark.parametrize("block", OPTIONAL)
def test_r28_any_optional_block_may_be_missing(block: str):
    """A record without it gives values, and invents none."""
    complete, reduced = _values(traveller()), _values(traveller(**{block: None}))
    assert sum(value is None for value in reduced.values()) >= sum(value is None for value in complete.values())


@pytest.mark.parametrize(
    ("block", "fact"),
    [
        (block, fact)
        for block in ("traveller", "journey", "booking", "contact", "baggage", "seat", "stay", "history")
        for fact in EXAMPLE_RECORD[block]
    ],
)
def test_r28_any_single_fact_may_be_missing(block: str, fact: str):
    """No feature stumbles over a gap."""
    _values(traveller(**{f"{block}__{fact}": None}))


def test_r28_the_smallest_record_extracts():
    """Only an id and a crossing are mandatory."""
    smallest = {name: EXAMPLE_RECORD[name] for name in ("record_id", "crossing")}
    values = {name: value for name, value in _values(traveller(smallest)).items() if value is not None}
    assert set(values) == {"transport_mode", "crossing_direction", "crossing_point"}


@pytest.mark.parametrize("mode", ["land", "sea"])
def test_r29_records_without_airline_messages_extract(mode: str):
    """A land post or a port sends what it has, and it is enough for many features."""
    values = _values(traveller(EXAMPLE_LAND_RECORD, mode=mode))
    known = {name for name, value in values.items() if value is not None}
    assert {"transport_mode", "document_type", "stay_purpose", "accommodation", "crossings_12_months"} <= known


def test_r29_missing_messages_mean_nothing_at_a_land_post():
    """Quality features are neutral where a message is not expected: no booking exists to be missing."""
    values = _values(traveller(EXAMPLE_LAND_RECORD))
    quality = {spec.name for spec in CATALOGUE if spec.group == "quality"}
    assert {name: values[name] for name in quality if values[name] is not None} == {}
    for record in random_records(500, seed=29):
        if record.crossing.mode == "land":
            values = _values(record)
            for name in ("api_facts_missing", "pnr_facts_missing", "booking_message_missing", "document_dates_missing"):
                assert values[name] is None, name


def test_impossible_orders_are_missing_and_have_their_own_flag():
    """An issue after travel gives no negative age of the document."""
    values = _values(traveller(issue_date="2026-05-01", booked_at="2026-03-20T00:00Z"))
    assert values["document_age_days"] is None
    assert values["booking_lead_hours"] is None
    assert values["impossible_dates"] is True


def test_times_in_different_zones_are_compared_as_moments():
    """Ten o'clock in Nairobi is seven o'clock UTC."""
    values = _values(traveller(booked_at="2026-03-13T10:50+03:00", departs_at="2026-03-14T07:50Z"))
    assert values["booking_lead_hours"] == 24.0


def test_the_day_of_the_crossing_is_that_of_utc():
    """One rule for all posts, written down: late evening in New York is the next day in UTC."""
    late = traveller(expected_at="2026-03-13T22:00-05:00", issue_date="2026-03-04")
    assert _values(late)["document_age_days"] == 10


@pytest.mark.parametrize("spec", [spec for spec in CATALOGUE if spec.use is Use.SCORE], ids=lambda spec: spec.name)
def test_every_score_feature_occurs_among_random_records(spec):
    """A feature that is never known, or never differs, explains nothing."""
    extractor = Extractor([spec], EXAMPLE_REFERENCE)
    found = {extractor.values(record)[0] for record in RANDOM}
    assert None in found or spec.group == "crossing"
    assert len(found - {None}) >= 2
