"""What GTAS hands on, and what it asks of a scorer."""

import json
from datetime import UTC, date, datetime

import pytest

from features.walk import dropped_fields
from riskapi.errors import InvalidBodyError
from riskapi.messages.kinds import read_message
from tests.riskapi.messages.wire import MARKED

ETD, ETA = datetime(2026, 3, 14, 4, 50, tzinfo=UTC), datetime(2026, 3, 14, 6, 40, tzinfo=UTC)


def passenger(number=0, **changes):
    """Make the summary of one passenger."""
    return {
        "version": "1.0",
        "passengerBiographic": {
            "passengerId": number,
            "passengerType": "P",
            "title": "MRS",
            "firstName": "AMINA",
            "middleName": "YUSUF",
            "lastName": "WARSAME",
            "gender": "F",
            "nationality": "KEN",
            "residencyCountry": "SOM",
            "dob": "1991-05-02",
            "age": 34,
        },
        "passengerTrip": {
            "embarkation": "MGQ",
            "debarkation": "NBO",
            "pnrReservationReferenceNumber": "K7X2QP",
            "coTravelerCount": 1,
        },
        "passengerDocumentsList": [
            {
                "documentType": "P",
                "documentNumber": f"A{number}",
                "expirationDate": 1927584000000,
                "issuanceCountry": "KEN",
            }
        ],
        "passengerDerogs": [],
        "passengerIds": {"idTag": f"tag-{number}"},
    } | changes


def summary(*people, **changes):
    """Make the summary of one message."""
    return {
        "summaryMetaData": {},
        "rawMessage": MARKED,
        "action": "RAW_PNR",
        "messageTravelInformation": [
            {"carrier": "KQ", "flightNumber": "300", "origin": "DJE", "destination": "MGQ", "etd": "2026-03-14"},
            {
                "carrier": "KQ",
                "flightNumber": "416",
                "fullFlightNumber": "KQ0416",
                "origin": "MGQ",
                "destination": "NBO",
                "direction": "I",
                "etd": int(ETD.timestamp() * 1000),
                "eta": int(ETA.timestamp() * 1000),
                "borderCrossingEvent": True,
            },
        ],
        "messagePhones": [{"number": "254700000000"}],
        "messageCreditCards": [{"number": MARKED}],
        "messageAddresses": [{"line1": "PO BOX 1", "city": "NAIROBI", "country": "KEN"}],
        "messageEmails": [{"address": "a.warsame@example.org"}],
        "passengerSummaries": list(people) or [passenger()],
    } | changes


def read(*summaries):
    """Read a list of summaries."""
    return read_message(json.dumps({"eventIdentifier": {}, "messageSummaryList": summaries}).encode())


def test_a_passenger_is_read_in_full():
    """Person, document, journey, booking and contact."""
    message = read(summary())
    (record,) = message.records
    assert (message.kind, message.persons, message.bookings, message.findings) == ("gtas-summaries", 1, 1, ())
    assert record.crossing.model_dump() == {"mode": "air", "point": "NBO", "direction": "in", "expected_at": ETA}
    assert (record.traveller.surname, record.traveller.given_names) == ("WARSAME", "AMINA YUSUF")
    assert record.traveller.date_of_birth == date(1991, 5, 2)
    assert record.documents[0].expiry_date == date(2031, 1, 31)
    assert (record.booking.locator, record.booking.party_size) == ("K7X2QP", 2)
    assert (record.contact.phone, record.contact.email) == ("254700000000", "a.warsame@example.org")
    assert record.journey.legs[0].flight_number == "KQ416"
    assert dropped_fields(record) == ["free_text", "traveller.title", "booking.card_number"]
    assert MARKED not in record.model_dump_json()


def test_hits_of_other_systems_are_for_the_reviewer():
    """They become a check beside the score."""
    (record,) = read(summary(passenger(passengerDerogs=[{"rule": MARKED}]))).records
    assert record.upstream.watchlist_hit is True


def test_who_leaves_crosses_at_the_port_of_departure():
    """The direction says which end of the flight is the border."""
    flight = summary()["messageTravelInformation"][1] | {"direction": "O"}
    (record,) = read(summary(messageTravelInformation=[flight])).records
    assert (record.crossing.point, record.crossing.direction) == ("MGQ", "out")
    assert record.crossing.expected_at == ETD


def test_summaries_without_flight_or_people_are_told_and_the_others_read():
    """By their place in the list."""
    message = read(summary(messageTravelInformation=[]), summary(passengerSummaries=[]), summary(passenger(7)))
    assert (message.persons, len(message.records)) == (2, 1)
    assert [finding.place for finding in message.findings] == ["messageSummaryList[0]", "messageSummaryList[1]"]


def test_nothing_to_score_is_a_clear_error():
    """Neither flights nor people."""
    for body in ({"messageSummaryList": []}, {"messageSummaryList": MARKED}, {"messageSummaryList": [{}]}):
        with pytest.raises(InvalidBodyError):
            read_message(json.dumps(body).encode())


def profile(**changes):
    """Make what GTAS asks of a scorer about one passenger."""
    return {
        "unique_id": "309f3a1a-0000-4000-8000-000000000000",
        "passenger_num": 1,
        "gender": "F",
        "age_bin": "30-35",
        "eta": int(ETA.timestamp()),
        "passenger_citizen_country": ["KEN"],
        "documentation_country": ["KEN"],
        "documentation_type": ["P"],
        "flight_number": "0416",
        "carrier": "KQ",
        "flight_origin_country": "SOM",
        "flight_origin_airport": "MGQ",
        "flight_arrival_country": "KEN",
        "flight_arrival_airport": "NBO",
    } | changes


def test_profiles_of_a_scorer_request_are_read():
    """The request ``ASSESS_RISK_REQUEST``; times as seconds or as GTAS writes them."""
    profiles = [profile(), profile(unique_id="b", eta="14MAR2026:06:40:00", age_bin="15-20"), profile(eta=None)]
    body = {"profiles": profiles, "message_type": "ASSESS_RISK_REQUEST"}
    message = read_message(json.dumps(body).encode())
    first, second = message.records
    assert (message.kind, message.persons) == ("gtas-profiles", 3)
    assert first.crossing.expected_at == second.crossing.expected_at == ETA
    assert (first.traveller.age_years, second.traveller.age_years) == (30, None)
    assert [finding.place for finding in message.findings] == ["profiles[2]"]
