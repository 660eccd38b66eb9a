"""A list and a booking of one traveller become one record, with the source of each fact; pushes become versions."""

from datetime import date

import pytest

from features.quality import impossible_dates
from riskapi.messages.joining import join
from riskapi.messages.kinds import read_message
from riskapi.messages.versions import versions_of
from tests.riskapi.messages.wire import Pushed, list_segments, person, push_segments, replace, written


def listed(**changes):
    """Read a list with the first traveller of the booking."""
    facts = {"surname": "WARSAME", "given": "AMINA", "document": "A12345671", "locator": "K7X2QP"} | changes
    return read_message(written(list_segments(persons=[person(0, **facts)])).encode()).records


def pushed(**changes):
    """Read the push of a booking."""
    return read_message(written(push_segments(replace(Pushed(), **changes))).encode()).records


def test_list_and_booking_of_one_traveller_become_one_record():
    """The second traveller of the booking is on no list, and stays as it was."""
    (api,), bookings = listed(), pushed()
    first, second = join([api, *bookings])
    record = first.record
    assert record.message_types_present == ("API", "PNR")
    assert record.record_id == bookings[0].record_id
    assert record.messages_disagree == ()
    assert (record.booking.payment_method, record.documents[0].data_verified) == ("CA", False)
    assert [leg.flight_number for leg in record.journey.legs] == ["KQ300", "KQ416"]
    assert second.record == bookings[1]
    assert second.sources == {}
    assert (first.places, second.places) == ((0, 1), (2,))


def test_r36_each_fact_knows_its_source():
    """What both say the same is from both; what one says alone is from that one."""
    first, _ = join([*pushed(), *listed()])
    assert first.sources["traveller.surname"] == "API+PNR"
    assert first.sources["traveller.residence_country"] == "API"
    assert first.sources["booking.payment_method"] == "PNR"
    assert first.sources["documents[0].issue_date"] == "API"
    assert first.sources["journey.has_return"] == "PNR"
    assert first.sources["baggage.weight_kg"] == "API"


@pytest.mark.parametrize(
    ("changes", "disagree"),
    [
        ({"born": "02MAY92"}, ("birth",)),
        ({"document": "Z"}, ("document",)),
        ({"born": "02MAY91"}, ()),
    ],
)
def test_what_messages_state_differently_is_known_by_name(changes, disagree):
    """Without the values; the list's word counts."""
    first, *_ = join([*listed(), *pushed(**changes)])
    assert first.record.messages_disagree == disagree
    assert first.record.traveller.date_of_birth == date(1991, 5, 2)


def test_birth_dates_that_disagree_are_dates_that_cannot_both_be_right():
    """The data-quality feature sees the contradiction, and never the dates."""
    agreeing, *_ = join([*listed(), *pushed()])
    contradicting, *_ = join([*listed(), *pushed(born="02MAY92")])
    assert impossible_dates(agreeing.record) is False
    assert impossible_dates(contradicting.record) is True


@pytest.mark.parametrize(
    "changes",
    [
        {"surname": "OTIENO", "given": "GRACE"},
        {"document": "OTHER", "born": "800101", "locator": "OTHERX"},
        {"given": "SAHRA", "document": "OTHER", "locator": "OTHERX"},
    ],
)
def test_other_persons_stay_apart(changes):
    """A shared document number, name or locator alone is not enough."""
    assert len(join([*listed(**changes), *pushed()])) == 3


def test_nobody_is_joined_twice():
    """Two list entries and two bookings of the same name are paired once each."""
    joined = join([*listed(), *listed(), *pushed(), *pushed(locator="OTHERX")])
    assert [len(one.places) for one in joined].count(2) == 2
    assert len(joined) == 4


def test_a_body_with_list_and_booking_is_joined_by_the_reader():
    """Both messages came in one file."""
    people = [person(0, surname="WARSAME", given="AMINA", document="A12345671", locator="K7X2QP")]
    raw = (written(list_segments(persons=people)) + "\r\n" + written(push_segments())).encode()
    message = read_message(raw)
    assert (message.kind, message.persons, message.bookings) == ("paxlst+pnrgov", 3, 1)
    assert [record.message_types_present for record in message.records] == [("API", "PNR"), ("PNR",)]
    assert [entry.booking for entry in message.entries] == [0, 0]


def test_r35_pushes_of_a_booking_are_versions_of_its_records():
    """Five pushes, of which two say something new."""
    pushes = [pushed(), pushed(), pushed(payment="CC"), pushed(payment="CC"), pushed(payment="CC", split=True)]
    versions = versions_of((record, place) for place, push in enumerate(pushes) for record in push)
    assert [(one.version, one.pushes, one.source) for one in versions] == [(3, 5, 4), (3, 5, 4)]
    assert {one.record.booking.payment_method for one in versions} == {"CC"}
