"""What every risk model answers with, and the law that the answer obeys: a baseline plus contributions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from features.spec import FeatureValue

if TYPE_CHECKING:  # numpy is loaded by the batch path alone: scoring one record starts without it
    import numpy as np
    import numpy.typing as npt


def logistic(log_odds: float) -> float:
    """Turn log-odds into a probability, without overflow at either end.

    >>> logistic(0.0), logistic(-1000.0), logistic(1000.0)
    (0.5, 0.0, 1.0)
    """
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)


@dataclass(slots=True)
class Explanation:
    """One score, taken apart. All numbers but the probability are log-odds.

    Attributes:
        baseline: the score before anything is known of the record.
        cells: number of the cell that each term of the model found, in the order of the terms.
        points: of every cell of the model, by number.
        standard_error: of ``log_odds``, with what terms have in common (:mod:`models.swings`).
        log_odds: ``baseline`` plus each contribution in turn, from left to right, exactly.
        probability: ``log_odds`` through the logistic function.
        missing: positions (in the model's features) of values that were not submitted.
        out_of_range: positions of values outside what the model was trained on.
    """

    baseline: float
    cells: list[int]
    points: Sequence[float]
    standard_error: float
    log_odds: float
    probability: float
    missing: list[int] = field(default_factory=list)
    out_of_range: list[int] = field(default_factory=list)

    @property
    def contributions(self) -> list[float]:
        """One per term of the model, in the order of its terms."""
        return [self.points[cell] for cell in self.cells]


class RiskModel(Protocol):
    """What the rest of the project asks of a model: one record, or many, in log-odds."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the order in which their values are given."""

    def explain(self, values: Sequence[FeatureValue]) -> Explanation:
        """Score one record."""

    def contributions(self, columns: "Mapping[str, npt.NDArray[np.generic]]") -> "npt.NDArray[np.float64]":
        """Contributions of many records: (n_rows, n_terms), float."""

    def log_odds(self, columns: "Mapping[str, npt.NDArray[np.generic]]") -> "npt.NDArray[np.float64]":
        """Score many records: (n_rows,), float; equal to :meth:`explain` bit for bit."""
