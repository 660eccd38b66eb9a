import hashlib

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import CATALOGUE, Extractor
from features.examples import EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD, EXAMPLE_RECORD
from features.record import Sensitivity, TravellerRecord, sensitivity_of
from features.reference import NO_REFERENCE
from features.walk import block_types
from riskapi.errors import SealError
from riskapi.privacy import seals
from riskapi.privacy.sealing import (
    Part,
    age_of,
    fresh_random,
    kept_of,
    rejoin,
    seal,
    split,
    unseal,
    unseal_salted,
    with_record_id,
    without_record_id,
)
from tests.makers import random_data

EXAMPLES = (EXAMPLE_RECORD, EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD)
CIPHER = AESGCM(bytes(32))
ID = "018bcfe5-687b-7000-8000-000000000000"


def keyed(fact):
    """A hash that tells facts apart."""
    return hashlib.blake2b(fact.encode(), digest_size=16).hexdigest()


def parted(record):
    """The parts of a record."""
    return split(kept_of(record), age_of(record), keyed)


def records():
    """Records of every shape."""
    return [TravellerRecord.model_validate_json(orjson.dumps(one)) for one in (*EXAMPLES, *random_data(150, seed=3))]


def test_input_gives_the_same_feature_values_as_the_record():
    """What is left without identity is a record, and every score feature reads the same from it."""
    extractor = Extractor([spec for spec in CATALOGUE.specs if spec.use == "score"], NO_REFERENCE)
    for record in records():
        again = TravellerRecord.model_validate_json(parted(record).input)
        assert extractor.values(again) == extractor.values(record)


def test_no_fact_of_identity_is_left_in_the_input():
    """Each fact of persons and contact is moved: told by name from the record's own declarations, one by one."""
    moved = {
        "record_id",
        *(f"traveller.{name}" for name in ("ref", "surname", "given_names", "date_of_birth", "gender")),
        *("traveller.nationality", "traveller.residence_country", "seat.number"),
        *("documents[0].number", "documents[0].issuing_country"),
        *("booking.locator", "booking.agency_id", "booking.co_traveller_refs"),
        *("contact.phone", "contact.email", "contact.address", "stay.address"),
    }
    full = {
        **EXAMPLE_RECORD,
        "traveller": {
            **EXAMPLE_RECORD["traveller"],
            "ref": "ABO1",
            "gender": "F",
            "nationality": "KEN",
            "residence_country": "KEN",
        },
        "seat": {"number": "23A"},
        "booking": {"locator": "K7X2QP", "agency_id": "41200011", "co_traveller_refs": ["ABO124", "ABO125"]},
        "contact": {"phone": "+254700000000", "email": "a@example.org", "address": "PO Box 1"},
        "stay": {"address": "Eastleigh"},
    }
    parts = parted(TravellerRecord.model_validate_json(orjson.dumps(full)))
    identity, left = orjson.loads(parts.identity), parts.input.decode()
    assert identity.keys() == moved
    for path, value in identity.items():
        for one in value if isinstance(value, list) else [value]:
            assert path == "traveller.gender" or f'"{one}"' not in left, path
    assert "gender" not in left
    assert orjson.loads(parts.input)["booking"]["co_traveller_refs"] == ["x", "x"]


def test_every_hashed_fact_and_every_protected_fact_of_a_person_is_covered():
    """A fact that is declared tomorrow is moved too, unless it tells of posts, routes and systems."""
    named = orjson.loads(parted(records()[0]).identity)
    assert "traveller.surname" in named
    for path, block in block_types():
        for name in block.model_fields:
            sensitivity = sensitivity_of(block, name)
            if sensitivity is Sensitivity.HASHED:
                assert path in {"documents", "booking", "contact", "stay"}


def test_rejoined_record_is_the_stored_one_again():
    """Both parts together say what was submitted, with an age beside a date of birth."""
    for record in records():
        parts = parted(record)
        facts = rejoin(parts.input, parts.identity)
        expected = orjson.loads(record.model_dump_json(exclude_none=True, exclude_unset=True))
        if "date_of_birth" in expected.get("traveller", {}) and "age_years" not in expected["traveller"]:
            facts["traveller"].pop("age_years", None)
        assert facts == expected


def test_subject_is_the_document_else_the_person_else_the_record():
    """The same document is the same subject, whoever spells the name how; without any, each record stands alone."""

    def subject(**changes):
        data = {"record_id": "1", "crossing": EXAMPLE_RECORD["crossing"], **changes}
        return parted(TravellerRecord.model_validate_json(orjson.dumps(data))).subject

    document = [{"number": "A1", "issuing_country": "KEN"}]
    person = {"surname": "ABDI", "date_of_birth": "1990-01-01"}
    assert subject(documents=document, traveller=person) == subject(documents=document, record_id="2")
    assert subject(documents=document) != subject(documents=[{**document[0], "issuing_country": "UGA"}])
    assert subject(traveller=person) == subject(traveller=person, record_id="2")
    assert subject(traveller={"surname": "ABDI"}) != subject(traveller={"surname": "ABDI"}, record_id="2")


@given(st.binary(max_size=9000), st.sampled_from(Part))
def test_sealed_content_comes_back_with_its_commitment(content, part):
    """Whatever the size, the content comes back, and its commitment is SHA-256 of salt and content."""
    random = fresh_random(1)
    sealed, committed = seal(CIPHER, ID, part, content, random)
    assert unseal(CIPHER, ID, part, sealed) == (content, committed)
    assert committed == hashlib.sha256(unseal_salted(CIPHER, ID, part, sealed)).digest()
    assert committed == hashlib.sha256(random[:16] + content).digest()


def test_part_that_claims_to_be_huge_is_not_unpacked(monkeypatch):
    """The size is known before anything is unpacked, and is bounded."""
    sealed, _ = seal(CIPHER, ID, Part.ANSWER, b"x" * 9000, fresh_random(1))
    monkeypatch.setattr(seals, "_CONTENT_BYTES_MAX", 8999)
    with pytest.raises(SealError, match="larger"):
        unseal(CIPHER, ID, Part.ANSWER, sealed)


def test_equal_contents_have_nothing_in_common_once_sealed():
    """Salt and nonce are new each time: neither the seals nor the commitments of equal contents are equal."""
    seals = [seal(CIPHER, ID, Part.IDENTITY, b"{}", fresh_random(1)) for _ in range(100)]
    assert len({sealed for sealed, _ in seals}) == len({committed for _, committed in seals}) == 100


@given(st.integers(min_value=0), st.sampled_from(range(8)))
def test_changed_seal_does_not_open(place, bit):
    """One bit anywhere, another decision, another part or another key: nothing opens."""
    sealed, _ = seal(CIPHER, ID, Part.ANSWER, b'{"risks":[]}' * 300, fresh_random(1))
    changed = bytearray(sealed)
    changed[place % len(sealed)] ^= 1 << bit
    for cipher, decision_id, part, data in (
        (CIPHER, ID, Part.ANSWER, bytes(changed)),
        (CIPHER, ID[:-1] + "1", Part.ANSWER, sealed),
        (CIPHER, ID, Part.INPUT, sealed),
        (AESGCM(b"\x01" * 32), ID, Part.ANSWER, sealed),
        (CIPHER, ID, Part.ANSWER, sealed[:10]),
    ):
        with pytest.raises(SealError):
            unseal(cipher, decision_id, part, data)


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()))
def test_answer_without_and_with_its_record_id(record_id):
    """The sender's id leaves the answer and comes back to the same bytes."""
    answer = orjson.dumps({"decision_id": ID, "record_id": record_id, "risks": [{"record_id": record_id}]})
    stripped = without_record_id(answer, record_id)
    assert orjson.loads(stripped)["record_id"] is None
    assert with_record_id(stripped, record_id) == answer
