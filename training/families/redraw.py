"""Draw the cases anew, traveller by traveller: what a fit would have been, had other travellers been inspected."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.swings import lanes_of
from training.families.base import Floats
from training.families.shape import unmet_error

REDRAWS = 20
"""Redraws of the cases behind each interval."""
STUDENT = 1.051
"""Widens an interval of 1.645 standard errors to 90 %, since the error itself comes from 20 redraws (Student's t)."""
MOST_COPIES = 100
_TRIES = 100


def copies(travellers: npt.NDArray[np.intp], y: Floats, seed: int, redraws: int = REDRAWS) -> npt.NDArray[np.int8]:
    """Say how often each row counts in each redraw, (n_rows, n_redraws).

    All rows of a traveller are drawn together, Poisson with mean one, since they resemble each other; about one
    traveller in three is left out of a redraw. A redraw that would leave an outcome out, or none of it, is drawn again.

    Args:
        travellers: (n_rows,), number of each row's traveller, from 0.
        y: (n_rows,), outcomes.
        seed: the same seed gives the same redraws.
        redraws: how many.
    """
    rng = np.random.default_rng((seed, redraws))
    people = int(travellers.max()) + 1
    drawn = np.ones((len(y), redraws), dtype=np.int8)
    for redraw in range(redraws):
        for _ in range(_TRIES):
            counts = np.minimum(rng.poisson(1.0, people), MOST_COPIES)[travellers]
            if all(0 < np.count_nonzero(counts[y == outcome]) < np.sum(y == outcome) for outcome in (0, 1)):
                drawn[:, redraw] = counts
                break
    return drawn


def swing_table(moves: Floats, points: Floats, travellers: Floats, *, inflation: float, place: int) -> Any:
    """Write how the points of a term moved as nested lanes.

    A bin that training never met gets an honest error: how far the points that were met lie from each other. It stands
    in one lane, chosen by the place of the term, so that such bins of several terms do not swing together.

    Args:
        moves: of each point in each redraw about its mean, (*shape, n_redraws).
        points: (*shape,).
        travellers: (*shape,).
        inflation: factor on all moves.
        place: of the term in the model.
    """
    redraws = moves.shape[-1]
    unmet = np.zeros(redraws)
    unmet[place % redraws] = unmet_error(points, travellers) * np.sqrt(max(1, redraws - 1)) / inflation
    filled = np.where((travellers > 0)[..., None], moves, unmet)

    def written(table: Floats) -> Any:
        return lanes_of(table.tolist(), inflation) if table.ndim == 1 else [written(part) for part in table]

    return written(filled)


def travellers_per_cell(
    bins: tuple[npt.NDArray[np.intp], ...], shape: tuple[int, ...], who: npt.NDArray[np.intp]
) -> Floats:
    """Count different travellers per bin, or per pair of bins, (*shape,).

    Args:
        bins: (n_rows,) for each axis.
        shape: number of bins of each axis.
        who: (n_rows,), number of each row's traveller.

    >>> travellers_per_cell((np.array([1, 1, 2]),), (3,), np.array([0, 0, 1])).tolist()
    [0.0, 1.0, 1.0]
    """
    people = int(who.max(initial=-1)) + 1
    pairs = pd.unique(np.ravel_multi_index(bins, shape) * people + who)  # hashed, since sorting takes far longer
    return np.bincount(pairs // max(people, 1), minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
