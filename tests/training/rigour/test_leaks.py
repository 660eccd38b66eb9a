"""The claims on leaks, on one small border: every plant is caught, nothing else is, and history stands the test."""

import pytest

from training.rigour import leaks


@pytest.fixture(scope="module")
def measured():
    """One border."""
    return leaks.measure(20_261_124)


def test_every_planted_leak_is_caught_and_no_other_reported(measured):
    """Outcome, filled-in column, future, officer, both sides, copies; and silence where nothing was planted."""
    assert {name: measured[name] for name in leaks.PLANTS} == dict.fromkeys(leaks.PLANTS, 1.0)
    assert measured["clean"]


def test_shuffled_outcomes_teach_nothing(measured):
    """The whole way from case table to score, on outcomes dealt anew: chance, by three standard errors."""
    assert measured["shuffled right"]


def test_history_is_what_was_known_at_its_time(measured):
    """Each recomputed history is the same; with the future counted, most are not."""
    assert measured["same history"] == 1.0
    assert measured["future history"] < 0.9
