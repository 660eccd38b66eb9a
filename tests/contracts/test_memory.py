"""One definition, two engines: what the replay of training says of a crossing, the store of the service says, too."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from features.memory.events import Row
from features.memory.facts import ROWS_PER_KEY
from features.memory.table import MemoryTable
from riskapi.storage import memory
from tests.contracts.memory_streams import OWN, Store, compare, embedded, facts_of, random_stream


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 80))
def test_both_engines_say_the_same_of_every_crossing(seed, length):
    """Random histories, with repeated pushes, ties in time, and steps beyond every window."""
    with embedded() as connection:
        compare(connection, random_stream(Random(seed), length))


def test_each_kind_of_store_says_the_same_over_a_long_stream(services):
    """So many crossings over so few keys that rows are evicted; no fact stays at one value."""
    with services.engine.begin() as connection:
        said = compare(connection, random_stream(Random(1), 3_000))
    for fact in OWN.facts:
        assert len({facts[fact.name] for facts in said}) > 2, fact.name


def test_a_key_keeps_a_bounded_number_of_rows(services):
    """However often it comes, and a fact then says at least so many."""
    with services.engine.begin() as connection:
        for number in range(5 * ROWS_PER_KEY):
            memory.write(connection, [(7, Row(1_000 + number, number, number, 0))], 1_000 + number)
        held = connection.exec_driver_sql("SELECT count(*) FROM memory").scalar_one()
        assert held <= 2 * ROWS_PER_KEY
        assert len(memory.read(connection, [7], 10_000)[7]) == ROWS_PER_KEY


def test_what_is_only_known_later_is_not_seen_before():
    """A stream cut off at any place gives the same facts up to there: nothing comes from the future."""
    stream = list(random_stream(Random(3), 200))
    whole = facts_of(MemoryTable(), stream)
    for cut in (10, 77, 150):
        part = facts_of(MemoryTable(), stream[:cut])
        assert part == whole[: len(part)]


def test_the_two_engines_would_be_told_apart(services):
    """The comparison sees a difference: a store that has forgotten one row says something else."""
    stream = list(random_stream(Random(5), 200))
    with services.engine.begin() as connection:
        store = Store(connection)
        first = facts_of(store, stream[:100])
        connection.exec_driver_sql("DELETE FROM memory WHERE flags = 0")
        second = facts_of(store, stream[100:])
    assert [*first, *second] != facts_of(MemoryTable(), stream)
