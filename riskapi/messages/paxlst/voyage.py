"""The voyage of a passenger list: TDT, and what LOC and DTM say of each of its legs."""

from dataclasses import dataclass
from datetime import datetime

from riskapi.messages.base import Findings, Voyage, unreadable
from riskapi.messages.carriers import Flight, flight_of
from riskapi.messages.crossings import Mode, Route
from riskapi.messages.edifact.dates import stamp
from riskapi.messages.edifact.messages import EdifactMessage
from riskapi.messages.edifact.segments import Segment
from riskapi.messages.ports import country_of, in_utc

DEPARTURE, ARRIVAL = "125", "87"
_OTHER_STOPS = frozenset({"92", "130"})
_ARRIVES, _DEPARTS = "232", "189"
_MODES: dict[str, Mode] = {"1": "sea", "10": "sea", "11": "sea", "2": "land", "20": "land", "3": "land", "30": "land"}
_LATER = "The travellers are scored with it."


@dataclass(slots=True)
class _Leg:
    flight: Flight
    origin: str | None = None
    destination: str | None = None
    departs_at: datetime | None = None
    arrives_at: datetime | None = None

    def crosses(self) -> bool:
        """Whether both countries are known and differ."""
        here, there = country_of(self.origin), country_of(self.destination)
        return here is not None and there is not None and here != there


def route_of(head: list[Segment], message: EdifactMessage, port: str | None, findings: Findings) -> Route:
    """Read the voyage.

    Args:
        head: segments before the first traveller.
        message: they are of.
        port: where the first traveller goes ashore, for lists that do not name the port of arrival.
        findings: where gaps are told.

    Raises:
        InvalidBodyError: neither a port of arrival nor any time can be found.
    """
    legs, mode = _legs(head, message, findings)
    leg = next((one for one in legs if one.crosses()), legs[0] if legs else _Leg(Flight(None, None)))
    where = message.place(head[0]) if head else f"message {message.number}"
    destination = leg.destination or port
    if destination is None:
        raise unreadable(where, "LOC 87 with the port of arrival", "Send the port of arrival.")
    if leg.destination is None:
        findings.add(where, "LOC 87 with the port of arrival", f"A traveller's port is used instead. {_LATER}")
    arrives_at, departs_at = leg.arrives_at, leg.departs_at
    if arrives_at is None:
        arrives_at = departs_at or (message.prepared_at and in_utc(message.prepared_at, None))
        if arrives_at is None:
            raise unreadable(where, "DTM 232 with the time of arrival", "Send when the travellers are expected.")
        findings.add(where, "DTM 232 with the time of arrival", f"Departure or the list's own time is used. {_LATER}")
    if departs_at is not None and departs_at > arrives_at:
        findings.add(where, "departure is not after arrival", "The time of departure is left out.")
        departs_at = None
    return Route(Voyage(leg.flight.carrier, leg.flight.number, leg.origin, destination, departs_at, arrives_at), mode)


def _legs(head: list[Segment], message: EdifactMessage, findings: Findings) -> tuple[list[_Leg], Mode]:
    legs: list[_Leg] = []
    mode: Mode = "air"
    port, kind = None, ""
    for segment in head:
        if segment.tag == "TDT":
            mode = _MODES.get(segment.get(2), mode)
            legs.append(_Leg(flight_of(segment.get(1).removesuffix("MCL"), segment.get(4))))
        elif segment.tag == "LOC":
            kind, port = segment.get(0), segment.get(1).upper() or None
            legs = legs or [_Leg(Flight(None, None))]
            _place(legs, kind, port)
        elif segment.tag == "DTM" and legs and segment.get(0) in {_DEPARTS, _ARRIVES}:
            _time(legs[-1], segment, port, message, findings)
    return legs, mode


def _place(legs: list[_Leg], kind: str, port: str | None) -> None:
    leg = legs[-1]
    if kind == DEPARTURE:
        if leg.origin is not None:
            legs.append(leg := _Leg(leg.flight))
        leg.origin = port
    elif kind == ARRIVAL:
        if leg.destination is not None:
            legs.append(leg := _Leg(leg.flight, leg.destination))
        leg.destination = port
    elif kind in _OTHER_STOPS and leg.destination is not None:  # goes on inside the country of arrival
        legs.append(_Leg(leg.flight, leg.destination, port))


def _time(leg: _Leg, segment: Segment, port: str | None, message: EdifactMessage, findings: Findings) -> None:
    near = message.prepared_at or datetime.now(tz=None)  # noqa: DTZ005 - a century is looked for
    local = stamp(segment.get(0, 1), near.date(), segment.get(0, 2))
    if local is None:
        if segment.get(0, 1):
            findings.add(message.place(segment), "a date and a time, as in 2603140940", "It is left out.")
        return
    moment = in_utc(local, port)
    if segment.get(0) == _DEPARTS:
        leg.departs_at = leg.departs_at or moment
    else:
        leg.arrives_at = leg.arrives_at or moment
