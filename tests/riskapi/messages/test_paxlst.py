"""Passenger and crew lists: every traveller becomes a record, with what is there."""

from datetime import UTC, date, datetime

import pytest

from features.record import TravellerRecord
from features.walk import dropped_fields
from riskapi.errors import InvalidBodyError
from riskapi.messages.kinds import read_message
from tests.riskapi.messages.wire import STARS, as_telex, list_segments, person, written


def read(segments, signs=None):
    """Read a list that is written as it should be."""
    return read_message((written(segments, signs) if signs else written(segments)).encode())


def changed(old, new, people=1):
    """Read a list in which one segment is another."""
    return read([new if segment.startswith(old) else segment for segment in list_segments(people) if new or segment])


def test_a_traveller_is_read_in_full():
    """Person, document, journey, baggage and seat of one passenger."""
    message = read(list_segments(people=1))
    (record,) = message.records
    assert (message.kind, message.persons, message.bookings, message.findings) == ("paxlst", 1, 0, ())
    assert record.crossing.model_dump() == {
        "mode": "air",
        "point": "NBO",
        "direction": "in",
        "expected_at": datetime(2026, 3, 14, 6, 40, tzinfo=UTC),
    }
    person_, document = record.traveller, record.documents[0]
    assert (person_.surname, person_.given_names, person_.gender) == ("WARSAMEA", "AMINA", "F")
    assert (person_.date_of_birth, person_.nationality, person_.residence_country) == (date(1991, 5, 2), "KEN", "SOM")
    assert (document.type, document.number, document.issuing_country) == ("P", "A0000000", "KEN")
    assert (document.issue_date, document.expiry_date) == (date(2021, 2, 1), date(2031, 1, 31))
    assert document.data_verified is False
    assert (record.baggage.count, record.baggage.weight_kg) == (2, 31)
    assert (record.booking.locator, record.seat.number) == ("LOC000", "1A")
    (leg,) = record.journey.legs
    assert (leg.carrier, leg.flight_number, leg.origin, leg.destination) == ("KQ", "KQ416", "MGQ", "NBO")
    assert leg.departs_at == datetime(2026, 3, 14, 4, 50, tzinfo=UTC)
    assert record.message_types_present == ("API",)


def test_never_stored_content_is_dropped_and_named():
    """Of a place of birth and of free text, only that they came is known."""
    (record,) = read(list_segments(people=1)).records
    assert dropped_fields(record) == ["free_text", "traveller.place_of_birth"]


@pytest.mark.parametrize("people", [0, 1, 7, 280])
def test_every_person_is_counted_clean_or_dirty(people):
    """The same records, whatever was done to the message."""
    clean = read(list_segments(people))
    dirty = read_message(as_telex(written(list_segments(people), STARS)).encode())
    assert clean.persons == len(clean.records) == people
    assert dirty.records == clean.records
    assert len({record.record_id for record in clean.records}) == people


def test_crew_is_crew():
    """By the kind of list, and by the kind of person."""
    for segments in (list_segments(crew=True), list_segments(persons=[person(0, crew=True)])):
        assert {record.traveller.passenger_type for record in read(segments).records} == {"C"}


def test_who_goes_on_abroad_is_in_transit():
    """By the kind of person, or by the port where the way ends; a domestic connection is none."""
    onward = [["NAD+FL+++WARSAME:AMINA", "LOC+178+MGQ", f"LOC+179+{port}"] for port in ("JNB", "MBA", "NBO")]
    told = [["NAD+DDT+++WARSAME:AMINA", "LOC+179+DXB"]]
    records = read(list_segments(persons=onward + told)).records
    assert [record.crossing.direction for record in records] == ["transit", "in", "in", "transit"]
    assert [len(record.journey.legs) for record in records] == [2, 1, 1, 2]
    cleared = [["NAD+FL+++WARSAME:AMINA", "LOC+22+NBO", "LOC+179+JNB"]]
    assert read(list_segments(persons=cleared)).records[0].crossing.direction == "in"


def test_a_journey_that_began_elsewhere_has_a_leg_before():
    """The port where the traveller got on."""
    (record,) = read(list_segments(persons=[["NAD+FL+++WARSAME:AMINA", "LOC+178+DJE", "LOC+179+NBO"]])).records
    assert [(leg.origin, leg.destination) for leg in record.journey.legs] == [("DJE", "MGQ"), ("MGQ", "NBO")]


def test_a_list_of_several_legs_crosses_where_the_country_changes():
    """A domestic leg before the border is no crossing."""
    segments = list_segments(people=1)
    at = segments.index("TDT+20+KQ416+++KQ")
    segments[at:at] = ["TDT+20+KQ400+++KQ", "LOC+125+HGA", "DTM+189:2603140500:201", "LOC+87+MGQ"]
    (record,) = read(segments).records
    assert (record.crossing.point, record.journey.legs[0].flight_number) == ("NBO", "KQ416")


def test_ships_and_trains_send_the_same_lists():
    """The mode of transport is told, and ports may be UN/LOCODEs."""
    segments = [
        {"TDT+20+KQ416+++KQ": "TDT+20+MV AMANI 12+1", "LOC+87+NBO": "LOC+87+KEMBA"}.get(segment, segment)
        for segment in list_segments(people=1)
    ]
    (record,) = read(segments).records
    assert (record.crossing.mode, record.crossing.point) == ("sea", "KEMBA")
    assert record.journey.legs[0].flight_number == "MV AMANI 12"


@pytest.mark.parametrize(
    ("old", "new", "tag"),
    [
        ("DTM+329", "DTM+329:991399", "DTM"),
        ("DTM+36", "DTM+36:SOON", "DTM"),
        ("ATT", "ATT+2++Q", "ATT"),
        ("NAT", "NAT+2+K", "NAT"),
        ("LOC+91", "LOC+91+!!", "LOC"),
        ("LOC+174", "LOC+174+KENYA", "LOC"),
        ("DOC", "DOC+Q:110:111+A1", "DOC"),
        ("MEA+CT", "MEA+CT++:MANY", "MEA"),
        ("NAD+FL", "NAD+FL+++", "NAD"),
    ],
)
def test_what_breaks_a_rule_is_told_by_its_place_and_left_out(old, new, tag):
    """The traveller is scored all the same, and the others too."""
    message = changed(old, new, people=2)
    assert len(message.records) == 2
    assert len(message.findings) == 2
    assert all(f"({tag})" in finding.place for finding in message.findings)


def test_a_bare_name_is_a_traveller():
    """Nothing but the name is needed of a person."""
    (record,) = read(list_segments(persons=[["NAD+FL+++WARSAME"]])).records
    assert record.traveller.surname == "WARSAME"
    assert record.documents == ()


@pytest.mark.parametrize("gone", ["DTM+232", "LOC+87", "TDT", "LOC+125", "DTM+189"])
def test_a_voyage_with_a_gap_is_scored_with_what_there_is(gone):
    """Each single fact of the voyage may be missing."""
    message = read([one for one in list_segments(people=2) if not one.startswith(gone)])
    assert len(message.records) == 2


def test_a_list_without_port_or_time_is_a_clear_error():
    """A crossing has to be somewhere and at some time."""
    segments = [one for one in list_segments(people=1) if one[:3] not in {"LOC", "DTM"}]
    with pytest.raises(InvalidBodyError) as caught:
        read(segments)
    assert "LOC 87" in " ".join(problem.rule for problem in caught.value.problems)


def test_the_same_list_sent_again_has_the_same_ids():
    """Whoever comes first in it: ids hang on persons, not on places."""
    first, second = person(0), person(1)
    one = read(list_segments(persons=[first, second])).records
    two = read(list_segments(persons=[second, first])).records
    assert {record.record_id for record in one} == {record.record_id for record in two}
    same = read(list_segments(persons=[first, first])).records
    assert len({record.record_id for record in same}) == 2


def test_records_survive_json():
    """What the reader makes is a valid record on the wire."""
    for record in read(list_segments()).records:
        text = record.model_dump_json(exclude_unset=True, exclude_none=True)
        again = TravellerRecord.model_validate_json(text)
        assert again.model_dump(exclude_none=True) == record.model_dump(exclude_none=True)


def test_years_of_two_digits_get_the_century_that_can_be_true():
    """Nobody is born after the crossing, and documents are of this age."""
    born = [["NAD+FL+++A:B", f"DTM+329:{text}"] for text in ("260313", "260315", "19260315", "000101")]
    years = [record.traveller.date_of_birth.year for record in read(list_segments(persons=born)).records]
    assert years == [2026, 1926, 1926, 2000]
