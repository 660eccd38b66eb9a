"""Rules that every table of points keeps, whatever fitted it: the catalogue's directions, and modest missingness."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from features.spec import FeatureSpec, Kind, Monotone
from models.additive import AdditiveModel
from training.errors import DirectionError
from training.families.base import Floats

ROUNDING = 1e-9
"""A step against the direction up to this size is rounding, and is levelled [log-odds]."""

_SIGN = {Monotone.INCREASING: 1, Monotone.DECREASING: -1, Monotone.NONE: 0}


def direction(spec: FeatureSpec) -> int:
    """The sign that the points of a feature must follow as its value grows; 0 where they are free.

    A category has no order, so it has no direction.
    """
    return 0 if spec.kind is Kind.CATEGORY else _SIGN[spec.expects]


def level(points: Floats, sign: int, feature: str) -> Floats:
    """Make bins in their order follow a direction exactly, where they do up to rounding.

    Args:
        points: (n_bins,), without the bins of missing and unseen values.
        sign: 1 rising, -1 falling, 0 free.
        feature: for the error.

    Raises:
        DirectionError: where a step contradicts the direction by more than rounding.

    >>> level(np.array([0.0, 0.2, 0.1999999999999, 0.3]), 1, "stops").tolist()
    [0.0, 0.2, 0.2, 0.3]
    """
    if sign == 0:
        return points
    levelled = sign * np.maximum.accumulate(sign * points)
    if float(np.max(np.abs(levelled - points))) > ROUNDING:
        raise DirectionError(
            f"{feature}: the fitted points {'fall' if sign > 0 else 'rise'} where the catalogue demands that they "
            f"{'never fall' if sign > 0 else 'never rise'}. Check the direction in the catalogue against the cases."
        )
    return levelled


def limit_missing(tables: Sequence[Floats], limit: float) -> None:
    """Shrink, in place, what missing values can do to a score together.

    Not having a fact is rarely the traveller's doing. The largest sum of points that missing values alone can add, and
    the largest that they can take away, are each scaled down to the limit.

    Args:
        tables: points per bin, or per pair of bins; index 0 of each axis is the missing value.
        limit: [log-odds].
    """
    for sign in (1, -1):
        reach = sum(float(max(0.0, np.max(sign * _missing(table)))) for table in tables)
        if reach <= limit:
            continue
        for table in tables:
            for axis in range(table.ndim):
                cells = np.moveaxis(table, axis, 0)[0:1]
                cells[sign * cells > 0] *= limit / reach


def missing_reach(model: AdditiveModel) -> tuple[float, float]:
    """What missing values alone can add to a score of this model, and take away [log-odds]."""
    tables = [_missing(np.asarray(term.points, dtype=np.float64)) for term in model.terms]
    return (
        sum(max(0.0, float(np.max(cells))) for cells in tables),
        sum(min(0.0, float(np.min(cells))) for cells in tables),
    )


def _missing(table: Floats) -> Floats:
    return table[0:1] if table.ndim == 1 else np.concatenate([table[0, :], table[1:, 0]])


def check_directions(model: AdditiveModel, specs: Sequence[FeatureSpec]) -> None:
    """Prove that no other fact can turn a direction around: each term by itself follows it in every row and column.

    Raises:
        DirectionError: naming the first term that does not.
    """
    signs = {spec.name: direction(spec) for spec in specs}
    for term in model.terms:
        points = np.asarray(term.points, dtype=np.float64)
        for place, axis in enumerate(term.axes):
            steps = np.diff(np.moveaxis(points, place, 0)[1:-1], axis=0)
            if np.any(signs.get(axis.feature, 0) * steps < 0):
                raise DirectionError(f"{term.name}: the points contradict the direction of {axis.feature}.")


def unmet_error(points: Floats, travellers: Floats) -> float:
    """An honest standard error for bins that training never met: the spread of the points that were met.

    >>> unmet_error(np.array([0.0, -1.0, 1.0]), np.array([0.0, 5.0, 5.0]))
    1.0
    """
    met = travellers > 0
    if not np.any(met):
        return 0.0
    share = travellers[met] / np.sum(travellers[met])
    centre = np.sum(share * points[met])
    return float(np.sqrt(np.sum(share * (points[met] - centre) ** 2)))


def groups_of(travellers: Floats, least: int) -> list[list[int]]:
    """Put neighbouring bins together until each group holds enough travellers; the last one takes what is left.

    >>> groups_of(np.array([50.0, 3.0, 30.0, 5.0]), 20)
    [[0], [1, 2, 3]]
    >>> groups_of(np.array([50.0, 50.0, 3.0]), 20), groups_of(np.array([50.0, 3.0]), 20)
    ([[0], [1, 2]], [[0, 1]])
    """
    groups: list[list[int]] = [[]]
    for place in range(len(travellers)):
        if np.sum(travellers[groups[-1]]) >= least:
            groups.append([])
        groups[-1].append(place)
    if len(groups) > 1 and np.sum(travellers[groups[-1]]) < least:
        rest = groups.pop()
        groups[-1] += rest
    return groups


def nested(table: Floats) -> Any:
    """Tuples of floats; a negative zero becomes zero, since canonical JSON knows only one."""
    rows = (table + 0.0).tolist()
    return tuple(tuple(row) if isinstance(row, list) else row for row in rows)
