"""Random streams of crossings and findings, given to both engines of the memory: they have to say the same of each.

``python -m tests.contracts.memory_streams 10000`` runs that many streams through the table and an embedded store.
"""

import sys
from contextlib import contextmanager
from random import Random

import sqlalchemy as sa

from features.memory.events import DAY, Finding, Row, keys_read, rows_of_finding
from features.memory.facts import look, remembered_of
from features.memory.keys import Crossing
from features.memory.own import OwnKeys
from features.memory.table import MemoryTable
from features.risk import Audience
from riskapi.storage import memory, schema

OWN = OwnKeys([("plate", 60)])
"""A key that an agency declares, beside those of the record."""
KINDS = ("document", "phone", "email", "address", "stay_address", "agency", "extra.plate")
STEPS = (0, 0, 1, 3_600, DAY, 5 * DAY, 40 * DAY)
"""Seconds between what happens; most streams pass the longest window."""


class Store:
    """The engine of the service, behind the form of the table."""

    def __init__(self, connection):
        self._connection = connection

    def read(self, keys, at):
        """Read from the database."""
        return memory.read(self._connection, keys, at)

    def write(self, remembered, at):
        """Write to the database."""
        memory.write(self._connection, remembered, at)


def random_stream(rng: Random, length: int):
    """Crossings, and findings about earlier ones with the moment at which each is known."""
    people = [rng.getrandbits(62) for _ in range(6)]
    values = {kind: [rng.getrandbits(62) for _ in range(3)] for kind in KINDS}
    bookings = [rng.getrandbits(62) for _ in range(min(max(4, length // 3), 40))]
    at, crossings = 1_700_000_000, []
    for _ in range(length):
        at += rng.choice(STEPS)
        if crossings and rng.random() < 0.3:
            yield at, rng.choice(crossings), Finding(at, rng.choice((None, None, *Audience)))
            continue
        who = rng.choice(people)
        keys = {kind: rng.choice(values[kind]) for kind in KINDS if rng.random() < 0.8}
        traveller = rng.choice((who, who + 1))
        crossing = Crossing(
            at=at,
            who=who,
            traveller=traveller,
            booking=rng.choice(bookings),
            has_party=rng.random() < 0.8,
            keys=keys | {"traveller": traveller},
            minor=who in people[:2],
            short_stay=rng.random() < 0.3,
        )
        crossings.append(crossing)
        yield at, crossing, None


def facts_of(engine, stream):
    """What an engine says of each crossing of a stream."""
    said = []
    for at, crossing, finding in stream:
        if finding is not None:
            engine.write(rows_of_finding(crossing, finding), at)
            continue
        keys = keys_read(crossing)
        rows = engine.read(keys.values(), at)
        facts = look(crossing, keys, rows, OWN.facts)
        engine.write(remembered_of(crossing, keys, rows, facts), at)
        said.append(facts)
    return said


def compare(connection, stream):
    """Give a stream to both engines; the store begins and ends empty."""
    happened = list(stream)
    by_table = facts_of(MemoryTable(), happened)
    by_store = facts_of(Store(connection), happened)
    connection.execute(sa.delete(schema.memory))
    assert by_table == by_store
    return by_table


@contextmanager
def embedded():
    """An embedded store that holds the memory alone."""
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        schema.METADATA.create_all(connection, tables=[schema.memory])
        yield connection


def main(streams: int) -> None:
    """Compare both engines on many streams, each of its own length and seed."""
    told, crossings = set(), 0
    with embedded() as connection:
        for seed in range(streams):
            rng = Random(seed)
            for facts in compare(connection, random_stream(rng, rng.choice((5, 20, 60)))):
                crossings += 1
                told.update((name, value) for name, value in facts.items() if value)
    sys.stdout.write(f"{streams:,} streams, {crossings:,} crossings, {len(told):,} different values: all the same.\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))


__all__ = ["OWN", "Row", "Store", "compare", "embedded", "facts_of", "random_stream"]
