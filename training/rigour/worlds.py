"""Small worlds with known truth: who carries what, whom officers and the system pick, what a check finds, and when.

Each world is numpy arrays over travellers (300,000 take about a second), drawn from one seed. It has what makes case
history hard to learn from: a private cue that officers see and nobody records, officers who lean against some blocs,
a random lane that is not always kept to, checks that miss, outcomes that come late, and a pattern that is new from some
day on. All effect sizes are assumptions and can be changed one by one; their orders follow GAO/GGD-00-38 (disparities
and hit rates of searches) and GAO-02-215R (lanes that were not kept to).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FEATURES: Final = ("late_booking", "cash", "hub", "short_stay", "bags", "noise")
"""Columns of :attr:`World.x`. ``hub`` and ``short_stay`` tell the bloc in part: they are proxies. ``noise`` is none."""
BLOCS: Final = "ABCDE"
NOT_SELECTED, RANDOM, SCORE, OFFICER = 0, 1, 2, 3
"""Values of :attr:`Inspections.arm`."""


@dataclass(frozen=True, slots=True)
class WorldParameters:
    """What a world is made of; the defaults are those of the scoreboard.

    Attributes:
        travellers: how many cross.
        days: over how many days.
        prevalence: share of crossings with a violation that a full inspection would confirm.
        coefficients: of the features on the log-odds of a violation, in the order of :data:`FEATURES`.
        cue_on_risk: effect of the private cue on the log-odds of a violation.
        bloc_shares: shares of the blocs A to E.
        bloc_shifts: how far hub and short stay of each bloc lie from the others', in standard deviations.
        bloc_effects: effect of the bloc itself on the log-odds of a violation: 0 where it works by its features alone.
        officers: how many officers there are.
        officer_share: share of travellers that they pick by discretion.
        cue_on_selection: effect of the private cue on their choice.
        officer_bias: log-odds by which they lean against each bloc.
        male_bias: the same against men.
        officer_spread: standard deviation between officers.
        lane_share: share drawn at random.
        score_share: share referred by the score of the system.
        score_softness: width of the zone around the score's threshold in which chance decides, in standard deviations
            of the score; 0 for a hard cut.
        old_weights: how well the score in use knows each feature: multiplies the coefficients, in their order.
        compliance: share of drawn travellers who are really inspected.
        compliance_on_risk: effect of the true log-odds (standardised) on being really inspected; 0 where those who are
            skipped are like the others.
        sensitivity: chance that an inspection finds a violation that is there.
        specificity: chance that an inspection finds nothing where nothing is.
        shown_score_boost: how much more an inspection finds (relative) where the score sent the officer.
        delay_days: mean days until a hit is known (gamma of shape 2); "nothing found" is known on the day itself.
        new_pattern_share: share of travellers that the new pattern runs through, all with low scores; 0 for none.
        new_pattern_rate: their chance of a violation once it runs.
        new_pattern_day: day on which it begins.
    """

    travellers: int = 300_000
    days: int = 180
    prevalence: float = 0.007
    coefficients: tuple[float, ...] = (0.5, 0.7, 0.45, 0.35, 0.25, 0.0)
    cue_on_risk: float = 0.45
    bloc_shares: tuple[float, ...] = (0.45, 0.25, 0.15, 0.10, 0.05)
    bloc_shifts: tuple[float, ...] = (0.0, 0.15, 0.3, 0.6, 0.9)
    bloc_effects: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    officers: int = 60
    officer_share: float = 0.06
    cue_on_selection: float = 1.0
    officer_bias: tuple[float, ...] = (0.0, 0.0, 0.0, 0.54, 0.9)
    male_bias: float = 0.3
    officer_spread: float = 0.5
    lane_share: float = 0.05
    score_share: float = 0.03
    score_softness: float = 1.0
    old_weights: tuple[float, ...] = (1.0, 0.0, 1.0, 0.0, 0.5, 1.0)
    compliance: float = 1.0
    compliance_on_risk: float = 0.0
    sensitivity: float = 1.0
    specificity: float = 1.0
    shown_score_boost: float = 0.0
    delay_days: float = 0.0
    new_pattern_share: float = 0.0
    new_pattern_rate: float = 0.15
    new_pattern_day: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """Everybody who crosses, and what is true of them; all arrays are over travellers, in order of time.

    Attributes:
        parameters: what it was made of.
        x: (n, 6), what is recorded.
        bloc: 0 to 4; an audit fact, never a feature.
        male: an audit fact, too.
        cue: what officers see and nobody records.
        officer: whose traveller it is.
        day: of the crossing, fractions count.
        risk: true chance of a violation.
        y: 1 where there is a violation that a full inspection would confirm.
        new_pattern: whether the new pattern runs through this traveller.
        score: log-odds by the model in use, which knows some features well and some not.
    """

    parameters: WorldParameters
    x: Floats
    bloc: Integers
    male: Flags
    cue: Floats
    officer: Integers
    day: Floats
    risk: Floats
    y: Floats
    new_pattern: Flags
    score: Floats

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True)
class Inspections:
    """Who was picked, why, by what chance, and what came of it; all arrays are over the travellers of the world.

    Attributes:
        arm: :data:`NOT_SELECTED`, :data:`RANDOM`, :data:`SCORE` or :data:`OFFICER`; the lane comes before the score,
            the score before the officer.
        logged: chance of having been picked by the system, lane and score together: known for everybody.
        lane_chance: chance of having been drawn for the lane.
        everything: true chance of having been inspected by anybody; an agency never knows it.
        inspected: whether somebody really looked.
        found: what was recorded: 1 or 0, and NaN where nobody looked.
        known_day: when it became known; NaN where nobody looked.
        lean: (n_officers,), how far each officer leans towards checking.
    """

    arm: Integers
    logged: Floats
    lane_chance: Floats
    everything: Floats
    inspected: Flags
    found: Floats
    known_day: Floats
    lean: Floats


def make_world(parameters: WorldParameters | None = None, seed: int = 0) -> World:
    """Make a world.

    Args:
        parameters: what it is made of.
        seed: the same seed gives the same world.
    """
    p = parameters or WorldParameters()
    rng = np.random.default_rng((seed, 1))
    n = p.travellers
    bloc = rng.choice(len(p.bloc_shares), n, p=p.bloc_shares)
    male = rng.random(n) < 0.5  # noqa: PLR2004  half are men
    shift = np.asarray(p.bloc_shifts)[bloc]
    x = rng.standard_normal((n, len(FEATURES)))
    x[:, 1] = rng.random(n) < 0.15  # noqa: PLR2004  that share pays in cash
    x[:, 2] += shift
    x[:, 3] += shift
    cue = rng.standard_normal(n)
    day = np.sort(rng.random(n)) * p.days
    officer = rng.integers(0, p.officers, n)
    slope = x @ np.asarray(p.coefficients) + np.asarray(p.bloc_effects)[bloc]
    old = x @ (np.asarray(p.coefficients) * np.asarray(p.old_weights)) + 0.15 * p.old_weights[5] * x[:, 5]
    risk = logistic(slope + p.cue_on_risk * cue + _level(slope + p.cue_on_risk * cue, p.prevalence))
    low_score = old <= np.quantile(old, 0.5)
    new_pattern = low_score & (rng.random(n) < 2 * p.new_pattern_share)
    risk = np.where(new_pattern & (day >= p.new_pattern_day), np.maximum(risk, p.new_pattern_rate), risk)
    y = (rng.random(n) < risk).astype(np.float64)
    return World(p, x, bloc, male, cue, officer, day, risk, y, new_pattern, old + _level(old, p.prevalence))


def inspect(world: World, seed: int = 0, *, score: Floats | None = None) -> Inspections:
    """Let the system and the officers pick, and let them look.

    Args:
        world: who crosses.
        seed: of the draws.
        score: (n,), by which the system refers; default: the score of the model in use.
    """
    p, n = world.parameters, len(world)
    rng = np.random.default_rng((seed, 2))
    ranking = world.score if score is None else score
    by_score = score_chances(ranking, p.score_share, p.score_softness)
    lean = rng.normal(0.0, p.officer_spread, p.officers)
    taste = (
        p.cue_on_selection * world.cue
        + 0.3 * world.x[:, 0]
        + 0.5 * world.x[:, 1]
        + np.asarray(p.officer_bias)[world.bloc]
        + p.male_bias * world.male
        + lean[world.officer]
    )
    by_officer = logistic(taste + _level(taste, p.officer_share)) if p.officer_share > 0 else np.zeros(n)
    drawn = rng.random(n) < p.lane_share
    referred = rng.random(n) < by_score
    picked = rng.random(n) < by_officer
    arm = np.select([drawn, referred, picked], [RANDOM, SCORE, OFFICER], NOT_SELECTED)
    keeps = np.full(n, p.compliance)
    if p.compliance < 1 and p.compliance_on_risk:
        slant = p.compliance_on_risk * _standard(np.log(world.risk))
        keeps = logistic(slant + _level(slant, p.compliance))
    inspected = (arm != NOT_SELECTED) & ((arm != RANDOM) | (rng.random(n) < keeps))
    sensitivity = np.minimum(1.0, p.sensitivity * (1 + p.shown_score_boost * (arm == SCORE)))  # others see no score
    hit = rng.random(n) < np.where(world.y == 1, sensitivity, 1 - p.specificity)
    found = np.where(inspected, hit.astype(np.float64), np.nan)
    wait = rng.gamma(2.0, p.delay_days / 2, n) if p.delay_days > 0 else np.zeros(n)
    logged = 1 - (1 - p.lane_share) * (1 - by_score)
    return Inspections(
        arm=arm.astype(np.int64),
        logged=logged,
        lane_chance=np.full(n, p.lane_share),
        everything=1 - (1 - p.lane_share * keeps) * (1 - by_score) * (1 - by_officer),
        inspected=inspected,
        found=found,
        known_day=np.where(inspected, world.day + np.where(found == 1, wait, 0.0), np.nan),
        lean=lean,
    )


def score_chances(score: Floats, share: float, softness: float) -> Floats:
    """Chance of being referred by a score at a capacity, with a zone around the threshold in which chance decides.

    Chances in the zone lie between 0.02 and 0.98, so that each side of the threshold is seen sometimes.

    Args:
        score: (n,).
        share: of travellers that can be referred.
        softness: half-width of the zone in standard deviations of the score; 0 for a hard cut.
    """
    if share <= 0:
        return np.zeros(len(score))
    order = np.argsort(-score, kind="stable")
    if softness <= 0:
        chances = np.zeros(len(score))
        chances[order[: round(share * len(score))]] = 1.0
        return chances
    width = softness * float(score.std())
    low, high = float(score.min()), float(score.max())
    for _ in range(60):  # the threshold at which the expected number is the capacity
        middle = (low + high) / 2
        low, high = (middle, high) if _soft(score, middle, width).mean() > share else (low, middle)
    return _soft(score, (low + high) / 2, width)


def _soft(score: Floats, threshold: float, width: float) -> Floats:
    place = (score - threshold) / width
    chance = np.clip(logistic(4 * place), 0.02, 0.98)
    return np.where(place < -1, 0.0, np.where(place > 1, 1.0, chance))


def logistic(log_odds: Floats) -> Floats:
    """Log-odds to probability."""
    odds = np.exp(-np.abs(log_odds))
    return np.asarray(np.where(log_odds >= 0, 1.0, odds) / (1.0 + odds))


def _level(slope: Floats, mean: float) -> float:
    """The intercept at which the mean chance is the one asked for, by bisection."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if float(logistic(slope + middle).mean()) > mean else (middle, high)
    return (low + high) / 2


def _standard(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / values.std())
