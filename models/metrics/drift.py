"""Whether a window of travellers still looks like those the model knows: stability index, its noise, and a verdict.

The population stability index of two samples of one population is no zero: with ``k`` bins it is about
``(1/n + 1/m)`` times a chi-square variable of ``k - 1`` degrees of freedom. So a limit for all sizes, such as the usual
0.1 and 0.25, calls noise a change in small windows and misses changes in large ones. Here an index counts where it is
past its own noise, for all tests of a family together, and past a floor below which a change matters to nobody.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from models.errors import MetricError
from models.metrics.arrays import Floats, Numbers, dot
from models.metrics.chi_square import noncentrality_interval, quantile, survival

SAMPLE_MIN = 200
"""Travellers in a window and in its reference, below which nothing is said."""
FLOOR = 0.02
"""Index below which a change is not told: a third of what a shift by 0.3 standard deviations makes."""
FAMILY_LEVEL = 0.001
"""Chance of any false alarm among all tests of one family in one window."""
LEVEL = 0.95
_ADDED = 0.5
"""Added to each count, so that an empty bin has a logarithm."""


class Verdict(StrEnum):
    """What is said of one comparison."""

    QUIET = "quiet"
    ALARM = "alarm"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Dispersion:
    """How quiet windows vary.

    Attributes:
        times: variance over that of independent travellers, on average over the directions, at its upper end; from 1.
        evenness: how even it is, from one direction of all (1 over the degrees of freedom) to all alike (1).
    """

    times: float
    evenness: float


INDEPENDENT = Dispersion(1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a window is held against.

    Attributes:
        name: for example ``training`` or ``season``.
        shares: (k,), of the bins; counts serve as well.
        size: travellers behind them; ``inf`` where shares are known for certain.
    """

    name: str
    shares: Sequence[float]
    size: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One distribution of a window, held against the reference that is nearest to it.

    Attributes:
        name: of the feature or score.
        family: tests of one family share their chance of a false alarm.
        against: name of the reference; empty where there is none.
        size: travellers in the window.
        reference_size: travellers in the reference.
        index: population stability index; ``None`` where there are too few.
        low: ``high`` the other end, interval of the index less its noise.
        noise: index that a quiet window exceeds once in a hundred.
        chance: of such an index where nothing changed.
        floor: index below which a change is not told.
        verdict: set by :func:`verdicts`, which sees the whole family.
    """

    name: str
    family: str
    against: str
    size: int
    reference_size: float
    index: float | None = None
    low: float | None = None
    high: float | None = None
    noise: float | None = None
    chance: float = 1.0
    floor: float = FLOOR
    verdict: Verdict = Verdict.TOO_FEW


def stability_index(counts: Numbers, shares: Numbers, reference_size: float = math.inf) -> float:
    """Population stability index of a window, with half a traveller added to each bin.

    Args:
        counts: (k,), of the window.
        shares: (k,), of the reference, or its counts.
        reference_size: travellers behind the shares.

    >>> round(stability_index([500, 500], [0.5, 0.5]), 6), round(stability_index([600, 400], [0.5, 0.5]), 3)
    (0.0, 0.04)
    """
    window, reference = _shares(_counts(counts), None), _shares(_counts(shares), reference_size)
    return dot(window - reference, np.log(window / reference))


def compare(
    name: str,
    family: str,
    counts: Numbers,
    references: Iterable[Reference],
    *,
    spread: Dispersion = INDEPENDENT,
    floor: float = FLOOR,
    sample_min: int = SAMPLE_MIN,
) -> Comparison:
    """Hold a window against references; a change is one that none of them knows, so the nearest one counts.

    With the training data and the same season of last year as references, what comes back every year is no change.

    Args:
        name: of the feature or score.
        family: of the test.
        counts: (k,), travellers of the window per bin.
        references: each with shares of the same bins.
        spread: of quiet windows; see :func:`dispersion`.
        floor: index below which a change is not told.
        sample_min: travellers in window and reference, below which nothing is said.

    Raises:
        MetricError: for bins that differ, or numbers that are no counts.
    """
    window = _counts(counts)
    size = int(window.sum())
    best: Comparison | None = None
    for reference in references:
        shares = _counts(reference.shares)
        if len(shares) != len(window):
            raise MetricError("a window and its reference have the same bins")
        if size < sample_min or reference.size < sample_min or not shares.any():
            continue
        found = _compared(Comparison(name, family, "", size, 0.0, floor=floor), window, reference, spread)
        if best is None or (found.chance, -(found.index or 0.0)) > (best.chance, -(best.index or 0.0)):
            best = found
    return best or Comparison(name, family, "", size, 0.0, floor=floor)


def compare_share(
    name: str,
    family: str,
    cases: int,
    size: int,
    references: Iterable[Reference],
    *,
    spread: Dispersion = INDEPENDENT,
    floor: float = FLOOR,
    sample_min: int = SAMPLE_MIN,
) -> Comparison:
    """Hold one share, such as that of missing values, against references whose shares have it first of two."""
    counts = [cases, size - cases]
    return compare(name, family, counts, references, spread=spread, floor=floor, sample_min=sample_min)


def verdicts(comparisons: Sequence[Comparison], family_level: float = FAMILY_LEVEL) -> list[Comparison]:
    """Decide for whole families at once (Holm 1979): an alarm is past its floor, and past the noise of its family.

    Args:
        comparisons: of one window, in any order of families.
        family_level: chance of any false alarm in a family.
    """
    settled: dict[int, Verdict] = {}
    for family in dict.fromkeys(one.family for one in comparisons):
        tested = [at for at, one in enumerate(comparisons) if one.family == family and one.index is not None]
        tested.sort(key=lambda at: comparisons[at].chance)
        rejected = True
        for rank, at in enumerate(tested):
            one = comparisons[at]
            rejected = rejected and one.chance <= family_level / (len(tested) - rank)
            past_floor = one.index is not None and one.index >= one.floor
            settled[at] = Verdict.ALARM if rejected and past_floor else Verdict.QUIET
    return [replace(one, verdict=settled.get(at, Verdict.TOO_FEW)) for at, one in enumerate(comparisons)]


def dispersion(windows: Numbers, periods_min: int = 7) -> Dispersion:
    """How much more quiet windows vary among themselves than samples of independent travellers would.

    Travellers of one flight are alike, and so are those of one day; then an index has more noise than chi-square says.
    The noise of a sum of unlike directions is that of a chi-square with fewer degrees of freedom (second correction of
    Rao and Scott 1981), whose moments come from the covariance of the shares (Srivastava 2005). Few periods say it
    vaguely, so the upper end of what they allow is taken: three standard errors.

    Args:
        windows: (periods, k), counts of past windows, a day each, say.
        periods_min: fewer periods say nothing, and travellers are taken for independent.

    >>> dispersion([[50, 50]] * 10)
    Dispersion(times=1.0, evenness=1.0)
    """
    counts = np.asarray(windows, dtype=np.float64)
    if counts.ndim != 2:  # noqa: PLR2004  periods and bins
        raise MetricError("past windows are a table of counts")
    counts = counts[:, counts.sum(axis=0) > 0][counts.sum(axis=1) > 0]
    periods, bins = counts.shape
    if periods < periods_min or bins < 2:  # noqa: PLR2004  one bin never varies
        return INDEPENDENT
    sizes, pooled = counts.sum(axis=1, keepdims=True), counts.sum(axis=0) / counts.sum()
    gaps = (counts - sizes * pooled) / np.sqrt(sizes * pooled)
    free = periods - 1
    products = gaps @ gaps.T
    total, squares = float(np.trace(products)) / free, float((products**2).sum()) / free**2
    if total <= bins - 1:
        return INDEPENDENT
    own = free**2 / ((free - 1) * (free + 2)) * (squares - total**2 / free)
    least = total**2 / (bins - 1)
    evenness = least / min(total**2, max(least, own))
    unsure = 1 + 3 * math.sqrt(2 / (free * (bins - 1) * evenness))
    return Dispersion(total / (bins - 1) * unsure, evenness)


def _compared(blank: Comparison, window: Floats, reference: Reference, spread: Dispersion) -> Comparison:
    shares = _counts(reference.shares)
    used = (window > 0) | (shares > 0)
    window, shares = window[used], shares[used]
    told = replace(blank, against=reference.name, reference_size=reference.size)
    if len(window) == 1:
        return replace(told, index=0.0, low=0.0, high=0.0, noise=0.0)
    alike = spread.times  # travellers who count as one; so does the half that is added to each bin
    index = stability_index(window / alike, shares, reference.size / alike)
    freedom = max(1.0, (len(window) - 1) * spread.evenness)
    unit = (1 / blank.size + 1 / reference.size) * alike * (len(window) - 1) / freedom
    statistic = index / unit
    low, high = noncentrality_interval(max(0.0, statistic), freedom, LEVEL)
    return replace(
        told,
        index=index,
        low=low * unit,
        high=high * unit,
        noise=quantile(0.99, freedom) * unit,
        chance=survival(max(0.0, statistic), freedom),
    )


def _shares(counts: Floats, size: float | None) -> Floats:
    """Shares with half a traveller added to each bin; ``size`` scales shares to counts."""
    total = float(counts.sum())
    if not total > 0:
        raise MetricError("a distribution has at least one traveller")
    scaled = counts if size is None else counts / total * size
    if size is not None and math.isinf(size):
        scaled, added = counts / total, float(np.finfo(np.float64).tiny)
    else:
        added = _ADDED
    shares: Floats = (scaled + added) / (float(scaled.sum()) + added * len(counts))
    return shares


def _counts(numbers: Numbers) -> Floats:
    counts = np.asarray(numbers, dtype=np.float64)
    if counts.ndim != 1 or not len(counts) or not np.isfinite(counts).all() or (counts < 0).any():
        raise MetricError("a distribution is a row of counts or shares")
    return counts
