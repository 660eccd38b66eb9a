"""How well the score features tell protected facts that no model may read, one by one and together.

A feature that tells nationality carries nationality into the score, whatever it was meant for. Above a limit its use
needs a written reason; beside it stands what dropping the feature would cost and change.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from features.spec import FeatureSpec, Kind
from models.additive import AdditiveModel
from models.errors import MetricError
from models.metrics.fairness import Counted, ratio_of_rates, referred
from models.metrics.intervals import normal_quantile
from models.metrics.quality import precision_at, roc_auc
from models.promotion import Gate, Verdict
from training.evaluate import term_contributions
from training.fairness import Scored
from training.fairness_config import MISSING, TOGETHER, FairnessConfig
from training.families.base import Floats

FOLDS = 3
BINS, LEVELS = 32, 64
"""Most bins of a number, and levels of a category, by which a feature tells a fact."""
STRENGTH = 10.0
"""Cases by which the rate of a bin is drawn to that of all."""
LEARNED = 12_000
"""Travellers on whom all features together are tried: more make the interval no shorter than it need be."""
MIN_KNOWN = 200
"""Travellers with a known value, in the group and outside, below which a feature is not tried."""
SCORE = "the score"

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Telling:
    """How well something tells one group of a protected fact from all others.

    Attributes:
        fact: the protected fact.
        feature: name of a feature (among travellers of whom it is known), ``missing_facts`` (which facts are known at
            all), ``together``, or the score.
        group: the group that it tells best.
        auc: ROC AUC, out of fold; for the score itself as it is, 0.5 where it tells nothing.
        low: lower end of its interval (Hanley and McNeil, Radiology 143, 1982).
        high: upper end.
    """

    fact: str
    feature: str
    group: str
    auc: float
    low: float
    high: float


@dataclass(frozen=True)
class Ablation:
    """What it costs and changes to take a feature out of the score, its points set to their mean.

    Attributes:
        feature: its name.
        fact: the protected fact that it tells.
        group: the group that it tells.
        precision: at the share referred, with the feature and without.
        ratio: referral of the innocent of the group over that of the others, with and without; ``None`` where nobody
            of either is referred.
    """

    feature: str
    fact: str
    group: str
    precision: tuple[float, float]
    ratio: tuple[float | None, float | None]


@dataclass(frozen=True)
class ProxyReport:
    """What tells what.

    Attributes:
        tellings: of every feature of the model, of all together, and of the score, for every gated fact.
        ablations: of those features above the limit.
        travellers: how many it was measured on, one crossing each.
    """

    tellings: tuple[Telling, ...]
    ablations: tuple[Ablation, ...]
    travellers: int

    def above(self, limit: float) -> tuple[Telling, ...]:
        """Features, and all together, that tell a fact better than a limit, the best first."""
        found = [one for one in self.tellings if one.feature != SCORE and one.auc > limit]
        return tuple(sorted(found, key=lambda one: (-one.auc, one.feature, one.fact)))


def tell(
    frame: pd.DataFrame,
    specs: Sequence[FeatureSpec],
    scored: Scored,
    config: FairnessConfig,
    *,
    seed: int,
) -> tuple[tuple[Telling, ...], int]:
    """Measure how well features, all together and the score tell protected facts.

    Args:
        frame: (n, ...), one column per feature.
        specs: the features that the model reads.
        scored: the same cases, with score, protected facts and travellers: one crossing of each is taken, so that
            nobody is told by being met again.
        config: which facts, and how large a group has to be.
        seed: of the folds and of the crossings taken.

    Returns:
        Tellings, and the number of travellers.
    """
    rng = np.random.default_rng((seed, 3))
    order = rng.permutation(len(frame))
    taken = np.sort(order[np.unique(pd.factorize(scored.entity[order])[0], return_index=True)[1]])
    folds = rng.permutation(len(taken)) % FOLDS
    small = np.sort(rng.permutation(len(taken))[:LEARNED])
    if not specs:
        return (), len(taken)
    binned = {spec.name: bins(frame[spec.name].iloc[taken], spec.kind) for spec in specs}
    absent = _patterns(np.column_stack([codes == 0 for codes in binned.values()]))
    few_bins = {name: codes[small] for name, codes in binned.items()}
    found: list[Telling] = []
    for fact in config.gated:
        column = (
            scored.groups[fact].iloc[taken] if fact in scored.groups else pd.Series([None] * len(taken), dtype=object)
        )
        names = column.astype(object).where(column.notna(), None).to_numpy()
        counts = pd.Series(names).value_counts()
        told = sorted(str(name) for name, number in counts.items() if number >= config.min_cell)
        members = {name: np.asarray(names == name) for name in told}
        if len(counts) < 2 or not members:  # noqa: PLR2004  a comparison takes two
            continue
        for spec in specs:
            known = binned[spec.name] > 0
            inner = {name: inside[known] for name, inside in members.items()}
            inner = {name: inside for name, inside in inner.items() if min(inside.sum(), (~inside).sum()) >= MIN_KNOWN}
            if inner:
                each = {name: auc_alone(binned[spec.name][known], rows, folds[known]) for name, rows in inner.items()}
                found.append(_best(fact, spec.name, each, inner))
        each = {name: auc_alone(absent, inside, folds) for name, inside in members.items()}
        found.append(_best(fact, MISSING, each, members))
        scores = {name: _either_way(inside, scored.log_odds[taken]) for name, inside in members.items()}
        found.append(_best(fact, SCORE, scores, members))
        few = {name: inside[small] for name, inside in members.items()}
        found.append(_best(fact, TOGETHER, _together(few_bins, few, folds[small], seed), few))
    return tuple(found), len(taken)


def _patterns(missing: npt.NDArray[np.bool_]) -> Codes:
    """Number the patterns of missing facts, the commonest first; rare ones share a number."""
    packed = np.packbits(missing, axis=1)
    _, place, counts = np.unique(packed, axis=0, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.asarray(np.minimum(rank[place.ravel()], LEVELS))


def bins(column: "pd.Series[float]", kind: Kind) -> Codes:
    """Put values into bins of about equal size, (n,); missing ones into a bin of their own, 0.

    >>> bins(pd.Series([1.0, 2.0, np.nan]), Kind.NUMBER).tolist()
    [1, 2, 0]
    """
    if kind is Kind.CATEGORY:
        codes, levels = pd.factorize(column, sort=False)
        counts = np.bincount(codes[codes >= 0], minlength=len(levels))
        rank = np.empty(len(levels), dtype=np.int64)
        rank[np.lexsort((np.asarray(levels, dtype=str), -counts))] = np.arange(len(levels))
        return np.append(np.minimum(rank, LEVELS), -1)[codes] + 1
    values = column.to_numpy(dtype=np.float64)
    known = values[~np.isnan(values)]
    if not len(known):
        return np.zeros(len(values), dtype=np.int64)
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    return np.where(np.isnan(values), 0, 1 + np.searchsorted(cuts, values, side="left"))


def auc_alone(codes: Codes, inside: npt.NDArray[np.bool_], folds: npt.NDArray[np.generic]) -> float:
    """ROC AUC of the rates of bins, each learned on the other folds: it needs no order and no estimator.

    Args:
        codes: (n,), bins from 0.
        inside: (n,), what is to be told.
        folds: (n,), whole numbers, dealt into folds by their remainder.
    """
    number = int(codes.max()) + 1
    cell = np.asarray(folds, dtype=np.int64) % FOLDS * number + codes
    total = np.bincount(cell, minlength=FOLDS * number).reshape(FOLDS, number).astype(np.float64)
    hits = np.bincount(cell, weights=inside.astype(np.float64), minlength=FOLDS * number).reshape(FOLDS, number)
    prior = hits.sum() / total.sum()
    others, other_hits = total.sum(axis=0) - total, hits.sum(axis=0) - hits
    rates = ((other_hits + STRENGTH * prior) / (others + STRENGTH)).ravel()
    y = np.repeat([1.0, 0.0], len(rates))
    return _auc(y, np.tile(rates, 2), np.concatenate([hits.ravel(), (total - hits).ravel()]))


def _together(
    binned: Mapping[str, Codes],
    members: Mapping[str, npt.NDArray[np.bool_]],
    folds: npt.NDArray[np.generic],
    seed: int,
) -> dict[str, float]:
    """ROC AUC by all features at once, out of fold, by logistic regression on their bins, which needs no order in them.

    Args:
        binned: name of a feature -> (n,), its bins.
        members: name of a group -> (n,), who is in it.
        folds: (n,).
        seed: of the fit.
    """
    table = OneHotEncoder(dtype=np.float64, min_frequency=20).fit_transform(np.column_stack(list(binned.values())))
    target = np.zeros(table.shape[0], dtype=np.int64)
    for place, inside in enumerate(members.values()):
        target[inside] = place + 1
    chances = np.zeros((table.shape[0], len(members) + 1))
    for fold in range(FOLDS):
        held = folds == fold
        learned = target[~held]
        if len(np.unique(learned)) < 2:  # noqa: PLR2004  a comparison takes two
            continue
        model = LogisticRegression(C=0.3, max_iter=50, tol=1e-3, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # enough steps to rank by
            model.fit(table[~held], learned)
        chances[np.ix_(held, model.classes_)] = model.predict_proba(table[held])
    return {
        name: _auc(inside.astype(np.float64), chances[:, place + 1])
        for place, (name, inside) in enumerate(members.items())
    }


def _auc(y: Floats, score: Floats, weight: Floats | None = None) -> float:
    try:
        return roc_auc(y, score, weight)
    except MetricError:  # everybody is in the group, or nobody
        return 0.5


def _either_way(inside: npt.NDArray[np.bool_], score: Floats) -> float:
    found = _auc(inside.astype(np.float64), score)
    return max(found, 1 - found)


def _best(fact: str, feature: str, found: Mapping[str, float], members: Mapping[str, npt.NDArray[np.bool_]]) -> Telling:
    """Take the group that is told best, with its interval."""
    group = max(found, key=lambda name: (found[name], name))
    reach = normal_quantile(0.90) * _error(found[group], int(members[group].sum()), len(members[group]))
    auc = found[group]
    return Telling(fact, feature, group, auc, max(0.0, auc - reach), min(1.0, auc + reach))


def _error(auc: float, inside: int, number: int) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982)."""
    others = number - inside
    if not inside or not others:
        return 0.5
    first, second = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    square = auc * (1 - auc) + (inside - 1) * (first - auc * auc) + (others - 1) * (second - auc * auc)
    return math.sqrt(max(0.0, square) / (inside * others))


def ablate(
    tellings: Sequence[Telling],
    model: AdditiveModel,
    frames: tuple[pd.DataFrame, pd.DataFrame],
    scored: tuple[Scored, Scored],
    share: float,
) -> tuple[Ablation, ...]:
    """Take features out of the score one by one, at no refit: a sum of points allows it exactly.

    Args:
        tellings: of features above the limit.
        model: calibrated.
        frames: features of everybody, and of the labelled.
        scored: everybody, and the labelled.
        share: referred.
    """
    everybody, labelled = scored
    of_all, of_labelled = (term_contributions(model, frame) for frame in frames)
    entity = np.asarray(pd.factorize(everybody.entity)[0], dtype=np.int64)
    innocent = (everybody.y != 1).astype(np.float64)
    found = []
    for one in tellings:
        terms = [term.name for term in model.terms if one.feature in {axis.feature for axis in term.axes}]
        if not terms:
            continue
        means = {name: float(of_all[name].mean()) for name in terms}
        without = [
            scores.log_odds - sum((columns[name] - means[name] for name in terms), np.zeros(len(scores)))
            for scores, columns in ((everybody, of_all), (labelled, of_labelled))
        ]
        inside = (everybody.groups[one.fact] == one.group).to_numpy()
        ratios = []
        for log_odds in (everybody.log_odds, without[0]):
            counted = Counted(referred(log_odds, share) * innocent, innocent, entity)
            ratio = ratio_of_rates(counted, inside, ~inside)
            ratios.append(None if ratio is None else ratio.value)
        precise = [
            precision_at(labelled.y, log_odds, labelled.weight, share=share)
            for log_odds in (labelled.log_odds, without[1])
        ]
        pair = (precise[0], precise[1])
        found.append(Ablation(one.feature, one.fact, one.group, pair, (ratios[0], ratios[1])))
    return tuple(found)


def gate(report: ProxyReport, config: FairnessConfig) -> Gate:
    """Demand a reason for every feature that tells a protected fact better than the limit.

    Args:
        report: what tells what.
        config: the limit, and the reasons given.
    """
    above = report.above(config.max_proxy_auc)
    open_ = [one for one in above if one.feature not in config.necessity]
    rule = (
        f"features that tell a protected fact with a ROC AUC above {config.max_proxy_auc:g}, alone or together, are "
        "used for a reason that [fairness.necessity] states"
    )
    best = max((one.auc for one in report.tellings if one.feature != SCORE), default=None)
    if not report.tellings:
        verdict, note = Verdict.INCONCLUSIVE, "no protected fact has two groups that are large enough"
    elif open_:
        verdict = Verdict.FAILED
        note = "no reason given for " + ", ".join(
            f"{name} ({fact.replace('_', ' ')}: {auc:.2f})" for name, fact, auc in _worst_of(open_)
        )
    else:
        verdict = Verdict.PASSED
        note = f"reasons stand for {', '.join(name for name, _, _ in _worst_of(above))}" if above else ""
    return Gate(
        name="proxies",
        title="Proxies of protected facts are justified",
        rule=rule,
        value=best,
        verdict=verdict,
        note=note,
    )


def _worst_of(tellings: Sequence[Telling]) -> list[tuple[str, str, float]]:
    """One line for each feature, with the fact that it tells best."""
    best: dict[str, Telling] = {}
    for one in tellings:
        best.setdefault(one.feature, one)
    return [(one.feature, one.fact, one.auc) for one in best.values()]
