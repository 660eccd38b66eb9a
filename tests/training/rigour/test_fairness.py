"""The claims on fairness, at two seeds: what is right stays right, and the control fails."""

import pytest

from training.rigour import fairness


@pytest.fixture(scope="module")
def measured():
    """One small seed."""
    return fairness.measure(2)


@pytest.mark.parametrize("name", ["ratio 1", "ratio 2.9", "proxy", "no proxy", "biased officers", "fair officers"])
def test_the_verdict_is_right_where_the_truth_is_known(measured, name):
    """A fair world passes, a burdened group and a planted proxy fail, and so does what officers' leanings teach."""
    assert measured[name] >= 0.9


def test_few_travellers_clear_nobody(measured):
    """With a twentieth of the travellers the same world is inconclusive."""
    assert not measured["few"]
