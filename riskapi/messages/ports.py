"""Airports with their country and their clock: carriers write times as the clocks of a port show them.

The table is that of the airportsdata package (``airports.json`` names its release); a test compares them.
"""

import json
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from riskapi.messages.countries import ALPHA3


class Port(NamedTuple):
    """Where a port is: ISO 3166-1 alpha-3, and the name of its time zone."""

    country: str | None
    zone: str


@cache
def ports() -> dict[str, Port]:
    """IATA code -> port.

    >>> ports()["NBO"]
    Port(country='KEN', zone='Africa/Nairobi')
    """
    table = json.loads(files("riskapi.messages").joinpath("airports.json").read_bytes())["airports"]
    found = {}
    for place, codes in table.items():
        country, zone = place.split(" ")
        port = Port(ALPHA3.get(country), zone)
        found.update(dict.fromkeys(codes.split(" "), port))
    return found


def country_of(port: str | None) -> str | None:
    """The country of an airport, or of a port whose UN/LOCODE says it; ``None`` where it is not known.

    >>> country_of("MGQ"), country_of("KEMBA"), country_of("???")
    ('SOM', 'KEN', None)
    """
    if port is None:
        return None
    known = ports().get(port)
    if known is not None:
        return known.country
    return ALPHA3.get(port[:2]) if len(port) == _LOCODE else None


_LOCODE = 5


@cache
def _clock(zone: str) -> tzinfo:
    try:
        return ZoneInfo(zone)
    except ZoneInfoNotFoundError:  # a machine without the zones of the world
        return UTC


def in_utc(local: datetime, port: str | None) -> datetime:
    """Read a time without a zone by the clock of a port; by UTC where the port is not in the table.

    >>> in_utc(datetime(2026, 3, 14, 9, 40), "NBO").isoformat()
    '2026-03-14T06:40:00+00:00'
    """
    known = ports().get(port or "")
    try:
        return local.replace(tzinfo=UTC if known is None else _clock(known.zone)).astimezone(UTC)
    except OverflowError:
        return local.replace(tzinfo=UTC)
