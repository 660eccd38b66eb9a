"""What the agency's own records hold of earlier crossings, exonerating facts above all."""

from features.record import History, TravellerRecord
from features.spec import Monotone, ReasonText, feature


@feature(
    label="earlier checks without findings",
    unit="checks",
    expects=Monotone.DECREASING,
    indicators=(21,),
    reason=ReasonText(
        code="HI01",
        raises="Earlier checks that found nothing: {value:.0f}, fewer than usual",
        lowers="Earlier checks that found nothing: {value:.0f}",
        missing="Nothing is known of earlier checks",
    ),
    because="Facts that speak for a traveller must count as well (Court of Justice of the EU, C-817/19): a traveller"
    " who was checked before without findings is less likely to be a case now.",
)
def confirmed_benign_crossings(_record: TravellerRecord, history: History | None) -> float | None:
    """Earlier crossings at which a check found nothing.

    >>> confirmed_benign_crossings(traveller(), History(confirmed_benign_crossings=4))
    4
    """
    return None if history is None else history.confirmed_benign_crossings


@feature(
    label="crossings in twelve months",
    unit="crossings",
    indicators=(16, 21),
    reason=ReasonText(
        code="HI02",
        raises="{value:.0f} crossings in twelve months: more frequent among confirmed cases",
        lowers="{value:.0f} crossings in twelve months: less frequent among confirmed cases",
        missing="The number of earlier crossings is not known",
    ),
    because="Frequent crossings show a known traveller, and with short stays they may show escorting (GTAS travel"
    " frequency); the data decide which.",
)
def crossings_12_months(_record: TravellerRecord, history: History | None) -> float | None:
    """Crossings in the twelve months before this one.

    >>> crossings_12_months(traveller(), History(crossings_12_months=20))
    20
    """
    return None if history is None else history.crossings_12_months


@feature(
    label="days since the last crossing",
    unit="days",
    indicators=(16,),
    reason=ReasonText(
        code="HI03",
        raises="The last crossing was {value:.0f} days ago: more frequent among confirmed cases",
        lowers="The last crossing was {value:.0f} days ago: less frequent among confirmed cases",
        missing="No earlier crossing is known",
    ),
    because="Short intervals between journeys are part of the published indicator on repeated short stays (GTAS travel"
    " frequency). Cross-border traders travel often.",
)
def days_since_last(_record: TravellerRecord, history: History | None) -> float | None:
    """Days since the last crossing.

    >>> days_since_last(traveller(), History(days_since_last=9.0))
    9.0
    """
    return None if history is None else history.days_since_last


@feature(
    label="frequent-flyer membership",
    expects=Monotone.DECREASING,
    indicators=(21,),
    message="PNR",
    reason=ReasonText(
        code="HI04",
        raises="No frequent-flyer membership is on the booking",
        lowers="A frequent-flyer membership is on the booking",
        missing="Whether a frequent-flyer membership exists was not given",
    ),
    because="A membership shows an established travel history with the carrier, a fact that speaks for the traveller"
    " (PNRGOV FTI; C-817/19 on exonerating facts).",
)
def frequent_flyer(record: TravellerRecord) -> bool | None:
    """Whether a frequent-flyer number is on the booking; the number itself is never stored.

    >>> frequent_flyer(traveller(traveller__frequent_flyer=True))
    True
    """
    return None if record.traveller is None else record.traveller.frequent_flyer
