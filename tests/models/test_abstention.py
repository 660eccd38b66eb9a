"""A record outside of what was seen gets a score and no band, and the reason why; ordinary ones get their band."""

import numpy as np
import pytest

from features.spec import Kind
from models.abstention import Abstainer, AbstentionRules
from models.additive import AdditiveModel, Axis, Term
from models.errors import ModelFormError
from tests.models.model_makers import LANES, SPECS, random_columns, row, small_model

ORDINARY = [30.0, 12.0, True, "CA"]


def model_with(travellers=100.0, missing=100.0) -> AdditiveModel:
    """The small model, all bins well known but those of missing values."""
    small = small_model()
    singles = []
    for term in small.terms[:4]:
        size = term.axes[0].size
        singles.append(Term(term.axes, term.points, term.swings, (missing, *[travellers] * (size - 2), 0.0)))
    return AdditiveModel(small.baseline, small.baseline_swings, small.features, (*singles, *small.terms[4:]))


def why(values, rules=None, model=None, edges=(1.0, 0.0)) -> list[str]:
    """The reasons of one record."""
    model = model or model_with()
    told = model.explain(values)
    abstainer = Abstainer(rules or AbstentionRules(), model, SPECS, edges)
    reach = 1.645 * told.standard_error
    return abstainer.reasons(told, told.log_odds - reach, told.log_odds + reach)


def test_an_ordinary_record_gets_its_band():
    """Nothing is said against it, and a missing fact that others lack too is no reason either."""
    assert why(ORDINARY) == []
    assert why([None, None, None, None]) == []


def test_u3_1000_values_outside_of_training_are_all_told():
    """Numbers below and above, infinities, and words that were never met."""
    rng = np.random.default_rng(1)
    for _ in range(500):
        far = rng.choice([rng.uniform(2001, 1e9), rng.uniform(-1e9, 0.4), np.inf, -np.inf])
        assert why([float(far), *ORDINARY[1:]]) == ["Outside of what training saw: notice of the booking"]
        assert why([*ORDINARY[:3], f"new{rng.integers(1e9)}"]) == ["Outside of what training saw: payment"]


def test_a_word_among_rare_ones_that_training_pooled_is_scored_like_them():
    """Where enough travellers had rare values, another one is no surprise."""
    model = model_with()
    pooled = Term(model.terms[3].axes, model.terms[3].points, model.terms[3].swings, (90.0,) * 4 + (40.0,))
    known = AdditiveModel(model.baseline, model.baseline_swings, model.features, (*model.terms[:3], pooled))
    assert why([*ORDINARY[:3], "MS"], model=known) == []
    assert known.explain([*ORDINARY[:3], "MS"]).out_of_range == [3]


def test_a_bin_of_ten_travellers_or_fewer_says_too_little():
    """Ten are too few and eleven are enough."""
    assert len(why(ORDINARY, model=model_with(travellers=10.0))) == 4
    assert why(ORDINARY, model=model_with(travellers=11.0)) == []


def test_a_fact_that_training_never_missed_must_be_there():
    """Its missing bin has seen nobody, so what it says is a guess."""
    found = why([None, *ORDINARY[1:]], model=model_with(missing=3.0))
    assert found == ["Not given, and hardly ever missing in training: notice of the booking"]


def test_a_group_that_nearly_all_give_is_required_as_a_whole():
    """One fact of the group is enough; none is not."""
    rules = AbstentionRules(required=(("booking", ("lead_hours", "payment")),))
    assert why([None, *ORDINARY[1:]], rules) == []
    assert why([None, 12.0, True, None], rules) == ["No fact of the group booking was given"]


def test_uncertain_scores_over_two_edges_get_no_band_and_certain_ones_do():
    """Only where the standard error is unusual, too: else a model with few cases would say nothing of anybody."""
    error = model_with().explain(ORDINARY).standard_error
    score = model_with().explain(ORDINARY).log_odds
    near = (score + 0.01, score - 0.01)
    assert why(ORDINARY, AbstentionRules(uncertain=error * 1.01), edges=near) == []
    unusual = AbstentionRules(uncertain=error * 0.99)
    assert len(why(ORDINARY, unusual, edges=near)) == 1
    assert why(ORDINARY, unusual, edges=(score + 50, score - 0.01)) == []
    assert "999 of 1,000" in why(ORDINARY, AbstentionRules(uncertain=0.0, novel=error * 0.99), edges=())[0]


def test_rules_from_a_population_touch_few_of_any_mode():
    """Errors twice as large at sea: still at most one in a hundred of those at sea lies above the limit."""
    rng = np.random.default_rng(2)
    modes = rng.choice(np.array(["air", "sea"], dtype=object), 20_000, p=[0.9, 0.1])
    errors = rng.gamma(20, 0.02, 20_000) * np.where(modes == "sea", 2.0, 1.0)
    missing = {spec.name: rng.random(20_000) < (0.5 if spec.name == "payment" else 0.001) for spec in SPECS}
    rules = AbstentionRules.from_reference(errors, missing, modes, SPECS)
    for mode in ("air", "sea"):
        assert np.mean(errors[modes == mode] > rules.uncertain) <= 0.011
    groups = dict(rules.required)
    assert all("payment" not in names or len(names) > 1 for names in groups.values())
    assert groups


def test_a_group_that_one_mode_lacks_is_not_required():
    """Posts without carrier messages are served: what land never gives cannot be demanded."""
    for few in (20, 1000):
        modes = np.array(["air"] * 5000 + ["land"] * few, dtype=object)
        missing = {spec.name: modes == "land" for spec in SPECS}
        assert AbstentionRules.from_reference(np.ones(5000 + few), missing, modes, SPECS).required == ()


def test_rules_come_back_from_json_as_they_were():
    """With all their parts, and with none."""
    for rules in (AbstentionRules(), AbstentionRules(3, (("a", ("x", "y")),), 0.5, 0.75)):
        assert AbstentionRules.from_json(rules.to_json()) == rules


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"travellers": -1}, "not negative"),
        ({"travellers": True}, "abstention has"),
        ({"required": [{"group": "a"}]}, "abstention has"),
        ({"required": [{"group": "a", "features": []}]}, "names and features"),
        ({"required": None}, "abstention has"),
        ({"uncertain": "0.5"}, "abstention has"),
        ({"uncertain": 10**400}, "abstention has"),
        ({"uncertain": 2.0, "novel": 1.0}, "not below"),
        ({"more": 1}, "abstention has"),
    ],
)
def test_rules_that_break_their_form_are_refused(change, rule):
    """Each with what it breaks."""
    with pytest.raises(ModelFormError, match=rule):
        AbstentionRules.from_json(AbstentionRules().to_json() | change)


def test_rules_name_features_of_the_model_only():
    """Anything else would never be met."""
    with pytest.raises(ModelFormError, match="does not read: unknown"):
        Abstainer(AbstentionRules(required=(("a", ("unknown",)),)), small_model(), SPECS, ())


def test_abstention_looks_at_what_the_explanation_names():
    """On 500 random records: no reason without a missing or outside value, under rules that know no more."""
    model, columns = model_with(), random_columns(500, seed=9)
    for at in range(500):
        values = row(columns, at)
        told = model.explain(values)
        assert bool(why(values, model=model)) == bool(told.out_of_range)


def test_kinds_do_not_matter():
    """A model of one flag abstains by the same rules."""
    axis = Axis("has_return", Kind.FLAG, cuts=(0.5,))
    model = AdditiveModel(
        0.0, (0,) * LANES, ("has_return",), (Term((axis,), (0.0,) * 4, ((0,) * LANES,) * 4, (0.0,) * 4),)
    )
    assert len(why([True], model=model)) == 1
