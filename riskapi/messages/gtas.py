"""What GTAS hands on: its list of message summaries, and what it asks of a scorer, read into records.

The field names are those of GTAS (US-CBP/GTAS): ``MessageSummaryList`` with its summaries of messages and passengers,
and ``profiles`` of the request ``ASSESS_RISK_REQUEST``. Raw messages, card numbers and titles are dropped.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from riskapi.messages.base import Entry, Findings, Message, Voyage, distinct, unreadable
from riskapi.messages.building import record_from, record_id
from riskapi.messages.carriers import flight_of
from riskapi.messages.countries import country
from riskapi.messages.crossings import Direction, Route
from riskapi.messages.documents import document_type

SUMMARIES, PROFILES = "gtas-summaries", "gtas-profiles"
SOURCE = "gtas"
MAX_PASSENGERS = 20_000
_MILLISECONDS_FROM = 10_000_000_000
"""Seconds would be in the year 2286 from here on."""
_ADULT = 18
_LEFT_OUT = "The traveller is scored without it."


def read_summaries(parsed: Any) -> Message:
    """Read a ``MessageSummaryList``, or one of its summaries alone.

    Raises:
        InvalidBodyError: it has neither form, or nobody of it can be scored.
    """
    summaries = parsed.get("messageSummaryList") if isinstance(parsed, dict) else None
    if summaries is None and isinstance(parsed, dict) and isinstance(parsed.get("passengerSummaries"), list):
        summaries = [parsed]
    if not isinstance(summaries, list):
        raise unreadable("message", "an object with `messageSummaryList`", "Send what GTAS hands on.")
    findings = Findings()
    entries: list[Entry] = []
    voyages: list[Voyage] = []
    seen: set[str] = set()
    persons = bookings = 0
    for place, summary in enumerate(summaries):
        where = f"messageSummaryList[{place}]"
        people = _list(summary, "passengerSummaries")
        if not people:
            findings.add(where, "a summary with `passengerSummaries`", "Nobody of it is scored.")
            continue
        route, direction = _route(_list(summary, "messageTravelInformation"))
        first, persons = persons, persons + len(people)
        if route is None:
            findings.add(where, "a border crossing with destination and time", "Nobody of it is scored.")
            continue
        is_pnr = any(_text(_block(one, "passengerTrip"), "pnrReservationReferenceNumber") for one in people)
        if persons > MAX_PASSENGERS:
            findings.add(where, f"at most {MAX_PASSENGERS} passengers", "Those that follow are not scored.")
            break
        voyages.append(route.voyage)
        for number, person in enumerate(people):
            told = f"{where}.passengerSummaries[{number}]"
            facts = _passenger(person, summary, route, direction, is_pnr=is_pnr)
            facts["record_id"] = _unique(route, (_text(_block(person, "passengerIds"), "idTag") or told,), seen)
            record = record_from(facts, told, findings)
            if record is not None:
                entries.append(Entry(record, first + number, told, bookings if is_pnr else None))
        bookings += is_pnr
    if not voyages:
        raise unreadable("messageSummaryList", "border crossings with passengers", "Send them with their flights.")
    return Message(SUMMARIES, distinct(voyages), tuple(entries), persons, bookings, findings.all())


def _list(block: Any, name: str) -> list[dict[str, Any]]:
    found = block.get(name) if isinstance(block, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _block(block: Any, name: str) -> dict[str, Any]:
    found = block.get(name) if isinstance(block, dict) else None
    return found if isinstance(found, dict) else {}


def _text(block: Mapping[str, Any], name: str) -> str | None:
    value = block.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value)[:200].strip() or None


def _moment(block: Mapping[str, Any], *names: str) -> datetime | None:
    """Read the first of some times: seconds or milliseconds since 1970, or ISO 8601; UTC where no zone is told."""
    for name in names:
        value = block.get(name)
        try:
            if isinstance(value, int | float) and not isinstance(value, bool):
                seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
                return datetime.fromtimestamp(seconds, UTC)
            if isinstance(value, str) and value.strip():
                found = _parsed(value.strip())
                return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.strptime(text.title(), "%d%b%Y:%H:%M:%S")  # noqa: DTZ007 - its time zone is told nowhere


def _route(travels: list[dict[str, Any]]) -> tuple[Route | None, Direction]:
    """The crossing of a summary: the travel that is marked as one, or its first."""
    travel = next((one for one in travels if one.get("borderCrossingEvent") is True), travels[0] if travels else {})
    flight = flight_of(
        _text(travel, "fullFlightNumber") or _text(travel, "flightNumber") or "", _text(travel, "carrier") or ""
    )
    departs_at, arrives_at = _moment(travel, "etd", "etdDate"), _moment(travel, "eta", "etaDate")
    origin, destination = _text(travel, "origin"), _text(travel, "destination")
    direction: Direction = "out" if (_text(travel, "direction") or "").upper().startswith("O") else "in"
    point, expected = (
        (origin, departs_at or arrives_at) if direction == "out" else (destination, arrives_at or departs_at)
    )
    if point is None or expected is None:
        return None, direction
    if departs_at is not None and arrives_at is not None and departs_at > arrives_at:
        departs_at = None
    return Route(
        Voyage(flight.carrier, flight.number, origin, destination or point, departs_at, arrives_at or expected)
    ), direction


def _unique(route: Route, key: tuple[str, ...], seen: set[str]) -> str:
    voyage = route.voyage
    name = record_id(voyage.number or voyage.destination, route.day, voyage.destination, *key)
    if name in seen:
        name = record_id(voyage.number or voyage.destination, route.day, voyage.destination, *key, str(len(seen)))
    seen.add(name)
    return name


def _crossing(route: Route, direction: Direction) -> dict[str, Any]:
    crossing = route.crossing(direction)
    voyage = route.voyage
    if direction == "out":
        crossing |= {"point": voyage.origin, "expected_at": voyage.departs_at or voyage.arrives_at}
    return crossing


def _passenger(
    person: dict[str, Any], summary: dict[str, Any], route: Route, direction: Direction, *, is_pnr: bool
) -> dict[str, Any]:
    about, trip = _block(person, "passengerBiographic"), _block(person, "passengerTrip")
    kind = (_text(about, "passengerType") or "").upper()
    gender = (_text(about, "gender") or "").upper()
    born = _moment(about, "dob")
    age = about.get("age")
    given = " ".join(filter(None, (_text(about, "firstName"), _text(about, "middleName"))))
    companions = trip.get("coTravelerCount")
    return {
        "source_system": SOURCE,
        "crossing": _crossing(route, direction),
        "message_types_present": ("PNR",) if is_pnr else ("API",),
        "traveller": {
            "ref": _text(_block(person, "passengerIds"), "idTag"),
            "surname": _text(about, "lastName"),
            "given_names": given or None,
            "date_of_birth": born.date() if born else None,
            "age_years": age if isinstance(age, int) and not isinstance(age, bool) and born is None else None,
            "gender": gender if gender in {"F", "M", "X", "U"} else None,
            "nationality": country(_text(about, "nationality") or ""),
            "residence_country": country(_text(about, "residencyCountry") or ""),
            "passenger_type": kind if kind in {"P", "C", "I"} else None,
            "frequent_flyer": True if _list(summary, "messageFrequentFlyers") else None,
            "title": True if _text(about, "title") else None,
        },
        "documents": tuple(_documents(person)),
        "journey": {"legs": (route.leg,)},
        "booking": {
            "locator": _text(trip, "pnrReservationReferenceNumber") or _text(trip, "reservationReferenceNumber"),
            "party_size": companions + 1 if isinstance(companions, int) and not isinstance(companions, bool) else None,
            "card_number": True if _list(summary, "messageCreditCards") else None,
        },
        "contact": {
            "phone": next((found for one in _list(summary, "messagePhones") if (found := _text(one, "number"))), None),
            "email": next((found for one in _list(summary, "messageEmails") if (found := _text(one, "address"))), None),
            "address": next(map(_address, _list(summary, "messageAddresses")), None),
        },
        "upstream": {"watchlist_hit": True if _list(person, "passengerDerogs") else None},
        "free_text": True if _text(summary, "rawMessage") else None,
    }


def _address(block: dict[str, Any]) -> str | None:
    parts = (_text(block, name) for name in ("line1", "line2", "line3", "city", "state", "postalCode", "country"))
    return ", ".join(filter(None, parts))[:200] or None


def _documents(person: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in _list(person, "passengerDocumentsList")[:10]:
        code = _text(one, "documentType")
        expires, issued = _moment(one, "expirationDate"), _moment(one, "issuanceDate")
        yield {
            "type": (document_type(code) or "O") if code else None,
            "number": _text(one, "documentNumber"),
            "expiry_date": expires.date() if expires else None,
            "issue_date": issued.date() if issued else None,
            "issuing_country": country(_text(one, "issuanceCountry") or ""),
        }


def read_profiles(parsed: Any) -> Message:
    """Read what GTAS asks of a scorer: an object with ``profiles``.

    Raises:
        InvalidBodyError: it has another form, or no profile has a flight.
    """
    profiles = parsed.get("profiles") if isinstance(parsed, dict) else None
    if not isinstance(profiles, list) or len(profiles) > MAX_PASSENGERS:
        rule = f"an object with `profiles`, at most {MAX_PASSENGERS}"
        raise unreadable("message", rule, "Send what GTAS asks of a scorer.")
    findings = Findings()
    entries: list[Entry] = []
    voyages: list[Voyage] = []
    seen: set[str] = set()
    for place, profile in enumerate(profiles):
        where = f"profiles[{place}]"
        about = profile if isinstance(profile, dict) else {}
        point, expected = _text(about, "flight_arrival_airport"), _moment(about, "eta")
        if point is None or expected is None:
            findings.add(where, "`flight_arrival_airport` and `eta`", "The traveller is not scored.")
            continue
        flight = flight_of(_text(about, "flight_number") or "", _text(about, "carrier") or "")
        origin = _text(about, "flight_origin_airport")
        route = Route(Voyage(flight.carrier, flight.number, origin, point, None, expected))
        voyages.append(route.voyage)
        facts = _profile(about, route)
        facts["record_id"] = _unique(route, (_text(about, "unique_id") or where,), seen)
        record = record_from(facts, where, findings)
        if record is not None:
            entries.append(Entry(record, place, where))
    if profiles and not entries:
        raise unreadable("profiles", "profiles with their flights", "Send arrival airport and time of each.")
    return Message(PROFILES, distinct(voyages), tuple(entries), len(profiles), 0, findings.all())


def _first(block: dict[str, Any], name: str) -> str:
    found = block.get(name)
    first = found[0] if isinstance(found, list) and found else found
    return first if isinstance(first, str) else ""


def _profile(about: dict[str, Any], route: Route) -> dict[str, Any]:
    gender = (_text(about, "gender") or "").upper()
    code = _first(about, "documentation_type")
    return {
        "source_system": SOURCE,
        "crossing": route.crossing("in"),
        "message_types_present": ("API",),
        "traveller": {
            "ref": (_text(about, "unique_id") or "")[:40] or None,
            "age_years": _age(_text(about, "age_bin")),
            "gender": gender if gender in {"F", "M", "X", "U"} else None,
            "nationality": country(_first(about, "passenger_citizen_country")),
        },
        "documents": (
            {
                "type": (document_type(code) or "O") if code else None,
                "issuing_country": country(_first(about, "documentation_country")),
            },
        ),
        "journey": {"legs": (route.leg,)},
    }


def _age(span: str | None) -> int | None:
    """Read the lower end of a span of ages, where all of it is on one side of 18.

    >>> _age("20-25"), _age("15-20"), _age("10-15"), _age(None)
    (20, None, 10, None)
    """
    low, _, high = (span or "").partition("-")
    if not (low.isascii() and low.isdigit() and high.isascii() and high.isdigit() and len(low + high) <= 6):  # noqa: PLR2004
        return None
    return int(low) if (int(low) >= _ADULT) == (int(high) >= _ADULT) else None
