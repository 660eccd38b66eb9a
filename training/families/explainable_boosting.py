"""Explainable boosting machines (interpret): smooth steps per feature and few pairs, exactly a sum of points.

Pairs are chosen among features without a direction only. The library leaves constrained features out of its pairs, and
so it should: a pair could turn a direction around that the feature's own points keep, and then "more notice never
raises risk" would hold on average instead of for everybody.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, Field

from features.spec import FeatureSpec, Kind
from models.additive import AdditiveModel, Axis, Term
from models.batch import Column
from models.swings import lanes_of
from training.families.base import ExplainableModel, Family, FamilySettings, Floats
from training.families.prepare import MIN_TRAVELLERS, POOLED, Prepared, pool, prepare
from training.families.redraw import REDRAWS, STUDENT, copies, swing_table, travellers_per_cell
from training.families.shape import direction, groups_of, level, limit_missing, nested

INFLATION = 1.5 * STUDENT
"""Factor on standard errors: redraws show how far points vary, not how far smoothing pulls all of them inwards."""


class ExplainableBoostingSettings(FamilySettings):
    """Settings of the explainable boosting machine, chosen for rare positives: few bins, broad leaves, slow steps."""

    pairs: Annotated[int, Field(ge=0, le=50)] = 10
    """Most pairs of features with points of their own."""
    positives_per_pair: Annotated[int, Field(ge=1)] = 100
    """Confirmed cases that each pair needs: on few cases pairs learn chance, and later cases pay for it."""
    max_bins: Annotated[int, Field(ge=3, le=1000)] = 32
    max_pair_bins: Annotated[int, Field(ge=3, le=64)] = 8
    redraws: Annotated[int, Field(ge=2, le=100)] = REDRAWS
    """Fits to cases drawn anew, traveller by traveller: their average is the model, their spread its uncertainty."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.12
    max_rounds: Annotated[int, Field(ge=1, le=100_000)] = 2000
    patience: Annotated[int, Field(ge=1, le=1000)] = 60
    """Rounds without gain on travellers left out of a redraw after which its fit stops."""
    smoothing_rounds: Annotated[int, Field(ge=0, le=10_000)] = 16
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
        travellers: Sequence[object] | None = None,
    ) -> "ExplainableBoosting":
        """Fit; see :meth:`Family.fit`."""
        from interpret.glassbox import ExplainableBoostingClassifier  # noqa: PLC0415  three seconds, when they are due

        chosen = ExplainableBoostingSettings.model_validate(settings.model_dump())
        cases = prepare(frame, y, weight, specs, chosen.min_level_rows, travellers=travellers)
        free = sum(direction(spec) == 0 for spec in cases.specs)
        estimator = ExplainableBoostingClassifier(
            feature_names=[spec.name for spec in cases.specs],
            feature_types=["nominal" if spec.kind is Kind.CATEGORY else "continuous" for spec in cases.specs],
            monotone_constraints=[direction(spec) for spec in cases.specs],
            interactions=min(chosen.pairs, free * (free - 1) // 2, int(cases.y.sum()) // chosen.positives_per_pair),
            max_bins=chosen.max_bins,
            max_interaction_bins=chosen.max_pair_bins,
            outer_bags=chosen.redraws,
            early_stopping_rounds=chosen.patience,
            learning_rate=chosen.learning_rate,
            max_rounds=chosen.max_rounds,
            smoothing_rounds=chosen.smoothing_rounds,
            interaction_smoothing_rounds=chosen.smoothing_rounds,
            min_samples_leaf=chosen.min_samples_leaf,
            random_state=seed,
            n_jobs=jobs,
        )
        drawn = copies(cases.travellers, cases.y, seed, chosen.redraws)
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "Missing values detected", UserWarning
            )  # its plots lack them; ours do not
            estimator.fit(
                cases.frame,
                cases.y,
                sample_weight=None if weight is None else cases.weight,
                bags=np.where(drawn > 0, drawn, -1).astype(np.int8),  # who is left out says when to stop
            )
        fitted = ExplainableBoosting(estimator, cases)
        fitted.keep_the_rules(chosen.missing_limit)
        return fitted


@dataclass(frozen=True)
class ExplainableBoosting(ExplainableModel):
    """A fitted explainable boosting machine."""

    estimator: Any
    cases: Prepared
    inflation = INFLATION

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

    def keep_the_rules(self, missing_limit: float) -> None:
        """Bring the estimator itself to what every table keeps, so that its table says the same.

        Points of fewer than :data:`MIN_TRAVELLERS` travellers are shared with those of neighbouring values, or taken
        away where there is no neighbour; rounding against a direction is levelled, and missingness is limited.
        """
        scores, bags = self.estimator.term_scores_, self.estimator.bagged_scores_
        for place, features in enumerate(self.estimator.term_features_):
            travellers = self._travellers(place)
            few = (travellers > 0) & (travellers < MIN_TRAVELLERS)
            if len(features) > 1 or self.specs[features[0]].kind is Kind.CATEGORY:
                order = self._orders(place)
                for table in (scores[place], *bags[place]):
                    table[tuple(np.ix_(*order))] = np.where(few, 0.0, table[tuple(np.ix_(*order))])
                continue
            weights = self.estimator.bin_weights_[place]
            for group in groups_of(travellers[1:-1], MIN_TRAVELLERS):
                part = slice(group[0] + 1, group[-1] + 2)
                if len(group) > 1 and np.sum(weights[part]) > 0:
                    for table in (scores[place], *bags[place]):
                        table[part] = np.average(table[part], weights=weights[part])
            if few[0]:
                for table in (scores[place], *bags[place]):
                    table[0] = 0.0
            spec = self.specs[features[0]]
            scores[place][1:-1] = level(scores[place][1:-1], direction(spec), spec.name)
        limit_missing(scores, missing_limit)

    def compile(self) -> AdditiveModel:
        """Read intercept, bins and scores off the estimator."""
        bags = np.asarray(self.estimator.bagged_intercept_, dtype=np.float64).reshape(-1)
        for place in range(len(self.estimator.term_features_)):
            bags = bags + self._centres(place)
        return AdditiveModel(
            baseline=float(self.estimator.intercept_[0]),
            baseline_swings=lanes_of((bags - np.mean(bags)).tolist(), INFLATION),
            features=tuple(spec.name for spec in self.specs),
            terms=tuple(self._term(place) for place in range(len(self.estimator.term_features_))),
        )

    def _term(self, place: int) -> Term:
        """Compile one term; its bins are laid out as ours: missing first, unseen last."""
        axes, travellers = self._axes(place), self._travellers(place)
        bags = np.asarray(self.estimator.bagged_scores_[place], dtype=np.float64)
        moves = bags - self._centres(place).reshape(-1, *([1] * len(axes)))
        moves = np.moveaxis(moves - np.mean(moves, axis=0), 0, -1)
        points = np.asarray(self.estimator.term_scores_[place], dtype=np.float64)
        order = tuple(np.ix_(*self._orders(place)))
        points, moves = points[order], moves[order]
        if len(axes) == 1 and axes[0].kind is Kind.NUMBER:
            axis = axes[0]
            groups = groups_of(travellers[1:-1], MIN_TRAVELLERS)
            kept = [0, *(1 + group[0] for group in groups), axis.size - 1]
            cuts = tuple(axis.cuts[group[0] - 1] for group in groups[1:])
            axes = (replace(axis, cuts=cuts),)
            travellers = self._count(axes)
            points, moves = points[kept], moves[kept]
        table = swing_table(moves, points, travellers, inflation=INFLATION, place=place)
        return Term(axes, nested(points), table, nested(travellers))

    def _centres(self, place: int) -> Floats:
        """What the average case gets from a term in each bag, (n_bags,): it belongs to the baseline of that bag."""
        weights = np.asarray(self.estimator.bin_weights_[place], dtype=np.float64)
        bags = np.asarray(self.estimator.bagged_scores_[place], dtype=np.float64).reshape(-1, weights.size)
        return np.asarray(np.sum(bags * weights.reshape(-1), axis=1) / np.sum(weights))

    def _travellers(self, place: int) -> Floats:
        """Different travellers in each cell of a term, laid out as ours."""
        return self._count(self._axes(place))

    def _count(self, axes: tuple[Axis, ...]) -> Floats:
        bins = tuple(Column(self.cases.frame[axis.feature].to_numpy(), axis.kind).bins(axis) for axis in axes)
        return travellers_per_cell(bins, tuple(axis.size for axis in axes), self.cases.travellers)

    def _axes(self, place: int) -> tuple[Axis, ...]:
        features = self.estimator.term_features_[place]
        return tuple(self._axis(feature, len(features)) for feature in features)

    def _bins(self, feature: int, order: int) -> Any:
        coarsenings = self.estimator.bins_[feature]
        return coarsenings[min(order, len(coarsenings)) - 1]

    def _axis(self, feature: int, order: int) -> Axis:
        spec = self.specs[feature]
        if spec.kind is Kind.CATEGORY:
            return Axis(spec.name, spec.kind, levels=self.cases.levels[spec.name])
        values = self.cases.frame[spec.name]
        low, high = (0.0, 1.0) if spec.kind is Kind.FLAG else (float(values.min()), float(values.max()))
        cuts = tuple(map(float, self._bins(feature, order)))
        return Axis(spec.name, spec.kind, cuts=cuts, low=low, high=high)

    def _orders(self, place: int) -> list[list[int]]:
        """For each axis of a term, where the estimator keeps our bins."""
        features = self.estimator.term_features_[place]
        orders = []
        for feature in features:
            spec, bins = self.specs[feature], self._bins(feature, len(features))
            if spec.kind is Kind.CATEGORY:
                unseen = bins.get(POOLED, len(set(bins.values())) + 1)
                orders.append([0, *(bins[name] for name in self.cases.levels[spec.name]), unseen])
            else:
                orders.append(list(range(len(bins) + 3)))
        return orders
