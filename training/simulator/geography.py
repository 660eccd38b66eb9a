"""Ways to each post: places that exist, distances over the globe and hours in the air."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import airportsdata
import numpy as np

from training.simulator.columns import Array, Floats, Ints, Texts, texts
from training.simulator.parameters import WorldParameters

LEGS_AT_MOST = 3
DETOUR_RATIOS = (1.25, 4.5)
"""A detour lengthens the way noticeably, and not beyond belief."""


@cache
def _airports() -> dict[str, tuple[float, float]]:
    return {code: (place["lat"], place["lon"]) for code, place in airportsdata.load("IATA").items()}


def great_circle_km(origin: str, destination: str) -> float:
    """Distance between two airports by IATA code [km].

    >>> round(great_circle_km("MGQ", "NBO"), -1)
    1000.0

    Raises:
        KeyError: for a code that no airport has.
    """
    lat1, lon1, lat2, lon2 = np.radians(_airports()[origin] + _airports()[destination])
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return float(2 * 6371.0 * np.arcsin(np.sqrt(half)))


@dataclass(frozen=True)
class Routes:
    """All ways, the usual ones first and their detours after them; a row is a way into a post."""

    places: Texts
    """Places in order of travel, shape (routes, 4), ``None`` after the last."""
    legs: Ints
    carriers: Texts
    leg_minutes: Ints
    """Shape (routes, 3)."""
    detour_ratio: Floats
    """Way travelled by way direct; 1 for one leg."""
    share: Floats
    """Cumulative share of the usual ways by post and bloc, shape (posts, blocs, usual ways); zero for land posts."""
    detours: Ints
    """Rows of the detours of each usual way, shape (usual ways, hubs), repeated to fill; -1 where none exists."""


def _length_km(path: Sequence[str]) -> float:
    return sum(great_circle_km(a, b) for a, b in pairwise(path))


def _detours(path: tuple[str, ...], hubs: Sequence[str]) -> list[tuple[str, ...]]:
    """Ways over one more hub that are longer by a noticeable factor."""
    direct = great_circle_km(path[0], path[-1])
    longer = [(*path[:-1], hub, path[-1]) for hub in hubs if hub not in path]
    low, high = DETOUR_RATIOS
    return [way for way in longer if low <= _length_km(way) / max(direct, 400.0) <= high]


def _shares(parameters: WorldParameters) -> Floats:
    """Cumulative share of each usual way by post and bloc."""
    posts, blocs, routing = list(parameters.posts), list(parameters.blocs), parameters.routing
    share = np.zeros((len(posts), len(blocs), len(routing.routes)))
    for number, route in enumerate(routing.routes):
        for bloc_number, bloc in enumerate(blocs):
            favour = routing.favour if bloc in route.favours else 1.0
            share[posts.index(route.post), bloc_number, number] = route.share * favour
    total = share.sum(axis=2, keepdims=True)
    return np.asarray(np.cumsum(share, axis=2) / np.where(total > 0, total, 1.0), dtype=np.float64)


def build_routes(parameters: WorldParameters) -> Routes:
    """Lay out the ways of the world with their detours."""
    routing = parameters.routing
    ways: list[tuple[str, ...]] = [(*route.path, route.post) for route in routing.routes]
    by_sea = [parameters.posts[route.post].mode == "sea" for route in routing.routes]
    carriers = [route.carrier for route in routing.routes]
    hours = [route.hours for route in routing.routes]
    detours: list[list[int]] = []
    for number in range(len(routing.routes)):
        longer = [] if by_sea[number] else _detours(ways[number], routing.detour_hubs)
        detours.append(list(range(len(ways), len(ways) + len(longer))) or [-1])
        ways += longer
        carriers += [carriers[number]] * len(longer)
        hours += [None] * len(longer)
    by_sea += [False] * (len(ways) - len(by_sea))

    minutes = np.zeros((len(ways), LEGS_AT_MOST), dtype=np.int64)
    ratio = np.ones(len(ways))
    for number, way in enumerate(ways):
        if by_sea[number]:
            minutes[number, 0] = round((hours[number] or 12.0) * 60)
            continue
        for leg, (a, b) in enumerate(pairwise(way)):
            minutes[number, leg] = round(great_circle_km(a, b) / routing.cruise_kmh * 60 + routing.ground_minutes)
        ratio[number] = _length_km(way) / max(great_circle_km(way[0], way[-1]), 1.0)

    places: Array = np.full((len(ways), LEGS_AT_MOST + 1), None, dtype=object)
    for number, way in enumerate(ways):
        places[number, : len(way)] = way
    widest = max(map(len, detours))
    filled = [(rows * widest)[:widest] for rows in detours]
    return Routes(
        places=places.astype(object),
        legs=np.array([len(way) - 1 for way in ways], dtype=np.int64),
        carriers=texts(carriers),
        leg_minutes=minutes,
        detour_ratio=ratio,
        share=_shares(parameters),
        detours=np.array(filled, dtype=np.int64),
    )
