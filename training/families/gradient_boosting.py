"""The yardstick: gradient-boosted trees without constraints, to see what explainability costs. Never packaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from pydantic import BaseModel, Field
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold

from features.spec import FeatureSpec, Kind
from models.metrics.calibration import log_loss
from training.families.base import Family, FamilySettings, FittedModel, Floats
from training.families.prepare import POOLED, Prepared, pool, prepare


class GradientBoostingSettings(FamilySettings):
    """Settings of the yardstick; cross-validation chooses among them, since a fair yardstick is a tuned one."""

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    rounds: Annotated[int, Field(ge=1, le=5000)] = 150
    """Most rounds; cross-validation may stop earlier."""
    leaves: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)] = (3, 8)
    """Leaves per tree, of which cross-validation chooses."""
    min_samples_leaf: Annotated[int, Field(ge=1)] = 50
    l2: Annotated[float, Field(ge=0)] = 1.0
    folds: Annotated[int, Field(ge=2, le=10)] = 3
    min_level_rows: Annotated[int, Field(ge=2)] = 50


class GradientBoostingFamily(Family):
    """Boosted trees."""

    name = "gradient_boosting"
    title = "Gradient-boosted trees (yardstick)"
    explainable = False
    settings_type = GradientBoostingSettings

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
        travellers: Sequence[object] | None = None,  # noqa: ARG002  a yardstick gives no interval
    ) -> "GradientBoosting":
        """Tune and fit; see :meth:`Family.fit`."""
        chosen = GradientBoostingSettings.model_validate(settings.model_dump())
        cases = prepare(frame, y, weight, specs, chosen.min_level_rows)
        numbers = encode(cases.frame, cases)
        leaves, rounds = _tuned(cases, numbers, chosen, seed, jobs)
        estimator = _estimator(cases, chosen, leaves, rounds, seed).fit(numbers, cases.y, sample_weight=cases.weight)
        told = f"Chosen by cross-validation: {rounds} rounds of {leaves} leaves."
        return GradientBoosting(estimator, cases, cases.specs, (*cases.notes, told))


def _tuned(
    cases: Prepared, numbers: Floats, settings: GradientBoostingSettings, seed: int, jobs: int
) -> tuple[int, int]:
    """Choose leaves and rounds by the log loss of folds that a fit has not seen."""
    if min(cases.y.sum(), (1 - cases.y).sum()) < settings.folds:
        return settings.leaves[0], settings.rounds
    folds = list(StratifiedKFold(settings.folds, shuffle=True, random_state=seed).split(numbers, cases.y))
    losses = Parallel(n_jobs=jobs)(
        delayed(_losses)(_estimator(cases, settings, leaves, settings.rounds, seed), numbers, cases, *fold)
        for leaves in settings.leaves
        for fold in folds
    )
    means = np.asarray(losses).reshape(len(settings.leaves), settings.folds, settings.rounds).mean(axis=1)
    best, last = np.unravel_index(int(np.argmin(means)), means.shape)
    return settings.leaves[int(best)], int(last) + 1


def _estimator(
    cases: Prepared, settings: GradientBoostingSettings, leaves: int, rounds: int, seed: int
) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=settings.learning_rate,
        max_iter=rounds,
        max_leaf_nodes=leaves,
        min_samples_leaf=settings.min_samples_leaf,
        l2_regularization=settings.l2,
        categorical_features=[spec.kind is Kind.CATEGORY for spec in cases.specs],
        early_stopping=False,
        random_state=seed,
    )


def _losses(
    estimator: HistGradientBoostingClassifier,
    numbers: Floats,
    cases: Prepared,
    train: npt.NDArray[np.intp],
    test: npt.NDArray[np.intp],
) -> list[float]:
    """Log loss on the fold after each round."""
    estimator.fit(numbers[train], cases.y[train], sample_weight=cases.weight[train])
    y, weight = cases.y[test], cases.weight[test]
    return [log_loss(y, chance[:, 1], weight) for chance in estimator.staged_predict_proba(numbers[test])]


def encode(frame: pd.DataFrame, cases: Prepared) -> Floats:
    """Write categories as places in their list of levels; missing is NaN."""
    columns = []
    for spec in cases.specs:
        if spec.kind is Kind.CATEGORY:
            place = {name: number for number, name in enumerate((POOLED, *cases.levels[spec.name]))}
            columns.append(frame[spec.name].map(place).to_numpy(dtype=np.float64))
        else:
            columns.append(frame[spec.name].to_numpy(dtype=np.float64))
    return np.column_stack(columns)


@dataclass(frozen=True)
class GradientBoosting(FittedModel):
    """Fitted trees: a score without reasons."""

    estimator: HistGradientBoostingClassifier
    cases: Prepared
    specs: tuple[FeatureSpec, ...]
    notes: tuple[str, ...]

    def log_odds(self, frame: pd.DataFrame) -> Floats:
        """Ask the trees; see :meth:`FittedModel.log_odds`."""
        columns = pool(frame[[spec.name for spec in self.specs]], self.cases.levels)
        return np.asarray(self.estimator.decision_function(encode(columns, self.cases)), dtype=np.float64)
