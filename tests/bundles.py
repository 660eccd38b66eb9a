"""Signed bundles for tests of whatever takes one: real features, real files, random points."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from features.catalogue import CATALOGUE, Extractor
from features.declared import DeclaredColumn, DeclaredColumns
from features.examples import EXAMPLE_REFERENCE
from features.risk import RISKS
from models.bands import BandPolicy
from models.baselines import Baselines
from models.bundle import pack, sign
from models.promotion import Verdict
from models.signing import public_text
from tests.models import bundle_makers

KEY = bundle_makers.KEY
TRUSTED = bundle_makers.TRUSTED
RISK_NAMES = tuple(RISKS)


_made: dict[tuple[str, int, Verdict, bytes], MappingProxyType[str, bytes]] = {}


def make_bundle(
    risk: str = "document_fraud",
    seed: int = 0,
    *,
    verdict: Verdict = Verdict.PASSED,
    columns: Sequence[DeclaredColumn] = (),
    key: Ed25519PrivateKey = KEY,
) -> tuple[MappingProxyType[str, bytes], str]:
    """Make a signed bundle; the same arguments give the same bytes.

    Args:
        risk: name of a declared risk.
        seed: of its points; another seed makes another digest.
        verdict: of its one gate.
        columns: an agency's own columns; numbers and flags.
        key: that signs it.

    Returns:
        The files by name, and the public key (base64) to trust.
    """
    identity = (risk, seed, verdict, key.private_bytes_raw())
    if not columns and identity in _made:
        return _made[identity], public_text(key)
    content = replace(bundle_makers.content(RISKS[risk], seed, golden=6), gates=bundle_makers.gates(verdict))
    if columns:
        declared = DeclaredColumns(columns)
        specs = CATALOGUE.for_scoring(RISKS[risk], declared.specs)
        model = bundle_makers.random_model(specs, seed)
        values = bundle_makers.columns_of(specs)
        log_odds = model.log_odds(values)
        content = replace(
            content,
            specs=specs,
            declared=declared,
            model=model,
            bands=BandPolicy.from_reference(log_odds, {"high": 0.1, "elevated": 0.2}, version="1"),
            baselines=Baselines.from_reference(log_odds, values, specs),
            card=bundle_makers.card(RISKS[risk], model),
        )
    files = MappingProxyType(sign(pack(bundle_makers.origin(RISKS[risk]), content), key))
    if not columns:
        _made[identity] = files
    return files, public_text(key)


def features_of(risk: str) -> Extractor:
    """The extractor of a risk's features, over the example lookup tables."""
    return Extractor(CATALOGUE.for_scoring(RISKS[risk]), EXAMPLE_REFERENCE)
