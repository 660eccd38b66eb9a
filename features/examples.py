"""Records to show and to try things with: the API page, the doctests and the tests start from them."""

import copy
import json
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from features.record import TravellerRecord
from features.reference import ReferenceData
from features.walk import block_types

EXAMPLE_AIRPORTS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "ADD": (8.9779, 38.7993),
        "DXB": (25.2528, 55.3644),
        "EBB": (0.0424, 32.4435),
        "IST": (41.2753, 28.7519),
        "JNB": (-26.1392, 28.246),
        "LHR": (51.4706, -0.4619),
        "MGQ": (2.0144, 45.3047),
        "NBO": (-1.3192, 36.9278),
    }
)
"""A few airports with latitude and longitude in degrees; a bundle carries the full table."""

EXAMPLE_REFERENCE = ReferenceData(airports=EXAMPLE_AIRPORTS)


def leg(origin: str, destination: str, departs_at: str, arrives_at: str, carrier: str = "KQ") -> dict[str, str]:
    """Write one leg of a journey.

    >>> leg("MGQ", "NBO", "2026-03-14T07:50Z", "2026-03-14T09:40Z")["destination"]
    'NBO'
    """
    return {
        "carrier": carrier,
        "flight_number": f"{carrier}416",
        "origin": origin,
        "destination": destination,
        "departs_at": departs_at,
        "arrives_at": arrives_at,
    }


EXAMPLE_RECORD: dict[str, Any] = {
    "record_id": "KQ416-20260314-0042",
    "source_system": "nbo-api-gateway",
    "schema_version": "1.0",
    "purpose_code": "border_control",
    "received_at": "2026-03-14T08:00:00Z",
    "crossing": {"mode": "air", "point": "NBO", "direction": "in", "expected_at": "2026-03-14T09:40:00Z"},
    "message_types_present": ["API", "PNR", "DOC"],
    "traveller": {
        "ref": "ABO123",
        "surname": "WARSAME",
        "given_names": "AMINA YUSUF",
        "date_of_birth": "1991-05-02",
        "gender": "F",
        "nationality": "KEN",
        "residence_country": "KEN",
        "passenger_type": "P",
        "frequent_flyer": False,
    },
    "documents": [
        {
            "type": "P",
            "number": "A1234567",
            "issue_date": "2021-02-01",
            "expiry_date": "2031-01-31",
            "issuing_country": "KEN",
            "mrz_check_digits_ok": True,
            "mrz_agrees": True,
            "data_verified": True,
        }
    ],
    "journey": {
        "legs": [leg("MGQ", "NBO", "2026-03-14T07:50:00Z", "2026-03-14T09:40:00Z")],
        "has_return": True,
        "stay_days": 12,
    },
    "booking": {
        "locator": "K7X2QP",
        "created_at": "2026-02-01T11:00:00Z",
        "ticketed_at": "2026-02-01T11:20:00Z",
        "changes_count": 0,
        "name_changes_count": 0,
        "is_split": False,
        "party_size": 2,
        "co_traveller_refs": ["ABO124"],
        "payment_method": "CC",
        "payer_is_traveller": True,
        "fare_class": "economy",
        "ticket_is_consecutive": False,
        "agency_id": "41200011",
        "agency_country": "KEN",
    },
    "contact": {
        "phone": "+254700000000",
        "email": "a.warsame@example.org",
        "email_class": "free",
        "address": "PO Box 1, Nairobi",
    },
    "baggage": {"count": 1, "weight_kg": 21.5, "is_pooled": False, "is_head_of_pool": False},
    "seat": {"number": "23A", "apart_from_party": False, "checked_in_by_other": False},
    "stay": {"purpose_code": "family", "accommodation_type": "private", "address": "Eastleigh, Nairobi"},
    "history": {"crossings_12_months": 3, "days_since_last": 41, "confirmed_benign_crossings": 2},
}
"""An adult who arrives by air with every message."""

EXAMPLE_LAND_RECORD: dict[str, Any] = {
    "record_id": "MANDERA-20260314-0007",
    "source_system": "midas-mandera",
    "purpose_code": "border_control",
    "crossing": {"mode": "land", "point": "MANDERA", "direction": "in", "expected_at": "2026-03-14T06:15:00Z"},
    "message_types_present": ["DOC"],
    "traveller": {"surname": "ABDI", "given_names": "HASSAN NUR", "age_years": 44, "nationality": "SOM"},
    "documents": [{"type": "ID", "number": "21234567", "expiry_date": "2028-06-30", "issuing_country": "SOM"}],
    "journey": {"stay_days": 3},
    "stay": {"purpose_code": "trade", "accommodation_type": "private"},
    "history": {"crossings_12_months": 20, "days_since_last": 9, "confirmed_benign_crossings": 6},
}
"""A trader at a land post, where neither booking nor carrier exists."""

EXAMPLE_MINOR_RECORD: dict[str, Any] = {
    **EXAMPLE_RECORD,
    "record_id": "KQ416-20260314-0043",
    "traveller": {
        "ref": "ABO130",
        "surname": "NOOR",
        "given_names": "ZAHRA ALI",
        "date_of_birth": "2012-08-20",
        "gender": "F",
        "nationality": "KEN",
        "residence_country": "KEN",
        "passenger_type": "P",
    },
    "booking": {**EXAMPLE_RECORD["booking"], "party_size": 1, "co_traveller_refs": []},
    "guardian": {"on_booking": False, "record_present": True},
    "history": {"crossings_12_months": 0},
}
"""A minor who travels alone by air."""

_ALIASES = {
    "booked_at": "booking__created_at",
    "departs_at": "journey__legs__0__departs_at",
    "arrives_at": "journey__legs__-1__arrives_at",
    "legs": "journey__legs",
    "document": "documents__0",
    "born": "traveller__date_of_birth",
}
"""Short names of the facts that examples change most."""


def _short_cuts() -> dict[str, str]:
    """Map the name of each fact that only one block has to its path; the aliases win."""
    found: dict[str, str | None] = {}
    for name, block in block_types():
        path = f"{name}__0" if name in {"documents", "journey__legs"} else name  # the main document, the first leg
        for fact in block.model_fields:
            found[fact] = None if fact in found else f"{path}__{fact}"
    own = TravellerRecord.model_fields
    return {name: path for name, path in found.items() if path and name not in own} | _ALIASES


_SHORT_CUTS = _short_cuts()


def _plain(value: Any) -> Any:
    """Turn blocks and dates into what JSON can hold."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    return list(value)  # a tuple of blocks, or another sequence that json does not know


def _assign(data: dict[str, Any], path: str, value: Any) -> None:
    """Set the fact at a path, making the blocks on the way; ``None`` removes it."""
    first, *rest = path.split("__")
    *steps, last = [*_SHORT_CUTS.get(first, first).split("__"), *rest]
    place: Any = data
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if isinstance(place, list):
        place[int(last)] = value
    elif value is None:
        place.pop(last, None)
    else:
        place[last] = value


def traveller(base: Mapping[str, Any] = EXAMPLE_RECORD, **changes: Any) -> TravellerRecord:
    """Make a complete, realistic record with some facts changed.

    Args:
        base: the record to start from, as JSON data.
        changes: facts by name (``payment_method="CA"``), where several blocks share the name by path with double
            underscores (``booking__party_size=3``, ``document__type="ID"``), or whole blocks (``booking={...}``);
            ``None`` takes a fact or a block out.

    Returns:
        A validated record.

    >>> traveller(payment_method="CA").booking.payment_method
    'CA'
    >>> traveller(booking=None).booking is None
    True
    >>> traveller(document__type="ID", departs_at="2026-01-10T10:00Z").documents[0].type
    'ID'
    >>> traveller(EXAMPLE_LAND_RECORD, stay_days=90).journey.stay_days
    90.0
    """
    data = copy.deepcopy(dict(base))
    for name, value in changes.items():
        _assign(data, name, value)
    return TravellerRecord.model_validate_json(json.dumps(data, default=_plain))
