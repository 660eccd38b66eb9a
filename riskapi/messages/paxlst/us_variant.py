"""The older US form of passenger lists (US/EDIFACT PAXLST): one PDT segment for each traveller and document."""

from datetime import UTC, datetime, timedelta
from typing import Any

from riskapi.messages.base import Entry, Findings, Voyage
from riskapi.messages.building import record_from, record_id
from riskapi.messages.carriers import flight_of
from riskapi.messages.countries import country
from riskapi.messages.crossings import Route, leaves_again
from riskapi.messages.documents import document_type
from riskapi.messages.edifact.dates import birth_date, near_date, time_of
from riskapi.messages.edifact.messages import EdifactMessage
from riskapi.messages.edifact.segments import Segment
from riskapi.messages.ports import in_utc

SOURCE = "paxlst-us"
_STATUS = {"PAX": "P", "CRW": "C", "ITI": "I"}
_COUNTRY_AND_PORT = 5
_LEFT_OUT = "The traveller is scored without it."


def is_us_variant(message: EdifactMessage) -> bool:
    """Whether a list has its travellers in PDT segments."""
    return any(segment.tag == "PDT" for segment in message.segments)


def read_us_list(message: EdifactMessage, findings: Findings, number: int) -> tuple[list[Entry], int, Voyage | None]:
    """Read one list of the US form; arguments and answer are those of ``read_list``."""
    people = [segment for segment in message.segments if segment.tag == "PDT"]
    route = _route(message, people, findings)
    if route is None:
        return [], len(people), None
    entries, seen = [], set[str]()
    for place, segment in enumerate(people):
        where = message.place(segment)
        facts = _facts(segment, where, route, findings)
        key = (facts["documents"][0].get("number") or "", *map(str, facts["traveller"].values()))
        name = record_id(route.voyage.number or "", route.day, *key)
        if name in seen:
            name = record_id(route.voyage.number or "", route.day, *key, str(place))
        seen.add(name)
        record = record_from({"record_id": name, **facts}, where, findings)
        if record is not None:
            entries.append(Entry(record, number + place, f"message {message.number}, traveller {place + 1}"))
    return entries, len(people), route.voyage


def _port(text: str) -> str | None:
    """A port, of which the country is written in front."""
    code = text.upper()
    return (code[2:] if len(code) == _COUNTRY_AND_PORT else code) or None


def _route(message: EdifactMessage, people: list[Segment], findings: Findings) -> Route | None:
    flight = flight_of("")
    ports: dict[str, str | None] = {}
    times: dict[str, datetime] = {}
    last = None
    for segment in message.segments:
        kind = segment.get(0).lstrip("0")
        if segment.tag == "TDT":
            flight = flight_of(segment.get(1).removesuffix("C"), segment.get(3))
        elif segment.tag == "LOC":
            last = _port(segment.get(1))
            ports.setdefault(kind, last)
        elif segment.tag == "DTM" and (moment := _moment(segment, last, message)) is not None:
            times.setdefault(kind, moment)
    where = f"message {message.number}"
    destination = ports.get("8") or (_port(people[0].get(3, 1)) if people else None)
    departs_at, arrives_at = times.get("136"), times.get("132")
    expected = arrives_at or departs_at or (message.prepared_at and in_utc(message.prepared_at, None))
    if destination is None or expected is None:
        findings.add(where, "LOC 008 and DTM 132: port and time of arrival", "Its travellers are not scored.")
        return None
    if arrives_at is None:
        findings.add(where, "DTM 132 with the time of arrival", "The time of departure or of the list is used.")
    if departs_at is not None and departs_at > expected:
        findings.add(where, "departure is not after arrival", "The time of departure is left out.")
        departs_at = None
    return Route(Voyage(flight.carrier, flight.number, ports.get("5"), destination, departs_at, expected))


def _moment(segment: Segment, port: str | None, message: EdifactMessage) -> datetime | None:
    near = message.prepared_at or datetime.now(tz=None)  # noqa: DTZ005 - a century is looked for
    local = time_of(near_date(segment.get(1), near.date()), segment.get(2))
    if local is None:
        return None
    zone = segment.get(3).upper()
    if len(zone) == len("M05") and zone[0] in "MP" and zone[1:].isdigit() and zone.isascii():
        hours = int(zone[1:]) * (-1 if zone[0] == "M" else 1)
        return local.replace(tzinfo=UTC) - timedelta(hours=hours)
    return in_utc(local, port)


def _facts(segment: Segment, where: str, route: Route, findings: Findings) -> dict[str, Any]:
    day = route.voyage.arrives_at.date()
    code, _, number = segment.get(0).partition("/")
    status = _STATUS.get(segment.get(2).upper(), "P")
    names, gender = segment.components(1), segment.get(1, 4).upper()
    debarks = _port(segment.get(3, 1))
    transit = status == "I" or bool(leaves_again(route.voyage.destination, debarks))
    expires, born = near_date(segment.get(0, 1), day), birth_date(segment.get(1, 3), day)
    for text, found in ((segment.get(0, 1), expires), (segment.get(1, 3), born)):
        if text and found is None:
            findings.add(where, "a date, as in 640217", _LEFT_OUT)
    onward = [{"origin": route.voyage.destination, "destination": debarks}] if transit and debarks else []
    return {
        "source_system": SOURCE,
        "crossing": route.crossing("transit" if transit else "in"),
        "message_types_present": ("API",),
        "traveller": {
            "surname": names[0] if names and names[0] else None,
            "given_names": " ".join(filter(None, names[1:3])) or None,
            "date_of_birth": born,
            "gender": gender if gender in {"M", "F", "X", "U"} else None,
            "passenger_type": status,
        },
        "documents": (
            {
                "type": (document_type(code) or "O") if code else None,
                "number": number or None,
                "expiry_date": expires,
                "issuing_country": country(segment.get(0, 2)),
            },
        ),
        "journey": {"legs": (route.leg, *onward)},
    }
