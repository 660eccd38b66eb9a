"""Weights stand for those whom nobody looked at, only where the system logged its own chances; nobody is a zero."""

import numpy as np
import pandas as pd
import pytest

from training.errors import EffectiveSizeError, NotInspectedError
from training.selection_bias import (
    SelectionConfig,
    effective_size,
    inverse,
    judge_by,
    logged,
    refuse_unlabelled,
    weights_to_fit,
)

RNG = np.random.default_rng(7)


def about(*parts: tuple[str, float | None, int]) -> pd.DataFrame:
    """Cases by selection, logged chance and number."""
    rows = [(name, np.nan if chance is None else chance) for name, chance, count in parts for _ in range(count)]
    return pd.DataFrame(rows, columns=["selection", "selection_probability"])


def hits(count: int, of: int) -> np.ndarray:
    """So many ones among so many cases."""
    y = np.zeros(of)
    y[:count] = 1
    return y


def test_only_chances_that_the_system_drew_are_logged():
    """An officer's probability is somebody's guess, and a random case without chance has none."""
    facts = about(("random", 0.02, 1), ("score", 0.9, 1), ("random", None, 1), ("officer", 0.5, 1), ("tip", None, 1))
    assert logged(facts).tolist() == [True, True, False, False, False]


def test_weights_are_inverse_chances_of_mean_one():
    """Their ratios are those of the chances."""
    weights, cut = inverse(np.array([0.02, 0.2, 1.0]), 1000.0)
    assert weights.mean() == pytest.approx(1.0)
    assert weights[0] / weights[1] == pytest.approx(10.0)
    assert cut == 0.0


def test_cut_weights_are_counted():
    """One of a hundred is cut, and the mean stays one."""
    weights, cut = inverse(np.r_[0.001, np.ones(99)], 5.0)
    assert cut == pytest.approx(0.01)
    assert weights.mean() == pytest.approx(1.0)
    assert weights.max() < 6.0


def test_r19_weights_undo_the_selection():
    """The weighted share of those inspected by known chances is that of all, and the plain share is not."""
    risk = RNG.beta(1, 20, 200_000)
    chance = np.clip(4 * risk, 0.02, 1.0)
    y = RNG.random(len(risk)) < risk
    seen = RNG.random(len(risk)) < chance
    weights, _ = inverse(chance[seen], 1000.0)
    assert np.average(y[seen], weights=weights) == pytest.approx(risk.mean(), rel=0.06)
    assert y[seen].mean() > 1.25 * risk.mean()


def test_a_few_heavy_cases_are_refused_with_the_remedy():
    """Effective size below the floor: a typed error that names clip."""
    facts = about(("random", 0.001, 5), ("score", 1.0, 500))
    with pytest.raises(EffectiveSizeError, match=r"\[selection\] clip"):
        weights_to_fit(facts, SelectionConfig(clip=1000.0))
    lighter = weights_to_fit(facts, SelectionConfig(clip=3.0, min_effective_share=0.2))
    assert lighter.clipped == pytest.approx(5 / 505)
    assert lighter.effective_size == pytest.approx(effective_size(lighter.weight))


def test_cases_of_officers_count_unweighted_or_not_at_all():
    """As the configuration says, and the note says it, too."""
    facts = about(("random", 0.02, 3), ("officer", None, 2))
    both = weights_to_fit(facts, SelectionConfig(officer="unweighted"))
    assert both.weight.tolist() == [1.0] * 5
    assert both.plain
    assert "no weight corrects their choice" in both.note
    alone = weights_to_fit(facts, SelectionConfig(officer="drop"))
    assert alone.used.tolist() == [True] * 3 + [False] * 2
    assert "2 were selected by what nobody logged and are left out" in alone.note


def test_nothing_is_left_where_nobody_logged():
    """Dropping all is an error that says what to do, not an empty training."""
    with pytest.raises(EffectiveSizeError, match="Draw a random lane"):
        weights_to_fit(about(("officer", None, 10)), SelectionConfig(officer="drop"))


def test_t10_not_inspected_is_never_a_zero():
    """The control: a table in which missing labels are about to count is refused, with their number."""
    with pytest.raises(NotInspectedError, match="2 of 3 cases carry no label"):
        refuse_unlabelled(np.array([1.0, np.nan, np.nan]))
    with pytest.raises(NotInspectedError):
        judge_by("holdout", np.array([1.0, np.nan]), about(("random", 0.1, 2)), SelectionConfig())


def test_enough_logged_chances_judge_alone():
    """Officers' cases are left out, and the cases stand for all."""
    facts = about(("random", 0.02, 500), ("score", 0.5, 500), ("officer", None, 300))
    y = np.r_[hits(40, 500), hits(60, 500), hits(30, 300)]
    found = judge_by("holdout", y, facts, SelectionConfig())
    assert found.stands_for == "all"
    assert found.chosen.sum() == 1000
    assert found.weight is not None
    assert found.weight[0] / found.weight[-1] == pytest.approx(25.0)


def test_a_lane_without_logged_chance_is_still_a_sample():
    """Equal chances need no number."""
    facts = about(("random", None, 500), ("officer", None, 300))
    found = judge_by("holdout", np.r_[hits(40, 500), hits(30, 300)], facts, SelectionConfig())
    assert (found.stands_for, found.chosen.sum(), found.weight) == ("all", 500, None)


def test_weights_worth_too_little_fall_back_to_the_lane():
    """The note says why."""
    facts = about(("random", 0.001, 500), ("score", 1.0, 5000))
    y = np.r_[hits(40, 500), hits(800, 5000)]
    found = judge_by("holdout", y, facts, SelectionConfig(clip=1000.0))
    assert found.chosen.sum() == 500
    assert "worth only" in found.note


@pytest.mark.parametrize("kept", [True, False])
def test_too_few_hits_or_a_broken_lane_stand_for_the_inspected_alone(kept):
    """All labelled cases judge, unweighted, and the words say for whom."""
    facts = about(("random", 0.02, 500), ("officer", None, 300))
    y = np.r_[hits(5 if kept else 100, 500), hits(30, 300)]
    found = judge_by("holdout", y, facts, SelectionConfig(), lane_kept=kept)
    assert (found.stands_for, found.chosen.sum(), found.weight) == ("inspected", 800, None)
    assert "not for all" in found.note
    assert ("not kept to" in found.note) is not kept
