"""Laws of the additive form: it adds up, one row equals many, and its tables are checked."""

import json
import math
from dataclasses import replace

import numpy as np
import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from features.spec import Kind
from models.additive import AdditiveModel, Axis, Term
from models.errors import ModelFormError
from models.swings import UNIT
from tests.models.model_makers import SPECS, random_columns, row, small_model

ROWS = 10_000


def test_one_row_equals_many_bit_for_bit():
    """On 10,000 rows with pairs, missing, unseen, infinite and extreme values, every bit of the batch is the row's."""
    model, columns = small_model(), random_columns(ROWS, seed=3)
    contributions, log_odds = model.contributions(columns), model.log_odds(columns)
    errors = model.standard_errors(columns)
    explained = [model.explain(row(columns, at)) for at in range(ROWS)]
    assert contributions.tobytes("C") == np.array([one.contributions for one in explained]).tobytes()
    assert log_odds.tobytes() == np.array([one.log_odds for one in explained]).tobytes()
    assert errors.tobytes() == np.array([one.standard_error for one in explained]).tobytes()


def test_log_odds_are_the_baseline_plus_each_contribution_in_turn():
    """The law holds exactly, not approximately."""
    model, columns = small_model(), random_columns(500, seed=4)
    for at in range(500):
        explained = model.explain(row(columns, at))
        total = explained.baseline
        for contribution in explained.contributions:
            total += contribution
        assert total == explained.log_odds
        assert explained.probability == pytest.approx(1 / (1 + math.exp(-total)), rel=1e-12)


def test_contributions_are_those_of_the_bins():
    """Each contribution is the point that the term's own lookup gives."""
    model, columns = small_model(), random_columns(500, seed=5)
    place = {name: at for at, name in enumerate(model.features)}
    for at in range(500):
        values = row(columns, at)
        found = model.explain(values).contributions
        for term, contribution in zip(model.terms, found, strict=True):
            assert contribution == term.cell(term.points, [values[place[axis.feature]] for axis in term.axes])


@pytest.mark.parametrize(
    ("values", "missing", "outside"),
    [
        ([5.0, 12.0, True, "CA"], [], []),
        ([None, 12.0, None, None], [0, 2, 3], []),
        ([0.4999, 12.0, True, "CA"], [], [0]),
        ([0.5, 64.0, True, "CA"], [], []),
        ([2000.0, -1.0, True, "CA"], [], []),
        ([math.nextafter(2000.0, math.inf), 64.1, False, "MS"], [], [0, 1, 3]),
        ([math.inf, -math.inf, True, ""], [], [0, 1, 3]),
        ([math.nan, math.nan, True, "CC"], [0, 1], []),
        ([2**63, -(2**63), False, "CC"], [], [0, 1]),
        ([10**400, -0.0, False, "CC"], [], [0]),
    ],
)
def test_missing_and_outside_values_are_named(values, missing, outside):
    """What was not submitted and what training never saw is said, at the edges of the range exactly."""
    explained = small_model().explain(values)
    assert (explained.missing, explained.out_of_range) == (missing, outside)
    assert math.isfinite(explained.log_odds)


def test_the_plain_definition_of_an_axis_agrees_with_scoring():
    """Bins, missing and outside values as an axis defines them are those that the prepared tables give."""
    model, columns = small_model(), random_columns(2000, seed=12)
    axes = [term.axes[0] for term in model.terms[:4]]
    for at in range(2000):
        values = row(columns, at)
        explained = model.explain(values)
        assert explained.missing == [place for place, axis in enumerate(axes) if axis.bin_of(values[place]) == 0]
        assert explained.out_of_range == [place for place, axis in enumerate(axes) if axis.is_outside(values[place])]
    assert axes[0].is_outside(10**400)


def test_a_feature_without_a_term_can_still_be_missing():
    """A feature that only a pair reads, or nothing, is reported when it is missing."""
    model = small_model()
    bare = AdditiveModel(model.baseline, model.baseline_swings, (*model.features, "unread"), model.terms[1:])
    assert bare.explain([None, 1.0, True, "CA", None]).missing == [0, 4]


def test_not_a_number_scores_as_missing_in_both_paths():
    """Not-a-number never lands in the bin above all cuts."""
    model = small_model()
    as_nan = model.explain([math.nan, math.nan, math.nan, math.nan])
    as_none = model.explain([None] * 4)
    assert as_nan.contributions == as_none.contributions
    columns = {spec.name: np.array([math.nan], dtype=object if spec.kind is Kind.CATEGORY else float) for spec in SPECS}
    assert model.log_odds(columns)[0] == as_none.log_odds


@pytest.mark.parametrize("writer", [json.dumps, orjson.dumps, rfc8785.dumps], ids=["json", "orjson", "canonical"])
def test_json_round_trip_is_exact(writer):
    """Every float comes back as it was, also those that canonical JSON writes without a point."""
    model = small_model()
    assert AdditiveModel.from_json(json.loads(writer(model.to_json()))) == model


@given(
    slope=st.floats(-3, 3, allow_subnormal=False),
    intercept=st.floats(-5, 5),
    values=st.tuples(
        st.none() | st.floats(-10, 3000),
        st.none() | st.floats(-5, 90),
        st.none() | st.booleans(),
        st.sampled_from([None, "CA", "x"]),
    ),
)
def test_calibration_is_affine_and_stays_additive(slope, intercept, values):
    """The scaled model answers slope * log_odds + intercept, and its law holds too."""
    model = small_model()
    scaled = model.scaled(slope, intercept).explain(values)
    plain = model.explain(values)
    assert scaled.log_odds == pytest.approx(slope * plain.log_odds + intercept, abs=1e-9)
    assert scaled.standard_error == pytest.approx(abs(slope) * plain.standard_error, abs=20 * UNIT)


def _changed(**changes):
    data = small_model().to_json()
    for path, value in changes.items():
        target, *keys = data, *path.split("__")
        for key in keys[:-1]:
            target = target[int(key) if key.isdigit() else key]
        key = int(keys[-1]) if keys[-1].isdigit() else keys[-1]
        target[key] = value
    return data


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"baseline": math.nan}, "baseline is finite"),
        ({"baseline": "1"}, "is a number"),
        ({"baseline": True}, "is a number"),
        ({"baseline": 10**400}, "finite"),
        ({"baseline_swings": 1}, "list of whole numbers"),
        ({"baseline_swings": [0.5]}, "list of whole numbers"),
        ({"baseline_swings": [True]}, "list of whole numbers"),
        ({"baseline_swings": [2**31]}, "list of whole numbers"),
        ({"baseline_swings": []}, "one to 128 swings"),
        ({"baseline_swings": [1]}, "as many swings as the baseline"),
        ({"extra": 1}, "a model has"),
        ({"features": "lead_hours"}, "list of names"),
        ({"features": ["lead_hours"] * 4}, "each once"),
        ({"terms": {}}, "a list of terms"),
        ({"terms__0": None}, "a term has"),
        ({"terms__0__points": [0.1, 0.2]}, "shape"),
        ({"terms__0__points__0": math.inf}, "finite numbers"),
        ({"terms__0__points__0": math.nan}, "finite numbers"),
        ({"terms__0__points__0": 1e7}, "finite numbers"),
        ({"terms__0__points__0": "0"}, "a term has"),
        ({"terms__0__points__0": True}, "a term has"),
        ({"terms__0__points__0": [0.0]}, "a term has"),
        ({"terms__0__swings__0": [0.5, 0, 0, 0]}, "a term has"),
        ({"terms__0__swings__0": [True, 0, 0, 0]}, "a term has"),
        ({"terms__0__swings__0": 7}, "a term has"),
        ({"terms__0__swings__0": [0, 0, 0]}, "lanes for each cell"),
        ({"terms__0__swings": [[0, 0, 0, 0]]}, "lanes for each cell"),
        ({"terms__0__swings__0": [2**31, 0, 0, 0]}, "whole numbers"),
        ({"terms__0__swings__0": [2**31 - 1, 0, 0, 0]}, "swings add up"),
        ({"terms__4__swings__0": [[0, 0, 0, 0]]}, "lanes for each cell"),
        ({"terms__0__travellers__0": -1}, "finite numbers"),
        ({"terms__0__more": 1}, "not 1 more"),
        ({"terms__0__axes__0__more": 1}, "a term has"),
        ({"terms__0__axes__0__kind": "colour"}, "a term has"),
        ({"terms__0__axes__0__cuts": [6.0, 24.0, 240.0, 72.0]}, "rise"),
        ({"terms__0__axes__0__cuts": [6.0, 6.0, 72.0, 240.0]}, "rise"),
        ({"terms__0__axes__0__high": 0.0}, "low is not above high"),
        ({"terms__0__axes__0__levels": ["a"]}, "only a category"),
        ({"terms__0__axes__0__feature": "baggage_kg"}, "one term for a feature"),
        ({"terms__0__axes__0__feature": "other"}, "features of the model"),
        ({"terms__0__axes": []}, "one axis, or two"),
        ({"terms__2__axes__0__cuts": [0.4]}, "one cut 0.5"),
        ({"terms__3__axes__0__levels": ["CA", "CA", "CK"]}, "differ"),
        ({"terms__3__axes__0__levels": ["CA", 1, "CK"]}, "a term has"),
        ({"terms__4__points__0": [0.0]}, "shape"),
        ({"terms__4__points": [0.0, 0.0, 0.0, 0.0]}, "shape"),
        ({"terms__0__axes__0__kind": "flag"}, "one kind"),
    ],
)
def test_tables_that_break_a_rule_are_refused(change, rule):
    """A model that cannot be read with one meaning is refused, and the text names the rule."""
    with pytest.raises(ModelFormError, match=rule):
        AdditiveModel.from_json(_changed(**change))


def test_pairs_come_after_single_features():
    """The order of terms is the order of addition, so it has one form."""
    model = small_model()
    with pytest.raises(ModelFormError, match="before terms of two"):
        replace(model, terms=tuple(reversed(model.terms)))


def test_an_axis_cannot_have_too_many_bins():
    """Sizes are bounded."""
    wide = Axis("lead_hours", Kind.NUMBER, cuts=tuple(map(float, range(2000))))
    flat = [0.0] * wide.size
    with pytest.raises(ModelFormError, match="at most 1024 bins"):
        AdditiveModel(0.0, (0,), ("lead_hours",), (Term((wide,), flat, [[0]] * wide.size, flat),))


def test_columns_must_be_there_and_of_one_length():
    """A missing or short column is refused by name, not broadcast."""
    model, columns = small_model(), random_columns(10, seed=1)
    with pytest.raises(ModelFormError, match="payment"):
        model.log_odds({name: column for name, column in columns.items() if name != "payment"})
    with pytest.raises(ModelFormError, match="equal length"):
        model.log_odds(columns | {"payment": columns["payment"][:5]})


def test_numpy_numbers_become_plain_floats():
    """Tables from training hold plain floats, or scoring one record would be several times slower."""
    one = Axis("x", Kind.NUMBER, cuts=tuple(np.array([1.0])), low=np.float64(0.0), high=np.float32(2.0))
    made = Term((one,), list(np.zeros(4)), list(np.ones((4, 2), dtype=np.int64).tolist()), list(np.ones(4, np.float32)))
    assert {type(cell) for table in (made.points, made.errors, made.travellers, one.cuts) for cell in table} == {float}
    whole = Term((one,), [0.0] * 4, [list(row) for row in np.ones((4, 2), dtype=np.int64)], [0.0] * 4)
    assert {type(move) for lanes in whole.swings for move in lanes} == {int}


def test_columns_may_be_of_any_array_type():
    """Flags as booleans, whole numbers, and objects with ``None`` are read as the floats that they are."""
    model = small_model()
    columns = {
        "lead_hours": np.array([5, 30]),
        "baggage_kg": np.array([None, 20.0], dtype=object),
        "has_return": np.array([True, False]),
        "payment": np.array(["CA", None], dtype=object),
    }
    expected = [model.explain(values).log_odds for values in ([5, None, True, "CA"], [30, 20.0, False, None])]
    assert model.log_odds(columns).tolist() == expected


def test_no_rows_give_no_scores():
    """An empty table is no error."""
    empty = {spec.name: np.array([], dtype=object if spec.kind is Kind.CATEGORY else float) for spec in SPECS}
    assert small_model().log_odds(empty).shape == (0,)
    assert small_model().contributions(empty).shape == (0, 7)
