"""Bring a score to the scale of observed outcomes, with a straight line in log-odds: reasons still add up exactly."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.additive import AdditiveModel
from training.errors import OneOutcomeError
from training.families.base import Floats

MIN_POSITIVES = 30
"""Confirmed cases below which only the level is moved, and the slope is left at one."""
_ROUNDS = 100
_SPREAD = 1e-9


@dataclass(frozen=True)
class Calibration:
    """The line that was fitted: calibrated = ``slope`` * score + ``intercept``.

    Attributes:
        slope: above zero, so that no order of scores and no direction changes.
        intercept: [log-odds].
        cases: labelled cases behind it.
        positives: confirmed among them.
        note: what a reader should know of how it came about.
        level_error: relative standard error of the level that the line gives: that of the weighted count of confirmed
            cases behind it.
    """

    slope: float
    intercept: float
    cases: int
    positives: int
    note: str
    level_error: float

    def apply(self, model: AdditiveModel) -> AdditiveModel:
        """Fold the line into the table of points."""
        return model.scaled(self.slope, self.intercept)


def calibrate(log_odds: Floats, y: npt.NDArray[np.generic], weight: Floats | None = None) -> Calibration:
    """Fit the line on cases that are later than those of the fit.

    Args:
        log_odds: (n_rows,), scores of the model.
        y: (n_rows,), 1 where the risk was confirmed.
        weight: (n_rows,) or ``None``.

    Returns:
        Slope and intercept of largest likelihood; below :data:`MIN_POSITIVES` confirmed cases, or where the slope would
        not be positive, the slope is one and the intercept makes expected and observed numbers equal.

    Raises:
        OneOutcomeError: where all outcomes are equal.
    """
    outcome = np.asarray(y, dtype=np.float64)
    weights = np.ones(len(outcome)) if weight is None else np.asarray(weight, dtype=np.float64)
    positives = int(outcome.sum())
    if not 0 < positives < len(outcome):
        raise OneOutcomeError(
            f"The calibration slice holds {positives} confirmed of {len(outcome)} labelled cases; "
            "both outcomes are needed. Widen the slice in [split], or give more cases."
        )
    hits = weights[outcome == 1]
    error = float(np.sqrt(np.sum(hits**2)) / np.sum(hits))
    told = (
        f"{positives} confirmed of {len(outcome)} labelled cases in the calibration slice, so the level has a relative "
        f"standard error of {error:.0%}"
    ).replace("%", " %")
    if positives >= MIN_POSITIVES and float(np.std(log_odds)) > _SPREAD:
        line = fit_logistic(
            np.column_stack([log_odds, np.ones(len(outcome))]), outcome, weights, np.zeros(len(outcome))
        )
        if line is not None and line[0] > 0:
            told = f"Slope and level from {told}."
            return Calibration(float(line[0]), float(line[1]), len(outcome), positives, told, error)
        why = "the slope would not be positive"
    elif positives >= MIN_POSITIVES:
        why = "the score is the same for all"
    else:
        why = f"fewer than {MIN_POSITIVES} confirmed cases do not carry a slope"
    shift = fit_logistic(np.ones((len(outcome), 1)), outcome, weights, log_odds)
    level = 0.0 if shift is None else float(shift[0])
    return Calibration(1.0, level, len(outcome), positives, f"Level only, since {why}: {told}.", error)


def fit_logistic(design: Floats, y: Floats, weight: Floats, offset: Floats, ridge: float = 0.0) -> Floats | None:
    """Logistic regression by Newton steps with halving, (n_columns,); ``None`` where it does not settle.

    Args:
        design: (n_rows, n_columns).
        y: (n_rows,), 1 or 0.
        weight: (n_rows,).
        offset: (n_rows,), added to the log-odds.
        ridge: penalty of half the squared coefficients; 0 for none.
    """
    beta = np.zeros(design.shape[1])
    loss = _loss(design @ beta + offset, y, weight)
    for _ in range(_ROUNDS):
        chance = logistic(design @ beta + offset)
        gradient = design.T @ (weight * (y - chance)) - ridge * beta
        hessian = (design * (weight * chance * (1 - chance))[:, None]).T @ design
        if ridge:
            hessian[np.diag_indices_from(hessian)] += ridge
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            return None
        while (
            after := _loss(design @ (beta + step) + offset, y, weight) + _penalty(beta + step, ridge)
        ) > loss and np.max(np.abs(step)) > 1e-14:  # noqa: PLR2004  far below any use
            step = step / 2
        beta, loss = beta + step, min(after, loss)
        if np.max(np.abs(step)) < 1e-12:  # noqa: PLR2004  settled to the last digits
            return beta if np.all(np.isfinite(beta)) else None
    return None


def logistic(log_odds: Floats) -> Floats:
    """Log-odds to probability, (n_rows,)."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -700, 700))))


def _penalty(beta: Floats, ridge: float) -> float:
    return ridge / 2 * float(beta @ beta) if ridge else 0.0


def _loss(log_odds: Floats, y: Floats, weight: Floats) -> float:
    return float(np.sum(weight * (np.logaddexp(0.0, log_odds) - y * log_odds)))
