"""How good the data are: what is missing against the norm of its message, and what cannot be true.

A fact is missed only where its message was sent: a land post has no booking, and nothing follows from that.
"""

from typing import Any

from features.record import TravellerRecord
from features.spec import Monotone, ReasonText, feature
from features.timing import SECONDS_PER_HOUR, crossing_day, legs_of


@feature(
    label="data not verified",
    expects=Monotone.INCREASING,
    indicators=(22,),
    message="API",
    reason=ReasonText(
        code="QU01",
        raises="The carrier did not verify the document data",
        lowers="The carrier verified the document data",
        missing="Whether the carrier verified the data was not given",
    ),
    because="Data that nobody compared with the document are a published indicator of document fraud (PAXLST GEI 173"
    " and 174). Check-in on the internet is the usual cause.",
)
def data_not_verified(record: TravellerRecord) -> bool | None:
    """Whether the carrier says that it did not verify the data of the main document.

    >>> data_not_verified(traveller(data_verified=False))
    True
    """
    if not record.documents or record.documents[0].data_verified is None:
        return None
    return not record.documents[0].data_verified


@feature(
    label="facts missing from the passenger message",
    unit="facts",
    expects=Monotone.INCREASING,
    indicators=(22,),
    message="API",
    reason=ReasonText(
        code="QU02",
        raises="Facts missing from the carrier's passenger message: {value:.0f}, more than usual",
        lowers="Facts missing from the carrier's passenger message: {value:.0f}, no more than usual",
        missing="No passenger message is expected or received",
    ),
    because="Fields missing against the carrier's norm are a published indicator of document fraud (PAXLST mandatory"
    " elements). Most gaps are made by carriers, not by travellers.",
)
def api_facts_missing(record: TravellerRecord) -> float | None:
    """Missing facts among those that every passenger message holds, from 0 to 5; unknown for land.

    Counted: kind of passenger, kind and expiry of the document, departure and arrival of the last leg.

    >>> api_facts_missing(traveller(expiry_date=None)), api_facts_missing(traveller(mode="land"))
    (1, None)
    """
    if record.crossing.mode == "land" or record.message_types_present is None:
        return None
    person, legs = record.traveller, legs_of(record)
    missing = int(person is None or person.passenger_type is None)
    if record.documents:
        missing += (record.documents[0].type is None) + (record.documents[0].expiry_date is None)
    else:
        missing += 2
    return missing + ((legs[-1].departs_at is None) + (legs[-1].arrives_at is None) if legs else 2)


@feature(
    label="facts missing from the booking",
    unit="facts",
    expects=Monotone.INCREASING,
    indicators=(22,),
    message="PNR",
    reason=ReasonText(
        code="QU03",
        raises="Facts missing from the booking: {value:.0f}, more than usual",
        lowers="Facts missing from the booking: {value:.0f}, no more than usual",
        missing="No booking is expected or received",
    ),
    because="Fields missing against the carrier's norm are a published indicator (PNRGOV; GTAS data quality). A booking"
    " made through a chain of agents loses fields, too.",
)
def pnr_facts_missing(record: TravellerRecord) -> float | None:
    """Missing facts among those that bookings usually hold, from 0 to 5; unknown for land and without booking.

    Counted: creation, ticketing, number of travellers, form of payment, cabin.

    >>> pnr_facts_missing(traveller(payment_method=None)), pnr_facts_missing(traveller(booking=None))
    (1, None)
    """
    booking = record.booking
    if record.crossing.mode == "land" or booking is None:
        return None
    return (
        (booking.created_at is None)
        + (booking.ticketed_at is None)
        + (booking.party_size is None)
        + (booking.payment_method is None)
        + (booking.fare_class is None)
    )


@feature(
    label="air travel without a booking message",
    expects=Monotone.INCREASING,
    indicators=(22,),
    reason=ReasonText(
        code="QU04",
        raises="No booking message was received for a journey by air",
        lowers="A booking message was received",
        missing="Which messages were received was not given, or none is expected",
    ),
    because="A booking that never reached the authority is missing against the carrier's norm (PNR Directive art. 8;"
    " GTAS message status). It is asked for air travel only.",
)
def booking_message_missing(record: TravellerRecord) -> bool | None:
    """Whether the booking message of an air passenger is missing; unknown for land and sea.

    >>> booking_message_missing(traveller(message_types_present=["API"]))
    True
    >>> booking_message_missing(traveller(mode="land", message_types_present=["DOC"])) is None
    True
    """
    if record.crossing.mode != "air" or record.message_types_present is None:
        return None
    return "PNR" not in record.message_types_present


@feature(
    label="dates in an impossible order",
    expects=Monotone.INCREASING,
    indicators=(9, 22),
    reason=ReasonText(
        code="QU05",
        raises="Two dates of the record cannot both be right",
        lowers="The dates of the record fit each other",
        missing="No two dates of the record can be compared",
    ),
    because="Messages that contradict each other on dates are a published indicator of document fraud (PAXLST and"
    " PNRGOV compared). Typing errors are the usual cause.",
)
def impossible_dates(record: TravellerRecord) -> bool | None:
    """Whether dates contradict each other: issue after expiry or crossing, ticket before booking, arrival first.

    So do a birth or an expiry that two messages about the same traveller state differently.

    >>> impossible_dates(traveller(issue_date="2026-05-01"))
    True
    >>> impossible_dates(traveller())
    False
    >>> impossible_dates(traveller(messages_disagree=["expiry"]))
    True
    """
    disagree = record.messages_disagree
    if disagree and ("birth" in disagree or "expiry" in disagree):
        return True
    compared = False
    for earlier, later in _ordered_pairs(record):
        if earlier is not None and later is not None:
            if later < earlier:
                return True
            compared = True
    return False if compared else None


def _ordered_pairs(record: TravellerRecord) -> list[tuple[Any, Any]]:
    """Pairs of dates or times of which the second cannot come before the first."""
    legs, booking = legs_of(record), record.booking
    pairs: list[tuple[Any, Any]] = [(part.departs_at, part.arrives_at) for part in legs]
    if record.documents:
        issued = record.documents[0].issue_date
        pairs += (issued, crossing_day(record)), (issued, record.documents[0].expiry_date)
    if booking is not None:
        pairs.append((booking.created_at, booking.ticketed_at))
        if legs:
            pairs.append((booking.created_at, legs[0].departs_at))
    return pairs


@feature(
    label="arrival against expected crossing",
    unit="hours",
    expects=Monotone.INCREASING,
    indicators=(9, 22),
    reason=ReasonText(
        code="QU06",
        raises="Arrival of the last leg and expected crossing are {value:.1f} hours apart, more than usual",
        lowers="Arrival of the last leg and expected crossing are {value:.1f} hours apart, no more than usual",
        missing="Arrival and expected crossing could not be compared",
    ),
    because="Messages that contradict each other on the journey are a published indicator (PAXLST DTM 232; GTAS data"
    " quality). Delays are the usual cause.",
)
def arrival_gap_hours(record: TravellerRecord) -> float | None:
    """Hours between the arrival of the last leg and the expected crossing, on entry.

    >>> arrival_gap_hours(traveller(arrives_at="2026-03-14T08:40Z"))
    1.0
    """
    legs = legs_of(record)
    if not legs or record.crossing.direction != "in" or legs[-1].arrives_at is None:
        return None
    return abs((record.crossing.expected_at - legs[-1].arrives_at).total_seconds()) / SECONDS_PER_HOUR


@feature(
    label="document dates missing",
    unit="dates",
    expects=Monotone.INCREASING,
    indicators=(22,),
    message="DOC",
    reason=ReasonText(
        code="QU07",
        raises="Missing dates of the document that was read: {value:.0f}, more than usual",
        lowers="Missing dates of the document that was read: {value:.0f}, no more than usual",
        missing="No document was read",
    ),
    because="Dates missing from a document that was read belong to the published indicator on missing fields (PAXLST"
    " DTM 36 and 182). Many identity cards print no date of issue.",
)
def document_dates_missing(record: TravellerRecord) -> float | None:
    """Missing dates (issue, expiry) of the main document where one was read; unknown for land and without a list.

    >>> document_dates_missing(traveller(issue_date=None))
    1
    """
    if record.crossing.mode == "land" or not record.documents or record.message_types_present is None:
        return None
    return (record.documents[0].issue_date is None) + (record.documents[0].expiry_date is None)
