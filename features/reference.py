"""Frozen lookup tables that features need; they travel in the bundle, so that a lookup cannot drift."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

EARTH_RADIUS_KM = 6371.0088
"""Mean radius, IUGG."""
DISTANCES_KEPT = 100_000
"""Pairs of airports whose distance is remembered; routes repeat, so a few thousand serve nearly all."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """What was learned of each value of a category with many values.

    ``table`` maps a value to the numbers of its features; ``unseen`` holds those of a value that was never met.
    """

    columns: tuple[str, ...]
    table: Mapping[str, tuple[float, ...]]
    unseen: tuple[float, ...]


@dataclass(frozen=True)
class ReferenceData:
    """The lookup tables of one bundle.

    Attributes:
        airports: IATA code -> (latitude, longitude) in degrees.
        encodings: name of an encoded column -> what was learned of its values.
    """

    airports: Mapping[str, tuple[float, float]] = field(default_factory=lambda: MappingProxyType({}))
    encodings: Mapping[str, Encoding] = field(default_factory=lambda: MappingProxyType({}))

    _distances: dict[tuple[str | None, str | None], float | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def distance_km(self, origin: str | None, destination: str | None) -> float | None:
        """Great-circle distance between two airports in km (haversine); ``None`` where one is not in the table.

        >>> data = ReferenceData(airports={"NBO": (-1.319, 36.928), "MGQ": (2.0144, 45.3047)})
        >>> round(data.distance_km("NBO", "MGQ"))
        1002
        """
        pair = origin, destination
        if pair in self._distances:
            return self._distances[pair]
        start, end = self.airports.get(origin or ""), self.airports.get(destination or "")
        if start is None or end is None:
            return None  # not kept: what callers send must not fill the memory
        distance = great_circle_km(start, end)
        if len(self._distances) < DISTANCES_KEPT:
            self._distances[pair] = distance
        return distance


def great_circle_km(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Great-circle distance between two places in km (haversine).

    Args:
        start: latitude and longitude in degrees.
        end: latitude and longitude in degrees.

    >>> round(great_circle_km((0.0, 0.0), (0.0, 180.0)))
    20015
    """
    lat1, lon1, lat2, lon2 = map(math.radians, (*start, *end))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


NO_REFERENCE = ReferenceData()
