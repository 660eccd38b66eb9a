"""Ways to make groups meet a model more alike that leave it a sum of points without any protected fact.

Leaving a feature out; forbidding the model to tell values apart that tell groups apart; and weighting cases by group
and outcome until referral no longer follows the group. The last learns its weights with a quick model on the same cases
(after Jiang and Nachum, AISTATS 2020): in a group that is referred too often negative cases weigh more, so that what
only tells the group loses its points.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from features.spec import FeatureSpec, Kind
from models.additive import AdditiveModel
from models.metrics.fairness import referred
from models.terms import Axis, Term
from training.dataset import Slice
from training.errors import ConfigError
from training.fairness_config import MitigationConfig
from training.families.base import ExplainableModel, Family, FittedModel, Floats
from training.proxies import bins

ROUNDS = 12
"""Most rounds in which weights are learned."""
STEP = 1.0
"""How strongly a round moves the weights, on the logarithm, per log ratio of referral."""
NEAR = 0.05
"""Log ratio of referral at which groups count as met alike."""
SMALLEST = 200
"""Cases below which a group keeps its weights: nothing could be told of it."""
SHARE = 0.05
"""Share referred at which weights are learned: larger than in use, so that less is left to chance."""


def fit(
    family: Family,
    train: Slice,
    specs: Sequence[FeatureSpec],
    *,
    everybody: Slice,
    mitigation: MitigationConfig,
    settings: BaseModel,
    seed: int,
    jobs: int = 1,
) -> FittedModel:
    """Fit a family under a mitigation; without one, exactly as the family does.

    Args:
        family: fits.
        train: labelled cases, with their weights.
        specs: the features.
        everybody: cases of the time of training, labelled or not: among them referral is compared.
        mitigation: what is done.
        settings: of the family.
        seed: of everything that is drawn.
        jobs: processes.

    Raises:
        ConfigError: where a feature or a fact of the mitigation does not exist.
    """
    kept = tuple(spec for spec in specs if spec.name not in mitigation.drop)
    _check(mitigation, specs, train.groups)
    coarse = {name: _coarse(limits, train.frame[name]) for name, limits in mitigation.coarsen.items()}
    frame = coarsened(train.frame, coarse)
    weight = weights(train, everybody, kept, mitigation) if mitigation.reweigh else train.weight
    who = train.about["entity"].tolist()
    model = family.fit(frame, train.y, weight, kept, settings=settings, seed=seed, jobs=jobs, travellers=who)
    if coarse and isinstance(model, ExplainableModel):
        return CoarsenedModel(model, coarse)
    return model


def _coarse(limits: tuple[float, ...], column: "pd.Series[float]") -> "Coarse":
    known = column.dropna()
    return Coarse(limits, *((None, None) if known.empty else (float(known.min()), float(known.max()))))


def _check(mitigation: MitigationConfig, specs: Sequence[FeatureSpec], groups: pd.DataFrame) -> None:
    by_name = {spec.name: spec for spec in specs}
    unknown = [name for name in (*mitigation.drop, *mitigation.coarsen) if name not in by_name]
    if unknown:
        raise ConfigError(f"fairness.mitigation: no feature of this model: {', '.join(unknown)}.")
    wrong = [name for name in mitigation.coarsen if by_name[name].kind is not Kind.NUMBER]
    if wrong:
        raise ConfigError(f"fairness.mitigation.coarsen: only a number can be coarsened: {', '.join(wrong)}.")
    missing = [fact for fact in mitigation.reweigh if fact not in groups]
    if missing:
        raise ConfigError(f"fairness.mitigation.reweigh: the cases hold no such fact: {', '.join(missing)}.")


def weights(
    train: Slice,
    everybody: Slice,
    specs: Sequence[FeatureSpec],
    mitigation: MitigationConfig,
) -> Floats:
    """Learn weights of the labelled cases by group and outcome, (n_cases,), mean 1.

    Args:
        train: labelled cases; their own weights are multiplied in.
        everybody: among whom referral is compared.
        specs: the features that the model may read.
        mitigation: which facts, how far, and the largest weight.
    """
    base = np.ones(len(train)) if train.weight is None else train.weight
    quick = _Quick(train.frame, everybody.frame, specs)
    members = [
        (np.asarray(train.groups[fact] == group), np.asarray(everybody.groups[fact] == group))
        for fact in mitigation.reweigh
        for group, number in sorted(train.groups[fact].value_counts().items())
        if number >= SMALLEST and int((everybody.groups[fact] == group).sum()) >= SMALLEST
    ]
    pull = np.zeros(len(members))
    best, closest = np.zeros(len(members)), np.inf
    for _ in range(ROUNDS):
        chance = referred(quick.scores(train.y, base * _tilt(pull, members, train.y, mitigation)), SHARE)
        gaps = np.array(
            [np.log((chance[inside].mean() + 1e-6) / (chance[~inside].mean() + 1e-6)) for _, inside in members]
        )
        if len(gaps) and np.abs(gaps).max() < closest:
            best, closest = pull.copy(), float(np.abs(gaps).max())
        if closest < NEAR:
            break
        pull = pull + STEP * np.clip(gaps, -1.0, 1.0)
    found = base * _tilt(mitigation.strength * best, members, train.y, mitigation)
    return np.asarray(found / found.mean())


def _tilt(
    pull: Floats,
    members: Sequence[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]],
    y: Floats,
    mitigation: MitigationConfig,
) -> Floats:
    """Weights that make a group's cases look less (or more) often confirmed, its whole weight kept."""
    logs = np.zeros(len(y))
    for one, (inside, _) in zip(pull, members, strict=True):
        logs[inside] += one
    up = np.exp(np.clip(logs, -6, 6))
    tilt = np.where(y == 1, 2 / (1 + up), 2 * up / (1 + up))
    return np.clip(tilt, 1 / mitigation.max_weight, mitigation.max_weight)


class _Quick:
    """A logistic regression on bins, fitted again and again on other weights."""

    def __init__(self, frame: pd.DataFrame, shown: pd.DataFrame, specs: Sequence[FeatureSpec]) -> None:
        columns = [
            bins(pd.concat([frame[spec.name], shown[spec.name]], ignore_index=True), spec.kind) for spec in specs
        ]
        table = OneHotEncoder(dtype=np.float64, min_frequency=20).fit_transform(np.column_stack(columns)).tocsr()
        self._learned, self._shown = table[: len(frame)], table[len(frame) :]

    def scores(self, y: Floats, weight: Floats) -> Floats:
        """Fit, and score everybody."""
        model = LogisticRegression(C=0.1, max_iter=100, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # enough steps to rank by
            model.fit(self._learned, y, sample_weight=weight)
        return np.asarray(model.decision_function(self._shown), dtype=np.float64)


@dataclass(frozen=True)
class Coarse:
    """Limits between which values may not be told apart.

    >>> Coarse((24.0, 168.0)).values(np.array([1.0, 24.0, 30.0, 500.0, np.nan])).tolist()
    [23.0, 96.0, 96.0, 169.0, nan]

    Attributes:
        limits: rising.
        low: smallest value of training; ``None`` where it is not known.
        high: largest value of training.
    """

    limits: tuple[float, ...]
    low: float | None = None
    high: float | None = None

    @property
    def stand_ins(self) -> Floats:
        """One value for each stretch between limits, in their order, (n_limits + 1,)."""
        edges = np.asarray(self.limits)
        return np.concatenate([[edges[0] - 1], (edges[:-1] + edges[1:]) / 2, [edges[-1] + 1]])

    def values(self, column: Floats) -> Floats:
        """Replace values by those that stand for them; a value at a limit belongs above it, missing ones stay so."""
        places = np.searchsorted(self.limits, column, side="right")
        return np.asarray(np.where(np.isnan(column), np.nan, self.stand_ins[np.minimum(places, len(self.limits))]))


def coarsened(frame: pd.DataFrame, coarse: Mapping[str, Coarse]) -> pd.DataFrame:
    """Coarsen the columns of a frame, in a copy."""
    return frame.assign(**{name: one.values(frame[name].to_numpy(np.float64)) for name, one in coarse.items()})


class CoarsenedModel(ExplainableModel):
    """A model that saw coarse values, written so that it reads the values as they come."""

    def __init__(self, inner: ExplainableModel, coarse: Mapping[str, Coarse]) -> None:
        """Keep the model and how its values were coarsened."""
        self._inner, self._coarse = inner, {spec.name: coarse[spec.name] for spec in inner.specs if spec.name in coarse}
        self.specs = inner.specs
        self.inflation = inner.inflation
        told = ", ".join(f"{name} at {', '.join(f'{limit:g}' for limit in one.limits)}" for name, one in coarse.items())
        self.notes = (*inner.notes, f"Coarsened, so that groups are told apart less: {told}.")

    def log_odds(self, frame: pd.DataFrame) -> Floats:
        """Score cases with the estimator, after coarsening."""
        return self._inner.log_odds(coarsened(frame, self._coarse))

    def compile(self) -> AdditiveModel:
        """Write the table with the coarse limits as its cuts."""
        model = self._inner.compile()
        return replace(model, terms=tuple(self._recut(term) for term in model.terms))

    def _recut(self, term: Term) -> Term:
        axes, places = [], []
        for axis in term.axes:
            one = self._coarse.get(axis.feature)
            axes.append(axis if one is None else replace(axis, cuts=one.limits, low=one.low, high=one.high))
            places.append(list(range(axis.size)) if one is None else _places(axis, one))
        tables = {each.name: _picked(getattr(term, each.name), places) for each in fields(term) if each.name != "axes"}
        return replace(term, axes=tuple(axes), **tables)


def _places(axis: Axis, coarse: Coarse) -> list[int]:
    """Old bin of each new one: missing, the stretches in their order, never met."""
    return [0, *(axis.bin_of(float(value)) for value in coarse.stand_ins), axis.size - 1]


def _picked(table: Any, places: Sequence[Sequence[int]]) -> Any:
    """Pick bins along each axis of a table."""
    first, *others = places
    return tuple(_picked(table[place], others) if others else table[place] for place in first)
