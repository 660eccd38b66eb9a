"""Assemble a bundle from what a run has made, and prove it before anybody sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from features.declared import DeclaredColumns
from features.errors import FeatureError
from features.record import TravellerRecord
from features.reference import ReferenceData
from features.risk import Risk
from features.spec import FeatureSpec, Monotone
from models.additive import AdditiveModel
from models.bands import BandPolicy
from models.baselines import Baselines
from models.bundle import BundleContent, ModelBundle, Origin, pack, sign
from models.card import CardTerm, Comparison, DataSlice, Measure, ModelCard
from models.errors import ModelError
from models.signing import public_text
from training.calibrate import Calibration
from training.checks import Checks
from training.config import TrainingConfig
from training.errors import DirectionError, PackageError
from training.evaluate import Evaluation, outcomes_by_band, term_contributions
from training.families import ExplainableModel, score
from training.families.base import Floats, model_columns
from training.families.shape import check_directions, missing_reach
from training.gates import Proof, judge
from training.measures import Holdout
from training.origin import lock_sha256
from training.ready import Population, Ready
from training.selection_study import SelectionFindings
from training.stability import Stability, stability

GOLDEN = 200
"""Golden records in a bundle, spread evenly over the scores of the reference population."""

INTERVAL_LIMIT = (
    "The interval of a score covers what other inspected travellers would have taught, in training and in calibration, "
    "widened by what simulated worlds showed to be missing. It does not cover a change of the world after the data."
)


@dataclass(frozen=True)
class Material:
    """What a bundle is made from.

    Attributes:
        config: of the run.
        risk: what is scored for.
        declared: the agency's own columns.
        reference: lookup tables of the features.
        fitted: the model, before calibration.
        calibration: the line that was folded in.
        ready: the calibrated table and its bands.
        evaluation: on the holdout.
        holdout: its labelled cases.
        holdout_frame: their features.
        population: everybody after the training slice.
        selection: how cases were chosen, and what follows for all travellers.
        checks: of groups, proxies and leaks.
        slices: of the data, for the card.
        train_positives: confirmed cases behind the fit.
        data_sha256: digest of the cases.
        config_sha256: digest of configuration and mapping.
        notes: what happened on the way.
    """

    config: TrainingConfig
    risk: Risk
    declared: DeclaredColumns
    reference: ReferenceData
    fitted: ExplainableModel
    calibration: Calibration
    ready: Ready
    evaluation: Evaluation
    holdout: Holdout
    holdout_frame: pd.DataFrame
    population: Population
    selection: SelectionFindings
    checks: Checks
    slices: tuple[DataSlice, ...]
    train_positives: int
    data_sha256: str
    config_sha256: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """A signed bundle that has proved itself, with what its report needs.

    Attributes:
        files: bytes by name.
        bundle: the same, opened.
        importance: mean size of the contribution of each term in the reference population [log-odds].
        stability: of its reasons, and who gets no band.
        parity_gap: largest difference of table and estimator on the holdout [log-odds].
    """

    files: dict[str, bytes]
    bundle: ModelBundle
    importance: tuple[float, ...]
    stability: Stability
    parity_gap: float

    @property
    def digest(self) -> str:
        """Name of the bundle."""
        return self.bundle.digest


def package(material: Material, key: Ed25519PrivateKey) -> Package:
    """Judge, pack, sign, and open again as the service would.

    Args:
        material: what the run has made.
        key: signs the bundle.

    Raises:
        PackageError: where the bundle does not prove itself.
    """
    fitted, config, population = material.fitted, material.config, material.population
    model, bands, everybody = material.ready.model, material.ready.bands, material.ready.log_odds
    told = stability(
        model,
        bands,
        population.frame,
        population.modes,
        abstained=material.ready.abstained,
        inflation=fitted.inflation,
    )
    contributions = term_contributions(model, population.frame)
    importance = tuple(float(np.mean(np.abs(contributions[term.name]))) for term in model.terms)
    golden = _golden(population, everybody)
    content = BundleContent(
        risk=material.risk,
        specs=fitted.specs,
        model=model,
        bands=bands,
        reference=material.reference,
        baselines=Baselines.from_reference(everybody, model_columns(population.frame, model.features), fitted.specs),
        card=_card(material, model, bands, everybody, importance, told=told),
        gates=judge(
            Proof(
                train_positives=material.train_positives,
                evaluation=material.evaluation,
                parity_gap=material.ready.parity_gap,
                against_directions=_against_directions(model, fitted.specs),
                missing_reach=missing_reach(model),
                golden=len(golden),
            ),
            config.gates,
            (*material.checks.gates, *told.gates()),
        ),
        golden=golden,
        declared=material.declared,
    )
    origin = Origin(
        name=config.name,
        version=config.version,
        family=config.family.name,
        seed=config.seed,
        data_sha256=material.data_sha256,
        config_sha256=material.config_sha256,
        lock_sha256=lock_sha256(),
    )
    try:
        files = sign(pack(origin, content), key)
        bundle = ModelBundle.open(files, [public_text(key)])
    except (ModelError, FeatureError) as error:
        raise PackageError(f"The bundle does not prove itself: {error}") from error
    return Package(files, bundle, importance, told, material.ready.parity_gap)


def _against_directions(model: AdditiveModel, specs: Sequence[FeatureSpec]) -> str:
    try:
        check_directions(model, specs)
    except DirectionError as error:
        return str(error)
    return ""


def _golden(population: Population, log_odds: Floats) -> list[TravellerRecord]:
    """Choose records evenly over the scores; equal scores in the order of their text, not of the table."""
    texts = np.asarray(
        [record if isinstance(record, bytes) else record.encode() for record in population.records], dtype=object
    )
    order = np.lexsort((texts, log_odds))
    places = np.unique(np.linspace(0, len(order) - 1, min(GOLDEN, len(order))).round().astype(np.intp))
    return [TravellerRecord.model_validate_json(texts[place]) for place in order[places]]


def _card(
    material: Material,
    model: AdditiveModel,
    bands: BandPolicy,
    everybody: Floats,
    importance: Sequence[float],
    *,
    told: Stability,
) -> ModelCard:
    """Write the card; every number in it comes from the run."""
    config, risk, evaluation = material.config, material.risk, material.evaluation
    family = config.family.family
    log_odds = score(model, material.holdout_frame)
    return ModelCard(
        name=config.name,
        version=config.version,
        risk=risk.name,
        title=risk.title,
        audience=risk.audience,
        purpose=config.purpose or f"{risk.wording.statement}, as one piece of information for a person who decides.",
        estimand=material.selection.estimand,
        simulated=config.simulated,
        family=family.title,
        data=material.slices,
        prevalence=evaluation.prevalence,
        measures=evaluation.chosen.measures,
        capacity=evaluation.chosen.capacity,
        groups=evaluation.groups,
        fairness=material.checks.groups,
        comparisons=tuple(
            Comparison(
                name=other.name,
                title=other.title,
                measures=(*other.measures, *_gains(evaluation, other.name)),
                note=evaluation.verdict if other.name == "gradient_boosting" else "",
            )
            for other in evaluation.models[1:]
        ),
        bands=outcomes_by_band(bands, everybody, material.holdout, log_odds, config.evaluation.level),
        selection=material.selection.measures,
        limits=(*config.limits, *told.limits(), *_limits(material, model)),
        notes=(
            material.calibration.note,
            *material.selection.notes,
            *material.fitted.notes,
            *material.notes,
        ),
        terms=tuple(
            _card_term(
                [next(spec for spec in material.fitted.specs if spec.name == axis.feature) for axis in term.axes], size
            )
            for term, size in zip(model.terms, importance, strict=True)
        ),
    )


def _gains(evaluation: Evaluation, name: str) -> list[Measure]:
    return [table[name] for table in (evaluation.differences, evaluation.gain) if name in table]


def _card_term(specs: Sequence[FeatureSpec], size: float) -> CardTerm:
    single = len(specs) == 1
    return CardTerm(
        name=" & ".join(spec.name for spec in specs),
        label=" and ".join(spec.label for spec in specs),
        codes=(specs[0].reason.code if single else "".join(spec.reason.code for spec in specs),),
        expects=specs[0].expects if single else Monotone.NONE,
        importance=size,
    )


def _limits(material: Material, model: AdditiveModel) -> list[str]:
    """What the run itself knows that it cannot do."""
    raised, lowered = missing_reach(model)
    found = [
        material.selection.limit,
        f"Missing facts alone add at most {raised:.2f} and take away at most {-lowered:.2f} log-odds.",
        INTERVAL_LIMIT,
    ]
    found += material.checks.limits
    small = [f"{row.by} {row.group}" for row in material.evaluation.groups if not row.measures]
    if small:
        more = f" and {len(small) - 10} more" if len(small) > 10 else ""  # noqa: PLR2004  a list that one can read
        found.append(f"Not enough data to judge it apart: {', '.join(small[:10])}{more}.")
    if material.config.simulated:
        found.append("All cases are simulated: nothing here says how the model would do among real travellers.")
    return found
