"""How the border is crossed: the setting that every other fact is read in."""

from features.record import TravellerRecord
from features.spec import Monotone, ReasonText, feature


@feature(
    label="mode of transport",
    reason=ReasonText(
        code="CR01",
        raises="Crossing by {value}: confirmed cases are more frequent by this mode",
        lowers="Crossing by {value}: confirmed cases are less frequent by this mode",
        missing="Mode of transport was not given",
    ),
    because="Air, sea and land differ in base rate and in what is known of a traveller (IOM MIDAS guidance for posts"
    " without booking data); a model that knows the mode is calibrated for each.",
    labels={"air": "air", "sea": "sea", "land": "land"},
)
def transport_mode(record: TravellerRecord) -> str | None:
    """Mode of transport: air, sea or land.

    >>> transport_mode(traveller())
    'air'
    """
    return record.crossing.mode


@feature(
    label="direction of the crossing",
    reason=ReasonText(
        code="CR02",
        raises="Crossing direction is {value}: confirmed cases are more frequent in this direction",
        lowers="Crossing direction is {value}: confirmed cases are less frequent in this direction",
        missing="Direction of the crossing was not given",
    ),
    because="Entry, exit and transit are inspected for different things; transit areas are where documents and boarding"
    " cards change hands (UNODC, Migrant Smuggling by Air, 2010).",
    labels={"in": "entry", "out": "exit", "transit": "transit"},
)
def crossing_direction(record: TravellerRecord) -> str | None:
    """Direction of the crossing: in, out or transit.

    >>> crossing_direction(traveller(direction="transit"))
    'transit'
    """
    return record.crossing.direction


@feature(
    label="passenger in transit",
    expects=Monotone.INCREASING,
    message="API",
    reason=ReasonText(
        code="CR03",
        raises="The carrier reports the traveller as a passenger in transit",
        lowers="The carrier reports the traveller as an ordinary passenger",
        missing="The carrier did not report the kind of passenger",
    ),
    because="Boarding cards are exchanged in transit areas after the document was checked (UNODC, Migrant Smuggling by"
    " Air, 2010).",
)
def passenger_in_transit(record: TravellerRecord) -> bool | None:
    """Whether the carrier reports a passenger in transit.

    >>> passenger_in_transit(traveller(passenger_type="I"))
    True
    """
    person = record.traveller
    return None if person is None or person.passenger_type is None else person.passenger_type == "I"
