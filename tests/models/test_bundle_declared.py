"""A bundle over an agency's own columns carries their declaration and what was learned of their values."""

import json
from dataclasses import replace

import numpy as np
import pytest

from features.catalogue import CATALOGUE
from features.declared import DeclaredColumns, encoding_key
from features.examples import EXAMPLE_RECORD, traveller
from features.reference import Encoding, ReferenceData
from features.risk import RISKS
from features.spec import Kind
from models.additive import AdditiveModel, Axis, Term
from models.baselines import Baselines
from models.bundle import BundleContent, ModelBundle, pack, sign
from models.errors import BundleContentError, ModelFormError
from models.manifest import MANIFEST, sha256
from models.strict_json import canonical
from tests.models.bundle_makers import KEY, TRUSTED, content, origin

SMUGGLING = "migrant_smuggling"
COLUMNS = DeclaredColumns.from_json(
    [
        {"name": "tax_rate", "kind": "number", "unit": "percent"},
        {"name": "office", "kind": "category", "encoding": "none"},
        {"name": "importer", "kind": "category", "encoding": "rate"},
        {"name": "lane", "kind": "category", "feature": False},
        {"name": "importer_lane", "kind": "category", "of": ["importer", "lane"], "encoding": "rate"},
    ]
)


def declared_content(**encodings: Encoding) -> BundleContent:
    """A bundle over an agency's own columns, with a category of many values known by rate."""
    specs = (*CATALOGUE.for_scoring(RISKS[SMUGGLING])[:3], *COLUMNS.specs)
    numbers = [
        Axis(spec.name, spec.kind, levels=("north", "south"))
        if spec.kind is Kind.CATEGORY
        else Axis(spec.name, spec.kind, cuts=(0.5,) if spec.kind is Kind.FLAG else (1.0, 5.0), low=None, high=None)
        for spec in specs
    ]
    rng = np.random.default_rng(1)
    terms = tuple(
        Term((one,), rng.normal(0, 1, one.size).tolist(), [[400]] * one.size, [1.0] * one.size) for one in numbers
    )
    records = [
        traveller(
            {**EXAMPLE_RECORD, "extra": {"tax_rate": 7.0 * at, "office": office, "importer": "A-1", "lane": "red"}}
        )
        for at, office in enumerate(("north", "south", "east"))
    ]
    return replace(
        content(RISKS[SMUGGLING]),
        specs=specs,
        model=AdditiveModel(-3.0, (400,), tuple(spec.name for spec in specs), terms),
        baselines=Baselines((0.0,) * 1001, {}),
        declared=COLUMNS,
        reference=ReferenceData(encodings=encodings),
        golden=records,
    )


def declared_files() -> dict[str, bytes]:
    """The same, signed."""
    tables = {
        name: Encoding(("rate", "seen"), {encoding_key(name, "A-1"): (6.0, 12.0)}, (2.0, 0.0))
        for name in ("importer", "importer_lane")
    }
    return sign(pack(origin(RISKS[SMUGGLING]), declared_content(**tables)), KEY)


def test_a_bundle_carries_an_agencys_own_columns():
    """Declaration and what was learned of each value travel along, and score the same on the other side."""
    opened = ModelBundle.open(declared_files(), TRUSTED)
    assert opened.declared == COLUMNS
    record = traveller({**EXAMPLE_RECORD, "extra": {"tax_rate": 3.0, "office": "north", "importer": "A-1"}})
    values = dict(zip([spec.name for spec in opened.specs], opened.extractor.values(record), strict=True))
    assert (values["tax_rate"], values["importer_rate"], values["importer_seen"]) == (3.0, 6.0, 12.0)


def test_values_known_by_digest_are_in_no_file_of_a_bundle():
    """Neither the importer nor what is only an ingredient of a joint value; an ordinary category stays."""
    files = declared_files()
    assert not any(b"A-1" in data or b'"red"' in data for data in files.values())
    assert {entry["record"]["extra"]["office"] for entry in json.loads(files["golden.json"])} == {
        "north",
        "south",
        "east",
    }


def test_a_declared_rate_needs_its_encoding():
    """Neither packing nor opening goes on without the table."""
    with pytest.raises(ModelFormError, match="encoding"):
        pack(origin(RISKS[SMUGGLING]), declared_content())
    told = json.loads(declared_files()["reference.json"])
    del told["encodings"]["importer"]
    files = {**declared_files(), "reference.json": canonical(told)}
    hashes = json.loads(files[MANIFEST])
    hashes["files"]["reference.json"] = sha256(files["reference.json"])
    with pytest.raises(BundleContentError, match="encoding of every declared column"):
        ModelBundle.open(sign({**files, MANIFEST: canonical(hashes)}, KEY), TRUSTED)
