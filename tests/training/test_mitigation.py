"""Mitigations keep a model additive and say what they did, and weights take back what only tells the group."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.metrics.fairness import referred
from tests.training.synthetic import QUICK, SPECS, cases
from training import mitigation
from training.dataset import Slice
from training.errors import ConfigError
from training.fairness_config import MitigationConfig
from training.families import FAMILIES, score
from training.families.base import check_parity

FAMILY = FAMILIES["logistic_scorecard"]
SETTINGS = FAMILY.settings_type(**QUICK["logistic_scorecard"])


def part(seed: int = 3) -> Slice:
    """Cases in which ``cash`` also tells a group that officers checked for too much."""
    frame, y = cases(seed=seed)
    rng = np.random.default_rng(seed)
    group = np.where(rng.random(len(y)) < np.where(frame["cash"] == 1, 0.7, 0.3), "A", "B").astype(object)
    number = np.arange(len(y))
    about = pd.DataFrame({"entity": [f"P{one}" for one in number]})
    return Slice("train", frame.reset_index(drop=True), y, pd.DataFrame({"bloc": group}), about, number)


@pytest.fixture(scope="module")
def train():
    """The cases."""
    return part()


def fit(train: Slice, **asked):
    """Fit under a mitigation."""
    config = MitigationConfig(**asked)
    return mitigation.fit(FAMILY, train, SPECS, everybody=train, mitigation=config, settings=SETTINGS, seed=1)


def gap(model, train: Slice) -> float:
    """How many times as often group A is referred as B."""
    chance, inside = referred(model.log_odds(train.frame), 0.05), (train.groups["bloc"] == "A").to_numpy()
    return float(chance[inside].mean() / chance[~inside].mean())


def test_no_mitigation_is_the_family_itself(train):
    """The same points, bit for bit."""
    plain = FAMILY.fit(
        train.frame, train.y, None, SPECS, settings=SETTINGS, seed=1, travellers=train.about["entity"].tolist()
    )
    assert fit(train).compile() == plain.compile()


def test_a_dropped_feature_is_in_no_term(train):
    """It is gone, and the others stay."""
    model = fit(train, drop=("cash",)).compile()
    assert "cash" not in model.features
    assert "lead" in model.features


def test_coarse_values_cannot_be_told_apart_and_the_table_says_the_same(train):
    """Cuts are the limits; estimator and table agree on raw values; the trained range stays what it was."""
    fitted = fit(train, coarsen={"lead": (200.0, 600.0)})
    model = fitted.compile()
    assert check_parity(fitted, model, train.frame) <= 1e-9
    (axis,) = next(term.axes for term in model.terms if term.name == "lead")
    assert axis.cuts == (200.0, 600.0)
    assert axis.low == train.frame["lead"].min()
    two = train.frame.iloc[[0, 0]].assign(lead=[201.0, 599.0])
    assert len(set(score(model, two).tolist())) == 1
    assert any("Coarsened" in note for note in fitted.notes)


def test_weights_take_back_referral_that_follows_the_group(train):
    """The group is met more alike, more so at full strength, and by weights alone."""
    before, half, after = (
        gap(fit(train, **asked), train)
        for asked in ({}, {"reweigh": ("bloc",), "strength": 0.5}, {"reweigh": ("bloc",)})
    )
    assert before > 1.3
    assert abs(np.log(after)) < abs(np.log(before)) / 2
    assert abs(np.log(half)) < abs(np.log(before))


def test_weights_are_bounded_and_multiply_those_of_the_cases(train):
    """Mean one, largest as asked, and a case that counts for nothing still does."""
    config = MitigationConfig(reweigh=("bloc",), max_weight=1.5)
    found = mitigation.weights(train, train, SPECS, config)
    assert found.mean() == pytest.approx(1.0)
    assert found.max() / found.min() <= 1.5**2 + 1e-9
    weight = np.ones(len(train))
    weight[:100] = 1e-6
    assert mitigation.weights(replace(train, weight=weight), train, SPECS, config)[:100].max() < 1e-4


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"drop": ("no_such",)}, "no feature of this model: no_such"),
        ({"coarsen": {"purpose": (1.0,)}}, "only a number"),
        ({"reweigh": ("no_fact",)}, "hold no such fact: no_fact"),
    ],
)
def test_a_mitigation_that_names_nothing_is_refused(train, asked, told):
    """A typing error does not pass for a mitigation."""
    with pytest.raises(ConfigError, match=told):
        fit(train, **asked)
