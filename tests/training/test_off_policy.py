"""What another model would have found: recall with its interval, and predictions that have not seen their own case."""

import numpy as np
import pytest

from training.off_policy import crossfitted, recall_at

RNG = np.random.default_rng(5)
N = 60_000
SCORE = RNG.normal(size=N)
RISK = 1 / (1 + np.exp(4.0 - SCORE))
Y = (RNG.random(N) < RISK).astype(float)
CHANCE = np.clip(RNG.beta(1, 4, N), 0.05, 1.0)
SEEN = RNG.random(N) < CHANCE


def test_recall_is_that_of_all_travellers():
    """From a fifth of them: in the mean, and within its interval in at least 34 of 40 draws."""
    truth = RISK[np.argsort(-SCORE)[: N // 10]].sum() / RISK.sum()
    found = []
    for _ in range(40):
        y, seen = (RNG.random(N) < RISK).astype(float), RNG.random(N) < CHANCE
        found.append(recall_at(SCORE, seen, y, CHANCE, 0.1))
        assert found[-1].hits == int(y[seen].sum())
    assert np.mean([each.estimate for each in found]) == pytest.approx(truth, rel=0.05)
    assert sum(each.low < truth < each.high for each in found) >= 34


def test_outcomes_of_those_whom_nobody_inspected_are_never_read():
    """NaN where nobody looked gives the same number."""
    blank = np.where(SEEN, Y, np.nan)
    assert recall_at(SCORE, SEEN, blank, CHANCE, 0.1) == recall_at(SCORE, SEEN, Y, CHANCE, 0.1)


def test_without_a_hit_there_is_no_recall():
    """No number, no interval."""
    found = recall_at(SCORE, SEEN, np.zeros(N), CHANCE, 0.1)
    assert (found.estimate, found.low, found.high, found.hits) == (None, None, None, 0)


def test_a_recall_of_one_has_an_interval_too():
    """Hits on one side alone do not make certainty."""
    y = np.zeros(100)
    y[:3] = 1
    found = recall_at(np.arange(100, 0, -1.0), np.ones(100, dtype=bool), y, np.ones(100), 0.05)
    assert found.estimate == 1.0
    assert found.low < 0.5


def test_predictions_rank_and_have_the_right_level():
    """Weighted by inverse chances, they stand for all."""
    predicted = crossfitted(SCORE[:, None], SEEN, Y, 1 / CHANCE, seed=1)
    assert predicted.mean() == pytest.approx(Y.mean(), rel=0.1)
    assert np.corrcoef(predicted, RISK)[0, 1] > 0.95


def test_no_case_teaches_its_own_prediction():
    """Turning one outcome around leaves the predictions of its own fold as they were."""
    first = crossfitted(SCORE[:, None], SEEN, Y, 1 / CHANCE, seed=1)
    place = int(np.flatnonzero(SEEN)[0])
    turned = Y.copy()
    turned[place] = 1 - turned[place]
    second = crossfitted(SCORE[:, None], SEEN, turned, 1 / CHANCE, seed=1)
    assert first[place] == second[place]
    assert (first != second).any()


def test_too_few_hits_predict_the_base_rate():
    """A handful of hits carries no regression."""
    y = np.zeros(500)
    y[:3] = 1
    predicted = crossfitted(RNG.normal(size=(500, 2)), np.ones(500, dtype=bool), y, np.ones(500), seed=1)
    assert len(np.unique(predicted)) <= 5
    assert predicted.mean() == pytest.approx(0.006, abs=0.003)
