"""Explainable boosting machines (interpret): smooth steps per feature and few pairs, exactly a sum of points.

Pairs are chosen among features without a direction only. The library leaves constrained features out of its pairs, and
so it should: a pair could turn a direction around that the feature's own points keep, and then "more notice never
raises risk" would hold on average instead of for everybody.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, Field

from features.spec import FeatureSpec, Kind
from models.additive import AdditiveModel, Axis, Term
from training.families.base import ExplainableModel, Family, FamilySettings, Floats
from training.families.prepare import POOLED, Prepared, pool, prepare
from training.families.shape import direction, fill_errors, level, limit_missing, nested

VALIDATION_SHARE = 0.15
"""Share of the cases that each outer bag keeps for early stopping, and so does not learn from."""


class ExplainableBoostingSettings(FamilySettings):
    """Settings of the explainable boosting machine, chosen for rare positives: few bins, broad leaves, slow steps."""

    pairs: Annotated[int, Field(ge=0, le=50)] = 10
    """Most pairs of features with points of their own."""
    positives_per_pair: Annotated[int, Field(ge=1)] = 100
    """Confirmed cases that each pair needs: on few cases pairs learn chance, and later cases pay for it."""
    max_bins: Annotated[int, Field(ge=3, le=1000)] = 32
    max_pair_bins: Annotated[int, Field(ge=3, le=64)] = 8
    outer_bags: Annotated[int, Field(ge=2, le=100)] = 8
    """Refits on random subsets; their average is the model, their spread its standard error."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.02
    max_rounds: Annotated[int, Field(ge=1, le=100_000)] = 5000
    smoothing_rounds: Annotated[int, Field(ge=0, le=10_000)] = 100
    min_samples_leaf: Annotated[int, Field(ge=1)] = 50
    min_level_rows: Annotated[int, Field(ge=2)] = 50
    """Rows that a level of a category needs for points of its own; rarer ones share theirs with unseen ones."""
    missing_limit: Annotated[float, Field(gt=0, le=20)] = 1.0
    """Most that missing values alone may add to a score, and take away [log-odds]."""


class ExplainableBoostingFamily(Family):
    """Boosted steps per feature."""

    name = "explainable_boosting"
    title = "Explainable boosting machine"
    settings_type = ExplainableBoostingSettings

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
    ) -> "ExplainableBoosting":
        """Fit; see :meth:`Family.fit`."""
        from interpret.glassbox import ExplainableBoostingClassifier  # noqa: PLC0415  three seconds, when they are due

        chosen = ExplainableBoostingSettings.model_validate(settings.model_dump())
        cases = prepare(frame, y, weight, specs, chosen.min_level_rows)
        free = sum(direction(spec) == 0 for spec in cases.specs)
        estimator = ExplainableBoostingClassifier(
            feature_names=[spec.name for spec in cases.specs],
            feature_types=["nominal" if spec.kind is Kind.CATEGORY else "continuous" for spec in cases.specs],
            monotone_constraints=[direction(spec) for spec in cases.specs],
            interactions=min(chosen.pairs, free * (free - 1) // 2, int(cases.y.sum()) // chosen.positives_per_pair),
            max_bins=chosen.max_bins,
            max_interaction_bins=chosen.max_pair_bins,
            outer_bags=chosen.outer_bags,
            validation_size=VALIDATION_SHARE,
            learning_rate=chosen.learning_rate,
            max_rounds=chosen.max_rounds,
            smoothing_rounds=chosen.smoothing_rounds,
            interaction_smoothing_rounds=chosen.smoothing_rounds,
            min_samples_leaf=chosen.min_samples_leaf,
            random_state=seed,
            n_jobs=jobs,
        )
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "Missing values detected", UserWarning
            )  # its plots lack them; ours do not
            estimator.fit(cases.frame, cases.y, sample_weight=None if weight is None else cases.weight)
        _keep_the_rules(estimator, cases.specs, chosen.missing_limit)
        return ExplainableBoosting(estimator, cases)


def _keep_the_rules(estimator: Any, specs: Sequence[FeatureSpec], missing_limit: float) -> None:
    """Level rounding against directions and limit missingness in the estimator itself: its table says the same."""
    for features, points in zip(estimator.term_features_, estimator.term_scores_, strict=True):
        if len(features) == 1:
            spec = specs[features[0]]
            points[1:-1] = level(points[1:-1], direction(spec), spec.name)
    limit_missing(estimator.term_scores_, missing_limit)


@dataclass(frozen=True)
class ExplainableBoosting(ExplainableModel):
    """A fitted explainable boosting machine."""

    estimator: Any
    cases: Prepared

    @property
    def specs(self) -> tuple[FeatureSpec, ...]:  # type: ignore[override]
        """The features that it reads."""
        return self.cases.specs

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]
        """What was left out."""
        return self.cases.notes

    def log_odds(self, frame: pd.DataFrame) -> Floats:
        """Ask the estimator; see :meth:`FittedModel.log_odds`."""
        columns = pool(frame[[spec.name for spec in self.specs]], self.cases.levels)
        return np.asarray(self.estimator.decision_function(columns), dtype=np.float64)

    def compile(self) -> AdditiveModel:
        """Read intercept, bins and scores off the estimator."""
        bags = np.asarray(self.estimator.bagged_intercept_, dtype=np.float64).reshape(-1)
        for place in range(len(self.estimator.term_features_)):
            bags = bags + self._centres(place)
        return AdditiveModel(
            baseline=float(self.estimator.intercept_[0]),
            baseline_error=float(_error(bags)),
            features=tuple(spec.name for spec in self.specs),
            terms=tuple(self._term(place) for place in range(len(self.estimator.term_features_))),
        )

    def _term(self, place: int) -> Term:
        """Compile one term; its bins are laid out as ours: missing first, unseen last."""
        features = self.estimator.term_features_[place]
        axes, orders = zip(*(self._axis(feature, len(features)) for feature in features), strict=True)
        bags = self.estimator.bagged_scores_[place]
        centred = bags - self._centres(place).reshape(-1, *([1] * len(features)))
        points, spread, weights = (
            _arranged(np.asarray(table, dtype=np.float64), orders)
            for table in (self.estimator.term_scores_[place], _error(centred), self.estimator.bin_weights_[place])
        )
        return Term(axes, nested(points), nested(fill_errors(points, spread, weights)), nested(weights))

    def _centres(self, place: int) -> Floats:
        """What the average case gets from a term in each bag, (n_bags,): it belongs to the baseline of that bag."""
        weights = np.asarray(self.estimator.bin_weights_[place], dtype=np.float64)
        bags = np.asarray(self.estimator.bagged_scores_[place], dtype=np.float64).reshape(-1, weights.size)
        return np.asarray(np.sum(bags * weights.reshape(-1), axis=1) / np.sum(weights))

    def _axis(self, feature: int, order: int) -> tuple[Axis, list[int] | None]:
        """One axis, and for a category the order in which its bins are to be read."""
        spec = self.specs[feature]
        coarsenings = self.estimator.bins_[feature]
        bins = coarsenings[min(order, len(coarsenings)) - 1]
        if spec.kind is not Kind.CATEGORY:
            values = self.cases.frame[spec.name]
            low, high = (0.0, 1.0) if spec.kind is Kind.FLAG else (float(values.min()), float(values.max()))
            return Axis(spec.name, spec.kind, cuts=tuple(map(float, bins)), low=low, high=high), None
        levels = self.cases.levels[spec.name]
        unseen = bins.get(POOLED, len(set(bins.values())) + 1)
        return Axis(spec.name, spec.kind, levels=levels), [0, *(bins[name] for name in levels), unseen]


def _error(bags: Floats) -> Floats:
    """Standard errors from the spread over bags, (n_bags, ...).

    Bags drawn without replacement share most cases, so they differ less than fresh samples would: the factor is that
    of the delete-d jackknife (Shao and Wu, 1989).
    """
    return np.asarray(np.std(bags, axis=0, ddof=1) * np.sqrt((1 - VALIDATION_SHARE) / VALIDATION_SHARE))


def _arranged(table: Floats, orders: Sequence[list[int] | None]) -> Floats:
    for axis, order in enumerate(orders):
        if order is not None:
            table = np.take(table, order, axis=axis)
    return table
