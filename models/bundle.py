"""The unit of promotion: files that carry a model, its words and its proof, opened only when all of it holds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ValidationError

from features.catalogue import CATALOGUE, Extractor, FeatureCatalogue
from features.declared import DeclaredColumns
from features.record import TravellerRecord
from features.reference import ReferenceData
from features.risk import Risk
from features.spec import FeatureSpec
from models.additive import AdditiveModel
from models.bands import BandPolicy
from models.baselines import Baselines
from models.card import ModelCard
from models.errors import BundleContentError, BundleDigestError, BundleSignatureError, ModelFormError
from models.features_file import pack_features, read_features
from models.golden import GoldenRecord, anonymise, make_golden, read_golden, replay
from models.manifest import (
    CONTENT,
    MANIFEST,
    SIGNATURE,
    Manifest,
    Origin,
    check_files,
    digest_of,
    read_directory,
    sha256,
    write_directory,
)
from models.promotion import GateReport
from models.reasons import Reasoner
from models.reference_file import pack_reference, read_reference
from models.signature import is_signed, public_text, sign_digest
from models.strict_json import canonical, read_json

__all__ = [
    "BundleContent",
    "ModelBundle",
    "Origin",
    "digest_of",
    "pack",
    "read_directory",
    "sign",
    "write_directory",
]

ALGORITHM = "Ed25519"
_Model = TypeVar("_Model", bound=BaseModel)
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class BundleContent:
    """What goes into a bundle.

    Attributes:
        risk: what is scored for.
        specs: the features of the model, in its order.
        declared: the agency's own columns, where some of the features are theirs.
        golden: records, as they came; they are made anonymous when packed.
    """

    risk: Risk
    specs: tuple[FeatureSpec, ...]
    model: AdditiveModel
    bands: BandPolicy
    reference: ReferenceData
    baselines: Baselines
    card: ModelCard
    gates: GateReport
    golden: Sequence[TravellerRecord]
    declared: DeclaredColumns = DeclaredColumns()  # noqa: RUF009  frozen, and the same for all


def pack(origin: Origin, content: BundleContent) -> dict[str, bytes]:
    """Write the files of a bundle, unsigned: the same origin and content give the same bytes.

    Raises:
        ModelFormError: where specs and model name different features, or an encoding is missing.
    """
    names = tuple(spec.name for spec in content.specs)
    if names != content.model.features:
        raise ModelFormError("specs and model name the same features in the same order")
    if not _encodings_agree(content.declared, content.reference):
        raise ModelFormError("every declared column that is known by its rate has an encoding in the lookup tables")
    extractor = Extractor(content.specs, read_reference(pack_reference(content.reference, content.specs)))
    reasoner = Reasoner(content.specs, content.model, content.baselines)
    plain = [anonymise(record, at, _private(content.declared)) for at, record in enumerate(content.golden, start=1)]
    golden = make_golden(plain, extractor, content.model, reasoner)
    values: dict[str, Any] = {
        "risk.json": content.risk.model_dump(mode="json"),
        "features.json": pack_features(content.specs, content.declared),
        "model.json": content.model.to_json(),
        "bands.json": content.bands.to_json(),
        "reference.json": pack_reference(content.reference, content.specs),
        "baselines.json": content.baselines.to_json(),
        "card.json": content.card.model_dump(mode="json"),
        "gates.json": content.gates.model_dump(mode="json"),
        "golden.json": [record.to_json() for record in golden],
    }
    files = {name: canonical(values[name]) for name in CONTENT}
    hashes = {name: sha256(data) for name, data in files.items()}
    manifest = Manifest(**origin.model_dump(), risk=content.risk.name, features=names, files=hashes)
    return {MANIFEST: canonical(manifest.model_dump(mode="json")), **files}


def sign(files: Mapping[str, bytes], key: Ed25519PrivateKey) -> dict[str, bytes]:
    """Add the signature of a bundle's digest to its files."""
    signature = {
        "algorithm": ALGORITHM,
        "public_key": public_text(key),
        "signature": sign_digest(digest_of(files), key),
    }
    return {**files, SIGNATURE: canonical(signature)}


@dataclass(frozen=True)
class ModelBundle:
    """An opened bundle: every file verified, every golden record replayed.

    Attributes:
        files: the bytes that it was opened from.
        digest: its name, ``sha256:<hex>`` of the manifest.
        signer: public key that signed it.
        specs: the features of the model, in its order.
    """

    files: Mapping[str, bytes]
    digest: str
    signer: str
    manifest: Manifest
    risk: Risk
    declared: DeclaredColumns
    specs: tuple[FeatureSpec, ...]
    model: AdditiveModel
    bands: BandPolicy
    reference: ReferenceData
    baselines: Baselines
    card: ModelCard
    gates: GateReport
    golden: tuple[GoldenRecord, ...]
    extractor: Extractor
    reasoner: Reasoner

    @classmethod
    def open(
        cls, files: Mapping[str, bytes], trusted: Collection[str], catalogue: FeatureCatalogue = CATALOGUE
    ) -> "ModelBundle":
        """Verify a bundle, then read it, then let it prove itself.

        Args:
            files: bytes by name, as :func:`read_directory` or the store hands them over.
            trusted: public keys (base64) whose signature counts.
            catalogue: today's features, which the bundle's must equal.

        Raises:
            BundleError: of the kind that fits, naming the file, the rule and the remedy.
        """
        files = dict(files)
        check_files(files)
        signer = _verify_signature(files, trusted)
        manifest = _read_model(Manifest, MANIFEST, files)
        _verify_hashes(files, manifest)
        risk = _read_model(Risk, "risk.json", files)
        declared, specs = read_features(read_json("features.json", files["features.json"]), risk, catalogue)
        model = _read_form(AdditiveModel.from_json, "model.json", files)
        baselines = _read_form(Baselines.from_json, "baselines.json", files)
        reference = read_reference(read_json("reference.json", files["reference.json"]))
        names = tuple(spec.name for spec in specs)
        _agree(
            (MANIFEST, "its risk is that of risk.json", manifest.risk == risk.name),
            (MANIFEST, "its features are those of features.json", manifest.features == names),
            ("model.json", "its features are those of features.json", model.features == names),
            ("model.json", "features have the kinds of features.json", _kinds_agree(model, specs)),
            ("reference.json", "it has the encoding of every declared column", _encodings_agree(declared, reference)),
        )
        card = _read_model(ModelCard, "card.json", files)
        _agree(
            (
                "card.json",
                "it is the card of this model",
                (card.name, card.version) == (manifest.name, manifest.version),
            ),
            (
                "card.json",
                "its risk and audience are those of risk.json",
                (card.risk, card.audience) == (risk.name, risk.audience),
            ),
        )
        bundle = cls(
            files=files,
            digest=digest_of(files),
            signer=signer,
            manifest=manifest,
            risk=risk,
            declared=declared,
            specs=specs,
            model=model,
            bands=_read_form(BandPolicy.from_json, "bands.json", files),
            reference=reference,
            baselines=baselines,
            card=card,
            gates=_read_model(GateReport, "gates.json", files),
            golden=read_golden(read_json("golden.json", files["golden.json"])),
            extractor=Extractor(specs, reference),
            reasoner=Reasoner(specs, model, baselines),
        )
        replay(bundle.golden, bundle.extractor, model, bundle.reasoner)
        return bundle


def _verify_signature(files: Mapping[str, bytes], trusted: Collection[str]) -> str:
    if SIGNATURE not in files:
        raise BundleSignatureError(SIGNATURE, "a bundle is signed")
    told = read_json(SIGNATURE, files[SIGNATURE])
    fields = {"algorithm", "public_key", "signature"}
    if not isinstance(told, dict) or set(told) != fields or not all(isinstance(text, str) for text in told.values()):
        raise BundleSignatureError(SIGNATURE, "it has algorithm, public_key and signature")
    if canonical(told) != files[SIGNATURE]:  # nothing else vouches for these bytes
        raise BundleSignatureError(SIGNATURE, "it is canonical JSON")
    if told["algorithm"] != ALGORITHM:
        raise BundleSignatureError(SIGNATURE, f"the algorithm is {ALGORITHM}")
    if told["public_key"] not in trusted:
        raise BundleSignatureError(SIGNATURE, "the signer is one of the trusted signers")
    if not is_signed(digest_of(files), told["signature"], told["public_key"]):
        raise BundleSignatureError(
            SIGNATURE, "the signature is that of this manifest", "Copy the bundle again from where it was packaged."
        )
    return str(told["public_key"])


def _verify_hashes(files: Mapping[str, bytes], manifest: Manifest) -> None:
    if set(manifest.files) != set(CONTENT):
        raise BundleContentError(MANIFEST, "it lists the hash of every file but itself and the signature")
    for name in CONTENT:
        if sha256(files[name]) != manifest.files[name]:
            raise BundleDigestError(name, "its hash is the one in the signed manifest")


def _read_model(kind: type[_Model], file: str, files: Mapping[str, bytes]) -> _Model:
    """Read a file that is one pydantic model."""
    read_json(file, files[file])
    try:
        return kind.model_validate_json(files[file])
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, each['loc']))[:80]}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise BundleContentError(file, "; ".join(problems[:5])) from None


def _read_form(read: Callable[[Any], _Value], file: str, files: Mapping[str, bytes]) -> _Value:
    """Read a file that has its own reader."""
    try:
        return read(read_json(file, files[file]))
    except ModelFormError as error:
        raise BundleContentError(file, str(error)) from None


def _private(declared: DeclaredColumns) -> frozenset[str]:
    """The declared columns whose values may name somebody: those known by digest only, and their mere ingredients."""
    encoded = [column for column in declared.columns if column.encoded]
    ingredients = {name for column in encoded for name in column.of if not declared[name].feature}
    return frozenset({column.name for column in encoded} | ingredients)


def _kinds_agree(model: AdditiveModel, specs: Sequence[FeatureSpec]) -> bool:
    kinds = {spec.name: spec.kind for spec in specs}
    return all(axis.kind is kinds.get(axis.feature) for term in model.terms for axis in term.axes)


def _encodings_agree(declared: DeclaredColumns, reference: ReferenceData) -> bool:
    """Declared columns with an encoding that is a number cannot do without their table."""
    return all(
        column.name in reference.encodings and len(reference.encodings[column.name].columns) == 2  # noqa: PLR2004  rate, seen
        for column in declared.columns
        if column.encoded
    )


def _agree(*rules: tuple[str, str, bool]) -> None:
    """Raise for the first rule between files that does not hold."""
    for file, rule, holds in rules:
        if not holds:
            raise BundleContentError(file, rule)
