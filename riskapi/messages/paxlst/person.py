"""One traveller of a passenger list: NAD and the segments that follow it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from riskapi.messages.base import Findings
from riskapi.messages.countries import country
from riskapi.messages.documents import document_type
from riskapi.messages.edifact.dates import birth_date, near_date
from riskapi.messages.edifact.messages import EdifactMessage
from riskapi.messages.edifact.segments import Segment

_LEFT_OUT = "The traveller is scored without it."
_KG_PER_POUND = 0.45359237
_GENDERS = frozenset({"M", "F", "X", "U"})


@dataclass(slots=True)
class Person:
    """What a list says of one traveller.

    Attributes:
        header: the segment NAD.
        message: it is of.
        day: of the crossing, for centuries and ages.
        facts: of the record, by block.
        documents: of the traveller.
        ports: qualifier of LOC -> port: 178 embarks, 179 goes ashore, 22 is cleared.
        number: of the reservation.
    """

    header: Segment
    message: EdifactMessage
    day: date
    findings: Findings
    facts: dict[str, dict[str, Any]] = field(default_factory=lambda: {"traveller": {}, "baggage": {}, "contact": {}})
    documents: list[dict[str, Any]] = field(default_factory=list)
    ports: dict[str, str] = field(default_factory=dict)
    locator: str | None = None
    free_text: bool = False

    @property
    def traveller(self) -> dict[str, Any]:
        """Facts of the traveller."""
        return self.facts["traveller"]

    def read(self, segments: list[Segment]) -> None:
        """Read the traveller's segments, NAD first."""
        _name(self, segments[0])
        for segment in segments[1:]:
            reader = _READERS.get(segment.tag)
            if reader is not None:
                reader(self, segment)

    def reject(self, segment: Segment, rule: str) -> None:
        """Tell that a segment breaks the rule of what it says."""
        self.findings.add(self.message.place(segment), rule, _LEFT_OUT)

    def key(self) -> tuple[str, ...]:
        """What tells this traveller from others, the same in every list that is sent; empty where nothing does."""
        if ref := self.traveller.get("ref"):
            return ("ref", ref)
        born = str(self.traveller.get("date_of_birth") or "")
        number = next((one["number"] for one in self.documents if one.get("number")), None)
        if number:
            return ("document", number, born)
        names = [self.traveller.get(name) or "" for name in ("surname", "given_names")]
        return ("name", *names, born, self.locator or "") if any(names) else ()


def _name(person: Person, segment: Segment) -> None:
    names = segment.components(3) or segment.components(2)
    if not any(names):
        person.reject(segment, "the traveller's name")
        return
    person.traveller["surname"] = names[0] or None
    person.traveller["given_names"] = " ".join(name for name in names[1:] if name) or None
    address = [text for place in range(4, 9) if (text := " ".join(filter(None, segment.components(place))))]
    if address:
        person.facts["stay"] = {"address": ", ".join(address)}


def _attribute(person: Person, segment: Segment) -> None:
    if segment.get(0) != "2" or not (code := segment.get(2).upper()):
        return
    if code in _GENDERS:
        person.traveller["gender"] = code
    else:
        person.reject(segment, "M, F, X or U")


def _date(person: Person, segment: Segment) -> None:
    kind, text = segment.get(0), segment.get(0, 1)
    if not text or kind not in {"329", "36", "182"}:
        return
    found = birth_date(text, person.day) if kind == "329" else near_date(text, person.day)
    if found is None:
        person.reject(segment, "a date, as in 640217 or 19640217")
    elif kind == "329":
        person.traveller["date_of_birth"] = found
    elif person.documents:
        person.documents[-1]["expiry_date" if kind == "36" else "issue_date"] = found


def _measure(person: Person, segment: Segment) -> None:
    kind, parts = segment.get(0), segment.components(2)
    text = next((part for part in reversed(parts) if part), "")
    if not text or kind not in {"CT", "WT"}:
        return
    value = _number(text)
    if value is None:
        person.reject(segment, "a number")
    elif kind == "CT" and value == int(value):
        person.facts["baggage"]["count"] = int(value)
    elif kind == "WT":
        person.facts["baggage"]["weight_kg"] = round(value * (_KG_PER_POUND if parts[0] in {"LBR", "LB"} else 1), 2)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _verified(person: Person, segment: Segment) -> None:
    code = segment.get(1)
    if code in {"173", "174"}:
        person.facts["verified"] = {"data": code == "173"}


def _location(person: Person, segment: Segment) -> None:
    kind, code = segment.get(0), segment.get(1).upper()
    if kind == "180":
        person.traveller["place_of_birth"] = True  # the record keeps that it came, and nothing of it
    elif kind in {"174", "91"} and code:
        found = country(code)
        if found is None:
            person.reject(segment, "a country, ISO 3166-1 alpha-3")
        elif kind == "174":
            person.traveller["residence_country"] = found
        elif person.documents:
            person.documents[-1]["issuing_country"] = found
    elif code:
        person.ports[kind] = code


def _nationality(person: Person, segment: Segment) -> None:
    if code := segment.get(1):
        found = country(code)
        if found is None:
            person.reject(segment, "a country, ISO 3166-1 alpha-3")
        person.traveller["nationality"] = found


def _reference(person: Person, segment: Segment) -> None:
    kind, text = segment.get(0), segment.get(0, 1) or None
    if kind == "AVF":
        person.locator = text
    elif kind == "ABO":
        person.traveller["ref"] = text
    elif kind == "SEA":
        person.facts["seat"] = {"number": text}


def _document(person: Person, segment: Segment) -> None:
    code, number = segment.get(0), segment.get(1) or None
    if not code and number is None:
        return
    kind = document_type(code) if code else None
    if code and kind is None:
        person.reject(segment, "a known kind of document (P, V, I, A, C, T, S ...)")
        kind = "O"
    person.documents.append({"type": kind, "number": number})


def _contact(person: Person, segment: Segment) -> None:
    for place in range(len(segment)):
        text, kind = segment.get(place), segment.get(place, 1)
        if text and kind in {"TE", "AL", "EM"}:
            person.facts["contact"]["email" if kind == "EM" else "phone"] = text


def _text(person: Person, segment: Segment) -> None:
    if segment.get(0) != "BAG":
        person.free_text = True


_READERS: dict[str, Callable[[Person, Segment], None]] = {
    "ATT": _attribute,
    "DTM": _date,
    "MEA": _measure,
    "GEI": _verified,
    "LOC": _location,
    "NAT": _nationality,
    "RFF": _reference,
    "DOC": _document,
    "COM": _contact,
    "FTX": _text,
}
