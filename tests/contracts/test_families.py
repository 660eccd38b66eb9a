"""One suite for every model family: seeded, blind to row order, true to directions, equal to its table."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from features.spec import Kind, Monotone
from models.additive import AdditiveModel
from models.swings import UNIT
from tests.training.synthetic import QUICK, SPECS, cases, spec
from training.errors import DatasetError, DirectionError, EmptyColumnError, NoCasesError, OneOutcomeError, ParityError
from training.families import FAMILIES, Family, check_parity, score
from training.families.base import ExplainableModel, FittedModel
from training.families.shape import check_directions, level, missing_reach

EXPLAINABLE = [family for family in FAMILIES.values() if family.explainable]
LEARNING = [family for family in FAMILIES.values() if family.name != "prior"]
BOTH = [family for family in EXPLAINABLE if family.name != "prior"]


def named(family):
    """What pytest shows."""
    return family.name


def fit(family: Family, frame=None, y=None, weight=None, *, specs=SPECS, seed=1, jobs=1, **changes) -> FittedModel:
    """Fit the synthetic cases, or what is given, with quick settings."""
    if frame is None:
        frame, y = cases()
    settings = family.settings_type.model_validate(QUICK[family.name] | changes)
    return family.fit(frame, y, weight, specs, settings=settings, seed=seed, jobs=jobs)


@pytest.fixture(scope="module")
def fitted():
    """Every family on the synthetic cases, once."""
    return {family.name: fit(family) for family in FAMILIES.values()}


@pytest.fixture(scope="module")
def later():
    """Cases that no fit has seen."""
    return cases(3000, seed=9)


def text(model: AdditiveModel) -> str:
    """The table as it would be written."""
    return json.dumps(model.to_json(), sort_keys=True)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=named)
def test_a_family_is_listed_under_its_own_name(family):
    """The list and the configuration say the same name, and every family has a title."""
    assert FAMILIES[family.name] is family
    assert family.title


@pytest.mark.parametrize("family", FAMILIES.values(), ids=named)
def test_same_cases_and_seed_give_the_same_scores(family, fitted, later):
    """A second fit agrees with the first bit for bit."""
    assert np.array_equal(fit(family).log_odds(later[0]), fitted[family.name].log_odds(later[0]))


@pytest.mark.parametrize("family", FAMILIES.values(), ids=named)
def test_order_of_the_cases_does_not_matter(family, fitted, later):
    """Shuffled cases give the same scores bit for bit."""
    frame, y = cases()
    order = np.random.default_rng(5).permutation(len(frame))
    shuffled = fit(family, frame.iloc[order], y[order])
    assert np.array_equal(shuffled.log_odds(later[0]), fitted[family.name].log_odds(later[0]))


@pytest.mark.parametrize("family", EXPLAINABLE, ids=named)
def test_order_of_the_cases_does_not_change_a_byte_of_the_table(family, fitted):
    """Shuffled, weighted alike and re-indexed: the compiled model is the same text."""
    frame, y = cases()
    order = np.random.default_rng(6).permutation(len(frame))
    shuffled = fit(family, frame.iloc[order].set_axis(order[::-1]), y[order])
    assert text(shuffled.compile()) == text(fitted[family.name].compile())


@pytest.mark.slow
@pytest.mark.parametrize("family", LEARNING, ids=named)
def test_number_of_jobs_does_not_matter(family, fitted, later):
    """Two processes fit what one fits."""
    assert np.array_equal(fit(family, jobs=2).log_odds(later[0]), fitted[family.name].log_odds(later[0]))


@pytest.mark.parametrize("family", EXPLAINABLE, ids=named)
def test_table_equals_estimator_on_unseen_cases(family, fitted, later):
    """Parity to 1e-9 in log-odds, with missing values and unseen levels among the cases."""
    frame = later[0].copy()
    frame.loc[frame.index[:50], "purpose"] = "never met before"
    frame.loc[frame.index[50:90], "lead"] = 1e9
    frame.loc[frame.index[90:99], ["cash", "weight"]] = np.nan
    assert check_parity(fitted[family.name], fitted[family.name].compile(), frame) <= 1e-9


@pytest.mark.parametrize("family", EXPLAINABLE, ids=named)
def test_r4_contributions_add_up_to_the_score(family, fitted, later):
    """One record at a time, the explanation is the estimator's score within 1e-9."""
    model = fitted[family.name].compile()
    rows = later[0].iloc[:200]
    expected = fitted[family.name].log_odds(rows)
    for (_, row), log_odds in zip(rows.iterrows(), expected, strict=True):
        values = [None if pd.isna(row[name]) else row[name] for name in model.features]
        told = model.explain(values)
        assert told.log_odds == pytest.approx(log_odds, abs=1e-9)
        assert told.baseline + sum(told.contributions) == pytest.approx(told.log_odds, abs=1e-9)


@pytest.mark.parametrize("family", BOTH, ids=named)
def test_directions_hold_in_every_row_and_column_of_every_term(family, fitted):
    """No term steps against the catalogue, whatever the other facts are."""
    check_directions(fitted[family.name].compile(), SPECS)


@pytest.mark.parametrize("family", BOTH, ids=named)
def test_more_notice_never_raises_the_total_score(family, fitted, later):
    """Paired cases: the same traveller with a longer lead, and the flag turned to its riskier value."""
    rows = later[0].iloc[:300]
    previous = np.full(len(rows), np.inf)
    for lead in (0.0, 30.0, 61.0, 200.0, 400.0, 900.0, 5000.0):
        now = fitted[family.name].log_odds(rows.assign(lead=lead))
        assert np.all(now <= previous)
        previous = now
    with_cash, without = (fitted[family.name].log_odds(rows.assign(cash=value)) for value in (1.0, 0.0))
    assert np.all(with_cash >= without)
    assert np.any(with_cash > without)


@pytest.mark.parametrize("family", LEARNING, ids=named)
def test_planted_signal_is_found(family, fitted, later):
    """The ranking of unseen cases is far better than chance; the truth itself reaches 0.75."""
    frame, y = later
    assert roc_auc_score(y, fitted[family.name].log_odds(frame)) > 0.66


@pytest.mark.parametrize("family", LEARNING, ids=named)
def test_shuffled_outcomes_teach_nothing(family, later):
    """With outcomes that belong to other cases, ranking is chance within three standard errors.

    The later outcomes are shuffled too: a model of noise that follows the catalogue's directions does rank true cases
    a little, since the directions are knowledge.
    """
    frame, y = cases()
    rng = np.random.default_rng(8)
    model = fit(family, frame, rng.permutation(y))
    positives = later[1].sum()
    error = np.sqrt((len(later[1]) + 1) / (12 * positives * (len(later[1]) - positives)))
    assert abs(roc_auc_score(rng.permutation(later[1]), model.log_odds(later[0])) - 0.5) < 3 * error


@pytest.mark.parametrize("family", BOTH, ids=named)
def test_r28_missing_facts_alone_move_a_score_within_the_limit(family):
    """Where missingness is a strong sign in the cases, the table still keeps to the limit."""
    frame, y = cases()
    frame = frame.copy()
    telling = (y == 1) & (np.random.default_rng(2).random(len(y)) < 0.8)
    frame.loc[telling, ["lead", "weight"]] = np.nan
    frame.loc[telling, "purpose"] = None
    model = fit(family, frame, y, missing_limit=0.4).compile()
    raised, lowered = missing_reach(model)
    assert 0.2 < raised <= 0.4 + 1e-12
    assert -0.4 - 1e-12 <= lowered <= 0


@pytest.mark.parametrize("family", BOTH, ids=named)
def test_rare_and_unseen_levels_share_points(family, fitted):
    """A level too rare for points of its own is scored as one that was never met."""
    model = fitted[family.name].compile()
    values = dict(zip(model.features, [None] * len(model.features), strict=True))
    rare = model.explain([{**values, "purpose": "rare"}[name] for name in model.features])
    unseen = model.explain([{**values, "purpose": "brand new"}[name] for name in model.features])
    assert rare.log_odds == unseen.log_odds
    axis = next(term.axes[0] for term in model.terms if term.name == "purpose")
    assert axis.levels == ("family", "tourism", "work")


@pytest.mark.parametrize("family", BOTH, ids=named)
def test_bins_with_fewer_cases_have_larger_standard_errors(family, fitted):
    """Every bin has an error above zero; those of bins that training never met are those of a guess."""
    model = fitted[family.name].compile()
    assert model.baseline_error > 0
    for term in model.terms:
        points, errors, met = (np.asarray(table) for table in (term.points, term.errors, term.travellers))
        assert np.all(errors[(met > 0) & (points != 0)] > 0)
        if np.ptp(points[met > 0]) > 0:
            assert np.all(errors[met == 0] > 0)


@pytest.mark.parametrize("family", BOTH, ids=named)
def test_weights_shift_what_is_learned(family, later):
    """Cases that were confirmed count three times: every score rises, by about the logarithm of three."""
    frame, y = cases(2500)
    heavy = np.where(y == 1, 3.0, 1.0)
    risen = fit(family, frame, y, heavy).log_odds(later[0]) - fit(family, frame, y).log_odds(later[0])
    assert np.median(risen) == pytest.approx(np.log(3), abs=0.25)


@pytest.mark.parametrize("family", LEARNING, ids=named)
def test_features_that_never_vary_are_left_out_and_named(family):
    """A constant and an empty column do not enter the model, and the note says so."""
    frame, y = cases(1500)
    frame = frame.assign(constant=1.0, empty=np.nan)
    specs = (*SPECS, spec("constant", Kind.FLAG, Monotone.INCREASING), spec("empty", Kind.NUMBER))
    model = fit(family, frame, y, specs=specs)
    assert not {"constant", "empty"} & {each.name for each in model.specs}
    assert any("constant, empty" in note for note in model.notes)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=named)
def test_no_case_is_a_typed_error(family):
    """Zero rows."""
    frame, y = cases()
    with pytest.raises(NoCasesError, match="no labelled case"):
        fit(family, frame.iloc[:0], y[:0])


@pytest.mark.parametrize("family", FAMILIES.values(), ids=named)
def test_one_outcome_is_a_typed_error(family):
    """All cases alike."""
    frame, y = cases()
    with pytest.raises(OneOutcomeError, match="Give cases of both kinds"):
        fit(family, frame, np.zeros_like(y))


@pytest.mark.parametrize("family", LEARNING, ids=named)
def test_nothing_but_empty_columns_is_a_typed_error(family):
    """Every feature is missing everywhere."""
    frame, y = cases()
    with pytest.raises(EmptyColumnError, match="nothing can be learned"):
        fit(family, frame[["noise"]] * np.nan, y, specs=[SPECS[-1]])


@pytest.mark.parametrize("family", LEARNING, ids=named)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": -np.ones(4000)}, "positive"),
        ({"weight": np.ones(3)}, "one entry per case"),
        ({"y": np.full(4000, 0.5)}, "0 or 1"),
        ({"specs": [spec("unknown", Kind.NUMBER)]}, "lacks the features unknown"),
    ],
)
def test_unusable_cases_are_typed_errors(family, change, message):
    """Each with its rule."""
    frame, y = cases()
    with pytest.raises(DatasetError, match=message):
        fit(family, **({"frame": frame, "y": y} | change))


@pytest.mark.parametrize("family", FAMILIES.values(), ids=named)
def test_fitting_warns_of_nothing(family):
    """Warnings of libraries are either acted upon or silenced where they arise."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(family, *cases(1500))


def test_a_table_that_differs_from_its_estimator_is_refused(fitted, later):
    """Parity is a check that can fail."""
    model = fitted["logistic_scorecard"].compile()
    with pytest.raises(ParityError, match="on 3000 of 3000 rows"):
        check_parity(fitted["logistic_scorecard"], model.scaled(1.0, 1e-6), later[0])


def test_a_table_against_a_direction_is_refused(fitted):
    """Directions are a check that can fail: turned upside down, the scorecard is caught."""
    with pytest.raises(DirectionError, match="lead"):
        check_directions(fitted["logistic_scorecard"].compile().scaled(-1.0, 0.0), SPECS)
    with pytest.raises(DirectionError, match="never fall"):
        level(np.array([0.0, 1.0, 0.5]), 1, "stops")


def test_an_unexplainable_family_has_no_table(fitted):
    """The yardstick is no explainable model by its type, so nothing downstream can take it for one."""
    assert not isinstance(fitted["gradient_boosting"], ExplainableModel)
    assert not hasattr(fitted["gradient_boosting"], "compile")


def test_pairs_are_found_and_hold_no_feature_with_a_direction(fitted):
    """The planted pair is among the terms; directions stay with single features."""
    pairs = [term for term in fitted["explainable_boosting"].compile().terms if len(term.axes) == 2]
    assert "weight & purpose" in [term.name for term in pairs]
    directed = {each.name for each in SPECS if each.kind is not Kind.CATEGORY and each.expects is not Monotone.NONE}
    assert not directed & {axis.feature for term in pairs for axis in term.axes}


def test_the_prior_is_the_base_rate(fitted, later):
    """One number for everybody, with its sampling error."""
    model = fitted["prior"].compile()
    y = cases()[1]
    assert model.baseline == pytest.approx(np.log(y.mean() / (1 - y.mean())))
    assert model.baseline_error == pytest.approx((len(y) * y.mean() * (1 - y.mean())) ** -0.5, abs=UNIT)
    assert set(score(model, later[0])) == {model.baseline}
