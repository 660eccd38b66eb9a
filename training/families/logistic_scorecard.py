"""The points scorecard: logistic regression on bins, auditable on one page, with the uncertainty of every point.

Redraws of the cases are not fitted again but taken one Newton step from the fit, which for a regression is as good:
each traveller's pull on the coefficients counts as often as the redraw holds the traveller. The prior is drawn anew
with them: otherwise redraws would only show how far points vary, not how far the prior may have pulled them aside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from pydantic import BaseModel, Field
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from features.spec import FeatureSpec, Kind
from models.additive import AdditiveModel, Term
from models.swings import lanes_of
from training.errors import EmptyColumnError
from training.families.base import ExplainableModel, Family, FamilySettings, Floats
from training.families.binning import Binning, bin_feature, violations
from training.families.prepare import Prepared, pool, prepare
from training.families.redraw import REDRAWS, STUDENT, copies, swing_table, travellers_per_cell
from training.families.shape import direction, limit_missing, nested

INFLATION = 2.1 * STUDENT
"""Factor on standard errors: within its few wide bins a scorecard is wrong by more than redraws can show."""


class LogisticScorecardSettings(FamilySettings):
    """Settings of the scorecard."""

    max_bins: Annotated[int, Field(ge=2, le=50)] = 6
    min_bin_rows: Annotated[int, Field(ge=1)] = 200
    min_level_rows: Annotated[int, Field(ge=2)] = 100
    """Rows that a level of a category needs for points of its own."""
    prior_spread: Annotated[float, Field(gt=0, le=100)] = 0.3
    """How far points are expected to lie from zero [log-odds]; smaller draws bins with few cases closer to zero."""
    redraws: Annotated[int, Field(ge=2, le=100)] = REDRAWS
    """Redraws of the cases, traveller by traveller, behind the uncertainty of the points."""
    missing_limit: Annotated[float, Field(gt=0, le=20)] = 1.0
    """Most that missing values alone may add to a score, and take away [log-odds]."""


class LogisticScorecardFamily(Family):
    """Logistic regression on bins."""

    name = "logistic_scorecard"
    title = "Logistic scorecard"
    settings_type = LogisticScorecardSettings

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
    ) -> "LogisticScorecard":
        """Bin, fit, merge what steps against a direction, fit again; see :meth:`Family.fit`."""
        chosen = LogisticScorecardSettings.model_validate(settings.model_dump())
        cases = prepare(frame, y, weight, specs, chosen.min_level_rows, travellers=travellers)
        binnings: list[Binning] = Parallel(n_jobs=jobs, prefer="threads")(
            delayed(bin_feature)(spec, cases, chosen.max_bins, chosen.min_bin_rows) for spec in cases.specs
        )
        with threadpool_limits(limits=1):  # sums over several threads depend on their number in the last digit
            while True:
                binnings = [binning for binning in binnings if _tells_apart(binning, cases.frame)]
                if not binnings:
                    raise EmptyColumnError(
                        "No feature has two bins that the labelled cases tell apart. Give more cases."
                    )
                card = _fit(cases, tuple(binnings), chosen, seed)
                merged = [
                    binning.without_cuts(violations(points[1:-1], direction(binning.spec)))
                    for binning, points in zip(binnings, card.tables(card.coefficients), strict=True)
                ]
                if merged == binnings:
                    return card
                binnings = merged


def _tells_apart(binning: Binning, frame: pd.DataFrame) -> bool:
    """Whether the values themselves, not only their absence, fall in two bins; a flag whose bins merged does not."""
    bins = binning.bins(frame[binning.spec.name])
    return len(np.unique(bins[bins > 0])) > 1 and not (binning.spec.kind is Kind.FLAG and not binning.cuts)


def _fit(
    cases: Prepared, binnings: tuple[Binning, ...], settings: LogisticScorecardSettings, seed: int
) -> "LogisticScorecard":
    design = _design(cases.frame, binnings)
    estimator = LogisticRegression(C=settings.prior_spread**2, solver="newton-cholesky", tol=1e-10, max_iter=200)
    estimator.fit(design, cases.y, sample_weight=cases.weight)
    coefficients = estimator.coef_[0].astype(np.float64)

    chance = estimator.predict_proba(design)[:, 1]
    curvature = cases.weight * chance * (1 - chance)
    full = np.column_stack([np.ones(len(design)), design])
    hessian = (full * curvature[:, None]).T @ full
    hessian[np.diag_indices_from(hessian)] += np.r_[0.0, np.full(design.shape[1], settings.prior_spread**-2)]
    drawn = copies(cases.travellers, cases.y, seed, settings.redraws) - 1.0
    pull = (full * (cases.weight * (cases.y - chance))[:, None]).T @ drawn
    prior = np.random.default_rng((seed, settings.redraws, 1)).normal(0.0, settings.prior_spread**-1, pull.shape)
    prior[0] = 0.0  # the level has no prior
    moves = np.linalg.solve(hessian, pull + prior)
    moves -= np.mean(moves, axis=1, keepdims=True)

    # Centre each feature on the cases, so that the baseline is the average case and a contribution the step from it.
    mass = np.asarray(cases.weight @ design) / np.sum(cases.weight)
    centring = np.eye(design.shape[1])
    start = 0
    for binning in binnings:
        part = slice(start, start + binning.size)
        centring[part, part] -= mass[part]
        start += binning.size
    centred = centring @ coefficients
    centred[mass == 0] = 0.0  # what was never met says nothing

    card = LogisticScorecard(
        estimator=estimator,
        cases=cases,
        binnings=binnings,
        moves=centring @ moves[1:],
        baseline_moves=moves[0] + mass @ moves[1:],
    )
    limit_missing(card.tables(centred), settings.missing_limit)
    estimator.intercept_ = estimator.intercept_ + float(mass @ coefficients)
    estimator.coef_ = centred.reshape(1, -1)
    return card


def _design(frame: pd.DataFrame, binnings: Sequence[Binning]) -> Floats:
    """One column of zeros and ones per bin of every feature, (n_rows, n_bins)."""
    design = np.zeros((len(frame), sum(binning.size for binning in binnings)))
    rows, start = np.arange(len(frame)), 0
    for binning in binnings:
        design[rows, start + binning.bins(frame[binning.spec.name])] = 1.0
        start += binning.size
    return design


@dataclass(frozen=True)
class LogisticScorecard(ExplainableModel):
    """A fitted scorecard; its estimator is centred, so that coefficients are the points."""

    estimator: LogisticRegression
    cases: Prepared
    binnings: tuple[Binning, ...]
    moves: Floats
    """(n_bins, n_redraws), of each point in each redraw."""
    baseline_moves: Floats
    """(n_redraws,)."""
    inflation = INFLATION

    @property
    def specs(self) -> tuple[FeatureSpec, ...]:  # type: ignore[override]
        """The features that it reads."""
        return tuple(binning.spec for binning in self.binnings)

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]
        """What was left out."""
        dropped = [spec.name for spec in self.cases.specs if spec not in self.specs]
        told = f"Left out, since the cases show no step in the direction that is demanded: {', '.join(dropped)}."
        return (*self.cases.notes, told) if dropped else self.cases.notes

    @property
    def coefficients(self) -> Floats:
        """Points of all bins in a row."""
        return np.asarray(self.estimator.coef_[0], dtype=np.float64)

    def tables(self, row: Floats) -> list[Floats]:
        """Cut what runs over all bins into one view per feature."""
        ends = np.cumsum([binning.size for binning in self.binnings])
        return np.split(row, ends[:-1])

    def log_odds(self, frame: pd.DataFrame) -> Floats:
        """Ask the regression; see :meth:`FittedModel.log_odds`."""
        columns = pool(frame[[spec.name for spec in self.specs]], self.cases.levels_of(self.specs))
        return np.asarray(self.estimator.decision_function(_design(columns, self.binnings)), dtype=np.float64)

    def compile(self) -> AdditiveModel:
        """Write coefficients and their moves as points and swings."""
        tables = zip(self.binnings, self.tables(self.coefficients), self.tables(self.moves), strict=True)
        return AdditiveModel(
            baseline=float(self.estimator.intercept_[0]),
            baseline_swings=lanes_of(self.baseline_moves.tolist(), INFLATION),
            features=tuple(spec.name for spec in self.specs),
            terms=tuple(self._term(place, *each) for place, each in enumerate(tables)),
        )

    def _term(self, place: int, binning: Binning, points: Floats, moves: Floats) -> Term:
        bins = binning.bins(self.cases.frame[binning.spec.name])
        travellers = travellers_per_cell((bins,), (binning.size,), self.cases.travellers)
        table = swing_table(moves, points, travellers, inflation=INFLATION, place=place)
        return Term((binning.axis,), nested(points), table, nested(travellers))
