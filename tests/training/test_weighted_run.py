"""A run on cases with logged chances: weights reach fit, calibration and every measure, and the card says so."""

import numpy as np
import pandas as pd
import pytest

from tests.training import small_world
from tests.training.test_pipeline import settings
from training import pipeline
from training.calibrate import calibrate
from training.cases import load
from training.families import FAMILIES
from training.pipeline import run

CHANCES = (0.9, 0.3)
ASKED = {
    "family": {"name": "logistic_scorecard", "min_bin_rows": 40},
    "selection": {"officer": "drop", "min_logged_positives": 10},
    "evaluation": {"scorecard": False},
}


def table() -> pd.DataFrame:
    """The small world, in which the system looked at those with cash three times as often, by logged chances."""
    frame = small_world.table(3600).copy()
    rng = np.random.default_rng(8)
    cash = frame["record"].str.contains('"CA"').to_numpy()
    chance = np.where(cash, *CHANCES)
    looked = frame["outcome_code"].notna().to_numpy() & (rng.random(len(frame)) < chance)
    for name in ("outcome_code", "known_at", "decided_by_role", "evidence_type"):
        frame[name] = frame[name].where(looked, None)
    frame["selection"] = np.where(looked, "score", None)
    frame["selection_probability"] = np.where(looked, chance, np.nan)
    return frame


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """One run, and the weights that fit and calibration were given."""
    place = tmp_path_factory.mktemp("weighted")
    given: dict[str, np.ndarray] = {}
    family = type(FAMILIES["logistic_scorecard"])
    fit = family.fit

    def spied_fit(self, frame, y, weight, specs, **rest):
        given.setdefault("fit", weight)
        return fit(self, frame, y, weight, specs, **rest)

    def spied_calibrate(log_odds, y, weight=None):
        given.setdefault("calibrate", weight)
        return calibrate(log_odds, y, weight)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(family, "fit", spied_fit)
        patch.setattr(pipeline, "calibrate", spied_calibrate)
        cases = load([small_world.write(place / "cases.parquet", table())], workers=1)
        result = run(small_world.config(**ASKED), settings(place), cases=cases, track=False)
    return result, given


def test_r19_fit_and_calibration_are_weighted_by_inverse_chances(done):
    """Two weights, in the ratio of the chances, with mean one."""
    _, given = done
    for step in ("fit", "calibrate"):
        values = np.unique(given[step].round(9))
        assert len(values) == 2, step
        assert values[1] / values[0] == pytest.approx(CHANCES[0] / CHANCES[1]), step
        assert given[step].mean() == pytest.approx(1.0), step


def test_the_measured_share_is_that_of_all_not_of_the_inspected(done):
    """Weighted down where cash was looked at often: the share of all crossings, not that of those inspected."""
    result, _ = done
    share = result.evaluation.prevalence
    y, weight = result.dataset.holdout.y, result.dataset.holdout.weight
    assert share.value == pytest.approx(np.average(y, weights=weight))
    assert share.value < y.mean()
    assert share.low < share.value < share.high
    assert "all travellers" in share.title


def test_the_card_says_for_whom_the_numbers_stand(done):
    """Estimand, weights and estimates are in card and report."""
    result, _ = done
    card = result.package.bundle.card
    assert "among all travellers" in card.estimand
    assert any("weighted by its inverse" in note for note in card.notes)
    assert {"prevalence_logged", "prevalence_robust"} <= {measure.name for measure in card.selection}
    page = (result.directory / "report.html").read_text()
    assert "Who was inspected, and what that says of all" in page
    assert "All travellers, inspected or not" in (result.directory / "release" / "model_card.html").read_text()


def test_every_band_shows_its_share_with_an_interval(done):
    """Observed over expected, and the share found, never a bare number."""
    result, _ = done
    for row in result.package.bundle.card.bands:
        for measure in row.measures:
            if measure.name != "share" and measure.value is not None:
                assert measure.low <= measure.value <= measure.high, (row.group, measure.name)


def test_the_selection_is_part_of_what_a_model_is_made_of(done):
    """Another way to allow for it is another configuration, with another digest."""
    result, _ = done
    other = small_world.config(**(ASKED | {"selection": {"officer": "unweighted"}}))
    assert other.sha256_with({}) != result.config.sha256_with({})
