"""Machine-readable zones by themselves: every layout becomes a record, and each check digit is told by its place."""

import json
from datetime import date

import pytest

from riskapi.errors import InvalidBodyError
from riskapi.messages.kinds import read_message
from tests.riskapi.messages.wire import SPECIMEN

CROSSING = {"mode": "land", "point": "LIBOI", "direction": "in", "expected_at": "2012-03-14T09:40:00Z"}


def read(*zones, crossing=CROSSING):
    """Read zones as JSON."""
    return read_message(json.dumps({"crossing": crossing, "zones": zones}).encode())


@pytest.mark.parametrize("layout", SPECIMEN)
def test_every_layout_becomes_a_record(layout):
    """The specimens of the standard: names, dates and number, with check digits that hold."""
    (record,) = read(SPECIMEN[layout]).records
    assert (record.traveller.surname, record.traveller.given_names) == ("ERIKSSON", "ANNA MARIA")
    assert record.traveller.gender == "F"
    assert record.documents[0].type == {"P": "P", "I": "ID", "V": "V"}[SPECIMEN[layout][0]]
    assert record.documents[0].mrz_check_digits_ok is True
    assert record.documents[0].mrz_agrees is None
    assert record.message_types_present == ("DOC",)
    assert record.traveller.date_of_birth in {date(1974, 8, 12), date(1940, 9, 7)}


def test_zones_come_line_by_line_too():
    """A reader that writes what it reads, with empty lines or without; the crossing is said apart."""
    text = "\r\n\r\n".join(SPECIMEN.values()).lower() + "\n"
    message = read_message(text.encode(), crossing=CROSSING)
    assert (message.kind, message.persons, len(message.records)) == ("zones", 5, 5)
    assert len({record.record_id for record in message.records}) == 5
    assert message.records == read(*SPECIMEN.values()).records


def test_a_check_digit_that_fails_is_told_by_its_place():
    """The record says that digits fail; what the zone says is kept all the same."""
    message = read(SPECIMEN["TD3"].replace("7408122", "7408212"))
    assert [finding.place for finding in message.findings] == [
        "zones[0], line 2 of the zone, character 20",
        "zones[0], line 2 of the zone, character 44",
    ]
    assert message.records[0].documents[0].mrz_check_digits_ok is False


def test_a_zone_of_no_layout_is_told_and_the_others_read():
    """Of two documents one was not held still."""
    message = read("P<UTOERIKSSON", SPECIMEN["TD3"], 7)
    assert (message.persons, [entry.number for entry in message.entries]) == (3, [1])
    assert [finding.place for finding in message.findings] == ["zones[0]", "zones[2]"]


@pytest.mark.parametrize(
    "crossing",
    [
        CROSSING | {"expected_at": "yesterday"},
        CROSSING | {"expected_at": "2012-03-14T09:40:00"},
        CROSSING | {"expected_at": "0001-01-01T00:00:00+10:00"},
        CROSSING | {"point": ""},
        {},
    ],
)
def test_a_crossing_has_to_be_told(crossing):
    """No zone says where and when."""
    with pytest.raises(InvalidBodyError):
        read(SPECIMEN["TD3"], crossing=crossing)


def test_lines_without_a_crossing_say_what_to_do():
    """The remedy names both ways to say it."""
    with pytest.raises(InvalidBodyError) as caught:
        read_message(SPECIMEN["TD3"].encode())
    assert "`crossing`" in caught.value.problems[0].remedy


def test_a_mode_that_is_none_leaves_nobody_scored():
    """It is told for each zone, without its value."""
    message = read(SPECIMEN["TD3"], crossing=CROSSING | {"mode": "SECRET4711"})
    assert message.records == ()
    assert "4711" not in repr(message.findings)


def test_a_zone_that_comes_again_is_a_record_of_its_own_whatever_else_comes():
    """Also beside one whose surname is the number that might tell it apart."""
    zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
    by_number = zone.replace("ERIKSSON<<ANNA<MARIA", "2<<<<<<<<<<<<<<<<<<<")
    for zones in ((by_number, zone, zone), (zone, zone, by_number), (zone, zone, zone)):
        names = [record.record_id for record in read(*zones).records]
        assert len(set(names)) == 3
    assert [one.record_id for one in read(zone, zone).records] == [one.record_id for one in read(zone, zone).records]
