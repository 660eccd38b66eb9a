"""Pushed booking data read into records: one for each traveller of each booking."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from riskapi.messages.base import Entry, Findings, Voyage
from riskapi.messages.building import Facts, record_from, record_id
from riskapi.messages.crossings import Route
from riskapi.messages.edifact.messages import EdifactMessage
from riskapi.messages.edifact.segments import Segment
from riskapi.messages.names import same_person
from riskapi.messages.pnrgov.booking import Booking, sorted_bookings
from riskapi.messages.pnrgov.common_facts import SegmentReader, Shared
from riskapi.messages.pnrgov.journey import Travelled, Way, travelled, way_of
from riskapi.messages.pnrgov.traveller import MEMBERS_MAX, Member, apart, members_of
from riskapi.messages.ports import in_utc

SOURCE = "pnrgov"
MAX_TRAVELLERS = 20_000


class Pushed:
    """The bookings of one PNRGOV message."""

    def __init__(self, message: EdifactMessage, findings: Findings, persons: int, bookings: int) -> None:
        """Read the message.

        Args:
            message: with its segments.
            findings: where what is not used is told.
            persons: of the messages before this one.
            bookings: of the messages before this one.
        """
        self.entries: list[Entry] = []
        self.persons = 0
        self.bookings = 0
        self.voyage: Voyage | None = None
        self._message = message
        self._findings = findings
        self._before = persons, bookings
        self._names: set[str] = set()
        level_0, found = sorted_bookings(message.segments)
        self.bookings = len(found)
        near = message.prepared_at or datetime.now(UTC)
        route = self._route(level_0, found, near)
        self._tell_number(level_0, len(found))
        for place, booking in enumerate(found):
            self._read(booking, place, route, near)
        self.voyage = route.voyage if route is not None else None

    def _route(self, level_0: list[Segment], bookings: list[Booking], near: datetime) -> Route | None:
        """The flight that the bookings are pushed for; where it is not told, the first of the first itinerary."""
        message, findings = self._message, self._findings
        flights = [segment for segment in level_0 if segment.tag == "TVL"]
        where = message.place(flights[0]) if flights else f"message {message.number}"
        if not flights:
            flights = [leg.header for booking in bookings for leg in booking.legs][:1]
            findings.add(where, "TVL with the flight", "The first flight of the bookings is used instead.")
        leg = travelled(flights[0], near) if flights else Travelled(None, None, None, None, None, None)
        if leg.arrives_at is None:
            leg = _completed(leg, [travelled(one.header, near) for booking in bookings for one in booking.legs])
        expected = leg.arrives_at or leg.departs_at or (message.prepared_at and in_utc(message.prepared_at, None))
        if leg.destination is None or expected is None:
            findings.add(
                where, "TVL with the port of arrival and a time", "Its travellers are not scored. Send the flight."
            )
            return None
        if leg.arrives_at is None:
            findings.add(where, "TVL with the time of arrival", "The time of departure or of the message is used.")
        departs_at = leg.departs_at if leg.departs_at and leg.departs_at <= expected else None
        return Route(Voyage(leg.carrier, leg.number, leg.origin, leg.destination, departs_at, expected))

    def _tell_number(self, level_0: list[Segment], bookings: int) -> None:
        for segment in level_0:
            told = segment.get(0)
            if segment.tag == "EQN" and told.isascii() and told.isdigit() and int(told[:9]) < bookings:
                place = self._message.place(segment)
                self._findings.add(place, "EQN tells the number of bookings", f"{bookings} came and are read.")

    def _read(self, booking: Booking, place: int, route: Route | None, near: datetime) -> None:
        first = self.persons
        self.persons += len(booking.travellers)
        if booking.groups and not booking.travellers:
            self._findings.add(
                self._message.place(booking.header), "a group with the names of its travellers", "Nobody is scored."
            )
        if route is None or self._before[0] + self.persons > MAX_TRAVELLERS:
            return
        legs = [travelled(leg.header, near, leg) for leg in booking.legs]
        way = way_of(legs, route)
        if len(booking.travellers) > MEMBERS_MAX:
            place_ = self._message.place(booking.header)
            self._findings.add(place_, f"at most {MEMBERS_MAX} travellers on a booking", "The others are not scored.")
        members = members_of(booking, way.crossing, route.voyage.arrives_at.date())
        reader = SegmentReader(self._message, near, self._findings)
        shared = reader.read(booking.head, Shared())
        for leg in booking.legs:
            self._requests_of_leg(reader, leg.segments, shared)
        own = [reader.read(one.source.segments, _copy(shared)) for one in members]
        payer = next((one.payer for one in own if one.payer), frozenset[str]())
        is_traveller = any(same_person(payer, one.words) for one in members) if len(payer) > 1 else None
        for number, (member, about) in enumerate(zip(members, own, strict=True)):
            facts = self._facts(_Journey(booking, way, route), members, member, about)
            facts["booking"]["payer_is_traveller"] = is_traveller
            where = self._message.place(member.source.header)
            record = record_from(facts, where, self._findings)
            if record is not None:
                told = f"message {self._message.number}, booking {place + 1}, traveller {number + 1}"
                self.entries.append(Entry(record, self._before[0] + first + number, told, self._before[1] + place))

    @staticmethod
    def _requests_of_leg(reader: SegmentReader, segments: list[Segment], shared: Shared) -> None:
        reader.read([segment for segment in segments if segment.tag in {"SSR", "IFT"}], shared)

    def _facts(self, journey: "_Journey", members: list[Member], member: Member, about: Shared) -> Facts:
        booking, way, route = journey
        facts: Facts = {
            "record_id": self._name(route, member, about),
            "source_system": SOURCE,
            "crossing": route.crossing(way.direction),
            "message_types_present": ("PNR",),
            "traveller": member.facts
            | {
                "ref": member.source.ref or None,
                "passenger_type": "I" if way.direction == "transit" else "P",
                "frequent_flyer": about.frequent_flyer or None,
            },
            "documents": tuple(member.documents),
            "journey": {"legs": way.legs, "has_return": way.has_return, "stay_days": way.stay_days},
            "booking": about.booking | _of_booking(booking, way, members, member),
            "contact": about.contact,
            "baggage": member.baggage,
            "seat": {"number": member.seat, "apart_from_party": apart(member, members)},
            "guardian": {"on_booking": False} if member.is_unaccompanied else {},
        }
        dropped = about.dropped | member.dropped | ({"free_text"} if booking.has_free_text else set())
        for path in sorted(dropped):  # the record keeps that it came, and nothing of it
            block, _, name = path.rpartition(".")
            (facts[block] if block else facts)[name] = True
        return facts

    def _name(self, route: Route, member: Member, about: Shared) -> str:
        """Name the record by booking and traveller, so that a later push of the booking has the same."""
        voyage = route.voyage
        locator = about.booking.get("locator") or ""
        names = tuple(sorted(member.words))
        key = ("pnr", voyage.origin or "", voyage.destination, locator, *names)
        for own in ((), (member.source.ref,), (member.source.ref, str(len(self._names)))):
            name = record_id(voyage.number or voyage.destination, route.day, *key, *own)
            if name not in self._names:
                break
        self._names.add(name)
        return name


class _Journey(NamedTuple):
    """What the travellers of a booking share."""

    booking: Booking
    way: Way
    route: Route


def _of_booking(booking: Booking, way: Way, members: list[Member], member: Member) -> dict[str, Any]:
    others = tuple(one.source.ref for one in members if one is not member and one.source.ref)
    return {
        "party_size": len(members),
        "co_traveller_refs": others or None,
        "is_split": booking.is_split,
        "changes_count": min(booking.changes, 999) if booking.has_history else None,
        "name_changes_count": min(booking.name_changes, 99) if booking.has_history else None,
        "fare_class": member.cabin or (way.crossing.cabin if way.crossing is not None else None),
    }


def _completed(flight: Travelled, legs: list[Travelled]) -> Travelled:
    """Take the time of arrival from an itinerary that has the same flight."""
    for leg in legs:
        same = (leg.number, leg.origin, leg.destination) == (flight.number, flight.origin, flight.destination)
        if same and leg.arrives_at is not None and leg.departs_at == flight.departs_at:
            return replace(flight, arrives_at=leg.arrives_at)
    return flight


def _copy(shared: Shared) -> Shared:
    return Shared(dict(shared.booking), dict(shared.contact), set(shared.dropped), shared.payer, shared.frequent_flyer)
