"""Carry the uncertainty of the calibration into the table: each redraw of the cases is brought to scale by itself."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.additive import AdditiveModel
from training.calibrate import Calibration, calibrate
from training.dataset import Slice
from training.errors import OneOutcomeError
from training.families.base import Floats, model_columns
from training.families.redraw import copies

SLOPES = (0.25, 4.0)
"""Range of a redraw's slope, as a multiple of the slope itself: few cases can throw a line anywhere."""


def recalibrated(model: AdditiveModel, line: Calibration, later: Slice, seed: int) -> AdditiveModel:
    """Fold the line into the table, and into each redraw the line that it would have got on later cases drawn anew.

    A redraw that came out too high is brought down by its own line, as the model itself was: so the level of a score is
    as certain as later cases make it, not as the training cases alone do.

    Args:
        model: before calibration.
        line: of the model.
        later: the cases that the line was fitted on.
        seed: of the redraws.
    """
    if not model.features:
        return line.apply(model)
    order = np.argsort(later.about["record_id"].astype(str).to_numpy(), kind="stable")  # not that of the table
    travellers = np.asarray(pd.factorize(later.about["entity"].to_numpy()[order])[0], dtype=np.intp)
    weight = None if later.weight is None else later.weight[order]
    frame = later.frame.iloc[order]
    return model.scaled(
        line.slope, line.intercept, redrawn_lines(model, line, frame, later.y[order], weight, who=travellers, seed=seed)
    )


def redrawn_lines(
    model: AdditiveModel,
    line: Calibration,
    frame: pd.DataFrame,
    y: Floats,
    weight: Floats | None,
    *,
    who: npt.NDArray[np.intp],
    seed: int,
) -> list[tuple[float, float]]:
    """Slope and level of each redraw of the model, on later cases drawn anew.

    Args:
        model: before calibration.
        line: of the model.
        frame: features of the later cases.
        y: (n_rows,), their outcomes.
        weight: (n_rows,), or ``None`` where all count the same.
        who: (n_rows,), number of each row's traveller, from 0.
        seed: of the redraws.
    """
    lanes = len(model.baseline_swings)
    counts = copies(who, y, seed + 1, lanes) * (np.ones(len(y)) if weight is None else weight)[:, None]
    scores = model.redraws(model_columns(frame, model.features))
    return [_line(scores[:, at], y, counts[:, at], line) for at in range(lanes)]


def _line(scores: Floats, y: Floats, weight: Floats, line: Calibration) -> tuple[float, float]:
    held = weight > 0
    try:
        own = calibrate(scores[held], y[held], weight[held])
    except OneOutcomeError:
        return line.slope, line.intercept
    slope = float(np.clip(own.slope, line.slope * SLOPES[0], line.slope * SLOPES[1]))
    if slope == own.slope:
        return slope, own.intercept
    return line.slope, line.intercept
