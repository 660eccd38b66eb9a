"""A training run as named steps: cases, dataset, fit, calibrate, evaluate, package, report, track."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from features.mapping import TableMapping
from features.reference import ReferenceData
from features.risk import Risk
from models.bundle import ModelBundle, write_directory
from models.card import DataSlice
from training import mitigation
from training.airports import airports
from training.calibrate import Calibration, calibrate
from training.cases import Cases, load
from training.champion import compare
from training.checks import examine
from training.config import TrainingConfig
from training.dataset import Dataset, Slice, build
from training.errors import ChampionError, ConfigError, TooFewPositivesError
from training.evaluate import Evaluation, Scored, evaluate, term_contributions
from training.fairness_config import MitigationConfig
from training.families import FAMILIES, FittedModel
from training.families.base import Floats
from training.measures import Holdout
from training.memory import remember
from training.origin import signing_key
from training.package import Material, Package, package
from training.ready import Population, explainable, make_ready
from training.release.contents import DIRECTORY
from training.release.pack import write_pack
from training.report import Findings, write_report
from training.run_content import run_content
from training.selection_study import study
from training.settings import TrainingSettings
from training.slices import NONE, SLICES, TRAIN
from training.steps import Clock, Silent, Watcher
from training.tracked import TrackedRun
from training.tracking import Tracker


@dataclass(frozen=True)
class RunResult:
    """What a run leaves.

    Attributes:
        config: as it was asked for.
        package: the signed bundle.
        pack: digest of the release pack.
        evaluation: on the holdout.
        calibration: the line folded into the model.
        dataset: what it learned from.
        directory: where bundle, card and report lie.
        tracked: the run in MLflow, or ``None`` where it was not asked for.
        seconds: step -> time that it took.
    """

    config: TrainingConfig
    package: Package
    pack: str
    evaluation: Evaluation
    calibration: Calibration
    dataset: Dataset
    directory: Path
    tracked: TrackedRun | None
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class _Calibrated:
    """A fitted model and the line that brings it to scale."""

    name: str
    fitted: FittedModel
    line: Calibration

    def scored(self, part: Slice) -> Scored:
        log_odds = self.line.slope * self.fitted.log_odds(part.frame) + self.line.intercept
        return Scored(self.name, FAMILIES[self.name].title, log_odds)


def read_cases(config: TrainingConfig, settings: TrainingSettings, watcher: Watcher | None = None) -> Cases:
    """Read the case table of a configuration.

    Raises:
        CaseTableError: where it cannot be used.
        ConfigError: where neither cases nor a mapping with files are named.
    """
    mapping = _mapping(config)
    if not config.cases and not (mapping and mapping.files):
        raise ConfigError("Name the case tables: cases in the configuration, or --cases.")
    watcher = watcher or Silent()
    watcher.begin("read cases")
    return load(config.cases, mapping, workers=settings.processes, progress=watcher.progress)


def run(
    config: TrainingConfig,
    settings: TrainingSettings,
    *,
    cases: Cases | None = None,
    watcher: Watcher | None = None,
    track: bool = True,
    champion: ModelBundle | None = None,
) -> RunResult:
    """Train, judge and package one model.

    Args:
        config: what is asked for.
        settings: where files go, and how much of the machine may be used; cannot change the model.
        cases: the cases of the configuration, where they were read already.
        watcher: is told of each step.
        track: whether the run goes to MLflow.
        champion: the model that the new one would replace, to be compared with; ``None`` for a first model.

    Raises:
        TrainingError: of the kind that fits.
    """
    clock = Clock(watcher or Silent())
    jobs = settings.processes
    with ThreadPoolExecutor(1) as pool:
        # MLflow takes seconds to import and to reach: that happens while the model is fitted
        reached: Future[str] | None = pool.submit(Tracker(settings).open) if track else None
        if cases is None:
            with clock.step("read cases"):
                cases = read_cases(config, settings, clock.watcher)
        risk = _risk(config, cases)
        if champion is not None and champion.risk.name != risk.name:
            raise ChampionError(f"The champion is a model of {champion.risk.name}: name one of {risk.name}.")
        if config.memory:
            with clock.step("replay the memory"):
                cases = remember(cases, risk, workers=jobs, progress=clock.watcher.progress)
        with clock.step("compute features"):
            reference = ReferenceData(airports=airports())
            dataset = build(
                cases,
                risk,
                config.split,
                selection=config.selection,
                reference=reference,
                seed=config.seed,
                workers=jobs,
                progress=clock.watcher.progress,
            )
        if reached is not None:
            with clock.step("reach the tracking server"):
                reached.result()
    chosen, others = _fit(config, dataset, clock, jobs)
    fitted = explainable(chosen.fitted, chosen.name)
    with clock.step("set bands"):
        population = _population(dataset, cases)
        ready = make_ready(
            fitted,
            chosen.line,
            later=dataset.calibration,
            holdout=dataset.holdout.frame,
            population=population,
            config=config,
        )
    with clock.step("evaluate"):
        holdout = _holdout(dataset.holdout, dataset.chosen.holdout.stands_for)
        evaluation = evaluate(
            [each.scored(dataset.holdout) for each in (chosen, *others)],
            holdout,
            term_contributions(ready.model, dataset.holdout.frame),
            config.evaluation,
            extra_capacity=config.gates.capacity,
            seed=config.seed,
            jobs=jobs,
        )
    with clock.step("allow for selection"):
        capacities = sorted({*config.evaluation.capacities, config.gates.capacity})
        selection = study(dataset, risk, chosen.scored(dataset.population).log_odds, capacities)
    with clock.step("audit groups and leaks"):
        checks = examine(dataset, cases, ready, fitted.specs, config)
    with clock.step("package"):
        key = signing_key(settings.signing_key)
        packed = package(
            Material(
                config=config,
                risk=risk,
                declared=dataset.declared,
                reference=dataset.reference,
                fitted=fitted,
                calibration=chosen.line,
                ready=ready,
                evaluation=evaluation,
                holdout=holdout,
                holdout_frame=dataset.holdout.frame,
                population=population,
                selection=selection,
                checks=checks,
                slices=_slices(dataset),
                train_positives=int(dataset.train.y.sum()),
                data_sha256=dataset.sha256,
                config_sha256=_digest(config),
                notes=_notes(cases, dataset),
            ),
            key,
        )
    compared = None
    if champion is not None:
        with clock.step("compare with the champion"):
            compared = compare(champion, ready, dataset=dataset, cases=cases, holdout=holdout, config=config)
    directory = settings.runs / f"{config.name}-{config.version}-{packed.digest.removeprefix('sha256:')[:12]}"
    with clock.step("write report"):
        write_directory(packed.files, directory / "bundle")
        found = Findings(
            config=config,
            packed=packed,
            ready=ready,
            evaluation=evaluation,
            calibration=chosen.line,
            selection=selection,
            cases=cases,
            dataset=dataset,
            checks=checks,
            champion=compared,
        )
        write_report(directory, found)
        pack = write_pack(found, directory / DIRECTORY)
    tracked = None
    if track:
        with clock.step("track"):
            tracked = Tracker(settings).log(run_content(found, directory, pack, clock.seconds))
    return RunResult(config, packed, pack, evaluation, chosen.line, dataset, directory, tracked, clock.seconds)


def _mapping(config: TrainingConfig) -> TableMapping | None:
    return None if config.mapping is None else TableMapping.from_toml(config.mapping)


def _risk(config: TrainingConfig, cases: Cases) -> Risk:
    risk = config.risk or cases.risk
    if risk is None:
        raise ConfigError("Name the risk: risk in the configuration, or a [risk] table in the mapping.")
    return risk


def _digest(config: TrainingConfig) -> str:
    """Digest of all that shapes a model beside the data: the configuration and the mapping."""
    mapping = _mapping(config)
    return config.sha256_with({} if mapping is None else mapping.to_json())


def _fit(
    config: TrainingConfig, dataset: Dataset, clock: Clock, jobs: int
) -> tuple[_Calibrated, tuple[_Calibrated, ...]]:
    """Fit the chosen family, and beside it the prior, the scorecard and the yardstick, on the same cases."""
    positives = int(dataset.train.y.sum())
    if positives < config.min_positives_to_fit:
        raise TooFewPositivesError(
            f"The train slice holds {positives} confirmed cases; fewer than {config.min_positives_to_fit} teach "
            "nothing that could be told from chance. Give more cases, or a larger train slice in [split]."
        )
    beside = ["prior"]
    beside += ["logistic_scorecard"] if config.evaluation.scorecard else []
    beside += ["gradient_boosting"] if config.evaluation.yardstick else []
    fitted = []
    early = dataset.population.take("time of training", dataset.cut.place == TRAIN)
    for name in (config.family.name, *(name for name in beside if name != config.family.name)):
        family = FAMILIES[name]
        settings = config.family.settings if name == config.family.name else family.settings_type()
        with clock.step(f"fit {name.replace('_', ' ')}"):
            model = mitigation.fit(
                family,
                dataset.train,
                dataset.specs,
                everybody=early,
                mitigation=config.fairness.mitigation if name == config.family.name else MitigationConfig(),
                settings=settings,
                seed=config.seed,
                jobs=jobs,
            )
            later = dataset.calibration
            line = calibrate(model.log_odds(later.frame), later.y, later.weight)
            fitted.append(_Calibrated(name, model, line))
    return fitted[0], tuple(fitted[1:])


def _holdout(part: Slice, stands_for: Literal["all", "inspected"]) -> Holdout:
    groups = part.groups[["mode", "point"]]
    entity = pd.factorize(part.about["entity"], sort=True)[0]  # in the order of the names, and sorted faster
    return Holdout(part.y, entity, part.weight, groups, stands_for)


def _population(dataset: Dataset, cases: Cases) -> Population:
    """Everybody who came after the training slice, labelled or not."""
    later = (dataset.cut.place != TRAIN) & (dataset.cut.place != NONE)
    records = cases.accepted["record"].to_numpy()[later]
    return Population(
        dataset.population.frame[later].reset_index(drop=True),
        records.tolist(),
        dataset.population.groups["mode"].to_numpy(dtype=object)[later],
    )


def _slices(dataset: Dataset) -> tuple[DataSlice, ...]:
    """Count each slice for the card."""
    found = []
    for name in SLICES:
        part: Slice = getattr(dataset, name)
        found.append(_count(name, part.about, part.y))
    later = (dataset.cut.place != TRAIN) & (dataset.cut.place != NONE)
    everybody = dataset.population
    found.append(_count("reference population", everybody.about[later], everybody.y[later]))
    return tuple(found)


def _count(name: str, about: pd.DataFrame, y: Floats) -> DataSlice:
    times = about["time"].dropna()
    labelled = ~np.isnan(y)
    return DataSlice(
        name=name,
        starts=None if times.empty else times.min().date(),
        ends=None if times.empty else times.max().date(),
        rows=len(about),
        labelled=int(labelled.sum()),
        positives=int(y[labelled].sum()),
        entities=int(about["entity"].nunique()),
    )


def _notes(cases: Cases, dataset: Dataset) -> tuple[str, ...]:
    """What a reader should know of the data."""
    numbers = dataset.cut.numbers
    read = (
        f"{cases.read} rows read, {cases.rejected_rows} rejected; {numbers['without_label']} crossings carry no label."
    )
    unused = (
        f"Not used as labelled cases: {numbers['outcome_known_too_late']} whose outcome became known too late, "
        f"{numbers['too_young']} so young that most hits of their age were still to come, "
        f"{numbers['entity_met_before']} of travellers met in an earlier slice, "
        f"{numbers['between_slices']} between slices."
    )
    notes = [read, unused]
    if cases.unused_columns:
        notes.append(f"Columns that the mapping does not use: {', '.join(cases.unused_columns)}.")
    if not cases.has_time:
        notes.append("The cases have no times: slices were drawn by traveller, and change over time is not known.")
    return tuple(notes)
