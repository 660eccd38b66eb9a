"""Voyage manifests: every entry becomes a record, and what cannot be used is told without its value."""

import json
from datetime import UTC, datetime

import pytest

from features.record import TravellerRecord
from riskapi.errors import InvalidBodyError, MalformedBodyError
from riskapi.messages import body, voyage_manifest
from riskapi.messages.voyage_manifest import manifest_from, read_voyage_manifest


def passenger(**changes):
    """Make an entry of a list as carriers send it; every value is a text."""
    entry = {
        "PoavKey": "a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3",
        "PersonType": "P",
        "Age": "34",
        "NationalityCountryCode": "KEN",
        "NationalityCountryEEAFlag": "",
        "DocumentType": "P",
        "DocumentLevel": "Primary",
        "DocumentIssuingCountryCode": "KEN",
        "DisembarkationPortCode": "NBO",
        "DisembarkationPortCountryCode": "KEN",
        "InTransitFlag": "N",
    }
    return entry | changes


def voyage(*passengers, **changes):
    """Make a manifest of one flight from Mogadishu to Nairobi."""
    numbered = (
        entry | {"PoavKey": f"{place:032x}"} if entry == passenger() else entry
        for place, entry in enumerate(passengers)
    )
    manifest = {
        "EventCode": "DC",
        "VoyageKey": "f0e1d2c3b4a5f0e1d2c3b4a5f0e1d2c3",
        "CarrierCode": "ZZ",
        "CarrierType": "AIR",
        "VoyageNumber": "0416",
        "VoyageNumberTrailingLetter": "",
        "DeparturePortCode": "MGQ",
        "DeparturePortCountryCode": "SOM",
        "ScheduledDateOfDeparture": "2026-03-14",
        "ScheduledTimeOfDeparture": "07:50:00",
        "ArrivalPortCode": "NBO",
        "ScheduledDateOfArrival": "2026-03-14",
        "ScheduledTimeOfArrival": "09:40:00",
        "PassengerList": list(numbered) or [passenger()],
    }
    return manifest | changes


def only_record(**changes):
    """Read the one record of a list with one entry."""
    (record,) = manifest_from(voyage(passenger(**changes))).records
    return record


def places(manifest):
    """List where findings were made."""
    return [finding.place for finding in manifest.findings]


def test_an_entry_becomes_a_record_with_crossing_leg_and_document():
    """One passenger of one flight is read in full, and nothing is left to tell."""
    manifest = manifest_from(voyage(passenger()))
    (record,) = manifest.records
    assert manifest.findings == ()
    assert record.crossing.model_dump() == {
        "mode": "air",
        "point": "NBO",
        "direction": "in",
        "expected_at": datetime(2026, 3, 14, 9, 40, tzinfo=UTC),
    }
    assert record.message_types_present == ("API",)
    assert record.traveller is not None
    assert (record.traveller.age_years, record.traveller.nationality) == (34, "KEN")
    assert [(document.type, document.issuing_country) for document in record.documents] == [("P", "KEN")]
    assert record.journey is not None
    (leg,) = record.journey.legs
    assert (leg.carrier, leg.flight_number, leg.origin, leg.destination) == ("ZZ", "ZZ0416", "MGQ", "NBO")
    assert leg.departs_at == datetime(2026, 3, 14, 7, 50, tzinfo=UTC)


def test_records_survive_json():
    """What the reader makes is a valid record on the wire too."""
    record = only_record()
    assert TravellerRecord.model_validate_json(record.model_dump_json(exclude_unset=True)) == record


def test_each_entry_gets_its_own_record_in_order():
    """A traveller's second document is an entry of its own and is scored as one."""
    entries = [passenger(), passenger(DocumentLevel="Secondary", DocumentType="V", PoavKey="visa-1"), passenger()]
    manifest = manifest_from(voyage(*entries))
    assert manifest.persons == len(manifest.records) == 3
    assert [entry.number for entry in manifest.entries] == [0, 1, 2]
    assert [record.documents[0].type for record in manifest.records] == ["P", "V", "P"]
    assert len({record.record_id for record in manifest.records}) == 3


def test_record_ids_come_from_both_keys_and_stay_the_same():
    """The same list sent again gives the same ids; another voyage gives others."""
    first, again = (manifest_from(voyage()).records[0].record_id for _ in range(2))
    other = manifest_from(voyage(VoyageKey="another")).records[0].record_id
    assert first == again != other
    assert first.startswith("ZZ0416-20260314-")


@pytest.mark.parametrize(
    ("code", "kind"), [("P", "P"), ("v", "V"), ("I", "ID"), ("A", "ID"), ("G", "O"), ("F", "O"), ("Passport", "P")]
)
def test_document_codes_are_translated(code, kind):
    """Codes of the passenger-list guideline become the record's document types."""
    assert only_record(DocumentType=code).documents[0].type == kind


def test_unknown_document_codes_are_told_and_read_as_other():
    """A code that nobody knows is a document all the same."""
    manifest = manifest_from(voyage(passenger(DocumentType="Q")))
    assert manifest.records[0].documents[0].type == "O"
    assert places(manifest) == ["PassengerList[0].DocumentType"]


def test_blank_means_missing_and_is_no_finding():
    """Blank texts are how these systems say that something is not known."""
    blank = dict.fromkeys(set(passenger()) - {"PoavKey"}, "")
    manifest = manifest_from(voyage(passenger(**blank)))
    (record,) = manifest.records
    assert manifest.findings == ()
    assert record.documents == ()
    assert record.traveller is not None
    assert (record.traveller.age_years, record.traveller.nationality) == (None, None)


def test_transit_is_a_direction_with_an_onward_leg():
    """Who only changes planes is in transit, and the way goes on."""
    record = only_record(InTransitFlag="Y", DisembarkationPortCode="JNB")
    assert record.crossing.direction == "transit"
    assert record.journey is not None
    assert [leg.destination for leg in record.journey.legs] == ["NBO", "JNB"]


@pytest.mark.parametrize(("carrier", "mode"), [("AIR", "air"), ("SEA", "sea"), ("ROAD", "land"), ("rail", "land")])
def test_mode_comes_from_the_carrier_type(carrier, mode):
    """Ferries, trains and coaches send the same lists."""
    assert manifest_from(voyage(CarrierType=carrier)).records[0].crossing.mode == mode


def test_times_are_utc_unless_they_say_otherwise():
    """A time with a zone is converted; one without is UTC."""
    manifest = manifest_from(voyage(ScheduledTimeOfArrival="12:40:00+03:00"))
    assert manifest.voyages[0].arrives_at == datetime(2026, 3, 14, 9, 40, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_no_obstacle(encoding):
    """Files that passed through an office machine are read."""
    manifest = read_voyage_manifest(json.dumps(voyage()).encode(encoding))
    assert len(manifest.records) == 1


@pytest.mark.parametrize("age", ["-1", "131", "abc", "12.5", "9" * 5000, "٣٤", ["34"], True])
def test_an_age_that_is_none_is_told_by_place_and_left_out(age):
    """A broken age costs neither the traveller nor the others their score."""
    manifest = manifest_from(voyage(passenger(), passenger(Age=age, PoavKey="x")))
    assert len(manifest.records) == 2
    assert manifest.records[1].traveller is not None
    assert manifest.records[1].traveller.age_years is None
    assert places(manifest) == ["PassengerList[1].Age"]


def test_a_whole_number_is_read_as_well_as_its_text():
    """Some systems write ages as numbers."""
    assert only_record(Age=7).traveller.age_years == 7


def test_entries_that_are_no_objects_are_told_and_the_others_scored():
    """A broken entry keeps its place in the list free."""
    manifest = manifest_from(voyage(passenger(), "broken", None, passenger()))
    assert [entry.number for entry in manifest.entries] == [0, 3]
    assert manifest.persons == 4
    assert places(manifest) == ["PassengerList[1]", "PassengerList[2]"]


def test_keys_that_are_missing_or_repeated_lose_no_answer():
    """Each entry has a record of its own, whatever its key."""
    manifest = manifest_from(voyage(passenger(PoavKey="k"), passenger(PoavKey="k"), passenger(PoavKey="")))
    assert len({record.record_id for record in manifest.records}) == 3
    assert places(manifest) == ["PassengerList[1].PoavKey", "PassengerList[2].PoavKey"]


def test_unknown_fields_are_ignored_and_counted_once():
    """A field that is new here is told once, not for each traveller; a slip of the pen gets a hint."""
    one, two = passenger(Meal="x", PoavKey="1"), passenger(Meal="y", PoavKey="2", DocumentTyp="P")
    manifest = manifest_from(voyage(one, two, Weather="fine"))
    assert places(manifest) == ["manifest", "PassengerList[]"]
    assert manifest.findings[1].remedy == (
        "2 of another name ignored, and not stored. Check the spelling of DocumentType."
    )
    assert len(manifest.records) == 2


def test_r37_findings_never_repeat_what_was_sent():
    """A marked text in any field, or as a field's name, appears in no finding."""
    marked = "SECRET 4711"
    entry = dict.fromkeys(passenger(), marked) | {marked: marked}
    told = {
        "VoyageNumber": marked,
        "CarrierCode": marked,
        "DeparturePortCode": marked,
        "ScheduledDateOfDeparture": marked,
    }
    manifest = manifest_from(voyage(entry, **told, **{marked: marked}))
    assert len(manifest.records) == 1
    assert len(manifest.findings) >= 12
    assert "4711" not in repr(manifest.findings)
    assert "4711" not in manifest.records[0].model_dump_json()


def test_a_very_broken_list_gives_a_short_report():
    """Findings are counted past a bound, so that the report stays readable."""
    manifest = manifest_from(voyage(*([None] * 5000)))
    assert len(manifest.findings) == 201
    assert manifest.findings[-1].remedy.startswith("4800 more")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"CarrierType": "BALLOON"}, "CarrierType"),
        ({"ArrivalPortCode": ""}, "ArrivalPortCode"),
        ({"ArrivalPortCode": "?"}, "ArrivalPortCode"),
        ({"ScheduledDateOfArrival": "14 March"}, "ScheduledDateOfArrival and ScheduledTimeOfArrival"),
        ({"ScheduledTimeOfArrival": None}, "ScheduledDateOfArrival and ScheduledTimeOfArrival"),
        (
            {"ScheduledDateOfArrival": "0001-01-01", "ScheduledTimeOfArrival": "00:00+10:00"},
            "ScheduledDateOfArrival and",
        ),
        ({"PassengerList": {}}, "manifest"),
        ({"PassengerList": None}, "manifest"),
        ({"PassengerList": [None] * (voyage_manifest.MAX_PASSENGERS + 1)}, "PassengerList"),
    ],
)
def test_a_voyage_that_cannot_be_scored_is_one_clear_error(changes, place):
    """What all travellers need is asked for once, by its place."""
    with pytest.raises(InvalidBodyError) as caught:
        manifest_from(voyage(**changes))
    (problem,) = caught.value.problems
    assert problem.place.startswith(place)
    assert problem.remedy


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "Line 1, column 0"),
        (b'{"a": 1,\n oops', "Line 2, column 2"),
        (b'"\xff"', "Byte 1"),
        (b'{"PassengerList": [], "PassengerList": []}', "a key occurs twice"),
    ],
)
def test_a_file_that_is_no_json_says_from_where_on(raw, text):
    """The error names the place, and not what stands there."""
    with pytest.raises(MalformedBodyError, match=text):
        read_voyage_manifest(raw)


def test_a_file_past_the_bound_is_not_parsed(monkeypatch):
    """Size is looked at first."""
    monkeypatch.setattr(body, "MAX_BYTES", 10)
    with pytest.raises(InvalidBodyError):
        read_voyage_manifest(b" " * 11)


def test_a_departure_after_arrival_is_left_out():
    """Local and universal times are mixed in some lists; the arrival counts."""
    manifest = manifest_from(voyage(ScheduledTimeOfDeparture="11:00:00"))
    assert manifest.voyages[0].departs_at is None
    assert places(manifest) == ["ScheduledDateOfDeparture"]
