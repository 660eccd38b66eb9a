"""The journey of a booking: its legs in order, the way to the border, and what is booked after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from riskapi.messages.base import Voyage
from riskapi.messages.carriers import flight_of
from riskapi.messages.crossings import Direction, Route, leaves_again
from riskapi.messages.edifact.dates import near_date, time_of
from riskapi.messages.edifact.segments import Segment
from riskapi.messages.pnrgov.booking import Leg
from riskapi.messages.ports import in_utc

STOPOVER = timedelta(hours=24)
"""From here on a stay between two legs is no connection (ICAO Doc 9626)."""
_LEGS_MAX = 16

Cabin = Literal["first", "business", "economy"]
_FIRST, _BUSINESS, _UNCLEAR = frozenset("F"), frozenset("JCDI"), frozenset("APRZ")


@dataclass(frozen=True, slots=True)
class Travelled:
    """One leg: a TVL segment with its times in UTC."""

    carrier: str | None
    number: str | None
    origin: str | None
    destination: str | None
    departs_at: datetime | None
    arrives_at: datetime | None
    cabin: Cabin | None = None
    source: Leg | None = None

    def facts(self) -> dict[str, Any]:
        """The leg as records have it."""
        return {
            "carrier": self.carrier,
            "flight_number": self.number,
            "origin": self.origin,
            "destination": self.destination,
            "departs_at": self.departs_at,
            "arrives_at": self.arrives_at,
        }


def travelled(segment: Segment, near: datetime, source: Leg | None = None) -> Travelled:
    """Read a TVL segment; its times are those of the clocks at the two ports.

    The arrival's day may be left out where it is the departure's.
    """
    origin, destination = segment.get(1).upper() or None, segment.get(2).upper() or None
    first = near_date(segment.get(0), near.date(), day_first=True)
    told, clock = segment.get(0, 2), segment.get(0, 3)
    if len(told) == len("0940") and not clock:  # one colon too few
        told, clock = "", told
    last = near_date(told, near.date(), day_first=True) or first
    departs, arrives = time_of(first, segment.get(0, 1)), time_of(last, clock)
    departs_at = departs and in_utc(departs, origin)
    arrives_at = arrives and in_utc(arrives, destination)
    if departs_at and arrives_at and arrives_at < departs_at and not told:
        arrives_at += timedelta(days=1)
    flight = flight_of(segment.get(4), segment.get(3))
    return Travelled(
        flight.carrier, flight.number, origin, destination, departs_at, arrives_at, _cabin(segment.get(4, 1)), source
    )


def _cabin(letter: str) -> Cabin | None:
    """The cabin of a booking class, where most carriers agree on the letter; SSD says it where it is known."""
    sign = letter[:1].upper()
    if not sign.isalpha() or sign in _UNCLEAR:
        return None
    return "first" if sign in _FIRST else "business" if sign in _BUSINESS else "economy"


def cabin_of(letter: str) -> Cabin | None:
    """The cabin that departure control gives: F, C or J, W or Y.

    >>> cabin_of("Y"), cabin_of("J"), cabin_of("")
    ('economy', 'business', None)
    """
    return {"F": "first", "C": "business", "J": "business", "W": "economy", "Y": "economy"}.get(letter[:1].upper())  # type: ignore[return-value]


def crossing_leg(legs: Sequence[Travelled], voyage: Voyage) -> int | None:
    """Find the leg that crosses the border: the message's flight, or else one between the same ports."""
    flight, way = voyage.number, (voyage.origin, voyage.destination)
    at = voyage.departs_at or voyage.arrives_at
    near: list[tuple[int, float, int]] = []
    for place, leg in enumerate(legs):
        is_flight, is_way = leg.number == flight and flight is not None, (leg.origin, leg.destination) == way
        if leg.departs_at is not None and (is_flight or is_way):
            rank = 0 if is_flight and is_way else 1 if is_way else 2
            near.append((rank, abs((leg.departs_at - at).total_seconds()), place))
    return min(near)[2] if near else None


@dataclass(frozen=True, slots=True)
class Way:
    """The journey as a record tells it."""

    legs: tuple[dict[str, Any], ...]
    direction: Direction
    has_return: bool | None
    stay_days: float | None
    crossing: Travelled | None


def way_of(legs: Sequence[Travelled], route: Route) -> Way:
    """Put the way to the border together, and see what is booked afterwards.

    Legs that are joined by less than 24 hours are one way; in transit it goes on after the border.
    """
    at = crossing_leg(legs, route.voyage)
    if at is None:
        return Way((route.leg,), "in", None, None, None)
    first = at
    while first > 0 and _connects(legs[first - 1], legs[first]):
        first -= 1
    last = at
    while last + 1 < len(legs) and _connects(legs[last], legs[last + 1]):
        last += 1
    transit = last > at and bool(leaves_again(route.voyage.destination, legs[last].destination))
    way = legs[first : (last if transit else at) + 1]
    stay = _stay(legs, last)
    return Way(
        tuple(leg.facts() for leg in way[-_LEGS_MAX:]),
        "transit" if transit else "in",
        last + 1 < len(legs),
        stay,
        legs[at],
    )


def _connects(one: Travelled, other: Travelled) -> bool:
    if one.destination != other.origin or one.arrives_at is None or other.departs_at is None:
        return False
    return timedelta(0) <= other.departs_at - one.arrives_at < STOPOVER


def _stay(legs: Sequence[Travelled], last: int) -> float | None:
    """Days at the destination, where a later leg says when it ends."""
    arrives_at = legs[last].arrives_at
    leaves_at = next((leg.departs_at for leg in legs[last + 1 :] if leg.departs_at is not None), None)
    if arrives_at is None or leaves_at is None or leaves_at < arrives_at:
        return None
    return round((leaves_at - arrives_at).total_seconds() / 86400, 2)
