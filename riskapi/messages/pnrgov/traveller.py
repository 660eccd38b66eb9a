"""One traveller of a booking: name, documents, seat and baggage, from wherever the booking tells of them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from riskapi.messages.edifact.segments import Segment
from riskapi.messages.names import same_person, without_title, words_of
from riskapi.messages.pnrgov.booking import Booking, CheckIn, Traveller
from riskapi.messages.pnrgov.journey import Travelled, cabin_of
from riskapi.messages.pnrgov.requests import Class, class_of, read_doco, read_docs, refs_of, text_of

_SEAT = re.compile(r"0*(\d{1,3})([A-Z])")
_KG_PER_POUND = 0.45359237
_POUNDS = "701"
MEMBERS_MAX = 999
"""Travellers of one booking that are read; records know no larger party."""
REQUESTS_MAX = 20_000
"""Requests and check-ins of one booking that are looked at, so that no booking takes forever."""


@dataclass(slots=True, eq=False)
class Member:
    """A traveller with what belongs to him or her."""

    source: Traveller
    given: str
    words: frozenset[str]
    facts: dict[str, Any] = field(default_factory=dict)
    documents: list[dict[str, Any]] = field(default_factory=list)
    is_infant: bool = False
    is_unaccompanied: bool = False
    seat: str | None = None
    cabin: str | None = None
    baggage: dict[str, Any] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)


class Party:
    """The travellers of a booking, found by reference and by name."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members
        self._by_ref: dict[str, list[Member]] = {}
        for member in members:
            if member.source.ref:
                self._by_ref.setdefault(_plain(member.source.ref), []).append(member)

    def referred(self, ref: str) -> list[Member]:
        """Who has a reference."""
        return self._by_ref.get(_plain(ref), []) if ref else []

    def named(self, words: frozenset[str]) -> list[Member]:
        """Who can have a name."""
        return [member for member in self.members if same_person(member.words, words)] if words else []


def members_of(booking: Booking, crossing: Travelled | None, day: date) -> list[Member]:
    """Read the travellers of a booking.

    Args:
        booking: sorted.
        crossing: the leg that crosses the border, for seat and baggage.
        day: of the crossing, for centuries.
    """
    party = Party([_named(traveller) for traveller in booking.travellers[:MEMBERS_MAX]])
    asked: list[tuple[Segment, Member | None]] = [(segment, None) for segment in booking.head]
    asked += [(segment, None) for leg in booking.legs for segment in leg.segments]
    asked += [(segment, member) for member in party.members for segment in member.source.segments]
    for segment, owner in [one for one in asked if one[0].tag == "SSR"][:REQUESTS_MAX]:
        _request(segment, owner, party, day, crossing)
    leg = crossing.source if crossing is not None else None
    for found in leg.checked_in[:REQUESTS_MAX] if leg is not None else ():
        checked_in = _member_of(found, party)
        if checked_in is not None:
            _checked_in(found, checked_in)
    return party.members


def _named(traveller: Traveller) -> Member:
    given, has_title = without_title(traveller.given)
    member = Member(traveller, given, words_of(traveller.surname, given), is_infant=traveller.kind == "IN")
    member.facts = {"surname": traveller.surname or None, "given_names": given or None}
    if has_title:
        member.dropped.add("traveller.title")
    return member


def _request(segment: Segment, owner: Member | None, party: Party, day: date, crossing: Travelled | None) -> None:
    kind = class_of(segment)
    if kind is Class.DOCUMENT:
        _documented(segment, owner, party, day)
    elif kind is Class.VISA:
        visa = read_doco(text_of(segment), day)
        holder = _holder(segment, owner, party, frozenset(), is_infant=False)
        if holder is not None:
            holder.dropped.add("traveller.place_of_birth")
            if visa is not None:
                _add_document(holder, visa)
    elif kind is Class.MINOR:
        for member in _referred(segment, owner, party):
            member.is_unaccompanied = True
    elif kind is Class.SEAT and crossing is not None:
        _seats(segment, owner, party, crossing)


def _documented(segment: Segment, owner: Member | None, party: Party, day: date) -> None:
    found = read_docs(text_of(segment), day)
    if found is None:
        return
    holder = _holder(segment, owner, party, words_of(found.surname, found.given), is_infant=found.is_infant)
    if holder is not None:
        _add_document(holder, found.document)
        for name, value in found.traveller.items():
            if value is not None:
                holder.facts.setdefault(name, value)


def _add_document(holder: Member, document: dict[str, Any]) -> None:
    """Add a document, or complete the one with the same number: it is told again for each leg."""
    if not (document.get("number") or document.get("type")):
        return
    for known in holder.documents:
        if document.get("number") and known.get("number") == document["number"]:
            known.update({name: value for name, value in document.items() if known.get(name) is None})
            return
    holder.documents.append(document)


def _holder(
    segment: Segment, owner: Member | None, party: Party, words: frozenset[str], *, is_infant: bool
) -> Member | None:
    """Whose document it is: an infant's by its name, another by reference, place, or name."""
    if is_infant:
        infants = [one for one in party.named(words) if one.is_infant] or [
            one for one in party.members if one.is_infant
        ]
        return infants[0] if len(infants) == 1 else None
    for found in (_referred(segment, owner, party), party.named(words), party.members):
        if len(found) == 1:
            return found[0]
    return None


def _referred(segment: Segment, owner: Member | None, party: Party) -> list[Member]:
    found = [member for _, ref in refs_of(segment) for member in party.referred(ref)]
    return found or ([owner] if owner is not None else [])


def _plain(ref: str) -> str:
    return ref.lstrip("0") or ref


def _seats(segment: Segment, owner: Member | None, party: Party, crossing: Travelled) -> None:
    board, off = segment.get(0, 6), segment.get(0, 7)
    if {board, off} - {"", crossing.origin, crossing.destination}:
        return
    for seat, ref in refs_of(segment):
        found = _SEAT.fullmatch(seat.upper())
        if found is None:
            continue
        for member in party.referred(ref) if ref else [owner] if owner is not None else []:
            member.seat = member.seat or found[1] + found[2]


def _member_of(found: CheckIn, party: Party) -> Member | None:
    words = words_of(found.surname, without_title(found.given)[0])
    referred = party.referred(found.ref)
    both = [one for one in referred if not words or same_person(one.words, words)]
    chosen = both or party.named(words)
    return chosen[0] if chosen else None


def _checked_in(found: CheckIn, member: Member) -> None:
    for segment in found.segments:
        if segment.tag == "SSD":
            seat = _SEAT.fullmatch(segment.get(0).upper())
            member.seat = seat[1] + seat[2] if seat else member.seat
            member.cabin = cabin_of(segment.get(4)) or member.cabin
        else:
            _baggage(segment, member)


def _baggage(segment: Segment, member: Member) -> None:
    """TBD: pieces, weight in kilograms (700) or pounds (701), and who pools baggage with whom."""
    pieces, weight, unit = (segment.get(1, place) for place in range(3))
    if pieces.isascii() and pieces.isdigit():
        member.baggage["count"] = int(pieces[:4])
    try:
        kg = float(weight) * (_KG_PER_POUND if unit == _POUNDS else 1)
    except ValueError:
        kg = None
    if kg is not None and math.isfinite(kg) and kg >= 0:
        member.baggage["weight_kg"] = round(kg, 2)
    pool = next((code for place in (3, 2) if (code := segment.get(place).upper()) in {"HP", "MP"}), None)
    if pool is not None:
        member.baggage |= {"is_pooled": True, "is_head_of_pool": pool == "HP"}


def apart(member: Member, members: Sequence[Member]) -> bool | None:
    """Whether a traveller sits more than one row from all others of the booking; ``None`` where seats are missing."""
    own = _row(member.seat)
    rows = [row for one in members if one is not member and (row := _row(one.seat)) is not None]
    return None if own is None or not rows else min(abs(own - row) for row in rows) > 1


def _row(seat: str | None) -> int | None:
    return int(seat[:-1]) if seat else None
