"""Everything that is held against a fitted model beside its quality: groups, proxies, leaks, its table; as gates."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.spec import FeatureSpec
from models.additive import AdditiveModel
from models.card import GroupRow
from models.metrics.quality import roc_auc
from models.promotion import Gate
from training import fairness, fairness_gates, intake, leakage, proxies
from training.cases import Cases
from training.config import TrainingConfig
from training.dataset import Dataset, Slice
from training.families import FAMILIES, score
from training.families.base import Floats
from training.ready import Ready
from training.slices import HOLDOUT, NONE, TRAIN
from training.table_profile import TableProfile, profile

RANDOM_SPLITS = 3
"""Random splits whose mean ROC AUC stands beside that of the split over time and travellers."""


@dataclass(frozen=True)
class Checks:
    """What was found.

    Attributes:
        audit: by groups.
        told: what tells protected facts.
        leaks: signs of leaks.
        gates: all of it as gates, in the order in which they should be read.
        groups: all groups, for card and report.
        limits: what a reader of the card should know.
        profile: of the case table, for the next one to be held against.
    """

    audit: fairness.FairnessAudit
    told: proxies.ProxyReport
    leaks: tuple[leakage.Leak, ...]
    gates: tuple[Gate, ...]
    groups: tuple[GroupRow, ...]
    limits: tuple[str, ...]
    profile: TableProfile


def examine(
    dataset: Dataset, cases: Cases, ready: Ready, specs: tuple[FeatureSpec, ...], config: TrainingConfig
) -> Checks:
    """Audit a calibrated model by groups, see what tells protected facts, look for leaks, and at the table itself.

    Args:
        dataset: what it learned from and is judged on.
        cases: behind it.
        ready: the calibrated model, and who gets no band.
        specs: its features.
        config: of the run.
    """
    asked, model = config.fairness, ready.model
    later = (dataset.cut.place != TRAIN) & (dataset.cut.place != NONE)
    everybody = dataset.population.take("later", later)
    scored = replace(scored_slice(everybody, model), abstained=ready.abstained)
    labelled = scored_slice(dataset.holdout, model)
    found = fairness.audit(scored, labelled, asked, config.gates.capacity)
    tellings, travellers = proxies.tell(everybody.frame, specs, scored, asked, seed=config.seed)
    told = proxies.ProxyReport(tellings, (), travellers)
    above = [one for one in told.above(asked.max_proxy_auc) if one.feature in model.features]
    frames = (everybody.frame, dataset.holdout.frame)
    ablations = proxies.ablate(above, model, frames, (scored, labelled), found.capacity)
    told = proxies.ProxyReport(tellings, ablations, travellers)
    signs = leakage.leaks(
        table_of(dataset, cases, specs), max_auc=config.gates.max_single_feature_auc, seed=config.seed
    )
    now = profile(cases)
    like = (
        () if config.like is None else (intake.gate(intake.differences(cases, now, intake.read_profile(config.like))),)
    )
    return Checks(
        audit=found,
        told=told,
        leaks=signs,
        gates=(*fairness_gates.gates(found, asked), proxies.gate(told, asked), *leakage.gates(signs), *like),
        groups=tuple(row for row in fairness.rows(found) if " and " not in row.by),
        limits=(*_limits(found), *_flattery(dataset, config)),
        profile=now,
    )


def _flattery(dataset: Dataset, config: TrainingConfig) -> tuple[str, ...]:
    """Compare a split over time and travellers with random ones, by a scorecard, and warn where those flatter."""
    if dataset.cut.train_until is None:
        return ()
    train, later = dataset.train, dataset.holdout
    place = dataset.cut.place
    known = dataset.population.take(
        "labelled", ~np.isnan(dataset.population.y) & ((place == TRAIN) | (place == HOLDOUT))
    )
    rng = np.random.default_rng((config.seed, 5))
    found = []
    for _ in range(RANDOM_SPLITS):
        dealt = rng.random(len(known)) < len(train) / (len(train) + len(later))
        parts = known.take("learned", dealt), known.take("judged", ~dealt)
        if all(0 < part.y.sum() < len(part) for part in parts):
            found.append(_roc_auc(*parts, dataset, config.seed))
    if not found:
        return ()
    honest = _roc_auc(train, later, dataset, config.seed)
    warning = leakage.split_warning(float(np.mean(found)), honest, config.fairness.max_split_gap)
    return (warning,) if warning else ()


def _roc_auc(learned: Slice, judged: Slice, dataset: Dataset, seed: int) -> float:
    family = FAMILIES["logistic_scorecard"]
    who = learned.about["entity"].tolist()
    settings = family.settings_type()
    fitted = family.fit(learned.frame, learned.y, None, dataset.specs, settings=settings, seed=seed, travellers=who)
    return roc_auc(judged.y, fitted.log_odds(judged.frame))


def scored_slice(part: Slice, model: AdditiveModel) -> fairness.Scored:
    """Score a slice, and keep what the audit needs beside the score."""
    weight: Floats = np.ones(len(part)) if part.weight is None else part.weight
    entity = part.about["entity"].to_numpy()
    return fairness.Scored(score(model, part.frame), part.y, weight, entity, part.groups)


def _limits(found: fairness.FairnessAudit) -> tuple[str, ...]:
    """Say what the audit could not."""
    share = f"{found.capacity * 100:g} %"
    counted = "false positives are counted among all scored travellers whose case was not confirmed"
    limits = [f"Groups are compared where {share} of all travellers are referred; {counted}."]
    small = sum(not cell.judged for each in found.facts for cell in each.cells)
    if small:
        limits.append(f"Groups too small to be judged by themselves: {small}; the report shows them drawn together.")
    return tuple(limits)


def table_of(dataset: Dataset, cases: Cases, specs: tuple[FeatureSpec, ...]) -> leakage.Table:
    """Lay out all cases for the search of leaks."""
    everybody = dataset.population
    cut = dataset.cut
    groups = everybody.groups
    audited = {name.removeprefix("audit_"): groups[name].to_numpy() for name in groups if name in cases.audit}
    kept = cut.labelled & ((cut.place == TRAIN) | (cut.place == HOLDOUT))
    records = cases.accepted["record"].to_numpy()
    return leakage.Table(
        frame=everybody.frame,
        specs=specs,
        y=everybody.y,
        entity=everybody.about["entity"].to_numpy(),
        time=_seconds(everybody.about["time"], known=cases.has_time),
        known_at=_seconds(everybody.about["known_at"], known=cases.has_time),
        train=cut.labelled & (cut.place == TRAIN),
        holdout=cut.labelled & (cut.place == HOLDOUT),
        audit=audited,
        content=[leakage.content_of(_bytes(text)) if keep else None for text, keep in zip(records, kept, strict=True)],
    )


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _seconds(times: "pd.Series[pd.Timestamp]", *, known: bool) -> Floats:
    if not known:
        return np.full(len(times), np.nan)
    whole = times.dt.as_unit("s").astype("int64").to_numpy(dtype=np.float64)
    return np.where(times.isna().to_numpy(), np.nan, whole)
