"""Makes what tests need: one traveller with changes, or many at random."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from features.examples import (
    EXAMPLE_LAND_RECORD,
    EXAMPLE_MINOR_RECORD,
    EXAMPLE_RECORD,
    EXAMPLE_REFERENCE,
    leg,
    traveller,
)
from features.memory.facts import FACTS
from features.record import TravellerRecord

__all__ = [
    "EXAMPLE_LAND_RECORD",
    "EXAMPLE_MINOR_RECORD",
    "EXAMPLE_RECORD",
    "EXAMPLE_REFERENCE",
    "leg",
    "random_data",
    "random_records",
    "traveller",
]

START = datetime(2026, 1, 1, tzinfo=UTC)
PORTS = ("ADD", "DXB", "EBB", "IST", "JNB", "LHR", "MGQ", "NBO", "XXX", "KEMBA")
COUNTRIES = ("KEN", "SOM", "ETH", "UGA", "TZA", "GBR", "IND", "CHN", "USA", "XXB")


def random_records(n: int, seed: int) -> list[TravellerRecord]:
    """Make n valid records that differ in everything: modes, missing blocks, extremes, impossible orders.

    >>> len(random_records(3, seed=1))
    3
    """
    rng = Random(seed)
    return [TravellerRecord.model_validate_json(json.dumps(_record(rng, place))) for place in range(n)]


def random_data(n: int, seed: int) -> list[dict[str, Any]]:
    """Make the same records as :func:`random_records`, as JSON data."""
    rng = Random(seed)
    return [_record(rng, place) for place in range(n)]


def _time(moment: datetime) -> str:
    return moment.isoformat()


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _some(rng: Random, facts: dict[str, Any], share: float = 0.8) -> dict[str, Any]:
    """Keep each fact with the given probability."""
    return {name: value for name, value in facts.items() if rng.random() < share}


def _flag(rng: Random, share: float = 0.2) -> bool:
    return rng.random() < share


def _record(rng: Random, place: int) -> dict[str, Any]:
    mode = rng.choice(("air", "air", "sea", "land", "land"))
    crossing = START + timedelta(minutes=rng.randrange(525_600))
    record: dict[str, Any] = {
        "record_id": f"random-{place}",
        "crossing": {
            "mode": mode,
            "point": rng.choice(("NBO", "MBA", "MANDERA", "LIBOI", "LAMU")),
            "direction": rng.choice(("in", "in", "out", "transit")),
            "expected_at": _time(crossing),
        },
    }
    if rng.random() < 0.7:
        record["message_types_present"] = [message for message in ("API", "PNR", "DOC") if rng.random() < 0.7]
    optional = {
        "source_system": "test",
        "purpose_code": "test",
        "traveller": _traveller(rng, crossing),
        "documents": [_document(rng, crossing) for _ in range(rng.choice((0, 1, 1, 1, 2, 3)))],
        "journey": _journey(rng, crossing),
        "stay": _some(
            rng,
            {
                "purpose_code": rng.choice(("tourism", "business", "family", "work", "transit", "medical", "other")),
                "accommodation_type": rng.choice(("hotel", "private", "employer", "none")),
                "address": f"street {rng.randrange(1000)}",
            },
        ),
        "history": _some(
            rng,
            {
                "crossings_12_months": rng.choice((0, 1, 3, 24, 9999)),
                "days_since_last": rng.choice((0, 0.5, 41, 36500)),
                "confirmed_benign_crossings": rng.choice((0, 0, 1, 5, 9999)),
                **{fact.name: rng.choice((0, 0, 1, 5, 60)) for fact in FACTS},
            },
        ),
        "upstream": {"watchlist_hit": _flag(rng), "visa_ok": _flag(rng), "document_ok": _flag(rng)},
    }
    if mode != "land" or rng.random() < 0.1:
        optional |= {
            "booking": _booking(rng, crossing),
            "contact": _some(
                rng,
                {
                    "phone": f"+2547{rng.randrange(10**8):08d}",
                    "email": f"a{rng.randrange(1000)}@example.org",
                    "email_class": rng.choice(("free", "corporate", "disposable")),
                    "address": f"box {rng.randrange(1000)}",
                },
            ),
            "baggage": _some(
                rng,
                {
                    "count": rng.choice((0, 1, 1, 2, 99)),
                    "weight_kg": rng.choice((0, 7.5, 21.5, 2000)),
                    "is_pooled": _flag(rng),
                    "is_head_of_pool": _flag(rng),
                },
            ),
            "seat": {"number": "1A", "apart_from_party": _flag(rng), "checked_in_by_other": _flag(rng)},
        }
    if rng.random() < 0.2:
        record["guardian"] = _some(rng, {"on_booking": _flag(rng), "record_present": _flag(rng)})
    return record | _some(rng, optional, 0.85)


def _traveller(rng: Random, crossing: datetime) -> dict[str, Any]:
    return _some(
        rng,
        {
            "ref": f"R{rng.randrange(10**6)}",
            "surname": rng.choice(("WARSAME", "OTIENO", "ABDI", "SMITH")),
            "given_names": rng.choice(("AMINA", "JOHN", "HASSAN NUR")),
            "date_of_birth": _day(crossing - timedelta(days=rng.randrange(40_000))),
            "age_years": rng.randrange(100),
            "gender": rng.choice(("F", "M", "X", "U")),
            "nationality": rng.choice(COUNTRIES),
            "residence_country": rng.choice(COUNTRIES),
            "passenger_type": rng.choice(("P", "P", "P", "C", "I")),
            "frequent_flyer": _flag(rng),
            "biometric_match_ok": _flag(rng),
        },
    )


def _document(rng: Random, crossing: datetime) -> dict[str, Any]:
    return _some(
        rng,
        {
            "type": rng.choice(("P", "P", "ID", "V", "R", "T", "S", "O")),
            "number": f"A{rng.randrange(10**7):07d}",
            "issue_date": _day(crossing - timedelta(days=rng.randrange(-30, 4000))),
            "expiry_date": _day(crossing + timedelta(days=rng.randrange(-100, 4000))),
            "issuing_country": rng.choice(COUNTRIES),
            "mrz_check_digits_ok": not _flag(rng),
            "mrz_agrees": not _flag(rng),
            "sltd_hit": _flag(rng, 0.01),
            "chip_auth_ok": not _flag(rng),
            "data_verified": not _flag(rng),
        },
    )


def _journey(rng: Random, crossing: datetime) -> dict[str, Any]:
    legs: list[dict[str, Any]] = []
    at = crossing + timedelta(minutes=rng.choice((0, 0, -30, 90)))
    port = rng.choice(PORTS)
    for _ in range(rng.choice((0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 5, 16))):
        arrives = at
        departs = arrives - timedelta(minutes=rng.randrange(-5, 900))
        start = rng.choice(PORTS)
        facts = {
            "carrier": rng.choice(("KQ", "ET", "EK", "TK")),
            "flight_number": f"X{rng.randrange(1000)}",
            "origin": start,
            "destination": port,
            "departs_at": _time(departs),
            "arrives_at": _time(arrives),
        }
        legs.insert(0, _some(rng, facts, 0.95))
        at, port = departs - timedelta(minutes=rng.randrange(30, 3000)), rng.choice((start, start, start, "NBO"))
    journey = _some(rng, {"has_return": _flag(rng, 0.6), "stay_days": rng.choice((0, 0.5, 3, 12, 90, 3650))})
    return journey | {"legs": legs}


def _booking(rng: Random, crossing: datetime) -> dict[str, Any]:
    created = crossing - timedelta(hours=rng.choice((-5, 3, 30, 400, 9000)) + rng.random())
    return _some(
        rng,
        {
            "locator": f"L{rng.randrange(10**5)}",
            "created_at": _time(created),
            "ticketed_at": _time(created + timedelta(hours=rng.choice((-1, 0, 5, 200)))),
            "changes_count": rng.choice((0, 0, 1, 7, 999)),
            "name_changes_count": rng.choice((0, 0, 0, 1, 99)),
            "is_split": _flag(rng),
            "party_size": rng.choice((1, 1, 2, 4, 40, 999)),
            "co_traveller_refs": [f"R{rng.randrange(10**6)}"],
            "payment_method": rng.choice(("CC", "CC", "CA", "CK", "MS", "GR", "DP", "VOC")),
            "payer_is_traveller": not _flag(rng),
            "fare_class": rng.choice(("first", "business", "economy", "economy")),
            "ticket_is_consecutive": _flag(rng),
            "agency_id": f"AG{rng.randrange(50)}",
            "agency_country": rng.choice(COUNTRIES),
        },
    )
