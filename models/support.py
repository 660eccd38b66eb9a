"""How firm the reasons of one score are: the share of redraws in which each stays among the first of its side.

Computed where a stored decision is explained, never where one is made. The moves are those of the bundle, widened as
the interval of the score is.
"""

from collections.abc import Sequence
from typing import Any

from models.additive import AdditiveModel
from models.swings import move_unit

FIRST = 3
"""Reasons of a side that are looked at."""


def support(model: AdditiveModel, cells: Sequence[int]) -> dict[int, float]:
    """Tell how often each reason stays among the first.

    Args:
        model: that was explained.
        cells: numbers of the cells of its explanation (:class:`models.base.Explanation`).

    Returns:
        Number of a cell with points -> share of redraws in which it is among the :data:`FIRST` that raise the score,
        where its points raise it, or among those that lower it, where they lower it.
    """
    unit = move_unit(len(model.baseline_swings))
    points = [model.cells.points[cell] for cell in cells]
    moves = [_lanes(model, cell) for cell in cells]
    kept = [0] * len(cells)
    redraws = len(model.baseline_swings)
    for lane in range(redraws):
        drawn = [value + own[lane] * unit for value, own in zip(points, moves, strict=True)]
        order = sorted(range(len(cells)), key=drawn.__getitem__)
        for at in order[-FIRST:]:
            kept[at] += drawn[at] > 0 and points[at] > 0
        for at in order[:FIRST]:
            kept[at] += drawn[at] < 0 and points[at] < 0
    return {cell: kept[at] / redraws for at, cell in enumerate(cells) if points[at]}


def _lanes(model: AdditiveModel, cell: int) -> Sequence[int]:
    found: Any = model.terms[model.cells.terms[cell]].swings
    for place in model.cells.bins[cell]:
        found = found[place]
    return found  # type: ignore[no-any-return]
