"""Where a score and a value stand in the reference population."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.spec import Kind
from models.baselines import MAX_LEVELS, Baselines, FeatureBaseline
from models.errors import ModelFormError
from tests.models.model_makers import SPECS, baggage_kg, has_return, lead_hours, payment, random_columns, small_model


def measured(rows: int = 5000) -> Baselines:
    """Baselines of random columns."""
    columns = random_columns(rows, seed=6)
    return Baselines.from_reference(small_model().log_odds(columns), columns, SPECS)


def test_percentile_is_the_share_that_scores_lower_or_equal():
    """Against the plain definition, within the step of the quantiles."""
    scores = np.random.default_rng(3).normal(-4, 1, 20_000)
    baselines = Baselines.from_reference(scores, {}, ())
    for score in np.linspace(-8, 0, 200):
        assert baselines.percentile(score) == pytest.approx(100 * np.mean(scores <= score), abs=0.11)


def test_percentile_of_ties_is_the_upper_end():
    """All of a group of equal scores stand at its upper end."""
    scores = np.array([0.0] * 5000 + [1.0] * 5000)
    assert Baselines.from_reference(scores, {}, ()).percentile(0.0) == pytest.approx(50, abs=0.2)


@given(low=st.floats(-30, 30), high=st.floats(-30, 30))
def test_percentile_never_falls_as_the_score_rises(low, high):
    """More risk never stands lower, and ends are 0 and 100."""
    baselines = Baselines(tuple(float(place // 7) for place in range(1001)), {})
    low, high = sorted((low, high))
    assert 0 <= baselines.percentile(low) <= baselines.percentile(high) <= 100


def test_percentile_beyond_the_ends():
    """Nobody scores lower than the lowest, nobody higher than the highest."""
    baselines = Baselines(tuple(place / 1000 for place in range(1001)), {})
    assert [baselines.percentile(score) for score in (-math.inf, -1.0, 1.0, math.inf)] == [0.0, 0.0, 100.0, 100.0]


def test_shares_of_values_are_counted():
    """Missing values, levels and bins are shares of what was there."""
    columns = {
        "lead_hours": np.array([1.0, 2.0, 3.0, np.nan, 5.0, np.inf, 7.0, 8.0, 9.0, 10.0]),
        "baggage_kg": np.full(10, np.nan),
        "has_return": np.array([1.0, 0.0, 1.0, np.nan, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
        "payment": np.array([None, "CA", "CC", "CC", "CC", "x", "CC", "CC", "CC", "CC"], dtype=object),
    }
    found = Baselines.from_reference(np.arange(10.0), columns, SPECS).features
    assert found["lead_hours"].missing == pytest.approx(0.2)
    assert (found["lead_hours"].median, sum(found["lead_hours"].shares)) == (6.0, pytest.approx(1.0))
    assert found["has_return"].shares == pytest.approx((1 / 9, 8 / 9))
    assert found["payment"].levels == ("CC", "CA", "x")
    assert found["payment"].shares == pytest.approx((7 / 9, 1 / 9, 1 / 9, 0.0))
    assert found["baggage_kg"].missing == 1.0
    assert found["baggage_kg"].usual(baggage_kg) is None


def test_rare_levels_are_counted_together():
    """Only the most common levels are kept by name."""
    words = np.array([f"w{at % 50:02d}" for at in range(500)] + ["w00"] * 10, dtype=object)
    found = Baselines.from_reference(np.arange(510.0), {"payment": words}, [payment]).features["payment"]
    assert len(found.levels) == MAX_LEVELS
    assert found.levels[0] == "w00"
    assert found.shares[-1] == pytest.approx(300 / 510)


def test_shares_of_each_bin_follow_the_histogram_edges():
    """Counting a column by the stored edges gives the stored shares, so that drift can be measured later."""
    columns = random_columns(3000, seed=1)
    found = Baselines.from_reference(np.arange(3000.0), columns, SPECS).features["lead_hours"]
    numbers = columns["lead_hours"][np.isfinite(columns["lead_hours"])]
    counted = np.bincount(np.searchsorted(found.edges, numbers, side="right"), minlength=len(found.shares))
    assert found.shares == pytest.approx(counted / len(numbers))


def test_json_round_trip_is_exact():
    """Every number comes back as it was."""
    baselines = measured()
    assert Baselines.from_json(json.loads(json.dumps(baselines.to_json()))) == baselines


@pytest.mark.parametrize(
    ("baseline", "spec", "text"),
    [
        (FeatureBaseline(Kind.FLAG, 0.0, edges=(0.5,), shares=(0.996, 0.004)), has_return, "no for over 99 %"),
        (FeatureBaseline(Kind.FLAG, 1.0, edges=(0.5,), shares=(0.0, 0.0)), has_return, None),
        (FeatureBaseline(Kind.CATEGORY, 1.0, shares=(0.0,)), payment, None),
        (FeatureBaseline(Kind.CATEGORY, 0.0, levels=("MS",), shares=(0.6, 0.4)), payment, "MS for 60 %"),
        (
            FeatureBaseline(Kind.NUMBER, 0.0, 36.0, 4.0, 1200.0, shares=(1.0,)),
            lead_hours,
            "mostly 4 to 1,200 hours, median 36",
        ),
        (
            FeatureBaseline(Kind.NUMBER, 0.0, 0.5, 0.1, 0.9, shares=(1.0,)),
            replace(lead_hours, unit="share"),
            "mostly 10 % to 90 %, median 50 %",
        ),
    ],
)
def test_what_is_usual_is_said_in_a_phrase(baseline, spec, text):
    """Short, with the unit once, and nothing where nothing is known."""
    assert baseline.usual(spec) == text


@pytest.mark.parametrize(
    "change",
    [
        {"quantiles": [0.0] * 1000},
        {"quantiles": [0.0] * 1000 + [math.nan]},
        {"quantiles": [1.0] + [0.0] * 1000},
        {"quantiles": ["0"] * 1001},
        {"quantiles": None},
        {"features": []},
        {"features": {"x": {}}},
        {"features": {"x": None}},
        {"more": 1},
    ],
)
def test_baselines_that_break_a_rule_are_refused(change):
    """Reading never crashes and never guesses."""
    with pytest.raises(ModelFormError):
        Baselines.from_json(measured(200).to_json() | change)


@pytest.mark.parametrize(
    "change",
    [
        {"missing": 1.5},
        {"missing": "0"},
        {"shares": [1.0]},
        {"shares": [2.0, -1.0]},
        {"edges": [0.5, 0.5]},
        {"edges": [math.inf]},
        {"median": math.inf},
        {"kind": "colour"},
        {"levels": [1]},
        {"more": 1},
    ],
)
def test_a_feature_baseline_that_breaks_a_rule_is_refused(change):
    """Sizes and ranges are checked."""
    data = measured(200).to_json()
    data["features"]["has_return"] |= change
    with pytest.raises(ModelFormError):
        Baselines.from_json(data)


@pytest.mark.parametrize("scores", [[], [math.nan]])
def test_baselines_need_a_population(scores):
    """Nothing is usual among nobody."""
    with pytest.raises(ModelFormError, match="reference population"):
        Baselines.from_reference(np.array(scores), {}, ())
