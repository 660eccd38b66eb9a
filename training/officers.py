"""How far officers differ in what they find beyond what a model expects: noise of the labels, no fact of a traveller.

The spread between officers is the variance of their true ratios of observed to expected finds, by moments of
overdispersed Poisson counts (Breslow 1984, Applied Statistics 33). An officer is no feature: the model must not learn
who stood at the post, and what differs between officers is told as a limit of the labels.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.metrics.chi_square import quantile, survival

Floats = npt.NDArray[np.float64]

MIN_EXPECTED = 0.5
"""Expected finds that an officer needs to be counted."""
MIN_OFFICERS = 5


@dataclass(frozen=True, slots=True)
class OfficerSpread:
    """What differs between officers.

    Attributes:
        officers: counted.
        spread: standard deviation of the ratio observed over expected between officers, chance taken off; with
            ``low`` and ``high`` its interval.
        level: of the interval.
        chance: of a spread at least as large where officers do not differ.
    """

    officers: int
    spread: float
    low: float
    high: float
    level: float
    chance: float

    def text(self) -> str:
        """Say it in words."""
        told = (
            f"Between {self.officers} officers the ratio of observed to expected finds has a standard deviation of "
            f"{self.spread:.2f} beyond chance ({self.level:.0%} interval {self.low:.2f} to {self.high:.2f}). "
        ).replace("%", " %")
        if self.low > 0:
            return told + "What is found depends on who looks: labels carry that, and no feature may."
        return told + "Chance alone may explain it."


def spread_of_officers(
    officer: npt.NDArray[np.object_], y: Floats, expected: Floats, *, level: float = 0.90
) -> OfficerSpread | None:
    """Measure the spread; ``None`` where too few officers have enough cases.

    Args:
        officer: (n_cases,), who decided; ``None`` where not known.
        y: (n_cases,), outcomes.
        expected: (n_cases,), probabilities of the model.
        level: of the interval.
    """
    known = np.array([name is not None for name in officer], dtype=np.bool_)
    if not known.any():
        return None
    _, place = np.unique(officer[known].astype(str), return_inverse=True)
    observed = np.bincount(place, weights=y[known])
    promised = np.bincount(place, weights=expected[known])
    enough = promised >= MIN_EXPECTED
    observed, promised = observed[enough], promised[enough]
    if len(observed) < MIN_OFFICERS or not observed.sum() > 0:
        return None
    promised = promised * observed.sum() / promised.sum()  # the level of the model is another question
    freedom = len(observed) - 1
    statistic = float(np.sum((observed - promised) ** 2 / promised))
    scale = float(np.sum(promised)) - float(np.sum(promised**2)) / float(np.sum(promised))

    def at(value: float) -> float:
        """Spread at which a statistic of this size is expected."""
        return math.sqrt(max(0.0, (value - freedom) / scale))

    low = statistic * freedom / quantile((1 + level) / 2, freedom)
    high = statistic * freedom / quantile((1 - level) / 2, freedom)
    return OfficerSpread(len(observed), at(statistic), at(low), at(high), level, survival(statistic, freedom))
