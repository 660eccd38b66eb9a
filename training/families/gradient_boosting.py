"""The yardstick: gradient-boosted trees without constraints, to see what explainability costs. Never packaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from pydantic import BaseModel, Field
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from features.spec import FeatureSpec, Kind
from training.families.base import Family, FamilySettings, FittedModel, Floats
from training.families.prepare import POOLED, Prepared, pool, prepare


class GradientBoostingSettings(FamilySettings):
    """Settings of the yardstick; of several values cross-validation chooses: a fair yardstick is a tuned one."""

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    rounds: Annotated[tuple[int, ...], Field(min_length=1)] = (60, 150)
    leaves: Annotated[tuple[int, ...], Field(min_length=1)] = (6, 16)
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
    ) -> "GradientBoosting":
        """Tune and fit; see :meth:`Family.fit`."""
        chosen = GradientBoostingSettings.model_validate(settings.model_dump())
        cases = prepare(frame, y, weight, specs, chosen.min_level_rows)
        numbers = encode(cases.frame, cases)
        grid = list(product(chosen.rounds, chosen.leaves))
        best = grid[0]
        if len(grid) > 1 and min(cases.y.sum(), (1 - cases.y).sum()) >= chosen.folds:
            folds = StratifiedKFold(chosen.folds, shuffle=True, random_state=seed)
            tasks = [(point, *fold) for point in grid for fold in folds.split(numbers, cases.y)]
            losses = Parallel(n_jobs=jobs)(
                delayed(_loss)(_estimator(cases, chosen, point, seed), numbers, cases, train, test)
                for point, train, test in tasks
            )
            means = np.asarray(losses).reshape(len(grid), chosen.folds).mean(axis=1)
            best = grid[int(np.argmin(means))]
        estimator = _estimator(cases, chosen, best, seed).fit(numbers, cases.y, sample_weight=cases.weight)
        rounds, leaves = best
        return GradientBoosting(
            estimator,
            cases,
            cases.specs,
            (*cases.notes, f"Chosen by cross-validation: {rounds} rounds, {leaves} leaves."),
        )


def _estimator(
    cases: Prepared, settings: GradientBoostingSettings, point: tuple[int, int], seed: int
) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=settings.learning_rate,
        max_iter=point[0],
        max_leaf_nodes=point[1],
        min_samples_leaf=settings.min_samples_leaf,
        l2_regularization=settings.l2,
        categorical_features=[spec.kind is Kind.CATEGORY for spec in cases.specs],
        early_stopping=False,
        random_state=seed,
    )


def _loss(
    estimator: HistGradientBoostingClassifier,
    numbers: Floats,
    cases: Prepared,
    train: npt.NDArray[np.intp],
    test: npt.NDArray[np.intp],
) -> float:
    estimator.fit(numbers[train], cases.y[train], sample_weight=cases.weight[train])
    chance = estimator.predict_proba(numbers[test])[:, 1]
    return float(log_loss(cases.y[test], chance, sample_weight=cases.weight[test], labels=[0.0, 1.0]))


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
