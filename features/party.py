"""With whom the traveller travels."""

from features.record import TravellerRecord
from features.spec import Monotone, ReasonText, feature


@feature(
    label="travellers on the booking",
    unit="persons",
    message="PNR",
    reason=ReasonText(
        code="PA01",
        raises="Travellers on the booking, {value:.0f} in all: more frequent among confirmed cases",
        lowers="Travellers on the booking, {value:.0f} in all: less frequent among confirmed cases",
        missing="The number of travellers on the booking was not given",
    ),
    because="Organised journeys are booked for single travellers or for groups more often than for families (GTAS"
    " co-traveller count; UNODC, Migrant Smuggling by Air, 2010).",
)
def party_size(record: TravellerRecord) -> float | None:
    """Travellers on the booking, this one included.

    >>> party_size(traveller(booking__party_size=3))
    3
    """
    return None if record.booking is None else record.booking.party_size


@feature(
    label="seated apart",
    expects=Monotone.INCREASING,
    indicators=(15,),
    only_for=("trafficking_protection",),
    reason=ReasonText(
        code="PA02",
        raises="Seated apart from the others on the booking",
        lowers="Seated with the others on the booking",
        missing="Whether the party sits together was not given",
    ),
    because="Sitting apart from the person who arranged the journey is a published indicator for a protection"
    " conversation (airline training material). Full flights cause it, too.",
)
def seated_apart(record: TravellerRecord) -> bool | None:
    """Whether the traveller is seated apart from the party.

    >>> seated_apart(traveller(apart_from_party=True))
    True
    """
    return None if record.seat is None else record.seat.apart_from_party


@feature(
    label="checked in by another person",
    expects=Monotone.INCREASING,
    indicators=(15,),
    only_for=("trafficking_protection",),
    reason=ReasonText(
        code="PA03",
        raises="Another person checked the traveller in",
        lowers="The traveller checked in alone or with the party",
        missing="Who checked the traveller in was not given",
    ),
    because="Check-in by another person who then sits apart is a published indicator for a protection conversation"
    " (airline training material).",
)
def checked_in_by_other(record: TravellerRecord) -> bool | None:
    """Whether somebody else checked the traveller in.

    >>> checked_in_by_other(traveller(checked_in_by_other=True))
    True
    """
    return None if record.seat is None else record.seat.checked_in_by_other
