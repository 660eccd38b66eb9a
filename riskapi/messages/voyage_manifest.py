"""Voyage manifests in JSON (one object per voyage with a ``PassengerList``), read into traveller records.

The names are those of the UK's voyage manifests: ``VoyageKey``, ``ArrivalPortCode``, ``ScheduledDateOfArrival`` ...
Such a list holds API only: no booking, no names. What cannot be used is left out and told as a finding; the traveller
is scored without it, and the others are scored all the same.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Literal, cast

from features.record import Crossing, Document, Journey, Leg, Traveller, TravellerRecord
from riskapi.messages.base import Entry, Findings, Message, Voyage, unreadable
from riskapi.messages.body import Body
from riskapi.messages.documents import DOCUMENT_TYPES
from riskapi.messages.facts import Facts
from riskapi.messages.voyage_codes import MODES, PASSENGER_FIELDS, VOYAGE_FIELDS

KIND = "voyage-manifest"
MAX_PASSENGERS = 10_000
SOURCE = KIND

_COUNTRY = re.compile(r"[A-Z]{3}")
_PORT = re.compile(r"[A-Z0-9]{3,5}")
_PORT_RULE = "three to five capitals and digits"
_CARRIER = re.compile(r"[A-Z0-9]{2,3}")
_NUMBER = re.compile(r"[A-Za-z0-9]{1,12}")
_ENTRY_KEY = re.compile(r"[\x21-\x7e]{1,32}")
_MAX_AGE_YEARS = 130

Direction = Literal["in", "transit"]


def read_voyage_manifest(raw: bytes) -> Message:
    """Read a voyage manifest.

    Args:
        raw: the file or body; UTF-8, with or without a byte-order mark (UTF-16 and UTF-32 are read too).

    Returns:
        One record per readable entry of ``PassengerList``, and what was left out.

    Raises:
        MalformedBodyError: it is no strict JSON.
        InvalidBodyError: it is too large, or says too little of the voyage to score anybody.
    """
    return manifest_from(Body(raw).json)


def manifest_from(message: object) -> Message:
    """Read a voyage manifest that is parsed already.

    Raises:
        InvalidBodyError: it is no manifest, or says too little of the voyage to score anybody.
    """
    if not isinstance(message, dict) or not isinstance(message.get("PassengerList"), list):
        raise unreadable("manifest", "an object with a PassengerList is expected", "Send one manifest per file.")
    entries: list[object] = message["PassengerList"]
    if len(entries) > MAX_PASSENGERS:
        raise unreadable("PassengerList", f"at most {MAX_PASSENGERS} entries", "Send the list in parts.")
    findings = Findings()
    voyage = _read_voyage(Facts("", message, findings))
    read, unknown, seen = [], set[str](), set[str]()
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict):
            findings.add(f"PassengerList[{place}]", "an object is expected", "The entry is not scored.")
            continue
        record = _read_entry(voyage, Facts(f"PassengerList[{place}].", entry, findings), place, seen)
        read.append(Entry(record, place, f"PassengerList[{place}]"))
        unknown |= entry.keys() - PASSENGER_FIELDS
    _tell_unknown("manifest", message.keys() - VOYAGE_FIELDS, VOYAGE_FIELDS, findings)
    _tell_unknown("PassengerList[]", unknown, PASSENGER_FIELDS, findings)
    return Message(KIND, (voyage.told,), tuple(read), len(entries), 0, findings.all())


@dataclass(frozen=True, slots=True)
class _Voyage:
    """What all travellers of the list share."""

    told: Voyage
    key: str
    leg: Leg
    crossings: dict[Direction, Crossing]

    def record_id(self, ref: str) -> str:
        """Name an entry: readable voyage and day, then a digest of both keys, so that a list sent again is known."""
        flight = (self.told.number or self.told.destination)[:9]
        digest = hashlib.sha256(f"{self.key}/{ref}".encode()).hexdigest()
        return f"{flight}-{self.told.arrives_at:%Y%m%d}-{digest[:20]}"


def _read_voyage(facts: Facts) -> _Voyage:
    """Read the voyage, or say what of it is missing."""
    mode = MODES.get((facts.text("CarrierType") or "").upper())
    if mode is None:
        raise unreadable("CarrierType", f"one of {', '.join(MODES)}", "Send how the travellers cross the border.")
    point = facts.matching("ArrivalPortCode", _PORT, _PORT_RULE)
    if point is None:
        raise unreadable("ArrivalPortCode", _PORT_RULE, "Send the port of arrival.")
    arrives_at = _moment(facts, "Arrival")
    if arrives_at is None:
        raise unreadable(
            "ScheduledDateOfArrival and ScheduledTimeOfArrival",
            "a date (2026-03-14) and a time (09:40:00)",
            "Send when the travellers are expected.",
        )
    departs_at = _moment(facts, "Departure")
    if departs_at and departs_at > arrives_at:
        facts.reject("ScheduledDateOfDeparture", "departure is not after arrival", "It is left out.")
        departs_at = None
    origin = facts.matching("DeparturePortCode", _PORT, _PORT_RULE)
    carrier = facts.matching("CarrierCode", _CARRIER, "two or three capitals and digits")
    number = _voyage_number(facts, carrier)
    told = Voyage(carrier, number, origin, point, departs_at, arrives_at)
    return _Voyage(
        told,
        facts.text("VoyageKey") or f"{number}/{origin}/{point}/{arrives_at.isoformat()}",
        Leg(
            carrier=carrier,
            flight_number=number,
            origin=origin,
            destination=point,
            departs_at=departs_at,
            arrives_at=arrives_at,
        ),
        {
            "in": Crossing(mode=mode, point=point, direction="in", expected_at=arrives_at),
            "transit": Crossing(mode=mode, point=point, direction="transit", expected_at=arrives_at),
        },
    )


def _moment(facts: Facts, event: Literal["Arrival", "Departure"]) -> datetime | None:
    """Read a scheduled time; without a zone it is UTC."""
    day, time = facts.text(f"ScheduledDateOf{event}"), facts.text(f"ScheduledTimeOf{event}")
    if day is None or time is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{day}T{time}")
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        facts.reject(f"ScheduledDateOf{event}", "a date and a time as in ISO 8601", "It is left out.")
        return None


def _voyage_number(facts: Facts, carrier: str | None) -> str | None:
    number = "".join(facts.text(name) or "" for name in ("VoyageNumber", "VoyageNumberTrailingLetter"))
    if not number:
        return None
    if _NUMBER.fullmatch(number):
        return (carrier or "") + number
    facts.reject("VoyageNumber", "at most twelve letters and digits", "It is left out.")
    return None


def _read_entry(voyage: _Voyage, facts: Facts, place: int, seen: set[str]) -> TravellerRecord:
    ref = _reference(facts, place, seen)
    direction = _direction(facts)
    return TravellerRecord(
        record_id=voyage.record_id(ref),
        source_system=SOURCE,
        crossing=voyage.crossings[direction],
        message_types_present=("API",),
        traveller=Traveller(
            ref=ref,
            age_years=_age_years(facts),
            nationality=_country(facts, "NationalityCountryCode"),
            passenger_type=_passenger_type(facts),
        ),
        documents=tuple(_documents(facts)),
        journey=Journey(legs=(voyage.leg, *_onward_leg(facts, voyage.told.destination, direction))),
    )


def _reference(facts: Facts, place: int, seen: set[str]) -> str:
    """Read the entry's key; one that is missing or repeated gets its own, so that no answer is lost."""
    ref = facts.text("PoavKey")
    if ref is None or not _ENTRY_KEY.fullmatch(ref):
        facts.reject("PoavKey", "one to 32 printable characters", "The entry's position in the list is used instead.")
        ref = f"entry-{place}"
    if ref in seen:
        facts.reject("PoavKey", "each entry has a key of its own", "The entry is scored under a key with its position.")
        ref = f"{ref}#{place}"
    seen.add(ref)
    return ref


def _direction(facts: Facts) -> Direction:
    flag = facts.text("InTransitFlag")
    if flag not in {None, "Y", "N"}:
        facts.reject("InTransitFlag", "Y or N", "The traveller is taken to enter.")
    return "transit" if flag == "Y" else "in"


def _age_years(facts: Facts) -> int | None:
    age = facts.text("Age")
    if age is None:
        return None
    if age.isascii() and age.isdigit() and int(age[:4]) <= _MAX_AGE_YEARS:
        return int(age[:4])
    facts.reject("Age", f"a whole number of years from 0 to {_MAX_AGE_YEARS}")
    return None


def _country(facts: Facts, name: str) -> str | None:
    if facts.values.get(name) == "D":  # Germany, as machine-readable zones write it
        return "DEU"
    return facts.matching(name, _COUNTRY, "an ISO 3166-1 alpha-3 code")


def _passenger_type(facts: Facts) -> Literal["P", "C", "I"] | None:
    kind = facts.text("PersonType")
    if kind in {"P", "C", "I"}:
        return cast("Literal['P', 'C', 'I']", kind)
    if kind is not None:
        facts.reject("PersonType", "P (passenger), C (crew) or I (in transit)")
    return None


def _documents(facts: Facts) -> Iterator[Document]:
    """Read the entry's document; a traveller's second document is an entry of its own in these lists."""
    code = facts.text("DocumentType")
    kind = DOCUMENT_TYPES.get(code.upper()) if code else None
    if code and kind is None:
        facts.reject("DocumentType", f"one of {', '.join(DOCUMENT_TYPES)}", "It is read as a document of another kind.")
        kind = "O"
    issuer = _country(facts, "DocumentIssuingCountryCode")
    if kind or issuer:
        yield Document(type=kind, issuing_country=issuer)


def _onward_leg(facts: Facts, arrival: str, direction: Direction) -> Iterator[Leg]:
    """Read where a traveller in transit goes on to."""
    port = facts.matching("DisembarkationPortCode", _PORT, _PORT_RULE)
    if direction == "transit" and port and port != arrival:
        yield Leg(origin=arrival, destination=port)


def _tell_unknown(place: str, names: set[str], known: frozenset[str], findings: Findings) -> None:
    """Count fields that are unknown here; a name that was sent is not repeated, the nearest known one is."""
    if not names:
        return
    near = {match for name in sorted(names)[:20] for match in get_close_matches(name[:60], known, n=1, cutoff=0.8)}
    hint = f" Check the spelling of {', '.join(sorted(near))}." if near else ""
    findings.add(
        place,
        "fields are those of a voyage manifest",
        f"{len(names)} of another name ignored, and not stored.{hint}",
    )
