"""What a look into the memory costs, and how that grows with the crossings that are remembered.

``python benchmarks/memory.py 10000 1000000`` fills an embedded store with so many crossings each, and times what the
service does for one record: read its keys, fold their rows into facts, and write what it leaves.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from features.memory.events import DAY, LINKS, checks_key, keys_read
from features.memory.facts import HORIZON_DAYS, look, remembered_of
from features.memory.keys import Crossing
from features.memory.trace import Trace
from features.risk import Audience
from riskapi.storage import memory
from riskapi.storage.engine import open_database, upgrade

NOW = 1_800_000_000
LOOKS = 3_000
BATCH = 16
PER_KEY = {"document": 2, "phone": 3, "email": 3, "address": 4, "stay_address": 5, "traveller": 2}
"""Crossings that share a key of each kind, on average."""
CHECKS_PER_AGENCY, CHECKED = 150, 0.09
"""So that as many rows are read at every size: what is measured is how finding them grows."""
_LARGEST = 1 << 62

Ints = npt.NDArray[np.int64]


def numbers(kind: str, count: int) -> Ints:
    """Keys of one kind: they look random and are the same each time."""
    seed = sum(kind.encode())
    return np.random.default_rng(seed).integers(0, _LARGEST, max(count, 1))


def _agencies(crossings: int) -> int:
    return max(round(crossings * CHECKED / CHECKS_PER_AGENCY), 1)


def fill(engine: sa.Engine, crossings: int) -> int:
    """Write what so many crossings leave, in the order of the index; gives the number of rows."""
    rng = np.random.default_rng(crossings)
    at = NOW - rng.integers(1, HORIZON_DAYS * DAY, crossings)
    link, who = rng.integers(0, _LARGEST, (2, crossings))
    parts = []
    for kind in LINKS:
        keys = numbers(kind, crossings // PER_KEY[kind])
        parts.append(np.column_stack([keys[rng.integers(0, len(keys), crossings)], at, link, who]))
    some = np.flatnonzero(rng.random(crossings) < CHECKED)
    agencies = np.array(
        [checks_key(key, Audience.ENFORCEMENT) for key in numbers("agency", _agencies(crossings)).tolist()]
    )
    parts.append(
        np.column_stack([agencies[rng.integers(0, len(agencies), len(some))], at[some], link[some], who[some]])
    )
    rows = np.concatenate(parts)
    rows = rows[np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0]))]
    with engine.begin() as connection:
        raw = connection.connection.driver_connection
        for start in range(0, len(rows), 100_000):
            part = rows[start : start + 100_000].tolist()
            raw.executemany("INSERT OR IGNORE INTO memory (key, at, link, who, flags) VALUES (?, ?, ?, ?, 0)", part)
    return len(rows)


def crossings_to_score(crossings: int) -> list[Crossing]:
    """Crossings whose keys are known to the store."""
    rng = np.random.default_rng(7)
    made = []
    pools = {kind: numbers(kind, crossings // PER_KEY[kind]) for kind in LINKS}
    agencies = numbers("agency", _agencies(crossings))
    for place in range(LOOKS):
        keys = {kind: int(pool[rng.integers(0, len(pool))]) for kind, pool in pools.items()}
        keys["agency"] = int(agencies[rng.integers(0, len(agencies))])
        booking, who = int(rng.integers(0, _LARGEST)), int(rng.integers(0, _LARGEST))
        made.append(Crossing(NOW + place // BATCH, who, keys["traveller"], booking, True, keys, False, False))
    return made


def measure(crossings: int) -> dict[str, float]:
    """Microseconds of the processor for one record, of the middle turn and of the slowest hundredth."""
    with TemporaryDirectory() as place:
        engine = open_database(f"sqlite:///{Path(place) / 'store.db'}", "RISKAPI_DATABASE_URL", 5.0)
        upgrade(engine)
        rows = fill(engine, crossings)
        wanted = crossings_to_score(crossings)
        reads, writes = [], []
        for start in range(0, LOOKS - BATCH, BATCH):
            turn = wanted[start : start + BATCH]
            began = time.thread_time()
            with engine.connect() as connection:
                asked = [keys_read(one) for one in turn]
                found = memory.read(connection, {key for keys in asked for key in keys.values()}, turn[0].at)
            traces = []
            for one, keys in zip(turn, asked, strict=True):
                facts = look(one, keys, found)
                traces.append((f"{one.booking}", Trace.of(one, remembered_of(one, keys, found, facts))))
            read = time.thread_time()
            with engine.begin() as connection:
                memory.keep(connection, traces)
            reads.append((read - began) / BATCH * 1e6)
            writes.append((time.thread_time() - read) / BATCH * 1e6)
        engine.dispose()
    middle, slow = np.percentile(reads, [50, 99])
    return {"rows": rows, "read": middle, "read_p99": slow, "write": float(np.median(writes))}


def main(sizes: list[int]) -> None:
    """Measure each size, and tell how much dearer it is than the first."""
    first: dict[str, float] | None = None
    for crossings in sizes:
        found = measure(crossings)
        first = first or found
        sys.stdout.write(
            f"{crossings:>12,} crossings, {found['rows']:>12,} rows: read and fold {found['read']:6.0f} µs a record "
            f"(99 %: {found['read_p99']:.0f}), write with its commit {found['write']:6.0f} µs; read "
            f"{found['read'] / first['read']:.2f} times the first\n"
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]])
