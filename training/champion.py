"""The model that a new one would replace, on the same later cases: better or worse, and what changes for whom."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.record import TravellerRecord
from models.abstention import INSUFFICIENT
from models.additive import AdditiveModel
from models.bands import BandPolicy
from models.bundle import ModelBundle
from models.card import Measure
from models.metrics.calibration import calibration_line
from models.metrics.quality import Metric, roc_auc
from models.promotion import Verdict
from training import fairness
from training.cases import Cases
from training.compute import column_of
from training.config import TrainingConfig
from training.dataset import Dataset
from training.evaluate import term_contributions
from training.fairness import Scored
from training.families import score
from training.families.base import Floats
from training.measures import AT_CAPACITY, Draw, Holdout, negative_log_loss, ratio_of
from training.ready import Ready
from training.slices import NONE, TRAIN
from training.stability import first_reasons, silent

SAMPLE = 20_000
"""Most later travellers on whom bands, reasons and groups are compared, spread evenly over time."""


@dataclass(frozen=True)
class Pair:
    """One measure of both models on the same cases.

    Attributes:
        title: what is measured.
        own: of the new model.
        other: of the champion.
        difference: the new model's less the champion's, on the same resamples; ``None`` where smaller is not worse.
    """

    title: str
    own: Measure
    other: Measure
    difference: Measure | None = None


@dataclass(frozen=True)
class GroupPair:
    """Referral of the innocent of one group over that of the others, by both models.

    Attributes:
        by: the fact.
        group: its name.
        rows: scored travellers in it.
        own: by the new model.
        other: by the champion.
        verdicts: on both, the new model's first.
    """

    by: str
    group: str
    rows: int
    own: Measure
    other: Measure
    verdicts: tuple[Verdict, Verdict]


@dataclass(frozen=True)
class ReasonChange:
    """How far the first reasons differ where either model puts a traveller into its highest band.

    Attributes:
        records: such travellers.
        overlap: mean of common first reasons over all.
        same_first: share of them whose first reason is the same.
        terms: term -> how often it is among the first by the new model, and by the champion.
    """

    records: int
    overlap: float
    same_first: float
    terms: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Compared:
    """What the comparison found.

    Attributes:
        champion: its bundle.
        learned_until: day of the last case that the champion learned from or was calibrated on.
        met_before: holdout cases that came before that day.
        cases: labelled cases of the holdout.
        travellers: later travellers on whom bands, reasons and groups were compared.
        quality: where more is better, with differences.
        calibration: where a certain value is right.
        groups: of the protected facts that are gated.
        moved: band by the champion, band by the new model, travellers.
        reasons: ``None`` where nobody is in a highest band.
        added: features that the champion does not read.
        dropped: features that it alone reads.
    """

    champion: ModelBundle
    learned_until: date | None
    met_before: int
    cases: int
    travellers: int
    quality: tuple[Pair, ...]
    calibration: tuple[Pair, ...]
    groups: tuple[GroupPair, ...]
    moved: tuple[tuple[str, str, int], ...]
    reasons: ReasonChange | None
    added: tuple[str, ...]
    dropped: tuple[str, ...]


class _Both:
    """Both models on chosen rows of the cases."""

    def __init__(self, champion: ModelBundle, ready: Ready, dataset: Dataset, cases: Cases) -> None:
        self.champion, self.ready, self.dataset = champion, ready, dataset
        self._records = cases.accepted["record"].to_numpy()

    def champion_frame(self, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
        """The champion's own features of some rows, by its own tables: encodings were learned anew since."""
        specs, extractor = self.champion.specs, self.champion.extractor
        found = [extractor.values(TravellerRecord.model_validate_json(text)) for text in self._records[rows]]
        columns = zip(*found, strict=True) if found else ([] for _ in specs)
        return pd.DataFrame(
            {spec.name: column_of(spec.kind, list(values)) for spec, values in zip(specs, columns, strict=True)}
        )


def compare(
    champion: ModelBundle, ready: Ready, *, dataset: Dataset, cases: Cases, holdout: Holdout, config: TrainingConfig
) -> Compared:
    """Measure both models on the holdout, and on later travellers, labelled or not.

    Args:
        champion: opened, of the same risk.
        ready: the new model.
        dataset: what the new model learned from and is judged on.
        cases: behind it.
        holdout: its labelled cases, with weights.
        config: of the run.
    """
    both = _Both(champion, ready, dataset, cases)
    labelled = (
        score(ready.model, dataset.holdout.frame),
        score(champion.model, both.champion_frame(dataset.holdout.rows)),
    )
    later = np.flatnonzero((dataset.cut.place != TRAIN) & (dataset.cut.place != NONE))
    chosen = np.unique(np.linspace(0, len(later) - 1, min(len(later), SAMPLE)).round().astype(np.intp))
    rows = later[chosen]
    frames = dataset.population.frame.iloc[rows], both.champion_frame(rows)
    scores = ready.log_odds[chosen], score(champion.model, frames[1])
    bands = (
        _bands(ready.bands, scores[0], ready.abstained[chosen]),
        _bands(champion.bands, scores[1], silent(champion.model, champion.specs, champion.bands, frames[1])),
    )
    until = [one.ends for one in champion.card.data if one.name in {"train", "calibration"} and one.ends is not None]
    times = dataset.holdout.about["time"].dropna()
    return Compared(
        champion=champion,
        learned_until=max(until, default=None),
        met_before=int((times.dt.date < max(until)).sum()) if until else 0,
        cases=len(holdout.y),
        travellers=len(rows),
        quality=tuple(_quality(labelled, holdout, config)),
        calibration=tuple(_calibration(labelled, holdout, config)),
        groups=tuple(_groups(both, rows, scores, labelled, config)),
        moved=tuple(_moved(bands)),
        reasons=_reasons((ready.model, champion.model), frames, bands, (ready.bands.top, champion.bands.top)),
        added=tuple(sorted(set(ready.model.features) - set(champion.model.features))),
        dropped=tuple(sorted(set(champion.model.features) - set(ready.model.features))),
    )


def _quality(scores: tuple[Floats, Floats], holdout: Holdout, config: TrainingConfig) -> list[Pair]:
    """Ranking, log loss, and quality at each capacity, with differences on the same resamples."""
    draw = Draw(config.evaluation.bootstrap, config.evaluation.level, config.seed)
    shares = sorted({*config.evaluation.capacities, config.gates.capacity})
    asked: list[tuple[str, str, Metric, Literal["", "percent"]]] = [
        ("roc_auc", "ROC AUC", roc_auc, ""),
        ("log_loss", "Log loss, with the sign turned", negative_log_loss, ""),
    ]
    asked += [
        (name, f"{title} at {share * 100:g} % referred", partial(metric, share=share), unit)
        for share in shares
        for name, title, metric, unit in AT_CAPACITY
    ]
    return [_pair(each, scores, holdout, draw) for each in asked]


def _pair(
    asked: tuple[str, str, Metric, Literal["", "percent"]], scores: tuple[Floats, Floats], holdout: Holdout, draw: Draw
) -> Pair:
    name, title, metric, unit = asked

    def gap(y: Floats, rows: Floats, weight: Floats) -> float:
        at = rows.astype(np.intp)
        return metric(y, scores[0][at], weight) - metric(y, scores[1][at], weight)

    def measured(values: Floats, what: Metric, told: str) -> Measure:
        return draw.measure(name, told, what, values, holdout, unit=unit)

    own, other = (measured(each, metric, title) for each in scores)
    rows = np.arange(len(holdout.y), dtype=np.float64)
    return Pair(title, own, other, measured(rows, gap, f"{title}: better by"))


def _calibration(scores: tuple[Floats, Floats], holdout: Holdout, config: TrainingConfig) -> list[Pair]:
    draw = Draw(config.evaluation.bootstrap, config.evaluation.level, config.seed)

    def slope(y: Floats, log_odds: Floats, weight: Floats) -> float:
        return calibration_line(y, log_odds, weight)[0]

    ratios = [ratio_of(holdout.y, each, holdout.weight, draw.level) for each in scores]
    slopes = [draw.measure("calibration_slope", "Calibration slope", slope, each, holdout) for each in scores]
    return [Pair(one.title, one, other) for one, other in (ratios, slopes)]


def _bands(policy: BandPolicy, log_odds: Floats, abstained: npt.NDArray[np.bool_]) -> list[str]:
    return [
        INSUFFICIENT if silent_ else policy.band(value)
        for value, silent_ in zip(log_odds.tolist(), abstained.tolist(), strict=True)
    ]


def _moved(bands: tuple[list[str], list[str]]) -> list[tuple[str, str, int]]:
    """Count travellers by their band from the champion and from the new model."""
    counts = Counter(zip(bands[1], bands[0], strict=True))
    return [(old, new, number) for (old, new), number in counts.most_common()]


def _groups(
    both: _Both,
    rows: npt.NDArray[np.int64],
    scores: tuple[Floats, Floats],
    labelled: tuple[Floats, Floats],
    config: TrainingConfig,
) -> list[GroupPair]:
    """Compare the ratios of referral of all groups that are large enough."""
    audits = []
    for everybody, judged in zip(scores, labelled, strict=True):
        parts = []
        for part, log_odds in ((both.dataset.population, everybody), (both.dataset.holdout, judged)):
            at = rows if part is both.dataset.population else np.arange(len(part))
            weight = np.ones(len(at)) if part.weight is None else part.weight[at]
            entity, groups = part.about["entity"].to_numpy()[at], part.groups.iloc[at].reset_index(drop=True)
            parts.append(Scored(log_odds, part.y[at], weight, entity, groups))
        audits.append(fairness.audit(parts[0], parts[1], config.fairness, config.gates.capacity))
    found = []
    for own, other in zip(audits[0].facts, audits[1].facts, strict=True):
        if own.fact not in config.fairness.gated:
            continue
        by_group = {cell.group: cell for cell in other.judged}
        for cell in own.judged:
            measures = [
                next(each for each in one.measures if each.name == "ratio") for one in (cell, by_group[cell.group])
            ]
            verdicts = cell.referral, by_group[cell.group].referral
            found.append(GroupPair(own.fact, cell.group, cell.rows, measures[0], measures[1], verdicts))
    return found


def _reasons(
    models: tuple[AdditiveModel, AdditiveModel],
    frames: tuple[pd.DataFrame, pd.DataFrame],
    bands: tuple[list[str], list[str]],
    tops: tuple[str, str],
) -> ReasonChange | None:
    """Compare the first reasons, term by term: terms of the same features are the same reason."""
    high = np.asarray([one == tops[0] or other == tops[1] for one, other in zip(*bands, strict=True)])
    if not high.any():
        return None
    names = sorted({term.name for model in models for term in model.terms})
    tables = [_by_name(model, frame[high], names) for model, frame in zip(models, frames, strict=True)]
    one, other = (first_reasons(each) for each in tables)
    common, either = (one & other).sum(axis=1), (one | other).sum(axis=1)
    counts = [(name, int(one[:, at].sum()), int(other[:, at].sum())) for at, name in enumerate(names)]
    return ReasonChange(
        records=int(high.sum()),
        overlap=float(np.mean(common / np.maximum(1, either))),
        same_first=float(np.mean(tables[0].argmax(axis=1) == tables[1].argmax(axis=1))),
        terms=tuple(sorted((each for each in counts if each[1] or each[2]), key=lambda each: (-each[1], each[0]))),
    )


def _by_name(model: AdditiveModel, frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Contributions under the names of both models, (n_rows, n_names); zero where a model has no such term."""
    own = term_contributions(model, frame)
    nothing = np.zeros(len(frame))
    return np.column_stack([own.get(name, nothing) for name in names]) if names else nothing[:, None]
