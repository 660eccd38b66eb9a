"""Bundles made from the real catalogue with random points: for tests of everything that a bundle passes through."""

from datetime import date
from functools import cache

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from features.catalogue import CATALOGUE, Extractor
from features.examples import (
    EXAMPLE_LAND_RECORD,
    EXAMPLE_MINOR_RECORD,
    EXAMPLE_RECORD,
    EXAMPLE_REFERENCE,
    leg,
    traveller,
)
from features.record import TravellerRecord
from features.risk import RISKS, Risk
from features.spec import FeatureSpec, Kind
from models.additive import AdditiveModel, Axis, Term
from models.bands import BandPolicy
from models.baselines import Baselines
from models.bundle import BundleContent, ModelBundle, Origin, pack, sign
from models.card import CapacityRow, CardTerm, DataSlice, Measure, ModelCard
from models.promotion import Gate, GateReport, Verdict
from models.signing import public_text
from tests.makers import random_records

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TRUSTED = (public_text(KEY),)
SHA = "0" * 64
HOURS = ("2026-03-14T01:00Z", "2026-03-14T03:00Z", "2026-03-14T05:00Z", "2026-03-14T09:40Z")


@cache
def records(count: int = 30) -> tuple[TravellerRecord, ...]:
    """The examples by air, by land and of a minor, one by two flights, then random records."""
    examples = [traveller(base) for base in (EXAMPLE_RECORD, EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD)]
    legs = [leg("MGQ", "ADD", *HOURS[:2]), leg("ADD", "NBO", *HOURS[2:])]
    return (*examples, traveller(legs=legs), *random_records(count - 4, seed=11))


LANES = 20


def random_model(specs: tuple[FeatureSpec, ...], seed: int = 0, pairs: int = 10, bins: int = 24) -> AdditiveModel:
    """Random points over the values that the records have, with pairs of features."""
    rng = np.random.default_rng(seed)
    seen = [Extractor(specs, EXAMPLE_REFERENCE).values(record) for record in records()]

    def axis(at: int, cuts: int) -> Axis:
        spec, values = specs[at], [row[at] for row in seen if row[at] is not None]
        if spec.kind is Kind.CATEGORY:
            return Axis(spec.name, spec.kind, levels=tuple(sorted({str(value) for value in values})))
        if spec.kind is Kind.FLAG:
            return Axis(spec.name, spec.kind, cuts=(0.5,))
        numbers = sorted(map(float, values)) or [0.0]
        spread = np.unique(np.linspace(numbers[0] - 1, numbers[-1] + 1, cuts))
        return Axis(spec.name, spec.kind, cuts=tuple(spread), low=numbers[0], high=numbers[-1])

    def term(*axes: Axis) -> Term:
        shape = tuple(one.size for one in axes)
        tables = rng.normal(0, 0.3, shape), rng.integers(-90, 90, (*shape, LANES)), rng.integers(20, 500, shape)
        return Term(axes, *(table.tolist() for table in tables))

    singles = [term(axis(at, bins)) for at in range(len(specs))]
    chosen = [rng.choice(len(specs), 2, replace=False) for _ in range(pairs * 3)]
    distinct = list(dict.fromkeys(tuple(sorted(map(int, pair))) for pair in chosen))[:pairs]
    return AdditiveModel(
        -4.25,
        (90,) * LANES,
        tuple(spec.name for spec in specs),
        (*singles, *(term(axis(a, 6), axis(b, 6)) for a, b in distinct)),
    )


def columns_of(specs: tuple[FeatureSpec, ...]) -> dict[str, np.ndarray]:
    """The values of all records as columns."""
    rows = [Extractor(specs, EXAMPLE_REFERENCE).values(record) for record in records()]
    return {
        spec.name: np.array([row[at] for row in rows], dtype=object if spec.kind is Kind.CATEGORY else float)
        for at, spec in enumerate(specs)
    }


def card(risk: Risk, model: AdditiveModel, *, simulated: bool = True) -> ModelCard:
    """A whole card."""
    lift = Measure(name="lift", title="Lift", value=3.2, low=2.6, high=3.9, level=0.9)
    return ModelCard(
        name=risk.name.replace("_", "-"),
        version="1.0.0",
        risk=risk.name,
        title=risk.title,
        audience=risk.audience,
        purpose=risk.wording.statement,
        estimand="the share of such travellers for whom a full inspection would confirm it",
        simulated=simulated,
        family="explainable_boosting",
        data=(DataSlice(name="train", starts=date(2025, 1, 1), ends=date(2025, 6, 30), rows=9000, positives=140),),
        prevalence=Measure(name="prevalence", title="Prevalence", value=0.0123, unit="percent"),
        measures=(lift, Measure(name="roc_auc", title="ROC AUC", value=None, note="too few cases")),
        capacity=(CapacityRow(share=0.02, measures=(lift,)),),
        limits=("Made for tests.",),
        terms=tuple(
            CardTerm(name=term.name, label=term.name, codes=(f"T{at:03d}",), importance=0.1)
            for at, term in enumerate(model.terms)
        ),
    )


def gates(verdict: Verdict = Verdict.PASSED) -> GateReport:
    """A report with one gate."""
    gate = Gate(name="parity", title="Parity", rule="Table equals estimator", limit=1e-9, value=0.0, verdict=verdict)
    return GateReport(gates=(gate,))


def content(risk: Risk, seed: int = 0, golden: int = 20) -> BundleContent:
    """Everything that goes into a bundle of a risk."""
    specs = CATALOGUE.for_scoring(risk)
    model = random_model(specs, seed)
    columns = columns_of(specs)
    log_odds = model.log_odds(columns)
    return BundleContent(
        risk=risk,
        specs=specs,
        model=model,
        bands=BandPolicy.from_reference(log_odds, {"high": 0.1, "elevated": 0.2}, version="1"),
        reference=EXAMPLE_REFERENCE,
        baselines=Baselines.from_reference(log_odds, columns, specs),
        card=card(risk, model),
        gates=gates(),
        golden=records(golden),
    )


def origin(risk: Risk) -> Origin:
    """Where the bundle says it comes from."""
    return Origin(
        name=risk.name.replace("_", "-"),
        version="1.0.0",
        family="explainable_boosting",
        seed=0,
        data_sha256=SHA,
        config_sha256=SHA,
        lock_sha256=SHA,
    )


@cache
def bundle_files(risk: str = "document_fraud", seed: int = 0, golden: int = 20) -> dict[str, bytes]:
    """The signed files of a bundle; copy before you change them."""
    return sign(pack(origin(RISKS[risk]), content(RISKS[risk], seed, golden)), KEY)


@cache
def bundle(risk: str = "document_fraud", seed: int = 0) -> ModelBundle:
    """An opened bundle."""
    return ModelBundle.open(bundle_files(risk, seed), TRUSTED)
