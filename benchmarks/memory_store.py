"""A store that remembers as many crossings as one likes, and travellers whose telephone and agency it knows."""

import json
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.examples import EXAMPLE_RECORD
from features.memory.events import DAY, LINKS, checks_key
from features.memory.facts import HORIZON_DAYS
from features.memory.keys import Hasher, crossing_of
from features.record import TravellerRecord
from features.risk import Audience

PER_KEY = {"document": 2, "phone": 3, "email": 3, "address": 4, "stay_address": 5, "traveller": 2}
"""Crossings that share a key of each kind, on average."""
CHECKS_PER_AGENCY, CHECKED = 150, 0.09
"""So that as many rows are read at every size: what is measured is how finding them grows."""
_LARGEST = 1 << 62
_AT_ONCE = 200_000

Ints = npt.NDArray[np.int64]


def requests(crossings: int, count: int) -> list[bytes]:
    """Write records whose keys are drawn evenly from those that so many crossings have: the least local there is."""
    drawn = _drawn(crossings, count)
    bodies = []
    for place in range(count):
        at = {kind: values[place] for kind, values in drawn.items()}
        record = EXAMPLE_RECORD | {
            "record_id": f"B{place}",
            "documents": [EXAMPLE_RECORD["documents"][0] | {"number": f"D{at['document']:08d}"}],
            "booking": EXAMPLE_RECORD["booking"] | {"locator": f"L{place:07d}", "agency_id": f"A{at['agency']:06d}"},
            "contact": EXAMPLE_RECORD["contact"]
            | {
                "phone": f"+2547{at['phone']:08d}",
                "email": f"p{at['email']}@example.org",
                "address": f"PO Box {at['address']}",
            },
            "stay": EXAMPLE_RECORD["stay"] | {"address": f"House {at['stay_address']}"},
        }
        bodies.append(json.dumps(record).encode())
    return bodies


def fill(path: Path, crossings: int, bodies: Sequence[bytes], hasher: Hasher) -> int:
    """Write what so many crossings leave, in the order of the index.

    Args:
        path: of an embedded store that nobody has open.
        crossings: how many.
        bodies: records, by :func:`requests` for as many crossings, whose keys the store shall know.
        hasher: keyed hash of the service that will read the store.

    Returns:
        Number of rows.
    """
    rng = np.random.default_rng(crossings)
    pools = _pools(crossings, bodies, hasher)
    at = int(time.time()) - rng.integers(1, HORIZON_DAYS * DAY, crossings)
    link, who = rng.integers(0, _LARGEST, (2, crossings))
    everyone = np.arange(crossings, dtype=np.int32)
    checked = everyone[rng.random(crossings) < CHECKED]
    whose = dict.fromkeys(LINKS, everyone) | {"agency": checked}
    keys = np.concatenate([pool[rng.integers(0, len(pool), len(whose[kind]))] for kind, pool in pools.items()])
    crossing = np.concatenate([whose[kind] for kind in pools])
    order = np.argsort(keys, kind="stable")
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode = OFF")  # what is half written is thrown away
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for start in range(0, len(order), _AT_ONCE):
            some = order[start : start + _AT_ONCE]
            of = crossing[some]
            rows = np.column_stack([keys[some], at[of], link[of], who[of]]).tolist()
            connection.executemany(
                "INSERT OR IGNORE INTO memory (key, at, link, who, flags) VALUES (?, ?, ?, ?, 0)", rows
            )
        connection.execute("COMMIT")
        [written] = connection.execute("SELECT count(*) FROM memory").fetchone()
    connection.close()
    return int(written)


def _sizes(crossings: int) -> dict[str, int]:
    """How many keys of each kind there are."""
    sizes = {kind: crossings // share for kind, share in PER_KEY.items()}
    sizes["agency"] = round(crossings * CHECKED / CHECKS_PER_AGENCY)
    return {kind: max(size, 1) for kind, size in sizes.items()}


def _drawn(crossings: int, count: int) -> dict[str, list[int]]:
    """Places of the keys of so many records among all of their kind."""
    rng = np.random.default_rng(7)
    drawn = {kind: rng.integers(0, size, count).tolist() for kind, size in _sizes(crossings).items()}
    return drawn | {"traveller": drawn["document"]}  # a traveller is known by the document


def _pools(crossings: int, bodies: Sequence[bytes], hasher: Hasher) -> dict[str, Ints]:
    """Keys of each kind: random numbers, as hashes are, with those of the bodies in their places."""
    rng = np.random.default_rng(crossings + 1)
    pools = {kind: rng.integers(0, _LARGEST, size) for kind, size in _sizes(crossings).items()}
    drawn = _drawn(crossings, len(bodies))
    for place, body in enumerate(bodies):
        crossing = crossing_of(TravellerRecord.model_validate_json(body), 0, hasher)
        for kind, key in crossing.keys.items() if crossing else ():
            pools[kind][drawn[kind][place]] = checks_key(key, Audience.ENFORCEMENT) if kind == "agency" else key
    return pools
