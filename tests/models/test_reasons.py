"""Reasons are ranked, complete and in the catalogue's words."""

import math
from dataclasses import asdict, replace

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.spec import Kind
from models.additive import AdditiveModel, Axis, Term
from models.baselines import Baselines
from models.errors import ModelFormError
from models.reasons import Reasoner
from tests.models.model_makers import (
    SPECS,
    baggage_kg,
    has_return,
    lead_hours,
    payment,
    random_columns,
    row,
    small_model,
)

NO_BASELINES = Baselines((0.0,) * 1001, {})
FULL = [5.0, 30.0, False, "CA"]


def reasoner(model: AdditiveModel, baselines: Baselines = NO_BASELINES) -> Reasoner:
    """Words for a small model."""
    return Reasoner(SPECS, model, baselines)


def flat_model(*points: float) -> AdditiveModel:
    """One term per given number, which contributes that number whatever the value."""
    names = [f"f{at}" for at in range(len(points))]
    terms = [
        Term((Axis(name, Kind.NUMBER),), (point,) * 3, ((0,),) * 3, (0.0,) * 3)
        for name, point in zip(names, points, strict=True)
    ]
    return AdditiveModel(-2.0, (0,), tuple(names), tuple(terms))


def flat_ranking(points: list[float], limit_for: int = 5, limit_against: int = 3):
    """Rank flat contributions; names of the features for and against, and the rest."""
    model = flat_model(*points)
    specs = [replace(lead_hours, name=name) for name in model.features]
    values = [1.0] * len(points)
    ranked = Reasoner(specs, model, NO_BASELINES).rank(model.explain(values), values, limit_for, limit_against)
    return [one.feature for one in ranked[0]], [one.feature for one in ranked[1]], ranked[2]


def test_baseline_listed_and_other_are_the_score():
    """On 2,000 random records nothing is lost between the reasons and the score."""
    model, columns = small_model(), random_columns(2000, seed=8)
    words = reasoner(model)
    for at in range(2000):
        values = row(columns, at)
        explained = model.explain(values)
        up, down, other = words.rank(explained, values, at % 6, at % 4)
        listed = math.fsum(reason.contribution for reason in (*up, *down))
        assert abs(explained.baseline + listed + other - explained.log_odds) <= 1e-9


@given(
    points=st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=12),
    limit_for=st.integers(0, 6),
    limit_against=st.integers(0, 6),
)
def test_ties_are_broken_by_the_order_of_terms_and_zeros_never_listed(points, limit_for, limit_against):
    """The ranking equals a plain, slow definition of it."""
    up, down, other = flat_ranking(points, limit_for, limit_against)
    places = range(len(points))
    expected_up = sorted((at for at in places if points[at] > 0), key=lambda at: (-points[at], at))[:limit_for]
    expected_down = sorted((at for at in places if points[at] < 0), key=lambda at: (points[at], at))[:limit_against]
    assert up == [f"f{at}" for at in expected_up]
    assert down == [f"f{at}" for at in expected_down]
    assert other == pytest.approx(sum(points) - sum(points[at] for at in expected_up + expected_down))


def test_a_model_that_says_nothing_gives_no_reason():
    """Zero contributions are no reasons."""
    assert flat_ranking([0.0, 0.0]) == ([], [], 0.0)


def test_the_sentence_of_a_flag_follows_its_value():
    """A booked return never reads as a missing one, whatever the sign of its points."""
    rng = np.random.default_rng(0)
    back = Axis(has_return.name, Kind.FLAG, cuts=(0.5,))
    for _ in range(20):
        term = Term((back,), rng.normal(0, 1, 4).tolist(), ((0,),) * 4, (0.0,) * 4)
        model = AdditiveModel(0.0, (0,), (has_return.name,), (term,))
        for value, sentence in (
            (False, "No return or onward leg is booked"),
            (True, "A return or onward leg is booked"),
            (None, "Whether a return is booked was not given"),
        ):
            (only,) = Reasoner([has_return], model, NO_BASELINES).all(model.explain([value]), [value])
            assert only.sentence == sentence
            assert only.direction == ("raises" if only.contribution > 0 else "lowers")


def test_a_number_and_a_category_speak_by_sign_with_their_value():
    """The sentence compares the value as its contribution says, with the word for a category."""
    model = small_model()
    found = {reason.feature: reason for reason in reasoner(model).all(model.explain(FULL), FULL)}
    lead, paid = found["lead_hours"], found["payment"]
    assert lead.sentence == "Booked 5 hours before departure, " + (
        "shorter notice than usual" if lead.contribution > 0 else "a usual notice"
    )
    assert paid.sentence.startswith("Paid by cash, seen " + ("more" if paid.contribution > 0 else "less"))
    assert (lead.code, lead.observed, lead.message) == ("BK01", 5.0, "PNR")
    assert paid.observed == "CA"


def test_missing_has_its_own_sentence_on_both_sides():
    """A fact that was not given is said to be so, whether its points raise or lower."""
    model = small_model()
    flipped = model.scaled(-1.0, 0.0)
    for one in (model, flipped):
        values = [None] * 4
        found = {reason.feature: reason.sentence for reason in reasoner(one).all(one.explain(values), values)}
        assert found["lead_hours"] == lead_hours.reason.missing
        assert found["payment"] == payment.reason.missing


@pytest.mark.parametrize(
    ("values", "sentence", "observed"),
    [
        (FULL, "Together: a return leg (no) and payment (cash)", "no & cash"),
        ([5.0, 30.0, None, "CK"], "Together: a return leg (not given) and payment (CK)", "not given & CK"),
        ([5.0, 30.0, True, None], "Together: a return leg (yes) and payment (not given)", "yes & not given"),
    ],
)
def test_two_features_speak_together(values, sentence, observed):
    """A pair has both codes and both values in words."""
    model = small_model()
    found = {reason.feature: reason for reason in reasoner(model).all(model.explain(values), values)}
    pair = found["has_return & payment"]
    assert (pair.code, pair.sentence, pair.observed, pair.usual) == ("IT01PY01", sentence, observed, None)
    assert pair.message == "PNR & API"
    assert found["lead_hours & baggage_kg"].message == "PNR"


def test_usual_values_come_from_the_reference_population():
    """A reason says what is usual beside what was seen."""
    model, columns = small_model(), random_columns(4000, seed=2)
    columns["has_return"] = np.where(np.arange(4000) % 10 < 8, 1.0, 0.0)
    columns["payment"] = np.array(["CC"] * 3000 + ["CA"] * 1000, dtype=object)
    columns["lead_hours"] = np.linspace(0.0, 1000.0, 4000)
    columns["baggage_kg"] = np.full(4000, 23.0)
    baselines = Baselines.from_reference(model.log_odds(columns), columns, SPECS)
    found = {reason.feature: reason.usual for reason in reasoner(model, baselines).all(model.explain(FULL), FULL)}
    assert found["lead_hours"] == "mostly 50 to 950 hours, median 500"
    assert found["baggage_kg"] == "nearly always 23 kg"
    assert found["has_return"] == "yes for 80 %"
    assert found["payment"] == "card for 75 %"


@pytest.mark.parametrize("value", [2**63, 10**400, -(10**400), math.inf, 1e308, -0.0, 5e-324], ids=range(7))
def test_extreme_numbers_still_have_a_sentence(value):
    """No number, however large, breaks the answer."""
    model = small_model()
    values = [value, value, True, "CC"]
    sentences = [reason.sentence for reason in reasoner(model).all(model.explain(values), values)]
    assert len(sentences) == len(model.terms)
    assert all(sentences)


def test_not_a_number_reads_as_missing():
    """What counts as missing in the score reads as missing in the reasons."""
    model = small_model()
    values = [math.nan, math.nan, True, "CC"]
    found = {reason.feature: reason.sentence for reason in reasoner(model).all(model.explain(values), values)}
    assert found["lead_hours"] == lead_hours.reason.missing
    assert found["lead_hours & baggage_kg"].count("not given") == 2


def test_all_reasons_are_sorted_by_size_and_add_up():
    """Together with the baseline, the full list is the score."""
    model = small_model()
    explained = model.explain(FULL)
    sizes = [reason.contribution for reason in reasoner(model).all(explained, FULL)]
    assert sizes == sorted(sizes, key=abs, reverse=True)
    assert explained.baseline + math.fsum(sizes) == pytest.approx(explained.log_odds, abs=1e-12)


def test_a_feature_without_words_is_refused():
    """A model cannot speak of a feature that nobody has described."""
    with pytest.raises(ModelFormError, match="payment"):
        Reasoner([lead_hours, baggage_kg, has_return], small_model(), NO_BASELINES)


def test_a_reason_that_was_kept_equals_one_that_is_new():
    """On 500 random records, asked twice in another order, reasons and their JSON equal those of a fresh start."""
    model, columns = small_model(), random_columns(500, seed=3)
    words = reasoner(model)
    rows = [row(columns, at) for at in range(500)] + [[float("nan"), None, None, None], [-0.0, 0.0, True, "??"]]
    for values in (*rows, *reversed(rows)):
        explained = model.explain(values)
        kept, fresh = words.all(explained, values), reasoner(model).all(explained, values)
        assert [one.json for one in kept] == [orjson.dumps(asdict(one)) for one in fresh]


def test_equal_values_of_different_types_are_written_as_they_came():
    """One, 1.0 and true are equal; each is shown in its own way. A negative zero is zero."""
    model = small_model()
    words = reasoner(model)
    for value, text in ((1, "1"), (1.0, "1.0"), (True, "true"), (0.0, "0.0"), (-0.0, "0.0")):
        values = [value, 30.0, False, "CA"]
        found = {reason.feature: reason for reason in words.all(model.explain(values), values)}
        assert f'"observed":{text},'.encode() in found["lead_hours"].json


def test_free_text_does_not_stay_in_memory():
    """A category that the model does not know is put in words anew for each record, alone and in a pair."""
    model = small_model()
    words = reasoner(model)
    for text, stays in (("CA", True), ("text of a stranger", False)):
        values = [5.0, 30.0, False, text]
        first, again = (words.all(model.explain(values), values) for _ in range(2))
        told = [(one, two) for one, two in zip(first, again, strict=True) if "payment" in one.feature]
        assert len(told) > 1
        assert [one is two for one, two in told] == [stays] * len(told)


def test_memory_of_reasons_is_bounded(monkeypatch):
    """Beyond the bound reasons are as right as before, and forgotten."""
    monkeypatch.setattr("models.reasons.KEPT_MAX", 3)
    model = flat_model(1.0)
    words = Reasoner([replace(lead_hours, name="f0")], model, NO_BASELINES)
    told = {}
    for at in range(6):
        told[at] = words.all(model.explain([float(at)]), [float(at)])[0]
        assert told[at].observed == at
    for at in range(6):
        assert (words.all(model.explain([float(at)]), [float(at)])[0] is told[at]) == (at < 3)
