"""Measures of a run: the right numbers, honest intervals, small groups that say nothing, and a price that is told."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from models.bands import BandPolicy
from models.card import Measure
from tests.training.synthetic import SPECS, cases
from training.calibrate import MIN_POSITIVES, calibrate
from training.config import EvaluationConfig
from training.errors import NoCasesError, OneOutcomeError
from training.evaluate import (
    NOT_ENOUGH,
    Scored,
    evaluate,
    flat_metrics,
    outcomes_by_band,
    price_of_explainability,
    term_contributions,
)
from training.families import FAMILIES
from training.families.explainable_boosting import ExplainableBoostingSettings
from training.measures import Holdout, probability

RNG = np.random.default_rng(11)
ROWS = 3000
TRUTH = RNG.normal(-2.2, 1.0, ROWS)
Y = (RNG.random(ROWS) < 1 / (1 + np.exp(-TRUTH))).astype(float)
NOISY = TRUTH + RNG.normal(0, 1.0, ROWS)
MODES = RNG.choice(["air", "land", "sea"], p=[0.7, 0.29, 0.01], size=ROWS)
CONFIG = EvaluationConfig(bootstrap=60, min_cell_rows=200, capacities=(0.05, 0.1))


def holdout(weight=None) -> Holdout:
    """Cases of travellers who crossed once, in three modes."""
    return Holdout(Y, np.arange(ROWS), weight, pd.DataFrame({"mode": MODES}))


def measured(*scored: Scored, **changes):
    """Evaluate with what a test does not care about filled in."""
    return evaluate(scored, holdout(), changes.pop("contributions", {}), CONFIG, extra_capacity=0.02, seed=1, **changes)


@pytest.fixture(scope="module")
def evaluation():
    """A good model, a worse one, and the prior, on the same rows."""
    return measured(
        Scored("explainable_boosting", "Chosen", TRUTH),
        Scored("prior", "Base rate", np.full(ROWS, -2.0)),
        Scored("gradient_boosting", "Yardstick", NOISY),
        contributions={"lead": TRUTH, "cash": np.zeros(ROWS)},
    )


def test_measures_are_those_of_scikit_learn(evaluation):
    """The number in the report is the number that anybody else would find."""
    assert evaluation.chosen.measure("roc_auc").value == pytest.approx(roc_auc_score(Y, TRUTH))
    assert evaluation.models[1].measure("roc_auc").value == 0.5
    assert (evaluation.rows, evaluation.positives) == (ROWS, int(Y.sum()))
    assert evaluation.base_rate == pytest.approx(Y.mean())


def test_every_measure_has_an_interval_around_it(evaluation):
    """A point without an interval is no measurement."""
    for measure in (*evaluation.chosen.measures, *(m for row in evaluation.chosen.capacity for m in row.measures)):
        assert measure.low <= measure.value <= measure.high, measure.name
        assert measure.level == 0.9


def test_r16_quality_is_measured_at_every_share_and_at_that_of_the_gates(evaluation):
    """Precision, recall and lift at each share; recall grows with the share, precision falls for a good model."""
    assert [row.share for row in evaluation.chosen.capacity] == [0.02, 0.05, 0.1]
    recalls = [evaluation.chosen.at(share, "recall").value for share in (0.02, 0.05, 0.1)]
    assert recalls == sorted(recalls)
    lift, precision = (evaluation.chosen.at(0.05, name).value for name in ("lift", "precision"))
    assert lift == pytest.approx(precision / Y.mean())


def test_a_model_that_says_nothing_has_no_calibration_slope(evaluation):
    """What cannot be measured says why."""
    slope = evaluation.models[1].measure("calibration_slope")
    assert slope.value is None
    assert "scores that differ" in slope.note


def test_differences_are_paired(evaluation):
    """The interval of the difference is narrower than that of either model alone."""
    gap = evaluation.differences["gradient_boosting"]
    alone = evaluation.chosen.measure("roc_auc")
    assert gap.value == pytest.approx(alone.value - evaluation.models[2].measure("roc_auc").value)
    assert gap.low > 0
    assert gap.high - gap.low < alone.high - alone.low
    assert evaluation.gain["prior"].low > 0


def test_r29_small_groups_are_not_judged(evaluation):
    """Modes are shown apart, and a cell with too few cases says so instead of a number."""
    rows = {row.group: row for row in evaluation.groups}
    assert list(rows) == ["air", "land", "sea"]
    assert {measure.name for measure in rows["land"].measures} == {"roc_auc", "observed_to_expected", "lift"}
    assert (rows["sea"].measures, rows["sea"].note) == ((), NOT_ENOUGH)
    assert sum(row.rows for row in evaluation.groups) == ROWS


def test_a_single_telling_feature_is_seen(evaluation):
    """Each term is ranked alone."""
    assert evaluation.single_terms["lead"] > 0.7
    assert evaluation.single_terms["cash"] == 0.5


def test_jobs_and_repetition_change_nothing(evaluation):
    """The same seed gives the same intervals."""
    again = measured(Scored("explainable_boosting", "Chosen", TRUTH), Scored("gradient_boosting", "Yardstick", NOISY))
    assert again.chosen == evaluation.chosen
    assert again.differences["gradient_boosting"] == evaluation.differences["gradient_boosting"]


def test_repeat_travellers_widen_the_intervals():
    """Ten crossings of one traveller are not ten travellers."""
    repeated = Holdout(np.repeat(Y[:300], 10), np.repeat(np.arange(300), 10), None, pd.DataFrame(index=range(3000)))
    scored = [Scored("prior", "Model", np.repeat(NOISY[:300], 10))]
    once = evaluate(scored, repeated, {}, CONFIG, extra_capacity=0.02, seed=1).chosen.measure("roc_auc")
    apart = Holdout(repeated.y, np.arange(3000), None, repeated.groups)
    naive = evaluate(scored, apart, {}, CONFIG, extra_capacity=0.02, seed=1).chosen.measure("roc_auc")
    assert once.value == naive.value
    assert once.high - once.low > 1.5 * (naive.high - naive.low)


def test_weights_enter_every_measure():
    """Weighted cases count more."""
    heavy = np.where(Y == 1, 2.0, 1.0)
    scored = [Scored("prior", "Model", TRUTH)]
    plain, weighted = (
        evaluate(scored, holdout(weight), {}, CONFIG, extra_capacity=0.02, seed=1).chosen for weight in (None, heavy)
    )
    assert weighted.measure("observed_to_expected").value > plain.measure("observed_to_expected").value * 1.3


def test_flat_metrics_name_models_and_ends(evaluation):
    """Names that a tracking server can sort."""
    flat = flat_metrics(evaluation)
    assert flat["roc_auc.low"] < flat["roc_auc"] < flat["roc_auc.high"]
    assert flat["gradient_boosting.roc_auc"] < flat["roc_auc"]
    assert flat["lift_at_2pct"] == evaluation.chosen.at(0.02, "lift").value
    assert "prior.calibration_slope" not in flat


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (-0.004, -0.02, 0.01, "keeps up"),
        (0.03, 0.01, 0.05, "keeps up"),
        (-0.03, -0.06, -0.002, "chance may explain it"),
        (-0.05, -0.07, -0.03, "chance does not explain it"),
    ],
)
def test_the_price_of_explainability_is_told_with_its_interval(value, low, high, said):
    """Within the margin, below it by chance, or below it."""
    text = price_of_explainability(Measure(name="gap", title="Gap", value=value, low=low, high=high, level=0.9), 0.01)
    assert said in text
    assert f"{low:+.3f} to {high:+.3f}" in text
    assert "No yardstick" in price_of_explainability(None, 0.01)


def test_holdouts_that_carry_no_measure_are_typed_errors():
    """Nothing, or one outcome."""
    nobody = Holdout(np.array([]), np.array([]), None, pd.DataFrame(index=[]))
    with pytest.raises(NoCasesError, match="holdout"):
        evaluate([Scored("prior", "Model", np.array([]))], nobody, {}, CONFIG, extra_capacity=0.02, seed=1)
    clean = Holdout(np.zeros(50), np.arange(50), None, pd.DataFrame(index=range(50)))
    with pytest.raises(OneOutcomeError, match="0 confirmed of 50"):
        evaluate([Scored("prior", "Model", np.zeros(50))], clean, {}, CONFIG, extra_capacity=0.02, seed=1)


def test_bands_count_everybody_and_show_what_was_found():
    """The share is of all crossings; precision is of the labelled, and falls from band to band."""
    policy = BandPolicy.from_reference(TRUTH, {"high": 0.05, "elevated": 0.2}, version="1")
    rows = outcomes_by_band(policy, TRUTH, holdout(), TRUTH, 0.9)
    assert [row.group for row in rows] == ["high", "elevated", "standard"]
    assert rows[0].measures[0].value == pytest.approx(0.05, abs=0.001)
    assert sum(row.rows for row in rows) == ROWS
    precision = [row.measures[1].value for row in rows]
    assert precision == sorted(precision, reverse=True)


def test_calibration_finds_the_line_that_scikit_learn_finds():
    """Slope and intercept of largest likelihood."""
    line = calibrate(NOISY, Y)
    other = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(NOISY.reshape(-1, 1), Y)
    assert line.slope == pytest.approx(other.coef_[0, 0], rel=1e-5)
    assert line.intercept == pytest.approx(other.intercept_[0], rel=1e-5)
    assert line.positives == int(Y.sum())


def test_few_confirmed_cases_move_the_level_only():
    """Below thirty the slope stays one, and expected equals observed afterwards."""
    rows = np.r_[np.flatnonzero(Y == 1)[: MIN_POSITIVES - 1], np.flatnonzero(Y == 0)[:500]]
    line = calibrate(TRUTH[rows] + 5.0, Y[rows])
    assert line.slope == 1.0
    assert "fewer than 30" in line.note
    assert probability(TRUTH[rows] + 5.0 + line.intercept).sum() == pytest.approx(MIN_POSITIVES - 1)


def test_a_score_that_ranks_backwards_keeps_its_direction():
    """A falling line would turn every reason around, so it is not taken."""
    line = calibrate(-TRUTH, Y)
    assert (line.slope, "would not be positive" in line.note) == (1.0, True)
    flat = calibrate(np.zeros(ROWS), Y)
    assert (flat.slope, "the same for all" in flat.note) == (1.0, True)


def test_calibration_needs_both_outcomes():
    """A slice without confirmed cases is a typed error with a remedy."""
    with pytest.raises(OneOutcomeError, match="Widen the slice"):
        calibrate(TRUTH[:50], np.zeros(50))


def test_r4_calibrated_contributions_still_add_up():
    """The line is folded into the table: every contribution is scaled, the sum is exact."""
    frame, y = cases(1500)
    family = FAMILIES["explainable_boosting"]
    quick = ExplainableBoostingSettings(redraws=2, max_rounds=50, pairs=1)
    fitted = family.fit(frame, y, None, SPECS, settings=quick, seed=1)
    line = calibrate(fitted.log_odds(frame), y)
    model = line.apply(fitted.compile())
    parts = term_contributions(model, frame)
    assert model.baseline + sum(parts.values()) == pytest.approx(line.slope * fitted.log_odds(frame) + line.intercept)


def test_weighted_cases_stand_for_all_in_every_measure():
    """Doubling the weight of some cases is the same as meeting them twice, and the title says whom they stand for."""
    weight = np.where(np.arange(ROWS) % 3 == 0, 2.0, 1.0)
    weight /= weight.mean()
    told = Holdout(Y, np.arange(ROWS), weight, pd.DataFrame({"mode": MODES}), stands_for="all")
    found = evaluate([Scored("prior", "Model", NOISY)], told, {}, CONFIG, extra_capacity=0.02, seed=1)
    twice = np.concatenate([np.arange(ROWS), np.arange(0, ROWS, 3)])
    assert found.chosen.measure("roc_auc").value == pytest.approx(roc_auc_score(Y[twice], NOISY[twice]))
    assert found.base_rate == pytest.approx(Y[twice].mean())
    assert found.prevalence.low < found.base_rate < found.prevalence.high
    assert "all travellers" in found.prevalence.title


def test_the_level_of_a_calibration_says_how_sure_it_is():
    """A relative error of one over the root of the confirmed cases; unequal weights make it larger."""
    line = calibrate(NOISY, Y)
    assert line.level_error == pytest.approx(1 / np.sqrt(Y.sum()))
    heavy = calibrate(NOISY, Y, np.where(np.arange(ROWS) % 10 == 0, 10.0, 1.0))
    assert heavy.level_error > 1.3 * line.level_error
    assert "relative standard error" in line.note


def test_weighted_calibration_makes_weighted_numbers_equal():
    """After the line, expected and observed hits agree in weights."""
    weight = np.where(NOISY > -2, 0.3, 1.7)
    line = calibrate(NOISY, Y, weight)
    expected = probability(line.slope * NOISY + line.intercept)
    assert np.sum(weight * expected) == pytest.approx(np.sum(weight * Y), rel=1e-6)
