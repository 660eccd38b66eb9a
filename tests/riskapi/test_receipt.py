import json

import orjson
import pytest

from features.record import TravellerRecord, dropped_fields, stored_form
from riskapi.receipt import keep
from tests.makers import EXAMPLE_RECORD, random_data
from tests.riskapi.makers import with_facts
from tests.riskapi.test_scores import NEVER

ZONE = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
SPECIAL = {
    "never stored": with_facts(**NEVER),
    "never stored, null": with_facts(meals=None, traveller={"religion": None}),
    "a zone": {**EXAMPLE_RECORD, "documents": [{"mrz": ZONE, "number": "L898902C3"}, {"number": "X"}]},
    "a zone, null": {**EXAMPLE_RECORD, "documents": [{"mrz": None}]},
    "nulls": with_facts(traveller=None, documents=[], contact={"phone": None}, stay=None),
    "empty blocks": with_facts(traveller=None, contact=None, booking=None, baggage={}),
    "extra": {**EXAMPLE_RECORD, "extra": {"tax_rate": 8.5, "big": 2**70, "word": "x"}},
}


def mark(value):
    """A stand-in for a keyed hash, easy to see."""
    return f"hash of {len(value)} characters: {value[::-1]}"


def both_ways(data):
    """What is kept of a record, from its parsed body and from the record alone."""
    record = TravellerRecord.model_validate_json(json.dumps(data))
    before = json.dumps(data)
    short = keep(record, data, mark)
    assert json.dumps(data) == before, "the body is left as it was"
    return record, short, keep(record, None, mark)


@pytest.mark.parametrize("data", SPECIAL.values(), ids=SPECIAL)
def test_short_way_keeps_what_the_long_way_keeps(data):
    """Both ways name the same dropped facts and store records that are equal."""
    record, (dropped, kept), (long_dropped, long_kept) = both_ways(data)
    assert dropped == long_dropped == dropped_fields(record)
    assert long_kept == stored_form(record, mark)
    assert TravellerRecord.model_validate_json(kept) == TravellerRecord.model_validate_json(long_kept)


@pytest.mark.parametrize("seed", range(3))
def test_short_way_keeps_what_the_long_way_keeps_of_any_record(seed):
    """The same for many records with everything in them."""
    for data in random_data(100, seed):
        _, (dropped, kept), (long_dropped, long_kept) = both_ways(data)
        assert dropped == long_dropped
        assert TravellerRecord.model_validate_json(kept) == TravellerRecord.model_validate_json(long_kept)


def test_r2_nothing_of_a_dropped_fact_is_kept():
    """Values and names of never-stored facts are gone, linkage facts are hashed."""
    _, (dropped, kept), _ = both_ways(with_facts(**NEVER))
    assert b"ZZ" not in kept
    assert "traveller.religion" in dropped
    assert orjson.loads(kept)["contact"]["phone"] == mark(EXAMPLE_RECORD["contact"]["phone"])
