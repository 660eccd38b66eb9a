"""The smallest changes of values that would have given another band: what a score hangs on, for whoever reads it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from features.spec import FeatureValue, Kind
from models.additive import AdditiveModel, Axis
from models.bands import BandPolicy

PAIRED_FEATURES = 12
"""Features that are tried two at a time: those whose single change moves the score most towards another band."""
PAIRED_VALUES = 6
"""Values of each of them that are tried so, the nearest first."""


class Change(NamedTuple):
    """Another value of one feature.

    Attributes:
        feature: its name.
        value: in the bin that is meant, as near to the observed one as the bin allows.
        steps: bins between the observed value and this one; 1 for another category.
        at_least: whether the value stands for its bin from below ("24 or more"); ``False`` from above ("less than
            24"); ``None`` where it stands for itself.
    """

    feature: str
    value: FeatureValue
    steps: int
    at_least: bool | None = None


class Changed(NamedTuple):
    """Changes that together give another band, and which."""

    changes: tuple[Change, ...]
    log_odds: float
    band: str


def smallest_changes(
    model: AdditiveModel, bands: BandPolicy, values: Sequence[FeatureValue], limit: int = 5
) -> list[Changed]:
    """Find the smallest changes that give another band.

    One feature goes before two, fewer bins before more. All values of single features are tried. Pairs are tried among
    the :data:`PAIRED_FEATURES` features that move the score most, at their nearest :data:`PAIRED_VALUES` values, and
    only of features none of which does it alone. A value that was not submitted is not made up, and none is taken away.

    Args:
        model: that scored.
        bands: that named the band.
        values: one per feature of the model, in its order.
        limit: most changes to give.
    """
    place = {name: at for at, name in enumerate(model.features)}
    observed = model.explain(values).log_odds
    band = bands.band(observed)
    singles: list[Changed] = []
    others: dict[str, list[tuple[Change, float]]] = {}
    for feature, axes in _axes_by_feature(model).items():
        tried = [
            (one, _log_odds(model, values, place, one)) for one in _candidates(feature, axes, values[place[feature]])
        ]
        found = [Changed((one,), score, bands.band(score)) for one, score in tried if bands.band(score) != band]
        singles += found
        if not found and tried:
            others[feature] = tried
    singles.sort(key=lambda one: (one.changes[0].steps, abs(one.log_odds - observed)))
    nearest = list({one.changes[0].feature: one for one in reversed(singles)}.values())[::-1]
    if len(nearest) >= limit:
        return nearest[:limit]
    pairs = sorted(_pairs(model, bands, values, place, others), key=_size)
    return [*nearest, *_distinct(pairs)][:limit]


def _pairs(
    model: AdditiveModel,
    bands: BandPolicy,
    values: Sequence[FeatureValue],
    place: Mapping[str, int],
    others: Mapping[str, Sequence[tuple[Change, float]]],
) -> Iterator[Changed]:
    observed = model.explain(values).log_odds
    band = bands.band(observed)
    reach = {name: max(abs(score - observed) for _, score in tried) for name, tried in others.items()}
    strongest = sorted(reach, key=lambda name: -reach[name])[:PAIRED_FEATURES]
    for one, other in combinations(strongest, 2):
        for first, _ in _nearest(others[one]):
            for second, _ in _nearest(others[other]):
                score = _log_odds(model, values, place, first, second)
                if bands.band(score) != band:
                    yield Changed((first, second), score, bands.band(score))


def _nearest(tried: Sequence[tuple[Change, float]]) -> Sequence[tuple[Change, float]]:
    return sorted(tried, key=lambda one: one[0].steps)[:PAIRED_VALUES]


def _size(changed: Changed) -> int:
    return sum(one.steps for one in changed.changes)


def _distinct(pairs: Sequence[Changed]) -> Iterator[Changed]:
    """The smallest change of each two features."""
    seen = set()
    for one in pairs:
        names = frozenset(change.feature for change in one.changes)
        if names not in seen:
            seen.add(names)
            yield one


def _log_odds(
    model: AdditiveModel, values: Sequence[FeatureValue], place: Mapping[str, int], *changes: Change
) -> float:
    changed = list(values)
    for one in changes:
        changed[place[one.feature]] = one.value
    return model.explain(changed).log_odds


def _axes_by_feature(model: AdditiveModel) -> dict[str, list[Axis]]:
    """Every axis of each feature: a feature may be cut in another way where it meets another one."""
    found: dict[str, list[Axis]] = {}
    for term in model.terms:
        for axis in term.axes:
            found.setdefault(axis.feature, []).append(axis)
    return found


def _candidates(feature: str, axes: Sequence[Axis], value: FeatureValue) -> Iterator[Change]:
    """Values of other bins, none of them beyond what training saw."""
    if value is None or value != value:  # noqa: PLR0124 - not-a-number counts as missing
        return
    kind = axes[0].kind
    if kind is Kind.FLAG:
        yield Change(feature, not value, 1)
    elif kind is Kind.CATEGORY:
        levels = dict.fromkeys(level for axis in axes for level in axis.levels)
        yield from (Change(feature, level, 1) for level in levels if level != value)
    else:
        yield from _numbers(feature, axes, float(value))


def _numbers(feature: str, axes: Sequence[Axis], value: float) -> Iterator[Change]:
    low = max((axis.low for axis in axes if axis.low is not None), default=-math.inf)
    high = min((axis.high for axis in axes if axis.high is not None), default=math.inf)
    cuts = sorted({cut for axis in axes for cut in axis.cuts})
    above = [cut for cut in cuts if value < cut <= high]
    below = [cut for cut in reversed(cuts) if low < cut <= value]
    for steps, cut in enumerate(above, 1):
        yield Change(feature, cut, steps, at_least=True)
    for steps, cut in enumerate(below, 1):
        yield Change(feature, math.nextafter(cut, -math.inf), steps, at_least=False)
