"""What a model family is: it fits cases, seeded, and (unless it is a yardstick) compiles to a table of points."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from features.spec import FeatureSpec
from models.additive import AdditiveModel
from training.errors import ParityError

Floats = npt.NDArray[np.float64]


class FamilySettings(BaseModel):
    """Settings of a family: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FittedModel(ABC):
    """What a family returns.

    Attributes:
        specs: the features that the model reads, in its order.
        notes: what happened on the way that a reader of the report should know.
    """

    specs: tuple[FeatureSpec, ...]
    notes: tuple[str, ...]

    @abstractmethod
    def log_odds(self, frame: pd.DataFrame) -> Floats:
        """Score cases with the fitted estimator itself.

        Args:
            frame: one column per feature; numbers and flags float64 with NaN, categories object with ``None``.

        Returns:
            (n_rows,), log-odds.
        """


class ExplainableModel(FittedModel):
    """A fitted model that is a sum of points per bin, and can be packaged.

    Attributes:
        inflation: factor by which the swings of its table are wider than redraws of the cases showed.
    """

    inflation: float = 1.0

    @abstractmethod
    def compile(self) -> AdditiveModel:
        """Write the fitted estimator as a table of points with standard errors."""


class Family(ABC):
    """A way to fit a model.

    Attributes:
        name: what configurations call it.
        title: what reports call it.
        explainable: whether :meth:`fit` returns an :class:`ExplainableModel`.
        settings_type: the settings that it understands.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    explainable: ClassVar[bool] = True
    settings_type: ClassVar[type[FamilySettings]]

    @abstractmethod
    def fit(
        self,
        frame: pd.DataFrame,
        y: npt.NDArray[np.generic],
        weight: Floats | None,
        specs: Sequence[FeatureSpec],
        *,
        settings: BaseModel,
        seed: int,
        jobs: int = 1,
        travellers: Sequence[object] | None = None,
    ) -> FittedModel:
        """Fit cases; the same cases in any order, with the same seed and any number of jobs, give the same model.

        Args:
            frame: one column per feature, (n_rows, >= n_features).
            y: (n_rows,), 1 where the risk was confirmed and 0 where an inspection found another thing or nothing.
            weight: (n_rows,), positive, or ``None`` for one each.
            specs: the features to use; those without two different values in the cases are left out, with a note.
            settings: an instance of :attr:`settings_type`.
            seed: of everything that is drawn.
            jobs: processes to use, -1 for one per core.
            travellers: (n_rows,), who crossed: rows of one traveller are drawn together where cases are drawn anew;
                ``None`` where each row is somebody else.

        Raises:
            DatasetError: where the cases do not carry a training.
        """


def model_columns(frame: pd.DataFrame, features: Sequence[str]) -> dict[str, npt.NDArray[np.generic]]:
    """Hand the columns of a frame to a compiled model."""
    return {name: frame[name].to_numpy() for name in features}


def score(model: AdditiveModel, frame: pd.DataFrame) -> Floats:
    """Score a frame with a compiled model, (n_rows,), log-odds; a model without features scores all rows alike."""
    if not model.features:
        return np.full(len(frame), model.baseline)
    return model.log_odds(model_columns(frame, model.features))


def check_parity(fitted: ExplainableModel, compiled: AdditiveModel, frame: pd.DataFrame, limit: float = 1e-9) -> float:
    """Compare estimator and table row by row.

    Args:
        fitted: the estimator.
        compiled: its table, before calibration.
        frame: cases that neither has seen.
        limit: largest difference allowed [log-odds].

    Returns:
        The largest difference met [log-odds].

    Raises:
        ParityError: above the limit, with the number of rows concerned.
    """
    if frame.empty:
        return 0.0
    gap = np.abs(fitted.log_odds(frame) - score(compiled, frame))
    largest = float(np.max(gap))
    if not largest <= limit:
        raise ParityError(
            f"The compiled table differs from the fitted estimator by {largest:.3g} log-odds at most, on "
            f"{int(np.sum(~(gap <= limit)))} of {len(gap)} rows; {limit:g} is allowed. Report this with the "
            "configuration: a model whose table says something else than its estimator must not be used."
        )
    return largest
