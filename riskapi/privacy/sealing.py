"""What of a record says who somebody is, kept apart from the rest, so that each can be sealed, and go, on its own."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from features.minor import age_on
from features.record import AGE_MAX, Sensitivity, TravellerRecord, sensitivity_of
from features.timing import crossing_day
from features.walk import block_types
from riskapi.decisions import AnsweredRecord, DecisionRecord
from riskapi.privacy.seals import RANDOM_BYTES, Part, commitment, fresh_random, seal, unseal, unseal_salted
from riskapi.secret import ServiceSecret

__all__ = [
    "RANDOM_BYTES",
    "SUBJECT",
    "Part",
    "SplitRecord",
    "age_of",
    "commitment",
    "divide",
    "fresh_random",
    "kept_of",
    "record_key",
    "rejoin",
    "seal",
    "split",
    "unseal",
    "unseal_salted",
    "with_record_id",
    "without_record_id",
]

SUBJECT = b"subject"
"""Purpose of the keyed hash of a subject."""
_RECORD = b"record"
HIDDEN = "x"
"""Stands in the input where a fact of identity has to stand."""
_PERSONAL_BLOCKS = frozenset({"Traveller", "Document", "Seat"})
_PERSONAL_ELSEWHERE = frozenset({"co_traveller_refs"})
"""Protected facts of other blocks tell of posts, routes and systems."""
_PATH = re.compile(r"(?:(?P<block>[a-z_]+)(?:\[(?P<place>\d+)\])?\.)?(?P<name>[a-z_]+)")


@dataclass(frozen=True, slots=True)
class SplitRecord:
    """A record in two parts.

    Attributes:
        input: JSON that validates as a record and gives the same feature values; linkage facts are keyed hashes.
        identity: JSON object of facts of identity and contact by place, such as ``documents[0].number``.
        subject: says who it is, for the keyed hash: document, else name and birth, else the sender's id.
        record_id: the sender's id.
    """

    input: bytes
    identity: bytes
    subject: bytes
    record_id: str


def split(
    record: bytes, age_years: int | None, hasher: Callable[[str], str], birth_contradicts: Sequence[str] = ()
) -> SplitRecord:
    """Part what identifies from what is needed to account for a score.

    A date of birth leaves behind the age at the crossing and what it cannot be right with, which a hard check reads; a
    telephone number its keyed hash, since features count them.

    Args:
        record: JSON of a valid record without the facts that are never stored.
        age_years: at the crossing, where the date of birth tells it.
        hasher: keyed hash of a linkage fact.
        birth_contradicts: what the date of birth cannot be right with.
    """
    facts: dict[str, Any] = orjson.loads(record)
    identity: dict[str, Any] = {"record_id": facts["record_id"]}
    facts["record_id"] = HIDDEN
    traveller = facts.get("traveller")
    if traveller and traveller.get("date_of_birth") is not None:
        if (stated := traveller.pop("age_years", None)) is not None:
            identity["traveller.age_years"] = stated
        if age_years is not None:
            traveller["age_years"] = min(age_years, AGE_MAX)
        traveller.pop("birth_contradicts", None)
        if birth_contradicts:
            traveller["birth_contradicts"] = birth_contradicts
    for block, moved in _MOVED.items():
        found = facts.get(block)
        if found.__class__ is dict:
            _move(found, moved, f"{block}.", identity, hasher)
        elif found:
            for place, one in enumerate(found):
                _move(one, moved, f"{block}[{place}].", identity, hasher)
    return SplitRecord(
        orjson.dumps(facts), orjson.dumps(identity), orjson.dumps(_subject(identity)), identity["record_id"]
    )


def divide(answered: AnsweredRecord, secret: ServiceSecret) -> DecisionRecord:
    """Make of an answer and its record what is stored of them.

    Args:
        answered: as it was handed over.
        secret: for the keyed hashes of linkage facts and of the subject.
    """
    parts = split(answered.record, answered.age_years, secret.hash_fact, answered.birth_contradicts)
    return DecisionRecord(
        answered.decision_id,
        answered.scored_at,
        answered.principal,
        answered.unit,
        answered.key_id,
        answered.audiences,
        answered.digests,
        answered.dropped,
        answered.purpose,
        secret.hash_subject(SUBJECT, parts.subject),
        parts.input,
        parts.identity,
        without_record_id(answered.answer, parts.record_id),
        answered.claim,
        answered.rectifies,
        answered.policy,
        answered.referrals,
        answered.trace,
        record_key(parts.record_id, secret),
    )


def record_key(record_id: str, secret: ServiceSecret) -> int:
    """Hash the sender's id of a record, so that its decisions can be found by who knows it, and by nobody else.

    Returns:
        64 bits, signed: few enough that a match has to be checked.
    """
    return int.from_bytes(secret.hash_subject(_RECORD, record_id.encode())[:8], signed=True)


def kept_of(record: TravellerRecord) -> bytes:
    """Write what of a record may be stored: all of it but the facts that are never stored (JSON)."""
    return record.model_dump_json(exclude_none=True, exclude_unset=True).encode()


def age_of(record: TravellerRecord) -> int | None:
    """The age at the crossing that a record's date of birth tells; ``None`` where it tells none."""
    born = None if record.traveller is None else record.traveller.date_of_birth
    return None if born is None else age_on(crossing_day(record), born)


def rejoin(input_: bytes, identity: bytes | None) -> dict[str, Any]:
    """Put a record together again, as far as its parts are there.

    >>> rejoin(b'{"record_id":"x","traveller":{"age_years":34}}', b'{"record_id":"1","traveller.surname":"ABDI"}')
    {'record_id': '1', 'traveller': {'age_years': 34, 'surname': 'ABDI'}}
    """
    facts: dict[str, Any] = orjson.loads(input_)
    for path, value in orjson.loads(identity or b"{}").items():
        place = _PATH.fullmatch(path)
        assert place is not None, "paths are written by split"
        block: Any = facts
        if place["block"]:
            block = facts.setdefault(place["block"], {})
        if place["place"]:
            block = block[int(place["place"])]
        block[place["name"]] = value
    return facts


def without_record_id(answer: bytes, record_id: str) -> bytes:
    """Take the sender's id out of an answer: it is a fact of identity, and is sealed as one.

    >>> without_record_id(b'{"decision_id":"0","record_id":"KQ-1","risks":[]}', "KQ-1")
    b'{"decision_id":"0","record_id":null,"risks":[]}'
    """
    return answer.replace(b'"record_id":' + orjson.dumps(record_id), _NO_RECORD_ID, 1)


def with_record_id(answer: bytes, record_id: str) -> bytes:
    """Put the sender's id back: the answer is then, byte for byte, what was sent."""
    return answer.replace(_NO_RECORD_ID, b'"record_id":' + orjson.dumps(record_id), 1)


_NO_RECORD_ID = b'"record_id":null'


def _move(
    block: dict[str, Any],
    moved: Mapping[str, Sensitivity],
    path: str,
    identity: dict[str, Any],
    hasher: Callable[[str], str],
) -> None:
    for name in block.keys() & moved.keys():
        value = block.pop(name)
        if value is None:
            continue
        identity[path + name] = value
        if moved[name] is Sensitivity.HASHED:
            block[name] = hasher(value)
        elif name == "co_traveller_refs":
            block[name] = [HIDDEN] * len(value)


def _subject(identity: Mapping[str, Any]) -> list[Any]:
    number = identity.get("documents[0].number")
    if number is not None:
        return ["document", number, identity.get("documents[0].issuing_country")]
    names = [identity.get("traveller.surname"), identity.get("traveller.given_names")]
    born = identity.get("traveller.date_of_birth")
    if born is not None and any(names):
        return ["person", *names, born]
    return ["record", identity["record_id"]]


def _identifying(block: type[Any], name: str) -> Sensitivity | None:
    """The sensitivity of a field that holds a fact of identity or contact; ``None`` for any other."""
    sensitivity = sensitivity_of(block, name)
    if sensitivity is Sensitivity.HASHED:
        return sensitivity
    personal = block.__name__ in _PERSONAL_BLOCKS or name in _PERSONAL_ELSEWHERE
    return sensitivity if sensitivity is Sensitivity.AUDIT and personal and name != "age_years" else None


_MOVED: dict[str, dict[str, Sensitivity]] = {
    path: moved
    for path, block in block_types()
    if (moved := {name: found for name in block.model_fields if (found := _identifying(block, name)) is not None})
}
"""Facts of identity and contact by block; told by what the record itself declares of each fact."""
