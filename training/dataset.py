"""From cases to what a model learns from: the same features as the service computes, in slices along time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from features.catalogue import CATALOGUE, LINKS_GROUP
from features.declared import Choice, DeclaredColumns
from features.reference import NO_REFERENCE, Encoding, ReferenceData
from features.risk import Risk
from features.spec import FeatureSpec
from training import encoding
from training.cases import Cases, Progress, processes
from training.compute import AUDIT_FEATURES, compute
from training.config import SplitConfig
from training.errors import ConfigError, EmptyColumnError, NoCasesError, OneOutcomeError
from training.labels import label_of
from training.lane import Compliance, compliance
from training.maturity import WORTH_A_WEIGHT, pending_share, weights_of_hits
from training.outcomes import DRAWN
from training.selection_bias import Judged, SelectionConfig, Weights, judge_by, logged, weights_to_fit
from training.slices import SLICES, TRAIN, Cut, cut

Floats = npt.NDArray[np.float64]
_CHUNK = 4_000


@dataclass(frozen=True)
class Slice:
    """Cases of one slice.

    Attributes:
        name: train, calibration, holdout or population.
        frame: (n_cases, n_features), one column per feature; numbers and flags float64 with NaN, categories object
            with ``None``.
        y: (n_cases,), 1.0 or 0.0; NaN in the population where there is no label.
        groups: (n_cases, ...), ``mode``, ``point``, protected groups and the audit columns: never features.
        about: (n_cases, ...), ``record_id``, ``entity``, ``time``, ``known_at``, ``selection``,
            ``selection_probability``, ``share_known`` (of the hits, at the age of the case).
        rows: (n_cases,), places in ``cases.accepted``.
        weight: (n_cases,), what each case counts for, mean one; ``None`` where all count the same.
    """

    name: str
    frame: pd.DataFrame
    y: Floats
    groups: pd.DataFrame
    about: pd.DataFrame
    rows: npt.NDArray[np.int64]
    weight: Floats | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, name: str, chosen: npt.NDArray[np.bool_]) -> "Slice":
        """Cut out some of the cases, in their order."""
        return Slice(
            name=name,
            frame=self.frame[chosen].reset_index(drop=True),
            y=self.y[chosen],
            groups=self.groups[chosen].reset_index(drop=True),
            about=self.about[chosen].reset_index(drop=True),
            rows=self.rows[chosen],
            weight=None if self.weight is None else self.weight[chosen],
        )


@dataclass(frozen=True)
class Chosen:
    """How it was allowed for that cases were chosen.

    Attributes:
        config: what was asked for.
        weights: of the training slice.
        calibration: which cases the calibration rests on.
        holdout: which cases the quality rests on.
        lane: how far the random lane was kept to.
        pending: slice -> share of its hits that were still to come at its moment.
    """

    config: SelectionConfig
    weights: Weights
    calibration: Judged
    holdout: Judged
    lane: Compliance
    pending: Mapping[str, float]


@dataclass(frozen=True)
class Dataset:
    """Everything that a training run learns from and is judged on.

    Attributes:
        specs: the features, in order.
        declared: the agency's own columns, with their encodings decided.
        reference: the lookup tables that serve the model, encodings included.
        train: labelled cases to learn from; encoded columns are out of fold.
        calibration: labelled cases after them.
        holdout: labelled cases after those, for the report.
        population: every accepted case, labelled or not; its encoded columns are those of a later case, except that
            training cases keep theirs.
        cut: where each case went, with moments and numbers.
        chosen: how it is allowed for that cases were chosen.
        sha256: digest of the cases.
    """

    specs: tuple[FeatureSpec, ...]
    declared: DeclaredColumns
    reference: ReferenceData
    train: Slice
    calibration: Slice
    holdout: Slice
    population: Slice
    cut: Cut
    chosen: Chosen
    sha256: str


def build(
    cases: Cases,
    risk: Risk,
    split: SplitConfig | None = None,
    *,
    selection: SelectionConfig | None = None,
    reference: ReferenceData = NO_REFERENCE,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Compute the features of all cases, cut them into slices, and learn the encodings from the first.

    Args:
        cases: accepted cases.
        risk: says which outcomes are positive and which features may be used.
        split: shares or dates; default: the shares of :class:`SplitConfig`.
        selection: how it is allowed for that cases were chosen.
        reference: lookup tables without encodings (airports).
        seed: of the folds, and of the deal where there are no times.
        workers: processes; default: the machine's cores, one for few cases.
        progress: called as cases are done.

    Raises:
        NoCasesError: where a slice has no labelled case.
        OneOutcomeError: where all labelled cases of a slice have the same outcome.
        EmptyColumnError: where a declared column holds no value at all.
        ConfigError: where an agency's own key is declared, and no memory knew of the cases.
        EffectiveSizeError: where the weights of the selection leave too little.
    """
    if cases.declared.own_keys and not cases.memory:
        raise ConfigError(
            f"extra.{cases.declared.own_keys.columns[0]}: a key needs a memory: set memory = true in the training "
            f"configuration, or leave the column out."
        )
    accepted = cases.accepted
    allowed = selection or SelectionConfig()
    label = label_of(accepted["outcome_code"], risk.outcome_codes)
    where = cut(
        accepted,
        label,
        split or SplitConfig(),
        has_time=cases.has_time,
        seed=seed,
        mature_share=allowed.mature_share,
    )
    if allowed.officer == "drop":
        weights_to_fit(accepted[where.labelled & (where.place == TRAIN)], allowed)  # refused before a slice is empty
        where = where.without((where.place == TRAIN) & ~logged(accepted), "chance_not_logged", label)
    _check_slices(where, label)
    plain = _plain_specs(risk, cases)
    columns, categories = _computed(
        accepted["record"], plain, cases.declared, reference, workers=workers, progress=progress
    )
    learned = where.labelled & (where.place == TRAIN)
    declared = _decided(cases, categories, learned)
    specs = _specs(risk, declared, memory=cases.memory)
    history = _history(cases, label, learned, seed)
    tables: dict[str, Encoding] = {}
    for column in declared.categories:
        values = categories[column.name]
        if not column.encoded:
            columns[column.name] = values
            continue
        table, prior = encoding.learn(values[learned], history.y, cases.encoding, column.min_seen)
        both = encoding.look_up(values, table, prior)
        both[learned] = encoding.training_columns(values[learned], history, cases.encoding, column.min_seen)
        columns[f"{column.name}_rate"], columns[f"{column.name}_seen"] = both[:, 0], both[:, 1]
        tables[column.name] = encoding.serving_table(column.name, table, prior)
    about = ["record_id", "entity", "time", "known_at", "selection", "selection_probability"]
    population = Slice(
        name="population",
        frame=pd.DataFrame({spec.name: _series(columns[spec.name]) for spec in specs}),
        y=label.to_numpy(dtype=np.float64),
        groups=_groups(accepted, cases.audit, columns),
        about=accepted[[*about, *(name for name in DRAWN if name in accepted)]].assign(share_known=where.known),
        rows=np.arange(len(accepted)),
    )
    parts = [population.take(name, where.labelled & (where.place == number)) for number, name in enumerate(SLICES)]
    (train, calibration, holdout), chosen = allow_for_selection(parts, accepted, allowed)
    return Dataset(
        specs=specs,
        declared=declared,
        reference=ReferenceData(airports=reference.airports, encodings=tables),
        train=train,
        calibration=calibration,
        holdout=holdout,
        population=population,
        cut=where,
        chosen=chosen,
        sha256=cases.sha256,
    )


def allow_for_selection(
    parts: Sequence[Slice], accepted: pd.DataFrame, config: SelectionConfig
) -> tuple[list[Slice], Chosen]:
    """Weigh the training slice, and choose which cases of the later ones stand for all travellers.

    Args:
        parts: train, calibration, holdout: their labelled cases.
        accepted: all crossings.
        config: how it is allowed for that cases were chosen.
    """
    lane = compliance(accepted)
    kept = lane.kept(config.min_compliance)
    train, *later = parts
    weights = weights_to_fit(train.about, config)
    ready = [replace(train, weight=_with_pending(train, weights.weight))]
    judged = {}
    for part in later:
        found = judge_by(part.name, part.y, part.about, config, lane_kept=kept)
        some = part.take(part.name, found.chosen)
        weight = np.ones(len(some)) if found.weight is None else found.weight
        ready.append(replace(some, weight=_with_pending(some, weight)))
        judged[part.name] = found
    pending = {part.name: pending_share(part.y, part.about["share_known"].to_numpy(dtype=np.float64)) for part in ready}
    return ready, Chosen(config, weights, judged["calibration"], judged["holdout"], lane, pending)


def _with_pending(part: Slice, weight: Floats) -> Floats | None:
    """Let hits stand for those still to come, where they are more than a few; ``None`` where all count the same."""
    known = part.about["share_known"].to_numpy(dtype=np.float64)
    if pending_share(part.y, known) > WORTH_A_WEIGHT:
        weight = weight * weights_of_hits(part.y, known)
    return None if not len(weight) or (weight == weight[0]).all() else weight / weight.mean()


def _check_slices(where: Cut, label: pd.Series) -> None:
    """Refuse a split that leaves a slice without both outcomes."""
    for number, name in enumerate(SLICES):
        outcomes = label[where.labelled & (where.place == number)]
        if outcomes.empty:
            raise NoCasesError(
                f"The {name} slice has no labelled case. Move the dates of the split, shorten embargo_days, lower "
                f"[selection] mature_share where most are too young, or give more cases (counts: {where.numbers})."
            )
        if outcomes.min() == outcomes.max():
            met = "confirmed" if outcomes.iloc[0] else "not confirmed"
            raise OneOutcomeError(
                f"In all {len(outcomes)} labelled cases of the {name} slice the risk was {met}. Move the dates of the "
                f"split, or give cases of both kinds."
            )


def _specs(risk: Risk, declared: DeclaredColumns, *, memory: bool) -> tuple[FeatureSpec, ...]:
    """What a model of the risk may use; links to earlier crossings only where a memory knew of them."""
    return tuple(spec for spec in CATALOGUE.for_scoring(risk, declared.specs) if memory or spec.group != LINKS_GROUP)


def _plain_specs(risk: Risk, cases: Cases) -> tuple[FeatureSpec, ...]:
    """Features that need no encoding: those of the catalogue, and all declared ones but categories."""
    encoded = {
        name
        for column in cases.declared.categories
        for name in (column.name, f"{column.name}_rate", f"{column.name}_seen")
    }
    return tuple(spec for spec in _specs(risk, cases.declared, memory=cases.memory) if spec.name not in encoded)


def _computed(
    records: pd.Series,
    plain: Sequence[FeatureSpec],
    declared: DeclaredColumns,
    reference: ReferenceData,
    *,
    workers: int | None,
    progress: Progress | None,
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, encoding.Values]]:
    """Compute features, audit groups and raw categories of all records, in several processes."""
    names = [spec.name for spec in plain]
    texts = records.tolist()
    jobs = (
        delayed(compute)(texts[at : at + _CHUNK], names, declared, reference) for at in range(0, len(texts), _CHUNK)
    )
    parts: list[list[npt.NDArray[Any]]] = []
    done = 0
    for part, number in Parallel(n_jobs=processes(len(texts), workers), return_as="generator")(jobs):
        parts.append(part)
        done += number
        if progress is not None:
            progress(done, len(texts))
    whole = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
    audit = [f"group_{spec.name}" for spec in AUDIT_FEATURES]
    columns = dict(zip([*names, *audit], whole, strict=False))
    categories = {
        column.name: values for column, values in zip(declared.categories, whole[len(columns) :], strict=True)
    }
    return columns, categories


def _decided(cases: Cases, categories: dict[str, encoding.Values], learned: npt.NDArray[np.bool_]) -> DeclaredColumns:
    """Choose the encoding of the categories that left it open, by the number of values in training."""
    choices: dict[str, Choice] = {}
    for column in cases.declared.categories:
        levels = pd.Series(categories[column.name][learned]).nunique()
        if levels == 0:
            raise EmptyColumnError(
                f"extra.{column.name}: the column holds no value in any training case. Correct its mapping, or leave "
                f"it out."
            )
        choices[column.name] = "rate" if levels > cases.encoding.max_levels else "none"
    return cases.declared.decided(choices)


def _history(cases: Cases, label: pd.Series, learned: npt.NDArray[np.bool_], seed: int) -> encoding.History:
    """What encodings may learn from."""
    chosen = cases.accepted[learned]

    def seconds(name: str) -> encoding.Ints:
        return np.asarray(chosen[name].dt.as_unit("s").astype("int64"), dtype=np.int64)

    return encoding.History(
        y=label[learned].to_numpy(dtype=np.float64),
        folds=encoding.folds_by_entity(chosen["entity"].tolist(), cases.encoding.folds, seed),
        time=seconds("time"),
        known_at=seconds("known_at"),
    )


def _groups(accepted: pd.DataFrame, audit: Sequence[str], columns: dict[str, npt.NDArray[Any]]) -> pd.DataFrame:
    """Collect the groups of the audit."""
    found = {name: accepted[name] for name in ("mode", "point")}
    found |= {spec.name: _series(columns[f"group_{spec.name}"]) for spec in AUDIT_FEATURES}
    found |= {name: accepted[f"audit_{name}"] for name in audit}
    return pd.DataFrame(found)


def _series(values: npt.NDArray[Any]) -> "pd.Series[Any]":
    """Keep the type of an array: pandas would make texts of its own kind of objects, and NaN of ``None``."""
    return pd.Series(values, dtype=values.dtype)
