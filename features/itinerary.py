"""The shape of the way travelled: legs, detours, waits; never which ports they are."""

from itertools import pairwise

from features.record import TravellerRecord
from features.reference import ReferenceData
from features.spec import Monotone, ReasonText, feature
from features.timing import SECONDS_PER_HOUR, hours_between, legs_of

_SHORTEST_DIRECT_KM = 50.0
"""Below it, start and end are one place (a round trip) and the ratio means nothing."""


@feature(
    label="one-way journey",
    expects=Monotone.INCREASING,
    indicators=(4,),
    reason=ReasonText(
        code="IT01",
        raises="No return or onward leg is booked",
        lowers="A return or onward leg is booked",
        missing="Whether a return or onward leg is booked was not given",
    ),
    because="A one-way journey without onward leg is a published indicator of smuggling and trafficking (GTAS, trip"
    " type). Residents who come home travel one way, too.",
)
def one_way(record: TravellerRecord) -> bool | None:
    """Whether no return or onward leg is booked.

    >>> one_way(traveller(has_return=False))
    True
    """
    journey = record.journey
    return None if journey is None or journey.has_return is None else not journey.has_return


@feature(
    label="legs",
    unit="legs",
    indicators=(12,),
    reason=ReasonText(
        code="IT02",
        raises="The journey has {value:.0f} legs: more frequent among confirmed cases",
        lowers="The journey has {value:.0f} legs: less frequent among confirmed cases",
        missing="The legs of the journey were not given",
    ),
    because="Extra legs are a published indicator of smuggling and trafficking by air (GTAS itinerary rules; UNODC,"
    " Migrant Smuggling by Air, 2010).",
)
def leg_count(record: TravellerRecord) -> float | None:
    """Legs of the way travelled.

    >>> leg_count(traveller())
    1
    """
    return len(legs_of(record)) or None


@feature(
    label="detour",
    unit="times the direct distance",
    expects=Monotone.INCREASING,
    indicators=(12,),
    reason=ReasonText(
        code="IT03",
        raises="The route is {value:.1f} times as long as the direct way, a longer detour than usual",
        lowers="The route is {value:.1f} times as long as the direct way, no longer detour than usual",
        missing="The length of the route is not known",
    ),
    because="A route much longer than the direct way is a published indicator of smuggling and trafficking (UNODC,"
    " Migrant Smuggling by Air, 2010). Hubs cause detours, too.",
)
def detour_ratio(record: TravellerRecord, reference: ReferenceData) -> float | None:
    """Length of the route over the great-circle distance between its ends; at least 1 on a connected route.

    >>> route = [leg("MGQ", "DXB", "2026-03-13T20:00Z", "2026-03-14T00:10Z"),
    ...          leg("DXB", "NBO", "2026-03-14T04:40Z", "2026-03-14T09:40Z")]
    >>> round(detour_ratio(traveller(legs=route), reference), 1)
    6.3
    >>> detour_ratio(traveller(), reference)
    1.0
    """
    legs = legs_of(record)
    if not legs or legs[0].origin is None or legs[-1].destination is None:
        return None
    if len(legs) == 1:
        return 1.0 if legs[0].origin != legs[0].destination else None
    direct = reference.distance_km(legs[0].origin, legs[-1].destination)
    if direct is None or direct < _SHORTEST_DIRECT_KM:
        return None
    travelled = 0.0
    for part in legs:
        length = reference.distance_km(part.origin, part.destination)
        if length is None:
            return None
        travelled += length
    return travelled / direct


@feature(
    label="backtracking",
    expects=Monotone.INCREASING,
    indicators=(12,),
    reason=ReasonText(
        code="IT04",
        raises="The route passes the same port more than once",
        lowers="The route passes no port twice",
        missing="The ports of the route were not all given",
    ),
    because="Backtracking is a published indicator of smuggling and trafficking by air (UNODC, Migrant Smuggling by"
    " Air, 2010).",
)
def backtracks(record: TravellerRecord) -> bool | None:
    """Whether the route comes back to a port that it left; a plain round trip does not count.

    >>> backtracks(traveller(legs=[leg("EBB", "NBO", "2026-03-13T20:00Z", "2026-03-13T21:10Z"),
    ...     leg("NBO", "ADD", "2026-03-14T01:00Z", "2026-03-14T03:00Z"),
    ...     leg("ADD", "NBO", "2026-03-14T07:00Z", "2026-03-14T09:00Z")]))
    True
    """
    legs = legs_of(record)
    if not legs:
        return None
    if len(legs) == 1:
        return False if legs[0].origin is not None and legs[0].destination is not None else None
    ports = [legs[0].origin, *(part.destination for part in legs)]
    if None in ports:
        return None
    if ports[0] == ports[-1]:
        ports.pop()
    return len(set(ports)) < len(ports)


@feature(
    label="gap in the route",
    expects=Monotone.INCREASING,
    indicators=(12,),
    reason=ReasonText(
        code="IT05",
        raises="A leg starts at another port than the leg before it ended at",
        lowers="Each leg starts at the port where the leg before it ended",
        missing="Whether the legs join up is not known",
    ),
    because="A route with a gap (GTAS: non-contiguous itinerary; broken tickets) is a published indicator of smuggling"
    " and trafficking.",
)
def broken_route(record: TravellerRecord) -> bool | None:
    """Whether a leg starts at another port than the one before it ended at.

    >>> broken_route(traveller(legs=[leg("MGQ", "ADD", "2026-03-13T20:00Z", "2026-03-13T22:00Z"),
    ...     leg("EBB", "NBO", "2026-03-14T08:00Z", "2026-03-14T09:10Z")]))
    True
    """
    legs = legs_of(record)
    if not legs:
        return None
    if len(legs) == 1:
        return False
    known = False
    for before, after in pairwise(legs):
        if before.destination is not None and after.origin is not None:
            known = True
            if before.destination != after.origin:
                return True
    return False if known else None


@feature(
    label="carriers",
    unit="carriers",
    indicators=(12,),
    reason=ReasonText(
        code="IT06",
        raises="The route uses {value:.0f} carriers: more frequent among confirmed cases",
        lowers="The route uses {value:.0f} carriers: less frequent among confirmed cases",
        missing="The carriers of the route were not all given",
    ),
    because="Tickets broken over several carriers keep each of them from seeing the whole route (airline training"
    " material; GTAS itinerary rules).",
)
def carrier_count(record: TravellerRecord) -> float | None:
    """Different carriers on the way; which ones is not looked at.

    >>> carrier_count(traveller(legs=[leg("MGQ", "ADD", "2026-03-13T20:00Z", "2026-03-13T22:00Z", carrier="ET"),
    ...     leg("ADD", "NBO", "2026-03-14T08:00Z", "2026-03-14T10:10Z", carrier="KQ")]))
    2
    """
    carriers = {part.carrier for part in legs_of(record)}
    return None if not carriers or None in carriers else len(carriers)


@feature(
    label="longest wait between legs",
    unit="hours",
    expects=Monotone.INCREASING,
    indicators=(12,),
    reason=ReasonText(
        code="IT07",
        raises="Longest wait between two legs is {value:.1f} hours, longer than usual",
        lowers="Longest wait between two legs is {value:.1f} hours, no longer than usual",
        missing="The waits between legs are not known",
    ),
    because="Long waits on the way are a published indicator of smuggling and trafficking (GTAS dwell time).",
)
def longest_wait_hours(record: TravellerRecord) -> float | None:
    """Hours of the longest wait between an arrival and the next departure; zero on a journey of one leg.

    >>> longest_wait_hours(traveller(legs=[leg("MGQ", "ADD", "2026-03-13T20:00Z", "2026-03-13T22:00Z"),
    ...     leg("ADD", "NBO", "2026-03-14T08:00Z", "2026-03-14T10:10Z")]))
    10.0
    """
    legs = legs_of(record)
    if not legs:
        return None
    if len(legs) == 1:
        return 0.0
    longest = 0.0
    for before, after in pairwise(legs):
        if before.arrives_at is None or after.departs_at is None:
            return None
        longest = max(longest, (after.departs_at - before.arrives_at).total_seconds())
    return longest / SECONDS_PER_HOUR


@feature(
    label="time under way",
    unit="hours",
    indicators=(12,),
    reason=ReasonText(
        code="IT08",
        raises="{value:.1f} hours under way: more frequent among confirmed cases",
        lowers="{value:.1f} hours under way: less frequent among confirmed cases",
        missing="First departure or last arrival was not given",
    ),
    because="Time under way puts waits and detours in proportion: a wait of six hours means more on a short route (GTAS"
    " dwell time).",
)
def travel_hours(record: TravellerRecord) -> float | None:
    """Hours from the first departure to the last arrival.

    >>> travel_hours(traveller(departs_at="2026-03-14T07:40Z", arrives_at="2026-03-14T09:40Z"))
    2.0
    """
    legs = legs_of(record)
    return hours_between(legs[0].departs_at, legs[-1].arrives_at) if legs else None
