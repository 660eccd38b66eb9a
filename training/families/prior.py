"""The baseline that every model must beat: the share of confirmed cases, whatever is known of the traveller."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from features.spec import FeatureSpec
from models.additive import AdditiveModel
from models.swings import lanes_of
from training.errors import NoCasesError, OneOutcomeError
from training.families.base import ExplainableModel, Family, FamilySettings, Floats


class PriorSettings(FamilySettings):
    """There is nothing to set."""


@dataclass(frozen=True)
class Prior(ExplainableModel):
    """One number for everybody."""

    baseline: float
    baseline_error: float
    specs: tuple[FeatureSpec, ...] = ()
    notes: tuple[str, ...] = ()

    def log_odds(self, frame: pd.DataFrame) -> Floats:
        """The same log-odds for every row."""
        return np.full(len(frame), self.baseline)

    def compile(self) -> AdditiveModel:
        """A model without terms."""
        return AdditiveModel(self.baseline, lanes_of((self.baseline_error,)), (), ())


class PriorFamily(Family):
    """Fits the base rate."""

    name = "prior"
    title = "Base rate alone"
    settings_type = PriorSettings

    def fit(
        self,
        frame: pd.DataFrame,  # noqa: ARG002  the base rate looks at no feature
        y: npt.NDArray[np.generic],
        weight: Floats | None,
        specs: Sequence[FeatureSpec],  # noqa: ARG002  same
        *,
        settings: BaseModel,  # noqa: ARG002  same
        seed: int,  # noqa: ARG002  nothing is drawn
        jobs: int = 1,  # noqa: ARG002  nothing takes time
        travellers: Sequence[object] | None = None,  # noqa: ARG002  the error is that of a share
    ) -> Prior:
        """Count; see :meth:`Family.fit`."""
        outcome = np.asarray(y, dtype=np.float64)
        if len(outcome) == 0:
            raise NoCasesError("There is no labelled case to learn from. Give cases with a conclusive outcome.")
        weights = np.ones(len(outcome)) if weight is None else np.asarray(weight, dtype=np.float64)
        order = np.lexsort((weights, outcome))
        share = float(np.sum(weights[order] * outcome[order]) / np.sum(weights[order]))
        if not 0 < share < 1:
            raise OneOutcomeError(f"All {len(outcome)} labelled cases have the same outcome. Give cases of both kinds.")
        effective = float(np.sum(weights) ** 2 / np.sum(weights**2))
        return Prior(float(np.log(share / (1 - share))), float((effective * share * (1 - share)) ** -0.5))
