"""What is carried, against how long the stay is."""

from features.record import TravellerRecord
from features.spec import Monotone, ReasonText, feature

_LONG_STAY_DAYS = 14
"""From two weeks on, a journey without checked baggage is unusual."""


@feature(
    label="checked pieces",
    unit="pieces",
    indicators=(13,),
    reason=ReasonText(
        code="BG01",
        raises="{value:.0f} pieces of checked baggage: more frequent among confirmed cases",
        lowers="{value:.0f} pieces of checked baggage: less frequent among confirmed cases",
        missing="The number of checked pieces was not given",
    ),
    because="Baggage that does not fit the journey is a published indicator of smuggling and trafficking (airline"
    " training material).",
)
def checked_pieces(record: TravellerRecord) -> float | None:
    """Pieces of checked baggage.

    >>> checked_pieces(traveller(baggage__count=0))
    0
    """
    return None if record.baggage is None else record.baggage.count


@feature(
    label="weight of checked baggage",
    unit="kg",
    indicators=(13,),
    reason=ReasonText(
        code="BG02",
        raises="{value:.0f} kg of checked baggage: more frequent among confirmed cases",
        lowers="{value:.0f} kg of checked baggage: less frequent among confirmed cases",
        missing="The weight of checked baggage was not given",
    ),
    because="Very little or very much baggage for the journey is a published indicator of smuggling and trafficking"
    " (airline training material).",
)
def checked_kg(record: TravellerRecord) -> float | None:
    """Weight of checked baggage in kg.

    >>> checked_kg(traveller(weight_kg=18))
    18.0
    """
    return None if record.baggage is None else record.baggage.weight_kg


@feature(
    label="baggage per day of stay",
    unit="kg per day",
    indicators=(13,),
    reason=ReasonText(
        code="BG03",
        raises="{value:.1f} kg of baggage per day of stay: more frequent among confirmed cases",
        lowers="{value:.1f} kg of baggage per day of stay: less frequent among confirmed cases",
        missing="Baggage and length of stay could not be compared",
    ),
    because="Baggage that does not fit the length of stay is a published indicator of smuggling and trafficking"
    " (airline training material; press on charter flights).",
)
def baggage_kg_per_day(record: TravellerRecord) -> float | None:
    """Checked kilograms per day of stay; a stay below one day counts as one.

    >>> baggage_kg_per_day(traveller(weight_kg=24, stay_days=12))
    2.0
    """
    baggage, journey = record.baggage, record.journey
    if baggage is None or baggage.weight_kg is None or journey is None or journey.stay_days is None:
        return None
    return baggage.weight_kg / max(journey.stay_days, 1.0)


@feature(
    label="long stay without baggage",
    expects=Monotone.INCREASING,
    indicators=(13,),
    reason=ReasonText(
        code="BG04",
        raises="No checked baggage for a stay of two weeks or more",
        lowers="Checked baggage and length of stay fit each other",
        missing="Whether baggage fits a long stay is not known",
    ),
    because="A long stay without baggage is a published indicator of smuggling and trafficking (airline training"
    " material). Residents who come home need none.",
)
def long_stay_without_baggage(record: TravellerRecord) -> bool | None:
    """Whether a stay of two weeks or more comes without checked baggage.

    >>> long_stay_without_baggage(traveller(baggage__count=0, stay_days=30))
    True
    """
    baggage, journey = record.baggage, record.journey
    if baggage is None or baggage.count is None or journey is None or journey.stay_days is None:
        return None
    return baggage.count == 0 and journey.stay_days >= _LONG_STAY_DAYS


@feature(
    label="pooled baggage",
    expects=Monotone.INCREASING,
    indicators=(13,),
    reason=ReasonText(
        code="BG05",
        raises="Baggage is pooled with other travellers",
        lowers="Baggage is not pooled with other travellers",
        missing="Whether baggage is pooled was not given",
    ),
    because="Baggage pooled by people of separate bookings shows a group that the bookings do not show (PNRGOV TBD,"
    " pooled baggage). Families pool baggage, too.",
)
def pooled_baggage(record: TravellerRecord) -> bool | None:
    """Whether baggage is pooled with other travellers.

    >>> pooled_baggage(traveller(is_pooled=True))
    True
    """
    return None if record.baggage is None else record.baggage.is_pooled


@feature(
    label="head of a baggage pool",
    expects=Monotone.INCREASING,
    indicators=(13,),
    reason=ReasonText(
        code="BG06",
        raises="The traveller answers for the pooled baggage of others",
        lowers="The traveller does not answer for baggage of others",
        missing="Who answers for pooled baggage was not given",
    ),
    because="One person in charge of the baggage of several is how an escort shows in carrier data (PNRGOV TBD, head of"
    " pool; airline training material). Group leaders do it, too.",
)
def heads_baggage_pool(record: TravellerRecord) -> bool | None:
    """Whether the traveller heads a baggage pool.

    >>> heads_baggage_pool(traveller(is_head_of_pool=True))
    True
    """
    return None if record.baggage is None else record.baggage.is_head_of_pool
