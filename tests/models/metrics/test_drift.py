"""Drift is told where there is any, and is not where a window is only small, or last year's season is back."""

import math

import numpy as np
import pytest

from models.errors import MetricError
from models.metrics.drift import (
    INDEPENDENT,
    Comparison,
    Reference,
    Verdict,
    compare,
    compare_share,
    dispersion,
    stability_index,
    verdicts,
)

TENTHS = np.full(10, 0.1)
SKEWED = np.array([0.7, 0.2, 0.05, 0.03, 0.015, 0.005])


def _training(shares=TENTHS, size=100_000):
    return Reference("training", shares, size)


@pytest.mark.parametrize("shares", [TENTHS, SKEWED])
@pytest.mark.parametrize("size", [200, 1000, 20_000])
def test_noise_has_the_size_that_simulation_gives_it(shares, size):
    """The index that quiet windows exceed once in a hundred, for small windows and large ones."""
    rng = np.random.default_rng(3)
    noise = compare("x", "values", rng.multinomial(size, shares), [_training(shares)]).noise
    reference = rng.multinomial(100_000, shares, 6000)
    indices = [
        stability_index(*pair, 100_000) for pair in zip(rng.multinomial(size, shares, 6000), reference, strict=True)
    ]
    assert np.mean(np.array(indices) > noise) == pytest.approx(0.01, abs=0.005)


@pytest.mark.parametrize("size", [1000, 20_000])
def test_the_interval_holds_the_index_of_the_populations(size):
    """In about 95 of 100 windows, whether something changed or not."""
    rng = np.random.default_rng(5)
    moved = np.array([0.08, 0.08, 0.09, 0.09, 0.1, 0.1, 0.11, 0.11, 0.12, 0.12])
    for shares in (TENTHS, moved):
        truth = stability_index(shares * 1e12, TENTHS)
        found = [compare("x", "values", rng.multinomial(size, shares), [_training()]) for _ in range(300)]
        inside = np.mean([one.low - 1e-9 <= truth <= one.high for one in found])
        assert inside >= 0.92
        assert shares is TENTHS or inside <= 0.99, "no wider than it has to be"


def test_r31_a_change_is_told_once_it_is_past_floor_and_noise():
    """Not the same change in a window too small to tell, nor a change too small to matter in a large one."""
    moved = TENTHS + np.linspace(-0.05, 0.05, 10)
    small, large, slight = (
        verdicts([compare("x", "values", np.round(shares * size), [_training()])])[0]
        for shares, size in ((moved, 220), (moved, 2000), (TENTHS + np.linspace(-0.005, 0.005, 10), 500_000))
    )
    assert small.verdict is Verdict.QUIET
    assert large.verdict is Verdict.ALARM
    assert slight.verdict is Verdict.QUIET
    assert slight.chance < 1e-9


def test_too_few_travellers_are_no_verdict():
    """Neither in the window nor in the reference."""
    for counts, reference in (([60, 60], _training([0.5, 0.5])), ([600, 600], _training([0.5, 0.5], 150))):
        assert verdicts([compare("x", "values", counts, [reference])])[0] == Comparison(
            "x", "values", "", sum(counts), 0.0
        )
    assert compare("x", "values", [500, 500], []).verdict is Verdict.TOO_FEW


def test_last_years_season_is_no_change():
    """A window is held against the reference that is nearest to it; a change that neither knows is told."""
    summer, changed = [700, 200, 100], [500, 100, 400]
    season = Reference("season", [7050, 1980, 970], 10_000)
    training = _training([0.4, 0.4, 0.2])
    alone, known, new = (
        verdicts([compare("x", "values", counts, references)])[0]
        for counts, references in ((summer, [training]), (summer, [training, season]), (changed, [training, season]))
    )
    assert alone.verdict is Verdict.ALARM
    assert (known.verdict, known.against) == (Verdict.QUIET, "season")
    assert new.verdict is Verdict.ALARM


def test_a_family_shares_its_chance_of_a_false_alarm():
    """What one test alone would tell is within the noise of two hundred tests; other families do not count."""
    one = compare("x", "values", np.round((TENTHS + np.linspace(-0.0225, 0.0225, 10)) * 2000), [_training()])
    assert 1e-6 < one.chance < 1e-3
    quiet = [compare(str(at), "values", TENTHS * 2000, [_training()]) for at in range(200)]
    others = [compare(str(at), "score", TENTHS * 2000, [_training()]) for at in range(200)]
    assert verdicts([one])[0].verdict is Verdict.ALARM
    assert verdicts([*others, one])[-1].verdict is Verdict.ALARM
    assert {found.verdict for found in verdicts([*quiet, one])} == {Verdict.QUIET}


def test_days_that_vary_have_more_noise():
    """Travellers of one flight are alike: windows of them vary more than independent travellers would."""
    rng = np.random.default_rng(8)
    steady = rng.multinomial(1000, TENTHS, 28)
    by_flight = 50 * rng.multinomial(20, TENTHS, 28)
    assert dispersion(steady).times < 1.3
    assert 45 < dispersion(by_flight).times < 80
    assert dispersion(by_flight).evenness > 0.7
    assert dispersion(by_flight[:6]) == INDEPENDENT
    tilted = TENTHS * (1 + np.outer(rng.normal(size=28), np.linspace(-0.2, 0.2, 10)))
    assert dispersion(np.array([rng.multinomial(5000, day) for day in tilted])).evenness < 0.2
    quiet = 50 * rng.multinomial(140, TENTHS)
    first, allowed = (
        verdicts([compare("x", "values", quiet, [_training()], spread=spread)])[0]
        for spread in (INDEPENDENT, dispersion(by_flight))
    )
    assert first.chance < 1e-6 < allowed.chance
    assert (first.verdict, allowed.verdict) == (Verdict.ALARM, Verdict.QUIET)


def test_shares_are_watched_like_distributions():
    """Ten in a hundred more without a value is a change; one more in a thousand is none."""
    training = [_training([0.02, 0.98])]
    more, same = (verdicts([compare_share("x", "missing", cases, 2000, training)])[0].verdict for cases in (240, 42))
    assert (more, same) == (Verdict.ALARM, Verdict.QUIET)


def test_a_bin_that_nobody_is_in_counts_for_nothing():
    """Neither as a degree of freedom nor as a share."""
    with_empty, without = (
        compare("x", "values", counts, [_training(counts)]) for counts in ([500, 0, 500], [500, 500])
    )
    assert with_empty == without
    only = compare("x", "values", [500, 0], [_training([1.0, 0.0])])
    assert (only.index, only.chance) == (0.0, 1.0)


def test_a_certain_reference_is_taken_as_it_is():
    """Shares of infinitely many have no noise of their own."""
    found = compare("x", "values", [600, 400], [Reference("law", [0.5, 0.5], math.inf)])
    assert found.index == pytest.approx(0.1 * math.log(0.6 / 0.4), rel=0.01)


@pytest.mark.parametrize("counts", [[], [[1.0]], [-1.0, 2.0], [math.nan, 1.0]])
def test_what_is_no_distribution_is_refused(counts):
    """So that no verdict is made of it."""
    with pytest.raises(MetricError):
        compare("x", "values", counts, [_training()])
    with pytest.raises(MetricError):
        stability_index([0, 0], [0.5, 0.5])
    with pytest.raises(MetricError, match="same bins"):
        compare("x", "values", [1.0] * 3, [_training()])
    with pytest.raises(MetricError, match="table"):
        dispersion([1.0, 2.0])
