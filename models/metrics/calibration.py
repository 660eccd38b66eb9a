"""Whether a probability of two percent means two in a hundred: scores of probabilities, and observed over expected."""

import math
from dataclasses import dataclass

import numpy as np

from models.errors import MetricError
from models.metrics.arrays import Floats, Numbers, checked, dot
from models.metrics.intervals import poisson_interval, wilson_interval

SMALLEST = 1e-15
"""Probabilities are kept this far from 0 and 1 in the logarithmic loss."""
NEWTON_STEPS = 100
TOLERANCE, SMALL_STEP = 1e-13, 1e-9
"""A line has been found where a step gains this little, and moves this little."""


def brier(y: Numbers, probability: Numbers, weight: Numbers | None = None) -> float:
    """Mean squared distance of probability and outcome.

    >>> round(brier([1, 0], [0.75, 0.25]), 4)
    0.0625
    """
    outcome, chance, weights = _probabilities(y, probability, weight)
    return float(np.average((chance - outcome) ** 2, weights=weights))


def log_loss(y: Numbers, probability: Numbers, weight: Numbers | None = None) -> float:
    """Mean negative log-likelihood of the outcomes."""
    outcome, chance, weights = _probabilities(y, probability, weight)
    kept = np.clip(chance, SMALLEST, 1 - SMALLEST)
    return float(-np.average(np.where(outcome == 1, np.log(kept), np.log1p(-kept)), weights=weights))


def calibration_error(y: Numbers, probability: Numbers, weight: Numbers | None = None, *, bins: int = 10) -> float:
    """Mean distance of observed and predicted share over bins of equal weight, relative to the observed share overall.

    Relative, because a model that says "never" is off by under one percent where one percent is the truth.
    """
    rows = reliability_table(y, probability, weight, bins=bins)
    base = sum(row.observed for row in rows) / sum(row.weight for row in rows)
    if not base > 0:
        raise MetricError("the relative calibration error needs confirmed cases")
    gaps = sum(row.weight * abs(row.rate - row.predicted) for row in rows)
    return gaps / sum(row.weight for row in rows) / base


@dataclass(frozen=True, slots=True)
class ReliabilityRow:
    """One bin of a reliability table.

    Attributes:
        lowest: smallest probability in the bin; ``highest`` the largest.
        cases: number of cases; ``weight`` their weight.
        predicted: mean probability.
        rate: observed share of confirmed cases, ``rate_low`` and ``rate_high`` its interval (Wilson).
        observed: weight of confirmed cases; ``expected`` the sum of the probabilities.
        ratio: observed over expected, ``ratio_low`` and ``ratio_high`` its interval (exact Poisson).
    """

    lowest: float
    highest: float
    cases: int
    weight: float
    predicted: float
    rate: float
    rate_low: float
    rate_high: float
    observed: float
    expected: float
    ratio: float
    ratio_low: float
    ratio_high: float


def reliability_table(
    y: Numbers, probability: Numbers, weight: Numbers | None = None, *, bins: int = 10, level: float = 0.90
) -> list[ReliabilityRow]:
    """Compare prediction and outcome in bins of about equal weight, the lowest probabilities first; ties stay together.

    Args:
        y: (n,), outcomes.
        probability: (n,).
        weight: (n,) or ``None``.
        bins: most rows of the table.
        level: of the intervals.
    """
    if bins < 1:
        raise MetricError("there is at least one bin")
    outcome, chance, weights = _probabilities(y, probability, weight)
    order = np.argsort(chance, kind="stable")
    outcome, chance, weights = outcome[order], chance[order], weights[order]
    first_of_tie = np.searchsorted(chance, chance, side="left")
    before = (np.cumsum(weights) - weights)[first_of_tie]
    place = np.minimum((before / weights.sum() * bins).astype(int), bins - 1)
    rows = []
    for one in np.unique(place):
        inside = (place == one) & (weights > 0)
        if inside.any():
            rows.append(_row(outcome[inside], chance[inside], weights[inside], level))
    return rows


def _row(outcome: Floats, chance: Floats, weights: Floats, level: float) -> ReliabilityRow:
    total, observed = float(weights.sum()), dot(weights, outcome)
    size = total * total / dot(weights, weights)  # Kish's effective number of cases
    low, high = wilson_interval(min(1.0, observed / total) * size, size, level)
    ratio = observed_to_expected(outcome, chance, weights, level=level)
    return ReliabilityRow(
        lowest=float(chance.min()),
        highest=float(chance.max()),
        cases=len(outcome),
        weight=total,
        predicted=dot(weights, chance) / total,
        rate=observed / total,
        rate_low=low,
        rate_high=high,
        observed=observed,
        expected=ratio.expected,
        ratio=ratio.ratio,
        ratio_low=ratio.low,
        ratio_high=ratio.high,
    )


@dataclass(frozen=True, slots=True)
class ObservedToExpected:
    """Confirmed cases over the number that the probabilities promise, with an interval."""

    observed: float
    expected: float
    ratio: float
    low: float
    high: float


def observed_to_expected(
    y: Numbers, probability: Numbers, weight: Numbers | None = None, *, level: float = 0.90
) -> ObservedToExpected:
    """Compare the number of confirmed cases with the sum of the probabilities; 1 is right.

    The interval is the exact one of a Poisson count. With weights, it is that of the effective count (Kish): the square
    of the sum of the weights of confirmed cases, over the sum of their squares.
    """
    outcome, chance, weights = _probabilities(y, probability, weight)
    expected = dot(weights, chance)
    if not expected > 0:
        raise MetricError("the probabilities promise no case at all")
    hits = weights[(outcome == 1) & (weights > 0)]
    observed = float(hits.sum())
    count = observed * observed / dot(hits, hits) if len(hits) else 0.0
    if math.isclose(count, len(hits), rel_tol=1e-12):
        count = float(len(hits))  # equal weights: a whole number, up to rounding
    unit = observed / count if count else float(weights[weights > 0].mean())  # weight of one case
    low, high = (end * unit / expected for end in poisson_interval(count, level))
    return ObservedToExpected(observed, expected, observed / expected, low, high)


def calibration_line(y: Numbers, log_odds: Numbers, weight: Numbers | None = None) -> tuple[float, float]:
    """Fit outcomes on log-odds by logistic regression: slope and intercept; 1 and 0 are right.

    Args:
        y: (n,), outcomes.
        log_odds: (n,), as the model gives them.
        weight: (n,) or ``None``.

    Raises:
        MetricError: where outcomes are of one kind, or log-odds separate them or do not differ.
    """
    outcome, scores, weights = checked(y, log_odds, weight)
    middle = np.average(scores, weights=weights)
    spread = math.sqrt(np.average((scores - middle) ** 2, weights=weights))
    share = float(np.average(outcome, weights=weights))
    if not (spread > 0 and 0 < share < 1):
        raise MetricError("a calibration line needs scores that differ, confirmed cases and others")
    scaled = (scores - middle) / spread
    slope, height = 0.0, math.log(share / (1 - share))
    loss = _line_loss(slope * scaled + height, outcome, weights)
    for _ in range(NEWTON_STEPS):
        chance = _logistic(slope * scaled + height)
        missed, bend = weights * (outcome - chance), weights * chance * (1 - chance)
        first, second = dot(missed, scaled), float(missed.sum())
        a, b, c = dot(bend, scaled * scaled), dot(bend, scaled), float(bend.sum())
        determinant = a * c - b * b
        if not determinant > 0:
            break
        step = (c * first - b * second) / determinant, (a * second - b * first) / determinant
        size = 1.0
        while True:  # half a step, where a whole one would overshoot
            tried = slope + size * step[0], height + size * step[1]
            new_loss = _line_loss(tried[0] * scaled + tried[1], outcome, weights)
            if new_loss <= loss or size < SMALLEST:
                break
            size /= 2
        gain, loss, (slope, height) = loss - new_loss, new_loss, tried
        if abs(gain) <= TOLERANCE * abs(loss) and size * max(map(abs, step)) < SMALL_STEP:
            return slope / spread, height - slope / spread * float(middle)
    raise MetricError("no calibration line fits: the scores separate the outcomes")


def _line_loss(scores: Floats, outcome: Floats, weights: Floats) -> float:
    return dot(weights, np.logaddexp(0.0, scores) - outcome * scores)


def _logistic(scores: Floats) -> Floats:
    odds = np.exp(-np.abs(scores))
    return np.where(scores >= 0, 1.0, odds) / (1.0 + odds)


def _probabilities(y: Numbers, probability: Numbers, weight: Numbers | None) -> tuple[Floats, Floats, Floats]:
    outcome, chance, weights = checked(y, probability, weight)
    if ((chance < 0) | (chance > 1)).any():
        raise MetricError("probabilities are from 0 to 1")
    return outcome, chance, weights
