"""One line of the log: what happened, tied by its hash to every line of the same writer before it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

GENESIS_PREV = bytes(32)
"""What stands in the place of the hash before the first one."""
LEAF_PREFIX = b"\x00"
"""Of a leaf of a Merkle tree (RFC 6962), so that no leaf can be read as an inner node."""


class Kind(StrEnum):
    """What can happen."""

    GENESIS = "genesis"
    DECISION = "decision"
    ACCESS = "access"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_CHANGED = "account_changed"
    SIGNED_IN = "signed_in"
    HOLD_SET = "hold_set"
    HOLD_RELEASED = "hold_released"
    MASKED = "masked"
    ERASED = "erased"
    EXPIRED = "expired"
    RECTIFIED = "rectified"
    REFUSED_PURPOSE = "refused_purpose"
    OUTCOME = "outcome"
    DESK = "desk"
    SELECTION_POLICY = "selection_policy"
    CHALLENGER_NAMED = "challenger_named"
    CHALLENGER_WITHDRAWN = "challenger_withdrawn"


Body = Mapping[str, Any]
"""Texts, whole numbers, flags, lists and objects of these; nothing that identifies a traveller."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row of the log.

    Attributes:
        writer: name of the chain: a number for each service process that runs at once, ``cli`` for commands.
        seq: place in the chain, from 1, without gaps.
        at: time (UTC, ISO 8601); a recorded fact, never what the order rests on.
        kind: what happened.
        body: canonical JSON (RFC 8785).
        hash: of this entry, which holds the hash of the one before.
    """

    writer: str
    seq: int
    at: str
    kind: str
    body: bytes
    hash: bytes


def canonical(body: Body) -> bytes:
    """Write a body as canonical JSON (RFC 8785).

    For ASCII keys, texts, flags and whole numbers below 2**53 the fast writer gives the same bytes as the standard;
    numbers with a fraction are not written, since there the two differ.

    Raises:
        TypeError: where something else stands in the body.

    >>> canonical({"b": [1, "ü"], "a": None}).decode()
    '{"a":null,"b":[1,"ü"]}'
    """
    _check(body)
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)


def entry_bytes(writer: str, seq: int, at: str, kind: str, body: bytes, *, prev: bytes) -> bytes:
    """Write what is hashed: the canonical JSON of the entry and of the hash before it.

    >>> entry_bytes("1", 1, "2026-03-14T09:40:00.000Z", "genesis", b"{}", prev=GENESIS_PREV)[:49]
    b'{"at":"2026-03-14T09:40:00.000Z","body":{},"kind"'
    """
    text = b'{"at":"%b","body":%b,"kind":"%b","prev":"%b","seq":%d,"writer":"%b"}'
    return text % (at.encode(), body, kind.encode(), prev.hex().encode(), seq, writer.encode())


def entry_hash(writer: str, seq: int, at: str, kind: str, body: bytes, *, prev: bytes) -> bytes:
    """Hash an entry as a leaf of a Merkle tree (RFC 6962): SHA-256 of a zero byte and the entry."""
    return hashlib.sha256(LEAF_PREFIX + entry_bytes(writer, seq, at, kind, body, prev=prev)).digest()


def chained(writer: str, seq: int, at: str, kind: str, body: bytes, *, prev: bytes) -> LogEntry:
    """Make the entry that follows another one."""
    return LogEntry(writer, seq, at, kind, body, entry_hash(writer, seq, at, kind, body, prev=prev))


def _check(value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise TypeError("A key of a log body is no ASCII text.")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif not (value is None or isinstance(value, str | int)):
        raise TypeError(f"A log body has no place for a {type(value).__name__}.")
