"""Pushed bookings: travellers, itinerary, payment, contact, seats and baggage; history and free text stay outside."""

from datetime import UTC, date, datetime

import pytest

from features.walk import dropped_fields
from riskapi.messages.kinds import read_message
from tests.riskapi.messages.wire import DASHES, Pushed, as_telex, push_segments, replace, written


def read(*bookings, **about):
    """Read a push of bookings."""
    return read_message(written(push_segments(*bookings, **about)).encode())


def one(**changes):
    """Read a push of one booking, and give its records."""
    return read(replace(Pushed(), **changes)).records


def test_a_booking_is_read_in_full():
    """Two travellers with what the booking says of both and of each."""
    message = read(Pushed())
    assert (message.kind, message.persons, message.bookings, message.findings) == ("pnrgov", 2, 1, ())
    first, second = message.records
    assert first.crossing.expected_at == datetime(2026, 3, 14, 6, 40, tzinfo=UTC)
    assert (first.traveller.surname, first.traveller.given_names) == ("WARSAME", "AMINA")
    assert (first.traveller.date_of_birth, first.traveller.gender) == (date(1991, 5, 2), "F")
    assert (first.traveller.nationality, first.traveller.frequent_flyer) == ("KEN", True)
    document = first.documents[0]
    assert (document.type, document.number, document.issuing_country) == ("P", "A12345671", "KEN")
    assert document.expiry_date == date(2031, 1, 31)
    booking = first.booking
    assert (booking.locator, booking.party_size, booking.co_traveller_refs) == ("K7X2QP", 2, ("2",))
    assert booking.created_at == datetime(2026, 2, 1, 11, 0, tzinfo=UTC)
    assert booking.ticketed_at == datetime(2026, 2, 1, 11, 20, tzinfo=UTC)
    assert (booking.payment_method, booking.payer_is_traveller, booking.fare_class) == ("CA", False, "economy")
    assert (booking.agency_id, booking.agency_country, booking.is_split) == ("41200011", "KEN", False)
    contact = first.contact
    assert (contact.email, contact.phone) == ("a.warsame@example.org", "254700000000")
    assert contact.address == "PO BOX 1, NAIROBI, KE, 00100"
    assert (first.baggage.count, first.baggage.weight_kg) == (2, 20.87)
    assert [record.baggage.is_head_of_pool for record in (first, second)] == [True, False]
    assert (first.seat.number, first.seat.apart_from_party) == ("12A", True)
    assert second.traveller.given_names == "PETER"


def test_the_journey_is_the_way_to_the_border_and_what_is_booked_after_it():
    """Connected legs up to the crossing; the way back gives the stay."""
    journey = one()[0].journey
    assert [leg.flight_number for leg in journey.legs] == ["KQ300", "KQ416"]
    assert (journey.has_return, journey.stay_days) == (True, 12.06)
    assert one(has_return=False)[0].journey.has_return is False


def test_never_stored_content_is_dropped_and_named():
    """Meals, assistance, remarks, numbers of cards, names of payers, forms of address."""
    assert dropped_fields(one()[0]) == [
        "assistance",
        "free_text",
        "meals",
        "osi",
        "traveller.frequent_flyer_number",
        "traveller.title",
        "booking.card_holder",
        "booking.card_number",
    ]


def test_a_payer_on_the_booking_is_recognised():
    """Whatever the order of the words."""
    assert {record.booking.payer_is_traveller for record in one(sponsor="PETER OTIENO")} == {True}
    assert {record.booking.payer_is_traveller for record in one(sponsor="")} == {None}


@pytest.mark.parametrize("code", ["CC", "CA", "CK", "MS", "GR", "DP"])
def test_forms_of_payment_are_kept_by_code(code):
    """The codes that carriers send."""
    assert one(payment=code)[0].booking.payment_method == code


def test_an_unknown_form_of_payment_is_told_and_left_out():
    """By its place."""
    message = read(replace(Pushed(), payment="XX"))
    assert message.records[0].booking.payment_method is None
    assert all("(FOP)" in finding.place for finding in message.findings)
    assert len(message.findings) == 2


def test_history_is_counted_and_not_taken_for_the_journey():
    """A name that changed, a leg that was added: neither is a traveller or a leg of the itinerary."""
    records = one(changed=True)
    assert len(records) == 2
    assert [len(record.journey.legs) for record in records] == [2, 2]
    assert (records[0].booking.changes_count, records[0].booking.name_changes_count) == (1, 1)
    assert one()[0].booking.changes_count is None


def test_a_split_booking_is_known():
    """EQN at its end, with the other locator."""
    (first, _) = one(split=True)
    assert (first.booking.is_split, first.booking.locator) == (True, "K7X2QP")


@pytest.mark.parametrize("seats", [("12A", "12B"), ("12A", "13C")])
def test_neighbours_are_not_apart(seats):
    """The same row, or the next."""
    assert {record.seat.apart_from_party for record in one(seats=seats)} == {False}


@pytest.mark.parametrize(("bookings", "version"), [(1, "10:1"), (3, "13:1"), (40, "21:1")])
def test_bookings_and_travellers_are_counted_clean_or_dirty(bookings, version):
    """The same records, whatever was done to the message."""
    pushed = [replace(Pushed(), locator=f"LOC{place:03d}", document=f"B{place:05d}") for place in range(bookings)]
    clean = read(*pushed, version=version)
    segments = push_segments(*pushed, version=version)
    dirty = read_message(as_telex(written(segments, DASHES), 64).encode())
    assert (clean.bookings, clean.persons) == (bookings, 2 * bookings)
    assert dirty.records == clean.records
    assert [entry.booking for entry in clean.entries] == [place for place in range(bookings) for _ in range(2)]


def test_infants_have_their_own_record_and_document():
    """INFT names the infant on the adult; DOCS with the gender of an infant is the infant's, whoever it refers to."""
    segments = push_segments(replace(Pushed(), names=(("WARSAME", "AMINAMRS"),), seats=("12A",)))
    at = next(place for place, one in enumerate(segments) if one.startswith("TKT"))
    docs = "SSR+DOCS:HK:1:KQ:::::/P/KEN/C999/KEN/10AUG25/FI/31JAN31/WARSAME/SARA+::1"
    segments[at:at] = ["SSR+INFT:NN:1:KQ:::::WARSAME/SARA/10AUG25+::1", docs, "TIF+WARSAME+SARA:IN:2"]
    adult, infant = read_message(written(segments).encode()).records
    assert [document.number for document in adult.documents] == ["A12345671"]
    assert [document.number for document in infant.documents] == ["C999"]
    assert infant.traveller.date_of_birth == date(2025, 8, 10)


def test_unaccompanied_minors_are_known_by_their_class():
    """UMNR says that no guardian is on the booking; its text is dropped."""
    segments = push_segments(replace(Pushed(), names=(("WARSAME", "SARA"),), seats=("12A",)))
    at = next(place for place, one in enumerate(segments) if one.startswith("TKT"))
    segments.insert(at, "SSR+UMNR:HK:1:KQ:::::UM09 SECRET4711+::1")
    (record,) = read_message(written(segments).encode()).records
    assert record.guardian.on_booking is False
    assert "4711" not in record.model_dump_json()


def test_a_member_of_a_pool_without_baggage_of_its_own_is_known():
    """The pool may stand where the pieces are left out."""
    segments = ["TBD+++MP:0741234123456" if one.startswith("TBD++2") else one for one in push_segments()]
    record = read_message(written(segments).encode()).records[0]
    assert (record.baggage.is_pooled, record.baggage.is_head_of_pool, record.baggage.count) == (True, False, None)


def test_an_agency_without_a_number_is_known_by_its_office():
    """Reservation systems name offices."""
    segments = [one.replace("+41200011:AB12+", "+:AB12+") for one in push_segments()]
    assert read_message(written(segments).encode()).records[0].booking.agency_id == "AB12"


def test_a_visa_is_a_document_and_its_place_of_birth_is_dropped():
    """DOCO names where somebody was born before it names the visa."""
    segments = push_segments(replace(Pushed(), names=(("WARSAME", "AMINA"),), seats=("12A",)))
    at = next(place for place, one in enumerate(segments) if one.startswith("TKT"))
    segments.insert(at, "SSR+DOCO:HK:1:KQ:::::/SECRET4711/V/8675309/NAIROBI/22DEC24/SO+::1")
    (record,) = read_message(written(segments).encode()).records
    assert (record.documents[1].type, record.documents[1].number) == ("V", "8675309")
    assert record.documents[1].issue_date == date(2024, 12, 22)
    assert "traveller.place_of_birth" in dropped_fields(record)


@pytest.mark.parametrize("text", ["////KEN/02MAY91/F//WARSAME/AMINA", "P/KEN/A1/KEN/02MAY91/F/31JAN31/WARSAME/AMINA"])
def test_docs_with_slashes_too_few_or_too_many_are_read(text):
    """The gender shows where the other facts are."""
    segments = [
        f"SSR+DOCS:HK:1:KQ:::::{text}" if one.startswith("SSR+DOCS") else one
        for one in push_segments(replace(Pushed(), names=(("WARSAME", "AMINA"),), seats=("12A",)))
    ]
    (record,) = read_message(written(segments).encode()).records
    assert (record.traveller.date_of_birth, record.traveller.gender) == (date(1991, 5, 2), "F")


def test_a_group_without_names_is_a_booking_without_travellers():
    """It is told, and nobody is made up."""
    segments = [one for one in push_segments() if not one.startswith(("TIF", "SSR+DOCS", "SSD", "TBD", "TRI"))]
    at = next(place for place, one in enumerate(segments) if one.startswith("FTI"))
    message = read_message(written([*segments[:at], "TIF+SEE THE WORLD:G", *segments[at:]]).encode())
    assert (message.bookings, message.persons) == (1, 0)
    assert "a group with the names of its travellers" in [finding.rule for finding in message.findings]


def test_the_time_of_arrival_is_looked_up_in_the_itinerary():
    """Level 0 often has the departure alone."""
    segments = [
        "TVL+140326:0750+MGQ+NBO+KQ+416" if one == "TVL+140326:0750:140326:0940+MGQ+NBO+KQ+0416" else one
        for one in push_segments()
    ]
    message = read_message(written(segments).encode())
    assert message.findings == ()
    assert message.records[0].crossing.expected_at == datetime(2026, 3, 14, 6, 40, tzinfo=UTC)


def test_a_flight_that_is_not_told_is_the_first_of_the_bookings():
    """It is said so."""
    segments = [one for one in push_segments() if one != "TVL+140326:0750:140326:0940+MGQ+NBO+KQ+0416"]
    message = read_message(written(segments).encode())
    assert message.records[0].crossing.point == "MGQ"
    assert "TVL with the flight" in [finding.rule for finding in message.findings]


def test_who_goes_on_within_a_day_to_another_country_is_in_transit():
    """The onward leg is part of the way then."""
    segments = push_segments(replace(Pushed(), has_return=False))
    segments.insert(-2, "TVL+140326:1800:140326:2100+NBO+JNB+KQ+760:Y")
    record = read_message(written(segments).encode()).records[0]
    assert record.crossing.direction == "transit"
    assert [leg.destination for leg in record.journey.legs] == ["MGQ", "NBO", "JNB"]


def test_a_later_push_has_the_same_ids():
    """Payment, seats and documents change; the records are the same persons'."""
    first, again = one(), one(payment="CC", seats=("30A", "30B"), document="Z9", changed=True)
    assert [record.record_id for record in first] == [record.record_id for record in again]
    assert first[0].record_id != one(locator="OTHERX")[0].record_id
