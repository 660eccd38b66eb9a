"""From a case table to what can be said of all travellers: numbers with intervals, or bounds and words."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from features.risk import RISKS
from tests.training import small_world
from training.cases import Cases, load
from training.dataset import Dataset, build
from training.errors import EffectiveSizeError
from training.selection_bias import SelectionConfig
from training.selection_study import SelectionFindings, study

ROWS = 3000
RISK = RISKS[small_world.RISK]
CAPACITIES = (0.05, 0.1)


@cache
def table(kind: str) -> pd.DataFrame:
    """Change the selection of the small world: a kept lane, one that is not kept to, or officers alone."""
    frame = small_world.table(ROWS).copy()
    rng = np.random.default_rng(9)
    looked = frame["outcome_code"].notna()
    drawn = rng.random(ROWS) < 0.5
    frame["draw"] = False
    frame["compliance"] = None
    frame["score_shown"] = None
    if kind == "officers":
        frame["selection"] = np.where(looked, "officer", None)
        return frame.drop(columns=["draw", "compliance", "score_shown"])
    lane = looked & drawn
    frame.loc[lane, ["selection", "selection_probability", "compliance"]] = ["random", 0.5, "done"]
    frame.loc[looked & ~drawn, "selection"] = "officer"
    frame["draw"] = lane
    if kind == "broken":
        frame["draw"] = drawn
        frame.loc[drawn & ~looked, "compliance"] = "not_done"
        later = pd.Timestamp("2027-01-01", tz="UTC")
        frame.loc[drawn & ~looked, "known_at"] = later  # when somebody wrote down that nobody had looked
    return frame


@cache
def read(kind: str, tmp: str) -> Cases:
    """Read the changed table."""
    from pathlib import Path  # noqa: PLC0415  only here

    return load([small_world.write(Path(tmp) / f"{kind}.parquet", table(kind))], workers=1)


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """Give a function from kind and configuration to what is found, with scores that know the truth a little."""
    place = str(tmp_path_factory.mktemp("tables"))

    def find(kind: str, **settings: object) -> tuple[Dataset, SelectionFindings]:
        config = SelectionConfig.model_validate(settings)
        dataset = build(read(kind, place), RISK, selection=config, seed=1, workers=1)
        frame = dataset.population.frame
        score = -2.0 - np.nan_to_num((frame["booking_lead_hours"].to_numpy() - 600) / 420)
        return dataset, study(dataset, RISK, score, CAPACITIES)

    return find


def measure(found: SelectionFindings, name: str):
    """One of the estimates."""
    return next(each for each in found.measures if each.name == name)


def test_a_kept_lane_gives_numbers_with_intervals_for_all_travellers(studied):
    """Prevalence by lane and by chances agree, both hold the rate of all inspected here, and the estimand says all."""
    dataset, found = studied("kept")
    truth = (table("kept")["outcome_code"] == "smuggled_migrant").sum() / table("kept")["outcome_code"].notna().sum()
    for name in ("prevalence_lane", "prevalence_logged"):
        share = measure(found, name)
        assert share.low < truth < share.high, name
    assert "among all travellers" in found.estimand
    assert dataset.chosen.holdout.stands_for == "all"
    assert set(dataset.holdout.about["selection"]) == {"random"}
    assert dataset.train.about["selection"].nunique() == 2
    assert "learned from cases that officers chose as well" in found.limit


def test_no_estimate_is_without_interval(studied):
    """Every number has both ends; every estimate without number says why."""
    for kind in ("kept", "broken", "officers"):
        _, found = studied(kind)
        for each in found.measures:
            if each.value is None:
                assert each.note, each.name
            else:
                assert each.low <= each.value <= each.high, each.name


def test_hit_rate_and_recall_at_each_capacity_are_there(studied):
    """Plain, doubly robust and recall, for every share."""
    _, found = studied("kept")
    names = {each.name for each in found.measures}
    for share in ("5", "10"):
        assert {f"precision_off_policy_{share}", f"precision_robust_{share}", f"recall_off_policy_{share}"} <= names


def test_a_lane_that_is_not_kept_to_gives_bounds_alone(studied):
    """No share, no weights, and the estimand is that of the inspected."""
    dataset, found = studied("broken")
    assert dataset.chosen.lane.known == "recorded"
    assert dataset.chosen.lane.rate < 0.9
    assert measure(found, "prevalence_lane").value is None
    assert "Between" in measure(found, "prevalence_lane").note
    assert measure(found, "prevalence_logged").value is None
    assert "among travellers like those whom somebody chose" in found.estimand
    assert any("bounds stand in place" in note for note in found.notes)


def test_a_draw_that_nobody_followed_is_a_case_without_outcome(studied):
    """The row is accepted, keeps its draw, and is no label."""
    dataset, _ = studied("broken")
    about = dataset.population.about
    skipped = (about["compliance"] == "not_done").to_numpy()
    assert skipped.any()
    assert np.isnan(dataset.population.y[skipped]).all()
    assert about["known_at"][skipped].isna().all()


def test_officers_alone_give_no_number_but_bounds(studied):
    """The naive share is told nowhere: only worst-case bounds, and why."""
    _, found = studied("officers")
    assert [each.name for each in found.measures if each.value is not None] == []
    bounds = measure(found, "prevalence_bounds").note
    assert "no fitted chance repairs that" in bounds
    naive = (table("officers")["outcome_code"] == "smuggled_migrant").sum() / table("officers")[
        "selection"
    ].notna().sum()
    assert f"{naive:.2%}".replace("%", " %") not in " ".join(each.note for each in found.measures)


def test_officers_cases_can_be_left_out(studied):
    """The training slice then holds logged chances only, and the number left out is told."""
    dataset, found = studied("kept", officer="drop")
    assert set(dataset.train.about["selection"]) == {"random"}
    assert dataset.cut.numbers["chance_not_logged"] > 100
    assert "officers chose as well" not in found.limit


def test_leaving_out_officers_where_nothing_else_is_there_is_refused(studied):
    """The refusal names the remedy."""
    with pytest.raises(EffectiveSizeError, match="random lane"):
        studied("officers", officer="drop")


def test_documented_misses_correct_the_share(studied):
    """Inspections that find half of what is there mean twice as much is there."""
    _, found = studied("kept", sensitivity=(0.5, 0.5), specificity=(1.0, 1.0))
    corrected, plain = measure(found, "prevalence_corrected"), measure(found, "prevalence_logged")
    assert corrected.value == pytest.approx(2 * plain.value)
    assert "50.00 % to 50.00 %" in corrected.note


def test_counts_tell_who_was_chosen_how(studied):
    """By selection: labelled, with logged chance, confirmed."""
    _, found = studied("kept")
    counts = {name: numbers for name, *numbers in found.counts}
    assert counts["officer"][1] == 0
    assert counts["random"][0] == counts["random"][1]
