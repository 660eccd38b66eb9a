"""A bundle is opened only when every byte of it is what a trusted person signed, and means what it meant."""

import base64
import json
from dataclasses import replace

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE, FeatureCatalogue
from features.errors import FeatureDefinitionError
from features.risk import RISKS
from models import manifest
from models.baselines import Baselines
from models.bundle import ModelBundle, digest_of, pack, read_directory, sign, write_directory
from models.errors import (
    BundleContentError,
    BundleDigestError,
    BundleError,
    BundleFileError,
    BundleReplayError,
    BundleSignatureError,
    ModelFormError,
)
from models.manifest import ALL_FILES, CONTENT, MANIFEST, SIGNATURE, sha256
from models.signature import public_text
from models.strict_json import canonical
from tests.models.bundle_makers import KEY, TRUSTED, bundle, bundle_files, columns_of, content, origin, random_model

SMUGGLING = "migrant_smuggling"
BAD_ENCODING = {"columns": ["rate"], "table": {"a": [1, 2]}, "unseen": [1]}


def resigned(name: str, data: bytes, risk: str = SMUGGLING) -> dict[str, bytes]:
    """A bundle with one file changed by somebody who can sign."""
    files = dict(bundle_files(risk)) | {name: data}
    if name != MANIFEST:
        told = json.loads(files[MANIFEST])
        told["files"][name] = sha256(data)
        files[MANIFEST] = canonical(told)
    return sign(files, KEY)


def with_change(name: str, change, risk: str = SMUGGLING) -> dict[str, bytes]:
    """A bundle whose file was changed as JSON, by somebody who can sign."""
    value = json.loads(bundle_files(risk)[name])
    return resigned(name, json.dumps(change(value) or value).encode(), risk)


@pytest.mark.parametrize("risk", sorted(RISKS))
def test_a_packed_bundle_opens_to_what_was_packed(risk):
    """Model, bands, baselines, card and gates come back equal; the digest names them."""
    opened, packed = bundle(risk), content(RISKS[risk])
    assert opened.model == packed.model
    assert opened.bands == packed.bands
    assert opened.baselines == packed.baselines
    assert (opened.card, opened.gates, opened.risk) == (packed.card, packed.gates, packed.risk)
    assert opened.specs == packed.specs
    looks_up = any("reference" in spec.needs for spec in packed.specs)
    assert dict(opened.reference.airports) == (dict(packed.reference.airports) if looks_up else {})
    assert opened.signer == public_text(KEY)
    assert opened.digest == f"sha256:{sha256(opened.files[MANIFEST])}"


def test_the_same_content_gives_the_same_bytes():
    """Packing twice gives the same bundle, byte for byte, whoever signs."""
    risk = RISKS[SMUGGLING]
    again = pack(origin(risk), content(risk))
    assert again == {name: data for name, data in bundle_files(SMUGGLING).items() if name != SIGNATURE}
    other = sign(again, Ed25519PrivateKey.generate())
    assert digest_of(other) == digest_of(bundle_files(SMUGGLING))


def test_the_manifest_holds_no_time_and_no_path():
    """Identity comes from content alone."""
    told = json.loads(bundle_files()[MANIFEST])
    assert set(told) == {
        "format", "name", "version", "risk", "family", "seed", "data_sha256", "config_sha256", "lock_sha256",
        "features", "files",
    }  # fmt: skip
    assert set(told["files"]) == set(CONTENT)


@pytest.mark.parametrize("name", ALL_FILES)
@pytest.mark.parametrize("where", [0.0, 0.37, 0.81, 1.0])
def test_any_changed_byte_is_refused(name, where):
    """A byte of any file is changed by somebody who cannot sign."""
    files = dict(bundle_files(SMUGGLING))
    data = bytearray(files[name])
    data[round(where * (len(data) - 1))] ^= 1
    files[name] = bytes(data)
    expected = BundleDigestError if name in CONTENT else (BundleSignatureError, BundleContentError)
    with pytest.raises(expected) as refused:
        ModelBundle.open(files, TRUSTED)
    assert refused.value.file in {name, SIGNATURE}


@given(name=st.sampled_from(ALL_FILES), data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_tampering_opens_or_crashes(name, data):
    """Any byte flipped, cut, repeated or replaced gives a typed error, never another one and never a bundle."""
    original = bundle_files(SMUGGLING)[name]
    at = data.draw(st.integers(0, len(original) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                original[:at] + bytes([original[at] ^ (1 << (at % 8))]) + original[at + 1 :],
                original[:at],
                original[:at] + original[at : at + 9] + original[at:],
                original + b" ",
            ]
        )
        | st.binary(max_size=64)
    )
    if changed != original:
        with pytest.raises(BundleError):
            ModelBundle.open({**bundle_files(SMUGGLING), name: changed}, TRUSTED)


@pytest.mark.parametrize("name", ALL_FILES)
def test_a_missing_file_is_refused(name):
    """Every file is needed, and the error names it."""
    files = {key: data for key, data in bundle_files().items() if key != name}
    with pytest.raises(BundleSignatureError if name == SIGNATURE else BundleFileError) as refused:
        ModelBundle.open(files, TRUSTED)
    assert refused.value.file == name


@pytest.mark.parametrize("name", ["model.pkl", "MODEL.JSON", "../model.json", "model.json ", ""])
def test_an_added_file_is_refused(name):
    """Nothing travels along."""
    with pytest.raises(BundleFileError, match="no other"):
        ModelBundle.open({**bundle_files(), name: b"{}"}, TRUSTED)


@pytest.mark.parametrize("name", ALL_FILES)
def test_an_oversized_file_is_refused_before_it_is_read(name, monkeypatch):
    """Sizes are bounded."""
    monkeypatch.setattr(manifest, "MAX_FILE_BYTES", 400_000)
    files = {**bundle_files(), name: b" " * 2_000_000}
    with pytest.raises(BundleFileError, match="at most") as refused:
        ModelBundle.open(files, TRUSTED)
    assert refused.value.file == name


def test_an_untrusted_signer_is_refused():
    """A valid signature by somebody else, and no trusted signer at all."""
    stranger = Ed25519PrivateKey.generate()
    files = sign(bundle_files(), stranger)
    with pytest.raises(BundleSignatureError, match="trusted"):
        ModelBundle.open(files, TRUSTED)
    with pytest.raises(BundleSignatureError, match="trusted"):
        ModelBundle.open(bundle_files(), ())
    assert ModelBundle.open(files, (*TRUSTED, public_text(stranger))).signer == public_text(stranger)


def test_a_signature_of_another_bundle_is_refused():
    """A trusted signature counts for its own bundle only."""
    files = {**bundle_files(), SIGNATURE: bundle_files(seed=1)[SIGNATURE]}
    with pytest.raises(BundleSignatureError, match="of this manifest"):
        ModelBundle.open(files, TRUSTED)


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "none"},
        {"signature": ""},
        {"signature": base64.b64encode(bytes(64)).decode()},
        {"public_key": 1},
        {"more": "x"},
    ],
)
def test_an_odd_signature_is_refused(change):
    """No other algorithm, no empty signature, no extra field."""
    told = json.loads(bundle_files()[SIGNATURE]) | change
    with pytest.raises(BundleSignatureError):
        ModelBundle.open({**bundle_files(), SIGNATURE: canonical(told)}, TRUSTED)


@pytest.mark.parametrize("name", [MANIFEST, *CONTENT])
@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"[]", b"{}", b"1", b"\xff", b'{"a":1,"a":1}', b"[NaN]", b"[1e999]", b"[" * 60_000,
        b'{"x":' + b"[" * 240 + b"]" * 240 + b"}",
    ],
    ids=["empty", "null", "list", "object", "number", "bytes", "twice", "nan", "infinite", "deep", "nested"],
)  # fmt: skip
def test_signed_nonsense_is_refused(name, data):
    """Even what a trusted person signed must make sense; the error names the file."""
    with pytest.raises(BundleContentError) as refused:
        ModelBundle.open(resigned(name, data), TRUSTED)
    assert refused.value.file == name


def _set(*path_and_value):
    *path, value = path_and_value

    def change(data):
        target = data
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("name", "change", "rule"),
    [
        (MANIFEST, _set("format", "risk-bundle/2"), "format"),
        (MANIFEST, _set("created_at", "2026-01-01"), "created_at"),
        (MANIFEST, _set("seed", "0"), "seed"),
        (MANIFEST, _set("seed", -1), "seed"),
        (MANIFEST, _set("data_sha256", "0"), "data_sha256"),
        (MANIFEST, _set("risk", "document_fraud"), "risk is that"),
        (MANIFEST, _set("features", []), "features are those"),
        (MANIFEST, _set("files", {}), "hash of every file"),
        ("risk.json", _set("audience", "everybody"), "audience"),
        ("risk.json", _set("wording", "statement", None), "wording.statement"),
        ("risk.json", _set("without", ["stay_days"]), "stay_days"),
        ("features.json", _set("names", ["stay_days"]), "one definition"),
        ("features.json", _set("definitions", "stay_days", "unit", "weeks"), "its unit is now 'days'"),
        ("features.json", _set("definitions", "stay_days", "kind", "flag"), "its kind is now 'number'"),
        ("features.json", _set("definitions", "stay_days", "code", "ZZ99"), "its code is now"),
        ("features.json", _set("definitions", "stay_days", None), "code, kind and unit"),
        ("features.json", _set("declared", [{"name": "nationality"}]), "nationality"),
        ("features.json", _set("declared", 1), "names, definitions"),
        ("features.json", _set("more", 1), "one definition"),
        ("model.json", _set("baseline", "x"), "a number"),
        ("model.json", _set("terms", 0, "points", [0.0]), "shape"),
        ("model.json", _set("terms", 0, "points", 0, 1e9), "finite numbers"),
        ("model.json", _set("terms", 0, "axes", 0, "cuts", [2.0, 1.0]), "rise"),
        ("model.json", _set("features", 0, "stay_days"), "each once"),
        ("bands.json", _set("bands", []), "at least two"),
        ("bands.json", _set("bands", 0, "threshold_log_odds", None), "threshold"),
        ("reference.json", _set("airports", "NBO", [1.0]), "airports"),
        ("reference.json", _set("airports", "NBO", ["1", "2"]), "airports"),
        ("reference.json", _set("encodings", {"x": BAD_ENCODING}), "encodings"),
        ("reference.json", _set("more", {}), "airports"),
        ("baselines.json", _set("quantiles", []), "1001"),
        ("card.json", _set("name", "another"), "card of this model"),
        ("card.json", _set("risk", "document_fraud"), "risk and audience"),
        ("card.json", _set("audience", "protection"), "risk and audience"),
        ("card.json", _set("measures", 0, "value", "1e999"), "measures"),
        ("gates.json", _set("gates", []), "gates"),
        ("gates.json", _set("gates", 0, "verdict", "fine"), "verdict"),
        ("golden.json", _set(0, "record", {}), "golden record 1"),
        ("golden.json", _set(3, "more", 1), "each entry"),
    ],
)  # fmt: skip
def test_signed_content_that_breaks_a_rule_is_refused(name, change, rule):
    """Forms, bounds and agreement between files are checked, whoever signed."""
    with pytest.raises(BundleContentError, match=rule) as refused:
        ModelBundle.open(with_change(name, change), TRUSTED)
    assert refused.value.file == (name if name != "risk.json" or rule != "stay_days" else "features.json")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("model.json", _set("baseline", -4.0)),
        ("golden.json", _set(2, "log_odds", 0.0)),
        ("golden.json", _set(2, "codes", [])),
        ("golden.json", _set(2, "values", [])),
        ("reference.json", _set("airports", {})),
    ],
)
def test_a_bundle_that_answers_otherwise_than_recorded_is_refused(name, change):
    """The replay notices a changed model, changed tables and changed records."""
    with pytest.raises(BundleReplayError) as refused:
        ModelBundle.open(with_change(name, change), TRUSTED)
    assert refused.value.file == "golden.json"


def test_a_signature_file_has_one_form():
    """Nothing else vouches for its bytes, so blanks and another order of keys are refused."""
    spaced = json.dumps(json.loads(bundle_files()[SIGNATURE])).encode()
    with pytest.raises(BundleSignatureError, match="canonical"):
        ModelBundle.open({**bundle_files(), SIGNATURE: spaced}, TRUSTED)


def test_a_feature_that_the_risk_may_not_use_is_refused():
    """A model for protection cannot be relabelled for enforcement: it reads whether the traveller is a minor."""
    definition = json.loads(bundle_files("trafficking_protection")["features.json"])["definitions"]["is_minor"]

    def add(data):
        data["names"].append("is_minor")
        data["definitions"]["is_minor"] = definition

    with pytest.raises(BundleContentError, match="'is_minor'"):
        ModelBundle.open(with_change("features.json", add), TRUSTED)


def test_a_feature_that_has_gone_from_the_catalogue_is_refused_by_name():
    """A bundle does not outlive the meaning of its features."""
    smaller = FeatureCatalogue([spec for spec in CATALOGUE if spec.name != "stay_days"])
    with pytest.raises(BundleContentError, match="'stay_days'"):
        ModelBundle.open(bundle_files(SMUGGLING), TRUSTED, smaller)
    with pytest.raises(FeatureDefinitionError):
        smaller["stay_days"]


def test_the_text_of_an_error_tells_file_rule_and_remedy():
    """A person who reads the error knows what to do."""
    with pytest.raises(BundleError) as refused:
        ModelBundle.open({**bundle_files(), "bands.json": b"{}"}, TRUSTED)
    error = refused.value
    assert str(error) == f"{error.file}: {error.rule}. {error.remedy}"
    assert (error.file, "hash" in error.rule, "Copy" in error.remedy) == ("bands.json", True, True)


def test_specs_and_model_must_agree_when_packing():
    """A model cannot be packed under other features."""
    packed = content(RISKS[SMUGGLING])
    with pytest.raises(ModelFormError, match="same order"):
        pack(origin(packed.risk), replace(packed, specs=packed.specs[::-1]))


def test_a_directory_keeps_a_bundle(tmp_path):
    """Written and read back, the bundle opens; writing the same again is no harm, another is refused."""
    place = tmp_path / "bundle"
    write_directory(bundle_files(), place)
    write_directory(bundle_files(), place)
    assert read_directory(place) == bundle_files()
    assert ModelBundle.open(read_directory(place), TRUSTED).digest == bundle().digest
    with pytest.raises(BundleFileError, match="never written over"):
        write_directory(bundle_files(seed=1), place)


def test_a_directory_with_anything_else_is_refused(tmp_path):
    """Links, directories and missing places have typed errors."""
    with pytest.raises(BundleFileError, match="can be read"):
        read_directory(tmp_path / "none")
    (tmp_path / "inner").mkdir()
    with pytest.raises(BundleFileError, match="plain files"):
        read_directory(tmp_path)
    (tmp_path / "inner" / "model.json").symlink_to(tmp_path)
    with pytest.raises(BundleFileError, match="plain files"):
        read_directory(tmp_path / "inner")


def test_files_without_a_manifest_have_no_digest():
    """A bundle is named by its manifest."""
    with pytest.raises(BundleFileError, match=r"manifest\.json"):
        digest_of({"model.json": b"{}"})


def test_a_large_file_is_not_read_whole(tmp_path, monkeypatch):
    """Reading stops one byte past the limit, and opening then refuses the file."""
    monkeypatch.setattr(manifest, "MAX_FILE_BYTES", 100)
    write = tmp_path / "model.json"
    write.write_bytes(b" " * 10_000)
    assert len(read_directory(tmp_path)["model.json"]) == 101


def test_airports_travel_only_where_a_feature_looks_them_up():
    """A bundle without a route feature stays small."""
    risk = RISKS[SMUGGLING].model_copy(update={"groups": ("stay", "baggage")})
    specs = CATALOGUE.for_scoring(risk)
    model = random_model(specs)
    columns = columns_of(specs)
    base = content(RISKS[SMUGGLING])
    small = replace(
        base, risk=risk, specs=specs, model=model,
        baselines=Baselines.from_reference(model.log_odds(columns), columns, specs),
    )  # fmt: skip
    files = sign(pack(origin(risk), small), KEY)
    assert json.loads(files["reference.json"]) == {"airports": {}, "encodings": {}}
    assert json.loads(bundle_files(SMUGGLING)["reference.json"])["airports"]["NBO"] == [-1.3192, 36.9278]
    assert orjson.loads(ModelBundle.open(files, TRUSTED).files["reference.json"])["airports"] == {}
