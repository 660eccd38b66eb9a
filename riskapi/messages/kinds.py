"""Every kind of message in one table, and the one function that reads any of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from riskapi.errors import InvalidBodyError, MalformedBodyError
from riskapi.messages.base import Message, unreadable
from riskapi.messages.body import Body
from riskapi.messages.border import seen_from
from riskapi.messages.edifact.text import decoded
from riskapi.messages.edifact_reader import read_edifact
from riskapi.messages.gtas import PROFILES, SUMMARIES, read_profiles, read_summaries
from riskapi.messages.voyage_manifest import KIND as VOYAGE_MANIFEST
from riskapi.messages.voyage_manifest import manifest_from
from riskapi.messages.zones import KIND as ZONES
from riskapi.messages.zones import looks_like_zones, read_zone_lines, read_zones_json

EDIFACT, ZONES_JSON = "edifact", "zones-json"
_ONE_WAY = frozenset({EDIFACT, VOYAGE_MANIFEST})
"""Kinds that say from where to where, and not which side they are sent to."""
_EDIFACT_SIGNS = re.compile(rb"UN[ABGH]\s?[^\w \t\r\n]")

Crossing = dict[str, Any]
"""Mode, point, direction and time, as records have them, for what says nothing of them."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message.

    Attributes:
        says: what it is, for people.
        is_json: whether it comes as JSON.
        matches: whether a body is of this kind, by what it holds.
        read: makes records of it.
    """

    says: str
    is_json: bool
    matches: Callable[[Body], bool]
    read: Callable[[Body, Crossing | None], Message]


def _has(*names: str) -> Callable[[Body], bool]:
    return lambda body: body.begins_as_json and isinstance(body.json, dict) and bool(body.json.keys() & set(names))


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        VOYAGE_MANIFEST: Kind(
            "voyage manifest in JSON", True, _has("PassengerList"), lambda body, _: manifest_from(body.json)
        ),
        SUMMARIES: Kind(
            "message summaries of GTAS in JSON",
            True,
            _has("messageSummaryList", "passengerSummaries"),
            lambda body, _: read_summaries(body.json),
        ),
        PROFILES: Kind(
            "what GTAS asks of a scorer, in JSON", True, _has("profiles"), lambda body, _: read_profiles(body.json)
        ),
        ZONES_JSON: Kind(
            "machine-readable zones with their crossing, in JSON",
            True,
            _has("zones"),
            lambda body, _: read_zones_json(body.json),
        ),
        ZONES: Kind(
            "machine-readable zones, line by line",
            False,
            lambda body: looks_like_zones(body.raw),
            lambda body, crossing: read_zone_lines(decoded(body.raw), crossing),
        ),
        EDIFACT: Kind(
            "passenger lists (PAXLST) and pushed bookings (PNRGOV) in EDIFACT",
            False,
            lambda body: _EDIFACT_SIGNS.search(body.raw.replace(b"\x00", b"")) is not None,
            lambda body, _: read_edifact(body.raw),
        ),
    }
)
"""Name -> kind, in the order in which a body is tried."""


def read_message(
    raw: bytes, kind: str | None = None, crossing: Crossing | None = None, country: str | None = None
) -> Message:
    """Read a message of any kind.

    Args:
        raw: as it arrived.
        kind: one of :data:`KINDS`; where it is not given, what the message holds decides.
        crossing: for machine-readable zones alone, which say nothing of where and when.
        country: that receives it (:func:`riskapi.messages.border.seen_from`), for those that do not say which way.

    Raises:
        MalformedBodyError: it begins as JSON and is none.
        InvalidBodyError: it is of no kind that is read here, or nobody of it can be scored; says what to do.
    """
    body = Body(raw)
    if kind is not None:
        return _read(kind, body, crossing, country)
    if body.begins_as_json and _is_broken(body):  # a telex header may begin like JSON
        return _read(EDIFACT, body, crossing, country)
    for name, found in KINDS.items():
        if found.is_json is body.begins_as_json and found.matches(body):
            return _read(name, body, crossing, country)
    raise _unknown()


def _read(kind: str, body: Body, crossing: Crossing | None, country: str | None) -> Message:
    message = KINDS[kind].read(body, crossing)
    return seen_from(message, country) if kind in _ONE_WAY else message


def _is_broken(body: Body) -> bool:
    """Whether a body is no JSON for all that it begins as such, and EDIFACT."""
    try:
        _ = body.json
    except MalformedBodyError:
        if KINDS[EDIFACT].matches(body):
            return True
        raise
    return False


def _unknown() -> InvalidBodyError:
    known = "; ".join(kind.says for kind in KINDS.values())
    return unreadable("message", f"one of these: {known}", "Send one of them, whole.")
