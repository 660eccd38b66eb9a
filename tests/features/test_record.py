"""The record is strict about what it takes, and keeps nothing that it must not."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from features import record as record_module
from features.catalogue import CATALOGUE, Extractor
from features.mrz import EXAMPLE_TD3
from features.record import DROPPED, Booking, Sensitivity, TravellerRecord, sensitivity_of
from features.spec import Use
from features.walk import block_types, blocks, dropped_fields, stored_form
from tests.makers import EXAMPLE_LAND_RECORD, EXAMPLE_RECORD, EXAMPLE_REFERENCE, random_records, traveller

BLOCKS = {"": TravellerRecord, **dict(block_types())}
NEVER = [
    (path, name)
    for path, block in BLOCKS.items()
    for name in block.model_fields
    if sensitivity_of(block, name) is Sensitivity.NEVER and name != "mrz"
]
SCORED = [spec for spec in CATALOGUE if spec.use is Use.SCORE]


def keyed_hash(value: str) -> str:
    """Stand in for the keyed hash of a service."""
    return hashlib.blake2b(value.encode(), key=b"test", digest_size=12).hexdigest()


@pytest.mark.parametrize("path", BLOCKS)
def test_unknown_field_is_refused_in_every_block(path: str):
    """A misspelt fact would otherwise be missing without anybody noticing."""
    first = f"{path.replace('journey__legs', 'journey__legs__0').replace('documents', 'documents__0')}__surprise"
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        traveller(**{first.removeprefix("__"): 1, "guardian__on_booking": True, "upstream__visa_ok": True})


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "rail"},
        {"booking__party_size": "2"},
        {"booking__party_size": 0},
        {"booking__party_size": 2.5},
        {"stay_days": -1},
        {"stay_days": "12"},
        {"is_split": "no"},
        {"is_split": 0},
        {"nationality": "ke"},
        {"payment_method": "BTC"},
        {"expected_at": "2026-03-14T09:40:00"},
        {"expected_at": "0001-01-01T00:00+05:00"},
        {"born": "14/03/2026"},
        {"legs": [{"carrier": "KQ"}] * 17},
        {"documents": [{}] * 11},
        {"schema_version": "0.9"},
        {"extra": {"Bad Name": 1}},
        {"extra": {"text": "x" * 201}},
        {"record_id": ""},
    ],
)
def test_value_of_the_wrong_kind_is_refused(change: dict):
    """No conversion between types: a text is no number, a number is no flag, a time has its zone."""
    with pytest.raises(ValidationError):
        traveller(**change)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_number_that_is_not_finite_is_refused(number: str):
    """JSON has no such numbers, and no feature may meet one."""
    text = json.dumps(EXAMPLE_RECORD).replace('"stay_days": 12', f'"stay_days": {number}')
    with pytest.raises(ValidationError):
        TravellerRecord.model_validate_json(text)


def test_record_is_frozen():
    """What was submitted cannot change between scoring and storing."""
    with pytest.raises(ValidationError, match="frozen"):
        traveller().record_id = "other"


def test_times_are_kept_in_utc():
    """Any zone is taken, one is kept."""
    moment = traveller(expected_at="2026-03-14T12:40:00+03:00").crossing.expected_at
    assert moment == datetime(2026, 3, 14, 9, 40, tzinfo=UTC)
    assert moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize(("path", "name"), NEVER)
def test_r2_never_stored_fact_is_dropped_and_named(path: str, name: str):
    """Its value is in no attribute, no text and no stored form; its name is reported."""
    record = traveller(**{f"{path}__{name}".removeprefix("__"): {"marker": ["MARKER-4711"]}})
    assert dropped_fields(record) == [f"{path}.{name}".removeprefix(".")]
    block = record if not path else getattr(record, path)
    assert getattr(block, name) is DROPPED
    for text in (repr(record), record.model_dump_json(), stored_form(record, keyed_hash).decode()):
        assert "4711" not in text


def test_r2_nothing_is_named_where_nothing_came():
    """An ordinary record drops nothing."""
    assert dropped_fields(traveller()) == []


def test_zone_is_read_and_then_dropped():
    """Check digits and agreement stay; number, name and birth of the zone do not."""
    record = traveller(documents=[{"type": "P", "number": "L898902C3", "mrz": EXAMPLE_TD3}], born="1974-08-12")
    document = record.documents[0]
    assert (document.mrz, document.mrz_check_digits_ok, document.mrz_agrees) == (DROPPED, True, True)
    assert "ERIKSSON" not in repr(record) + stored_form(record, keyed_hash).decode()
    assert dropped_fields(record) == ["documents[0].mrz"]


def test_zone_of_no_layout_fails_its_check_digits():
    """A zone that cannot be read is no proof of anything."""
    document = traveller(documents=[{"mrz": "P<<<"}]).documents[0]
    assert document.mrz_check_digits_ok is False
    assert document.mrz_agrees is None


def test_stored_form_gives_the_same_feature_values_and_holds_no_linkage_fact():
    """A decision can be scored again from what was stored, without telephone or document numbers."""
    extractor = Extractor(SCORED, EXAMPLE_REFERENCE)
    for record in random_records(300, seed=6):
        stored = stored_form(record, keyed_hash)
        again = TravellerRecord.model_validate_json(stored)
        assert extractor.values(again) == extractor.values(record)
        assert stored_form(again, lambda text: text) == stored
        for _, block in blocks(record):
            for name in type(block).model_fields:
                value = getattr(block, name)
                if sensitivity_of(type(block), name) is Sensitivity.HASHED and value is not None:
                    assert json.dumps(value).encode() not in stored
                    assert keyed_hash(value).encode() in stored


def test_stored_form_keeps_what_a_zone_proved():
    """The facts of a zone are stored although the zone is not."""
    record = traveller(documents=[{"number": "L898902C3", "mrz": EXAMPLE_TD3}], born="1974-08-12")
    again = TravellerRecord.model_validate_json(stored_form(record, keyed_hash))
    assert (again.documents[0].mrz_check_digits_ok, again.documents[0].mrz_agrees) == (True, True)


@pytest.mark.parametrize("path", BLOCKS)
def test_each_fact_says_what_may_become_of_it(path: str):
    """Sensitivity, standard, description and an example that validates are part of each fact."""
    for name, info in BLOCKS[path].model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            continue
        if sensitivity_of(BLOCKS[path], name) is None:
            assert name in {"legs", "documents", *dict(block_types())}, name
            continue
        assert info.description, name
        assert info.json_schema_extra["x-standard"], name


def test_every_block_is_walked():
    """A block that the walk forgets would escape masking and the check of what features read."""
    classes = {
        value
        for value in vars(record_module).values()
        if isinstance(value, type) and issubclass(value, record_module.Block) and value is not record_module.Block
    }
    assert set(BLOCKS.values()) == classes
    complete = traveller(guardian={"on_booking": True}, upstream={"visa_ok": True})
    assert {type(block) for _, block in blocks(complete)} == classes


def test_examples_in_the_schema_validate():
    """The API page shows one example per fact; each can be submitted."""
    for path, block in BLOCKS.items():
        for name, info in block.model_fields.items():
            for example in info.examples or ():
                place = path.replace("journey__legs", "journey__legs__0").replace("documents", "documents__0")
                traveller(**{f"{place}__{name}".removeprefix("__"): example})


@given(
    created=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()),  # noqa: DTZ001
    hours=st.floats(0, 9000),
)
def test_lead_time_is_exact_in_any_zone(created: datetime, hours: float):
    """Zones, summer time included, never change a duration."""
    departs = created.astimezone(UTC) + timedelta(hours=hours)
    record = traveller(booked_at=created.astimezone(UTC), departs_at=departs, ticketed_at=None)
    same = traveller(booked_at=created, departs_at=departs, ticketed_at=None)
    lead = CATALOGUE["booking_lead_hours"]
    assert lead(same) == pytest.approx(lead(record), abs=1 / 60)
    assert lead(record) == pytest.approx(hours, abs=1e-6)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_is_taken_or_refused_cleanly(data: object):
    """Nothing that is sent makes validation fail with another error."""
    for target in ({**EXAMPLE_LAND_RECORD, "booking": data}, {**EXAMPLE_LAND_RECORD, "meals": data}, data):
        try:
            TravellerRecord.model_validate_json(json.dumps(target))
        except ValidationError:
            continue


def test_booking_built_in_code_takes_python_values():
    """The same model serves code that has times and numbers already."""
    assert Booking(created_at=datetime(2026, 1, 1, tzinfo=UTC), party_size=2).party_size == 2
