"""Machine-readable zones read into records: what a post reads from documents, where nothing else is there."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from features.mrz import Mrz, read_mrz
from riskapi.messages.base import Entry, Findings, Message, Voyage, unreadable
from riskapi.messages.building import Facts, record_from, record_id
from riskapi.messages.countries import country
from riskapi.messages.documents import document_type
from riskapi.messages.edifact.dates import birth_date, near_date

KIND = "zones"
SOURCE = "mrz"
MAX_ZONES = 10_000
_LINE = re.compile(r"[A-Z0-9<]{30}|[A-Z0-9<]{36}|[A-Z0-9<]{44}")
_LINES_OF = {30: 3, 36: 2, 44: 2}
_LONGEST = 44


def looks_like_zones(raw: bytes) -> bool:
    """Whether the first line that is not empty has the shape of a zone's first line.

    >>> looks_like_zones(b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"), looks_like_zones(b"UNB+UNOA:4")
    (True, False)
    """
    head = raw[:200].decode("ascii", "replace").split()
    return bool(head) and _LINE.fullmatch(head[0][:_LONGEST].upper()) is not None and "<" in head[0]


def read_zone_lines(text: str, crossing: dict[str, Any] | None) -> Message:
    """Read zones that follow each other line by line.

    Args:
        text: zones of any layout; empty lines between them are passed over.
        crossing: mode, point, direction and time of the crossing, as records have it: no zone says them.

    Raises:
        InvalidBodyError: no crossing was given.
    """
    zones: list[tuple[str, str]] = []
    lines = [(number, line.strip().upper()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    while lines:
        number, first = lines[0]
        wanted = _LINES_OF.get(len(first), 1)
        zones.append((f"line {number}", "\n".join(line for _, line in lines[:wanted])))
        lines = lines[wanted:]
    return _read(zones, crossing)


def read_zones_json(parsed: Any) -> Message:
    """Read ``{"crossing": {...}, "zones": ["P<...", ...]}``.

    Raises:
        InvalidBodyError: it has another form.
    """
    match parsed:
        case {"crossing": dict(crossing), "zones": list(zones)}:
            texts = [(f"zones[{place}]", zone if isinstance(zone, str) else "") for place, zone in enumerate(zones)]
            return _read(texts, crossing)
    raise unreadable("message", "an object with `crossing` and `zones`", "Send the crossing and a list of zones.")


def _read(zones: list[tuple[str, str]], crossing: dict[str, Any] | None) -> Message:
    if crossing is None:
        raise unreadable(
            "message",
            "zones with the crossing at which they were read",
            "Say mode, point, direction and time: in JSON under `crossing`, on the command line by its options.",
        )
    if len(zones) > MAX_ZONES:
        raise unreadable("zones", f"at most {MAX_ZONES} zones", "Send them in parts.")
    voyage, facts = _at(crossing)
    findings = Findings()
    entries = []
    seen = Counter[str]()
    for place, (where, text) in enumerate(zones):
        zone = read_mrz(text)
        if zone is None:
            findings.add(where, "a zone of 3 x 30, 2 x 36 or 2 x 44 characters", "The document is not read.")
            continue
        for digit in zone.check_digits:
            if not digit.holds:
                told = f"{where}, line {digit.line} of the zone, character {digit.column}"
                findings.add(told, f"the check digit of {digit.field}", "The record says that a digit fails.")
        record = record_from(_facts(zone, voyage, facts, seen), where, findings)
        if record is not None:
            entries.append(Entry(record, place, where))
    return Message(KIND, (voyage,), tuple(entries), len(zones), 0, findings.all())


def _at(crossing: dict[str, Any]) -> tuple[Voyage, dict[str, Any]]:
    """Read the crossing that all zones share."""
    facts = dict(crossing)
    moment = facts.get("expected_at")
    if isinstance(moment, str):
        try:
            facts["expected_at"] = moment = datetime.fromisoformat(moment)
        except ValueError:
            moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise unreadable("crossing.expected_at", "a time with its offset", "Send a text like 2026-03-14T09:40:00Z.")
    point = facts.get("point")
    if not isinstance(point, str) or not point.strip():
        raise unreadable("crossing.point", "a text", "Send the border post, port or airport.")
    try:
        moment = facts["expected_at"] = moment.astimezone(UTC)
    except OverflowError:
        raise unreadable("crossing.expected_at", "a time inside of the calendar", "Send when it was.") from None
    return Voyage(None, None, None, point, None, moment), facts


def _facts(zone: Mrz, voyage: Voyage, crossing: dict[str, Any], seen: Counter[str]) -> Facts:
    day = voyage.arrives_at.date()
    born = birth_date(zone.date_of_birth, day)
    key = (voyage.destination, f"{day:%Y%m%d}", zone.document_number, str(born), zone.surname)
    name = record_id(*key)
    seen[name] += 1
    if (times := seen[name]) > 1:
        name = record_id(*key, str(times))
    return {
        "record_id": name,
        "source_system": SOURCE,
        "crossing": crossing,
        "message_types_present": ("DOC",),
        "traveller": dict(_holder(zone, born)),
        "documents": (
            {
                "type": document_type(zone.code) or "O",
                "number": zone.document_number or None,
                "expiry_date": near_date(zone.expiry_date, day),
                "issuing_country": country(zone.issuer),
                "mrz_check_digits_ok": zone.check_digits_ok,
            },
        ),
    }


def _holder(zone: Mrz, born: date | None) -> Iterator[tuple[str, Any]]:
    yield "surname", zone.surname or None
    yield "given_names", zone.given_names or None
    yield "date_of_birth", born
    yield "gender", zone.sex
    yield "nationality", country(zone.nationality)
