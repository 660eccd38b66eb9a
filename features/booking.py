"""How the journey was booked: when, with which changes, in which cabin."""

from features.record import TravellerRecord
from features.spec import Monotone, ReasonText, feature
from features.timing import first_departure, hours_between


@feature(
    label="notice between booking and departure",
    unit="hours",
    expects=Monotone.DECREASING,
    indicators=(1,),
    message="PNR",
    reason=ReasonText(
        code="BK01",
        raises="Booked {value:.0f} hours before departure, a shorter notice than usual",
        lowers="Booked {value:.0f} hours before departure, no shorter notice than usual",
        missing="The time of booking or of departure was not given",
    ),
    because="Booking one or two days before travel is a published indicator of smuggling and trafficking (GTAS demo"
    " rule; airline training material).",
)
def booking_lead_hours(record: TravellerRecord) -> float | None:
    """Hours from the creation of the booking to the first departure; changes do not reset it.

    >>> booking_lead_hours(traveller(booked_at="2026-01-08T10:00Z", departs_at="2026-01-10T10:00Z"))
    48.0
    """
    booking = record.booking
    return None if booking is None else hours_between(booking.created_at, first_departure(record))


@feature(
    label="notice between ticket and departure",
    unit="hours",
    expects=Monotone.DECREASING,
    indicators=(1,),
    message="PNR",
    reason=ReasonText(
        code="BK02",
        raises="Ticket issued {value:.0f} hours before departure, a shorter notice than usual",
        lowers="Ticket issued {value:.0f} hours before departure, no shorter notice than usual",
        missing="The time of ticketing or of departure was not given",
    ),
    because="A ticket issued one or two days before travel is a published indicator of smuggling and trafficking (GTAS"
    " demo rule; airline training material).",
)
def ticket_lead_hours(record: TravellerRecord) -> float | None:
    """Hours from the issue of the ticket to the first departure.

    >>> ticket_lead_hours(traveller(ticketed_at="2026-01-09T10:00Z", departs_at="2026-01-10T10:00Z"))
    24.0
    """
    booking = record.booking
    return None if booking is None else hours_between(booking.ticketed_at, first_departure(record))


@feature(
    label="time between booking and ticket",
    unit="hours",
    indicators=(1,),
    message="PNR",
    reason=ReasonText(
        code="BK03",
        raises="Ticket issued {value:.0f} hours after the booking: more frequent among confirmed cases",
        lowers="Ticket issued {value:.0f} hours after the booking: less frequent among confirmed cases",
        missing="The time of booking or of ticketing was not given",
    ),
    because="A reservation held without a ticket until shortly before travel is part of the late-ticketing indicator"
    " (GTAS demo rule; airline training material).",
)
def ticketing_delay_hours(record: TravellerRecord) -> float | None:
    """Hours from the creation of the booking to the issue of the ticket.

    >>> ticketing_delay_hours(traveller(booked_at="2026-01-08T10:00Z", ticketed_at="2026-01-08T16:00Z"))
    6.0
    """
    booking = record.booking
    return None if booking is None else hours_between(booking.created_at, booking.ticketed_at)


@feature(
    label="changes of the booking",
    unit="changes",
    expects=Monotone.INCREASING,
    indicators=(18,),
    message="PNR",
    reason=ReasonText(
        code="BK04",
        raises="Booking changed {value:.0f} times, more often than usual",
        lowers="Booking changed {value:.0f} times, no more often than usual",
        missing="The number of changes of the booking was not given",
    ),
    because="Many changes of a booking are a published indicator of document fraud and smuggling (PNRGOV EQN; GTAS).",
)
def booking_changes(record: TravellerRecord) -> float | None:
    """Changes since the booking was created.

    >>> booking_changes(traveller(changes_count=4))
    4
    """
    return None if record.booking is None else record.booking.changes_count


@feature(
    label="name changes on the booking",
    unit="changes",
    expects=Monotone.INCREASING,
    indicators=(18,),
    message="PNR",
    reason=ReasonText(
        code="BK05",
        raises="A name on the booking was changed {value:.0f} times",
        lowers="Names on the booking were changed {value:.0f} times, no more often than usual",
        missing="The number of name changes was not given",
    ),
    because="A late change of name can put another person on a ticket that was screened already (PNRGOV EQN; airline"
    " training material).",
)
def name_changes(record: TravellerRecord) -> float | None:
    """Changes of a name since the booking was created; corrections of spelling count, too.

    >>> name_changes(traveller(name_changes_count=1))
    1
    """
    return None if record.booking is None else record.booking.name_changes_count


@feature(
    label="split booking",
    expects=Monotone.INCREASING,
    indicators=(18,),
    message="PNR",
    reason=ReasonText(
        code="BK06",
        raises="The booking was split from another booking",
        lowers="The booking was not split from another booking",
        missing="Whether the booking was split was not given",
    ),
    because="Splitting a booking hides who travels together; it is a published indicator (PNRGOV EQN; GTAS).",
)
def booking_is_split(record: TravellerRecord) -> bool | None:
    """Whether the booking was split from another one.

    >>> booking_is_split(traveller(is_split=True))
    True
    """
    return None if record.booking is None else record.booking.is_split


@feature(
    label="cabin",
    message="PNR",
    reason=ReasonText(
        code="BK07",
        raises="Booked in {value} class: more frequent among confirmed cases",
        lowers="Booked in {value} class: less frequent among confirmed cases",
        missing="Cabin was not given",
    ),
    because="Routes organised by facilitators buy the cabin in which documents are looked at least (UNODC, Migrant"
    " Smuggling by Air, 2010); alone it says little, beside notice and payment it says more.",
    labels={"first": "first", "business": "business", "economy": "economy"},
)
def cabin(record: TravellerRecord) -> str | None:
    """Cabin that was booked: first, business or economy.

    >>> cabin(traveller(fare_class="business"))
    'business'
    """
    return None if record.booking is None else record.booking.fare_class
