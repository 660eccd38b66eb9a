"""Outcomes in the store: told of in the log, sealed beside the contents of their decision, corrected by a later one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from features.memory.events import Finding
from features.risk import Audience
from riskapi.errors import ChainError, ConflictError
from riskapi.ids import uuid7
from riskapi.log.entry import Kind
from riskapi.privacy.keys import CONTENT, Keys
from riskapi.privacy.seals import OUTCOME, RANDOM_BYTES, fresh_random, seal, unseal
from riskapi.storage import memory, schema
from riskapi.storage.guard import storage_errors
from riskapi.storage.journal import Journal, Transaction

GONE = "What was stored of this decision was erased or has expired: nothing more is kept about it."
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1869968500)"  # "outc": of two outcomes at once one comes first
_PAGE = 500
_index, _sealed, _contents = schema.outcomes, schema.outcome_contents, schema.decision_contents
_log = schema.log


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """An outcome to store.

    Attributes:
        decision_id: that it is about.
        audience: whose it is; nobody else sees it.
        supersedes: the outcome that it corrects; ``None`` for the first one.
        content: what was found (JSON).
        fingerprint: keyed hash of the content, by which the same outcome sent again is known.
        finding: what of it may be remembered.
    """

    decision_id: str
    audience: str
    supersedes: str | None
    content: bytes
    fingerprint: bytes
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an outcome that was sent.

    Attributes:
        version: 1 for the first outcome of a decision, one more for each correction.
        repeated: whether it was on record already.
    """

    outcome_id: str
    decision_id: str
    version: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """An outcome as it is read again, with who recorded it, when and by which way.

    Attributes:
        way: ``api``, ``file`` or ``desk``; ``None`` of one that was recorded before ways were told.
    """

    outcome_id: str
    decision_id: str
    version: int
    at: str
    by: str
    content: bytes
    way: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedBy:
    """Who records outcomes, why they may use the data, and by which way: ``api``, ``file`` or ``desk``."""

    name: str
    key_id: str
    unit: str
    purpose: str
    way: str = "api"


class SqlOutcomeStore:
    """The outcomes of one database; may be called from any thread."""

    def __init__(self, engine: sa.Engine, journal: Journal, keys: Keys) -> None:
        self._engine = engine
        self._journal = journal
        self._keys = keys

    def append(self, rows: Sequence[OutcomeRow], by: RecordedBy) -> list[Recorded]:
        """Store outcomes in one durable transaction; those that are on record already are passed over.

        Raises:
            ConflictError: where a decision has another outcome already that the new one does not name, or where nothing
                is kept of the decision any more; nothing is stored then.
            StorageError: the outcome is unknown.
        """
        with self._journal.transaction() as transaction:
            return self.append_within(transaction, rows, by)

    def append_within(self, transaction: Transaction, rows: Sequence[OutcomeRow], by: RecordedBy) -> list[Recorded]:
        """Do the same as a part of a transaction: what an outcome rests on is stored with it or not at all."""
        connection = transaction.connection
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(_ONE_AT_A_TIME)
        known = _known(connection, {row.decision_id for row in rows})
        ciphers = self._ciphers(connection, {row.decision_id for row in rows})
        random = fresh_random(len(rows))
        done = []
        for place, row in enumerate(rows):
            chain = known.setdefault((row.decision_id, row.audience), [])
            found = next((one for one in chain if one[2] == row.fingerprint), None)
            if found is not None:
                done.append(Recorded(found[0], row.decision_id, found[1], repeated=True))
                continue
            _check_next(row, chain, place)
            cipher = ciphers.get(row.decision_id)
            if cipher is None:
                raise ConflictError(f"outcomes[{place}]: {GONE}")
            piece = random[place * RANDOM_BYTES : (place + 1) * RANDOM_BYTES]
            made = Recorded(uuid7(), row.decision_id, len(chain) + 1, repeated=False)
            _store(transaction, row, made, by, seal(cipher, made.outcome_id, OUTCOME, row.content, piece))
            chain.append((made.outcome_id, made.version, row.fingerprint))
            done.append(made)
        return done

    def latest(self, decision_ids: Sequence[str], audience: str) -> dict[str, StoredOutcome]:
        """Find the outcome that counts now, of each of some decisions; those without are left out.

        Raises:
            ChainError: where what is stored is not what the log says.
            SealError: where it does not open.
        """
        found: dict[str, StoredOutcome] = {}
        for one in self.of(decision_ids, audience):
            found[one.decision_id] = one
        return found

    def of(self, decision_ids: Sequence[str], audience: str) -> list[StoredOutcome]:
        """Find all outcomes of decisions for one audience, the first version first."""
        found: list[StoredOutcome] = []
        for start in range(0, len(decision_ids), _PAGE):
            page = decision_ids[start : start + _PAGE]
            with storage_errors(), self._engine.connect() as connection:
                rows = connection.execute(_SELECT, {"ids": list(page), "audience": audience}).all()
                ciphers = self._ciphers(connection, {row.decision_id for row in rows})
            for row in rows:
                cipher = ciphers.get(row.decision_id)
                if cipher is None:  # erased since
                    continue
                content, commitment = unseal(cipher, row.id, OUTCOME, bytes(row.sealed))
                told = orjson.loads(row.body)
                if commitment.hex() != told["commit"] or told["outcome_id"] != row.id:
                    raise ChainError("A stored outcome is not what the log says.")
                found.append(_stored(row, told, content))
        return found

    def _ciphers(self, connection: sa.Connection, decision_ids: Collection[str]) -> Mapping[str, AESGCM]:
        """The content keys of the subjects of decisions, by decision; those that are gone are left out."""
        statement = sa.select(_contents.c.decision_id, _contents.c.subject_id).where(
            _contents.c.decision_id.in_(decision_ids)
        )
        subjects = {row.decision_id: row.subject_id for row in connection.execute(statement)}
        keys = self._keys.ciphers(set(subjects.values())) if subjects else {}
        return {one: keys[subject, CONTENT] for one, subject in subjects.items() if (subject, CONTENT) in keys}


def _stored(row: Any, told: Mapping[str, Any], content: bytes) -> StoredOutcome:
    return StoredOutcome(row.id, row.decision_id, row.version, row.at, told["by"], content, told.get("way"))


_SELECT = (
    sa.select(_index.c.id, _index.c.decision_id, _index.c.version, _sealed.c.sealed, _log.c.at, _log.c.body)
    .join(_sealed, _sealed.c.outcome_id == _index.c.id)
    .join(_log, sa.and_(_log.c.writer == _index.c.writer, _log.c.seq == _index.c.seq))
    .where(_index.c.decision_id.in_(sa.bindparam("ids", expanding=True)), _index.c.audience == sa.bindparam("audience"))
    .order_by(_index.c.decision_id, _index.c.version)
)

Known = dict[tuple[str, str], list[tuple[str, int, bytes]]]
"""By decision and audience: id, version and fingerprint of each outcome, in order."""


def _known(connection: sa.Connection, decision_ids: Collection[str]) -> Known:
    statement = (
        sa.select(_index.c.decision_id, _index.c.audience, _index.c.id, _index.c.version, _sealed.c.fingerprint)
        .join(_sealed, _sealed.c.outcome_id == _index.c.id)
        .where(_index.c.decision_id.in_(decision_ids))
        .order_by(_index.c.version)
    )
    known: Known = {}
    for row in connection.execute(statement):
        known.setdefault((row.decision_id, row.audience), []).append((row.id, row.version, bytes(row.fingerprint)))
    return known


def _check_next(row: OutcomeRow, chain: Sequence[tuple[str, int, bytes]], place: int) -> None:
    """Check that an outcome is the first, or corrects the one that counts now."""
    counts = chain[-1][0] if chain else None
    if row.supersedes == counts:
        return
    if counts is None:
        raise ConflictError(f"outcomes[{place}]: it supersedes an outcome that this decision does not have.")
    raise ConflictError(
        f"outcomes[{place}]: the decision has an outcome already. To correct it, name it in `supersedes`: {counts}."
    )


def _store(
    transaction: Transaction, row: OutcomeRow, made: Recorded, by: RecordedBy, sealed: tuple[bytes, bytes]
) -> None:
    body = {
        "by": by.name,
        "commit": sealed[1].hex(),
        "decision_id": row.decision_id,
        "key_id": by.key_id,
        "outcome_id": made.outcome_id,
        "purpose": by.purpose,
        "supersedes": row.supersedes,
        "unit": by.unit,
        "version": made.version,
        "way": by.way,
    }
    entry = transaction.append(Kind.OUTCOME, body)
    recorded = int(datetime.fromisoformat(entry.at).timestamp())
    memory.learn(transaction.connection, row.decision_id, Audience(row.audience), row.finding, recorded)
    transaction.connection.execute(
        sa.insert(_index).values(
            decision_id=row.decision_id,
            audience=row.audience,
            version=made.version,
            id=made.outcome_id,
            writer=entry.writer,
            seq=entry.seq,
        )
    )
    transaction.connection.execute(
        sa.insert(_sealed).values(
            outcome_id=made.outcome_id, decision_id=row.decision_id, fingerprint=row.fingerprint, sealed=sealed[0]
        )
    )
