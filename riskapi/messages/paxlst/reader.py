"""Passenger and crew lists read into records: one for each traveller, whatever is missing."""

from typing import Any

from riskapi.errors import InvalidBodyError
from riskapi.messages.base import Entry, Findings, Voyage
from riskapi.messages.building import Facts, record_from, record_id
from riskapi.messages.crossings import Direction, Route, leaves_again
from riskapi.messages.edifact.messages import EdifactMessage
from riskapi.messages.edifact.segments import Segment
from riskapi.messages.paxlst.person import Person
from riskapi.messages.paxlst.voyage import route_of

SOURCE = "paxlst"
MAX_TRAVELLERS = 10_000
_CREW_LISTS = frozenset({"250", "336"})
_CREW, _TRANSIT = frozenset({"FM", "DDU"}), frozenset({"DDT", "DDU"})
_PERSONS = _CREW | _TRANSIT | {"FL"}
_REPORTING = frozenset({"MS", "MR"})
_TOTALS = frozenset({"41", "42"})


def read_list(message: EdifactMessage, findings: Findings, number: int) -> tuple[list[Entry], int, Voyage | None]:
    """Read one PAXLST message.

    Args:
        message: with its segments.
        findings: where what is not used is told.
        number: of its first traveller among those of what was sent.

    Returns:
        One entry for each traveller who can be scored, how many travellers the list has, and their voyage.
    """
    head, groups, totals = _groups(message, findings)
    if len(groups) > MAX_TRAVELLERS:
        findings.add(f"message {message.number}", f"at most {MAX_TRAVELLERS} travellers", "The others are not read.")
    try:
        route = route_of(head, message, _first_port(groups), findings)
    except InvalidBodyError as error:
        for problem in error.problems:
            findings.add(problem.place, problem.rule, f"Its travellers are not scored. {problem.remedy}")
        return [], len(groups), None
    crew = any(segment.tag == "BGM" and segment.get(0) in _CREW_LISTS for segment in head)
    entries, seen = [], set[str]()
    for place, group in enumerate(groups[:MAX_TRAVELLERS]):
        person = Person(group[0], message, route.voyage.arrives_at.date(), findings)
        person.read(group)
        where = message.place(group[0]) if findings.left_out < findings.limit else f"message {message.number}"
        record = record_from(_facts(person, route, crew, place, seen), where, findings)
        if record is not None:
            entries.append(Entry(record, number + place, f"message {message.number}, traveller {place + 1}"))
    _compare(totals, len(groups), message, findings)
    return entries, len(groups), route.voyage


def _groups(message: EdifactMessage, findings: Findings) -> tuple[list[Segment], list[list[Segment]], list[Segment]]:
    """Part a list: what is before the travellers, the segments of each, and the totals after them."""
    head: list[Segment] = []
    groups: list[list[Segment]] = []
    totals: list[Segment] = []
    voyage_known = False
    for segment in message.segments:
        tag = segment.tag
        if tag == "NAD":
            kind = segment.get(0).upper()
            if kind in _PERSONS or (voyage_known and kind not in _REPORTING):
                if kind not in _PERSONS:
                    findings.add(message.place(segment), "FL, FM, DDT or DDU", "Read as a passenger.")
                groups.append([segment])
                continue
        if tag == "CNT":
            totals.append(segment)
        elif groups and tag != "TDT":
            groups[-1].append(segment)
        else:
            voyage_known = voyage_known or tag == "TDT"
            head.append(segment)
    return head, groups, totals


def _first_port(groups: list[list[Segment]]) -> str | None:
    for group in groups[:1]:
        for segment in group:
            if segment.tag == "LOC" and segment.get(0) in {"22", "179"} and segment.get(1):
                return segment.get(1).upper()
    return None


def _facts(person: Person, route: Route, crew: bool, place: int, seen: set[str]) -> Facts:  # noqa: FBT001 - a fact
    kind = person.header.get(0).upper()
    direction = _direction(person, kind, route)
    is_crew = crew or kind in _CREW
    person.traveller["passenger_type"] = "C" if is_crew else "I" if direction == "transit" else "P"
    verified = person.facts.pop("verified", {}).get("data")
    if person.documents and verified is not None:
        person.documents[0]["data_verified"] = verified
    voyage = route.voyage
    key = person.key() or ("place", str(place))
    name = record_id(voyage.number or voyage.destination, route.day, voyage.origin or "", voyage.destination, *key)
    if name in seen:
        names = person.traveller.get("surname") or "", person.traveller.get("given_names") or ""
        name = record_id(voyage.number or voyage.destination, route.day, *key, *names)
    if name in seen:
        name = record_id(voyage.number or voyage.destination, route.day, *key, str(place))
    seen.add(name)
    return {
        "record_id": name,
        "source_system": SOURCE,
        "crossing": route.crossing(direction),
        "message_types_present": ("API",),
        "documents": tuple(person.documents),
        "journey": {"legs": tuple(_legs(person, route, direction))},
        "booking": {"locator": person.locator},
        "free_text": person.free_text or None,
        **person.facts,
    }


def _direction(person: Person, kind: str, route: Route) -> Direction:
    """In transit, where the list says so, or where the traveller is cleared nowhere here and goes on abroad."""
    if kind in _TRANSIT:
        return "transit"
    point, onward, cleared = route.voyage.destination, person.ports.get("179"), person.ports.get("22")
    if cleared != point and onward not in {None, point} and leaves_again(point, onward):
        return "transit"
    return "in"


def _legs(person: Person, route: Route, direction: Direction) -> list[dict[str, Any]]:
    voyage, from_, to = route.voyage, person.ports.get("178"), person.ports.get("179")
    before = [{"origin": from_, "destination": voyage.origin}] if from_ and voyage.origin not in {from_, None} else []
    onward = direction == "transit" and to not in {None, voyage.destination}
    after = [{"origin": voyage.destination, "destination": to}] if onward else []
    return [*before, route.leg, *after]


def _compare(totals: list[Segment], persons: int, message: EdifactMessage, findings: Findings) -> None:
    for segment in totals:
        told = segment.get(0, 1)
        if segment.get(0) in _TOTALS and told.isascii() and told.isdigit() and int(told[:9]) != persons:
            findings.add(
                message.place(segment),
                "CNT tells the number of travellers",
                f"{persons} came and are read; compare with what was sent.",
            )
