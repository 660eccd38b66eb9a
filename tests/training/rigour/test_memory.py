"""The claim on memory, on one small border: it gains, dealt facts do not, and what comes from the future is told."""

import pytest

from training.rigour import memory


@pytest.fixture(scope="module")
def measured():
    """One border."""
    return memory.measure(3, 16_000)


def test_memory_finds_more_and_dealt_facts_do_not(measured):
    """At the capacities together, on few hits."""
    gains = [measured[f"{memory.SMUGGLING} {share}"] for share in memory.CAPACITIES]
    assert min(gains) > measured["dealt gain"]
    assert max(gains) > 1.3


def test_a_memory_from_the_future_is_told_from_an_honest_one(measured):
    """Left alone with the first half of the cases, the honest one says the same of them, the other does not."""
    assert (measured["honest"], measured["from the future"]) == (1.0, 0.0)
