"""Bands hold their share of the reference population, and never more."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bands import Band, BandPolicy
from models.errors import ModelFormError

SHARES = {"high": 0.02, "elevated": 0.08}


def test_shares_are_met_exactly_without_ties():
    """Of 10,000 different scores, 200 are high and 800 elevated."""
    scores = np.random.default_rng(1).permutation(10_000).astype(float)
    policy = BandPolicy.from_reference(scores, SHARES, version="1")
    named = [policy.band(score) for score in scores]
    assert [named.count(name) for name in ("high", "elevated", "standard")] == [200, 800, 9000]


@given(
    scores=st.lists(st.sampled_from([-3.0, -2.5, -1.0, 0.0, 0.5]) | st.floats(-5, 5), min_size=1, max_size=200),
    high=st.floats(0.001, 0.5),
    elevated=st.floats(0.001, 0.49),
)
def test_ties_never_exceed_a_share(scores, high, elevated):
    """Whatever the ties, no band and no sum of bands holds more than was promised; and as much as ties allow."""
    policy = BandPolicy.from_reference(np.array(scores), {"high": high, "elevated": elevated}, version="1")
    named = [policy.band(score) for score in scores]
    for share, names in ((high, {"high"}), (high + elevated, {"high", "elevated"})):
        inside = sorted(score for score, name in zip(scores, named, strict=True) if name in names)
        outside = sorted(score for score, name in zip(scores, named, strict=True) if name not in names)
        assert len(inside) <= share * len(scores) + 1e-6
        assert not inside or not outside or outside[-1] < inside[0]
        if outside:  # the next group of equal scores would not have fitted
            assert len(inside) + outside.count(outside[-1]) > share * len(scores) - 1e-6


def test_a_population_of_equal_scores_has_no_high_band():
    """Where nobody stands out, nobody is put first."""
    policy = BandPolicy.from_reference(np.zeros(100), SHARES, version="1")
    assert policy.band(0.0) == "standard"
    assert policy.band(0.1) == "high"


def test_a_threshold_belongs_to_the_upper_band_and_not_a_number_to_the_lowest():
    """The edge is included; a score that is no number is never high."""
    policy = BandPolicy((Band("high", 0.1, 1.0), Band("standard", 0.9, None)), "1")
    assert [policy.band(score) for score in (1.0, math.nextafter(1.0, 0), math.inf, math.nan)] == [
        "high",
        "standard",
        "high",
        "standard",
    ]


def test_json_round_trip():
    """The policy comes back equal, whole thresholds included."""
    policy = BandPolicy((Band("high", 0.1, 1.0), Band("mid", 0.2, 0.25), Band("standard", 0.7, None)), "2026-11")
    assert BandPolicy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


@pytest.mark.parametrize(
    ("bands", "rule"),
    [
        ((Band("all", 1.0, None),), "at least two"),
        ((Band("a", 0.5, 1.0), Band("a", 0.5, None)), "different names"),
        ((Band("a", 0.5, None), Band("b", 0.5, None)), "finite threshold"),
        ((Band("a", 0.5, 1.0), Band("b", 0.5, 0.0)), "the last has none"),
        ((Band("a", 0.5, math.inf), Band("b", 0.5, None)), "finite threshold"),
        ((Band("a", 0.5, math.nan), Band("b", 0.5, None)), "finite threshold"),
        ((Band("a", 0.3, 0.0), Band("b", 0.3, 1.0), Band("c", 0.4, None)), "do not rise"),
        ((Band("a", 0.5, 0.0), Band("b", 0.6, None)), "add up to 1"),
        ((Band("a", -0.5, 0.0), Band("b", 1.5, None)), "from 0 to 1"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused(bands, rule):
    """Bands cover every score once, in order."""
    with pytest.raises(ModelFormError, match=rule):
        BandPolicy(bands, "1")


@pytest.mark.parametrize(
    "data", [None, [], {}, {"version": "1", "bands": [1]}, {"version": "1", "bands": [{"name": "a"}]}]
)
def test_data_that_is_no_policy_is_refused(data):
    """Reading never crashes."""
    with pytest.raises(ModelFormError):
        BandPolicy.from_json(data)


@pytest.mark.parametrize("change", [{"version": 1}, {"more": 1}, {"version": ""}])
def test_a_policy_with_odd_fields_is_refused(change):
    """The form has no optional part."""
    good = BandPolicy((Band("high", 0.1, 1.0), Band("standard", 0.9, None)), "1").to_json()
    with pytest.raises(ModelFormError):
        BandPolicy.from_json(good | change)


@pytest.mark.parametrize("scores", [[], [0.0, math.nan], [math.inf]])
def test_bands_need_a_population(scores):
    """No thresholds come from nothing, or from scores that are no numbers."""
    with pytest.raises(ModelFormError, match="reference population"):
        BandPolicy.from_reference(np.array(scores), SHARES, version="1")


def test_shares_that_leave_no_rest_are_refused():
    """Bands cannot promise more than everybody."""
    with pytest.raises(ModelFormError, match="from 0 to 1"):
        BandPolicy.from_reference(np.arange(10.0), {"a": 0.7, "b": 0.7}, version="1")
