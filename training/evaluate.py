"""How good a model is on later cases: quality at capacity, calibration, groups, and what explainability costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from models.additive import AdditiveModel
from models.bands import BandPolicy
from models.card import CapacityRow, GroupRow, Measure
from models.metrics.calibration import ReliabilityRow, reliability_table
from models.metrics.quality import Metric, lift_at, roc_auc
from training.config import EvaluationConfig
from training.errors import NoCasesError, OneOutcomeError
from training.families.base import Floats, model_columns
from training.measures import AT_CAPACITY, WHOLE, Draw, Holdout, negative_log_loss, probability, ratio_of, share_of

NOT_ENOUGH = "not enough data"
PREVALENCE = {
    "all": "Confirmed among all travellers, by the weighted cases of the holdout",
    "inspected": "Confirmed among the labelled cases of the holdout",
}
GROUP_SHARE = 0.05
"""Share referred at which lift is shown per group: groups are small, so the share is not."""


@dataclass(frozen=True)
class Scored:
    """What one model says of the holdout: (n_rows,), log-odds."""

    name: str
    title: str
    log_odds: Floats


@dataclass(frozen=True)
class ModelQuality:
    """One model on the holdout.

    Attributes:
        name: of its family.
        title: for people.
        measures: over the whole holdout, each with its interval.
        capacity: per share referred.
        reliability: expected against observed.
    """

    name: str
    title: str
    measures: tuple[Measure, ...]
    capacity: tuple[CapacityRow, ...]
    reliability: tuple[ReliabilityRow, ...]

    def measure(self, name: str) -> Measure:
        """One of the measures by name."""
        return next(measure for measure in self.measures if measure.name == name)

    def at(self, share: float, name: str) -> Measure:
        """One measure at one share referred."""
        row = next(row for row in self.capacity if row.share == share)
        return next(measure for measure in row.measures if measure.name == name)


@dataclass(frozen=True)
class Evaluation:
    """All models on identical holdout rows; the first is the one to be packaged.

    Attributes:
        models: the chosen model, then those beside it.
        rows: labelled cases of the holdout.
        positives: confirmed among them.
        prevalence: share of confirmed cases, weighted where the cases are.
        differences: name of another model -> ROC AUC of the chosen model minus its, on the same resamples.
        gain: name of another model -> its log loss minus that of the chosen model, on the same resamples.
        groups: the chosen model per mode and crossing point.
        single_terms: name of a term -> ROC AUC of its contribution alone.
        verdict: what explainability costs, in words.
    """

    models: tuple[ModelQuality, ...]
    rows: int
    positives: int
    prevalence: Measure
    differences: Mapping[str, Measure]
    gain: Mapping[str, Measure]
    groups: tuple[GroupRow, ...]
    single_terms: Mapping[str, float]
    verdict: str

    @property
    def chosen(self) -> ModelQuality:
        """The model to be packaged."""
        return self.models[0]

    @property
    def base_rate(self) -> float:
        """Share of confirmed cases among the labelled ones, weighted where they are."""
        assert self.prevalence.value is not None, "a holdout has cases"
        return self.prevalence.value


def evaluate(
    scored: Sequence[Scored],
    holdout: Holdout,
    contributions: Mapping[str, Floats],
    config: EvaluationConfig,
    *,
    extra_capacity: float,
    seed: int,
    jobs: int = 1,
) -> Evaluation:
    """Measure all models on the same rows.

    Args:
        scored: the chosen model first.
        holdout: the rows.
        contributions: name of a term -> (n_rows,), of the chosen model.
        config: what to measure.
        extra_capacity: a share referred that is measured in any case: that of the gates.
        seed: of the resamples.
        jobs: processes.

    Raises:
        NoCasesError: where the holdout is empty.
        OneOutcomeError: where all its outcomes are equal.
    """
    positives = int(holdout.y.sum())
    if len(holdout.y) == 0:
        raise NoCasesError("The holdout holds no labelled case. Give more cases, or a larger holdout in [split].")
    if not 0 < positives < len(holdout.y):
        raise OneOutcomeError(
            f"The holdout holds {positives} confirmed of {len(holdout.y)} labelled cases; both outcomes are needed."
        )
    draw = Draw(config.bootstrap, config.level, seed)
    shares = tuple(sorted({*config.capacities, extra_capacity}))
    chosen = scored[0]
    groups = _group_tasks(chosen, holdout)
    tasks = [
        *(delayed(_model_quality)(each, holdout, shares, draw) for each in scored),
        *(delayed(_difference)("roc_auc", chosen, other, holdout, draw) for other in scored[1:]),
        *(delayed(_difference)("log_loss", chosen, other, holdout, draw) for other in scored[1:]),
        *(delayed(_group)(*task, config, draw) for task in groups),
    ]
    done = Parallel(n_jobs=jobs)(tasks)
    others = [other.name for other in scored[1:]]
    ends = np.cumsum([len(scored), len(others), len(others)])
    differences = dict(zip(others, done[ends[0] : ends[1]], strict=True))
    return Evaluation(
        models=tuple(done[: ends[0]]),
        rows=len(holdout.y),
        positives=positives,
        prevalence=share_of("prevalence", PREVALENCE[holdout.stands_for], holdout.y, holdout.weight, draw.level),
        differences=differences,
        gain=dict(zip(others, done[ends[1] : ends[2]], strict=True)),
        groups=tuple(done[ends[2] :]),
        single_terms={
            name: roc_auc(holdout.y, column, holdout.weight) for name, column in sorted(contributions.items())
        },
        verdict=price_of_explainability(differences.get("gradient_boosting"), config.yardstick_margin),
    )


def price_of_explainability(difference: Measure | None, margin: float) -> str:
    """Say in words whether the explainable model keeps up with the yardstick, and if not, why that may be.

    Args:
        difference: ROC AUC of the chosen model minus that of the yardstick.
        margin: how far below is still keeping up.
    """
    if difference is None or difference.value is None:
        return "No yardstick was fitted, so the price of explainability is not known."
    told = f"{difference.value:+.3f}"
    if difference.low is not None and difference.high is not None and difference.level is not None:
        told += f" ({difference.level:.0%} interval {difference.low:+.3f} to {difference.high:+.3f})".replace("%", " %")
    if difference.value >= -margin:
        return f"The explainable model keeps up with the yardstick: ROC AUC {told}, where -{margin:g} is allowed."
    chance = difference.high is not None and difference.high >= -margin
    return (
        f"The explainable model lies below the yardstick by more than {margin:g} in ROC AUC: {told}. "
        + (
            "The interval reaches the margin, so chance may explain it; more cases would tell. "
            if chance
            else "The interval lies wholly below the margin, so chance does not explain it. "
        )
        + "The yardstick may use what this model may not: steps against the catalogue's directions, joint effects of "
        "features that have a direction or of three and more features, finer cuts, and strong effects of missing facts."
    )


def _model_quality(scored: Scored, holdout: Holdout, shares: Sequence[float], draw: Draw) -> ModelQuality:
    """Measure one model."""
    y, score = holdout.y, scored.log_odds
    measures = [draw.measure(name, title, fn, score, holdout, note=note) for name, title, fn, note in WHOLE]
    measures.append(ratio_of(y, score, holdout.weight, draw.level))
    capacity = tuple(
        CapacityRow(
            share=share,
            measures=tuple(
                draw.measure(name, title, partial(fn, share=share), score, holdout, unit=unit)
                for name, title, fn, unit in AT_CAPACITY
            ),
        )
        for share in shares
    )
    table = tuple(reliability_table(y, probability(score), holdout.weight, level=draw.level))
    return ModelQuality(scored.name, scored.title, tuple(measures), capacity, table)


DIFFERENCES: dict[str, tuple[str, Metric]] = {
    "roc_auc": ("ROC AUC", roc_auc),
    "log_loss": ("Log loss", negative_log_loss),
}
"""Measures by which two models are compared on the same resamples; higher is better."""


def _difference(name: str, one: Scored, other: Scored, holdout: Holdout, draw: Draw) -> Measure:
    """How much better the first model is, on the same resamples."""
    title, metric = DIFFERENCES[name]

    def gap(y: Floats, _place: Floats, weight: Floats) -> float:
        return metric(y, one.log_odds, weight) - metric(y, other.log_odds, weight)

    falling = -np.arange(len(holdout.y), dtype=np.float64)  # keeps the rows in their order when they are ranked
    return draw.measure(f"{name}_gain", f"{title}: better than {other.title} by", gap, falling, holdout)


def _group_tasks(chosen: Scored, holdout: Holdout) -> list[tuple[tuple[str, str], Scored, Holdout]]:
    """Cut the holdout by each group column, the largest groups first."""
    tasks = []
    for by in holdout.groups:
        column = holdout.groups[by].astype(object)
        counts = column.value_counts()
        for group in sorted(counts.index, key=lambda each: (-counts[each], str(each))):
            rows = (column == group).to_numpy()
            part = Holdout(
                holdout.y[rows],
                holdout.entity[rows],
                None if holdout.weight is None else holdout.weight[rows],
                pd.DataFrame(index=range(int(rows.sum()))),
            )
            tasks.append(((str(by), str(group)), Scored(chosen.name, chosen.title, chosen.log_odds[rows]), part))
    return tasks


def _group(name: tuple[str, str], scored: Scored, part: Holdout, config: EvaluationConfig, draw: Draw) -> GroupRow:
    """Measure the chosen model in one group, where it is large enough."""
    by, group = name
    rows, positives = len(part.y), int(part.y.sum())
    if rows < config.min_cell_rows or positives < config.min_cell_positives:
        return GroupRow(by=by, group=group, rows=rows, positives=positives, note=NOT_ENOUGH)
    y, score = part.y, scored.log_odds
    lift = partial(lift_at, share=GROUP_SHARE)
    return GroupRow(
        by=by,
        group=group,
        rows=rows,
        positives=positives,
        measures=(
            draw.measure("roc_auc", "ROC AUC", roc_auc, score, part),
            ratio_of(y, score, part.weight, draw.level),
            draw.measure("lift", f"Lift at {GROUP_SHARE:.0%} of the group".replace("%", " %"), lift, score, part),
        ),
    )


def outcomes_by_band(
    policy: BandPolicy, reference: Floats, holdout: Holdout, log_odds: Floats, level: float
) -> tuple[GroupRow, ...]:
    """Count the bands: their share of all crossings, and what was found in them.

    Args:
        policy: the bands.
        reference: (n,), scores of the reference population.
        holdout: labelled cases.
        log_odds: (n_rows,), their calibrated scores.
        level: of the intervals.
    """
    everybody = np.asarray([policy.band(score) for score in reference.tolist()], dtype=object)
    labelled = np.asarray([policy.band(score) for score in log_odds.tolist()], dtype=object)
    rows = []
    for band in policy.bands:
        inside = labelled == band.name
        share = Measure(
            name="share", title="Share of all crossings", value=float(np.mean(everybody == band.name)), unit="percent"
        )
        y = holdout.y[inside]
        measures = [share]
        if len(y):
            weight = None if holdout.weight is None else holdout.weight[inside]
            measures.append(share_of("precision", "Confirmed among the labelled", y, weight, level))
            measures.append(ratio_of(y, log_odds[inside], weight, level))
        rows.append(
            GroupRow(
                by="band",
                group=band.name,
                rows=len(y),
                positives=int(y.sum()),
                measures=tuple(measures),
                note="" if len(y) else NOT_ENOUGH,
            )
        )
    return tuple(rows)


def term_contributions(model: AdditiveModel, frame: pd.DataFrame) -> dict[str, Floats]:
    """Contributions by name of the term, each (n_rows,)."""
    if not model.terms:
        return {}
    found = model.contributions(model_columns(frame, model.features))
    return {term.name: found[:, place] for place, term in enumerate(model.terms)}


def flat_metrics(evaluation: Evaluation) -> dict[str, float]:
    """Every measured number under a plain name, such as ``roc_auc``, ``roc_auc.low`` or ``yardstick.roc_auc``."""
    flat: dict[str, float] = {"holdout.rows": evaluation.rows, "holdout.positives": evaluation.positives}

    def put(name: str, measure: Measure) -> None:
        for part, value in (("", measure.value), (".low", measure.low), (".high", measure.high)):
            if value is not None:
                flat[name + part] = value

    for place, model in enumerate(evaluation.models):
        prefix = "" if place == 0 else f"{model.name}."
        for measure in model.measures:
            put(prefix + measure.name, measure)
        for row in model.capacity:
            for measure in row.measures:
                put(f"{prefix}{measure.name}_at_{row.share * 100:g}pct", measure)
    for name, measure in evaluation.differences.items():
        put(f"roc_auc_minus.{name}", measure)
    for name, measure in evaluation.gain.items():
        put(f"log_loss_gain_over.{name}", measure)
    return flat
