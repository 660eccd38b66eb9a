"""The desk in the store: each act chained, sealed beside the contents of its decision, and never changed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from riskapi.desk.acts import Act, DeskEvent, Standing, standing_of
from riskapi.errors import ChainError, ConflictError, NotFoundError
from riskapi.ids import uuid7
from riskapi.log.entry import Kind
from riskapi.privacy.keys import CONTENT, Keys
from riskapi.privacy.seals import DESK, fresh_random, seal, unseal
from riskapi.storage import schema
from riskapi.storage.guard import storage_errors
from riskapi.storage.journal import Journal, Transaction
from riskapi.storage.outcomes import GONE, RecordedBy

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1684370283)"  # "desk": of two who reach for a case one comes first
NO_CASE = "No case with this id that this key may see."
_cases, _events, _sealed, _log = schema.desk_cases, schema.desk_events, schema.desk_contents, schema.log


class CaseKey(NamedTuple):
    """Names a case: a decision is one for each audience that is asked to look."""

    decision_id: str
    audience: str


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What was settled of a case when it came in."""

    key: CaseKey
    unit: str
    principal: str
    scored_at: str
    view_first: bool
    readings: int


@dataclass(frozen=True, slots=True)
class NewAct:
    """An act to store.

    Attributes:
        content: what is said with it (JSON data).
        token: keyed hash of the form's token.
        fingerprint: keyed hash of the act and its content.
    """

    act: Act
    content: dict[str, Any]
    token: bytes
    fingerprint: bytes


Settle = Callable[[Transaction, CaseFacts, Standing], Act]
"""Decides within the transaction whether an act may happen, and stores what has to be stored with it; raises if not.

It gives the act: a reading of a disputed case is its resolution."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A case after an act, and whether the act was on record before."""

    facts: CaseFacts
    standing: Standing
    repeated: bool


class SqlDeskStore:
    """The desk of one database; may be called from any thread."""

    def __init__(self, engine: sa.Engine, journal: Journal, keys: Keys) -> None:
        self._engine = engine
        self._journal = journal
        self._keys = keys

    def case(self, key: CaseKey) -> tuple[CaseFacts, Standing] | None:
        """Find a case and where it stands; ``None`` where there is none, or nothing is kept of it any more.

        Raises:
            ChainError: where what is stored is not what the log says.
            SealError: where it does not open.
        """
        with storage_errors(), self._engine.connect() as connection:
            facts = _facts(connection, key)
            return None if facts is None else (facts, standing_of(facts.readings, self._read(connection, key)))

    def append(self, key: CaseKey, new: NewAct, by: RecordedBy, settle: Settle) -> Stored:
        """Store an act in one durable transaction; the same form sent again is passed over.

        Raises:
            ConflictError: where the rule refuses it, a form was sent before with another content, or nothing is kept of
                the decision any more; nothing is stored then.
            NotFoundError: where there is no such case.
            StorageError: the outcome is unknown.
        """
        with self._journal.transaction() as transaction:
            connection = transaction.connection
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(_ONE_AT_A_TIME)
            facts = _facts(connection, key)
            if facts is None:
                raise NotFoundError(NO_CASE)
            standing = standing_of(facts.readings, self._read(connection, key))
            if _is_known(connection, key, new):
                return Stored(facts, standing, repeated=True)
            act = settle(transaction, facts, standing)
            cipher = self._cipher(connection, key.decision_id)
            if cipher is None:
                raise ConflictError(GONE)
            standing.after(_store(transaction, facts, standing, new, act, by, cipher))
            _show(connection, key, standing)
        return Stored(facts, standing, repeated=False)

    def _read(self, connection: sa.Connection, key: CaseKey) -> list[DeskEvent]:
        rows = connection.execute(_SELECT, key._asdict()).all()
        cipher = self._cipher(connection, key.decision_id) if rows else None
        return [] if cipher is None else [open_event(row, cipher) for row in rows]

    def _cipher(self, connection: sa.Connection, decision_id: str) -> AESGCM | None:
        contents = schema.decision_contents
        statement = sa.select(contents.c.subject_id).where(contents.c.decision_id == decision_id)
        subject = connection.execute(statement).scalar_one_or_none()
        return None if subject is None else self._keys.ciphers({subject}).get((subject, CONTENT))


SELECT_EVENTS = (
    sa.select(
        _events.c.decision_id, _events.c.id, _events.c.version, _events.c.act, _log.c.at, _log.c.body, _sealed.c.sealed
    )
    .join(_sealed, _sealed.c.event_id == _events.c.id)
    .join(_log, sa.and_(_log.c.writer == _events.c.writer, _log.c.seq == _events.c.seq))
)
_SELECT = SELECT_EVENTS.where(
    _events.c.decision_id == sa.bindparam("decision_id"), _events.c.audience == sa.bindparam("audience")
).order_by(_events.c.version)


def open_event(row: Any, cipher: AESGCM) -> DeskEvent:
    """Open one row of :data:`SELECT_EVENTS`.

    Raises:
        ChainError: where it is not what the log says.
        SealError: where it does not open.
    """
    content, commitment = unseal(cipher, row.id, DESK, bytes(row.sealed))
    told = orjson.loads(row.body)
    if (commitment.hex(), row.id, row.version) != (told["commit"], told["event_id"], told["version"]):
        raise ChainError("What is stored of the desk is not what the log says.")
    return DeskEvent(row.id, row.version, Act(told["act"]), told["by"], row.at, orjson.loads(content))


def _facts(connection: sa.Connection, key: CaseKey) -> CaseFacts | None:
    statement = sa.select(_cases).where(_cases.c.decision_id == key.decision_id, _cases.c.audience == key.audience)
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return CaseFacts(key, row.unit, row.principal, row.scored_at, row.first_view != "none", row.readings)


def _is_known(connection: sa.Connection, key: CaseKey, new: NewAct) -> bool:
    """Whether a form was sent before."""
    statement = (
        sa.select(_sealed.c.fingerprint)
        .join(_events, _events.c.id == _sealed.c.event_id)
        .where(
            _events.c.decision_id == key.decision_id, _events.c.audience == key.audience, _events.c.token == new.token
        )
    )
    found = connection.execute(statement).scalar_one_or_none()
    if found is not None and bytes(found) != new.fingerprint:
        raise ConflictError("This form was sent before with another content, and counts as it was sent then.")
    return found is not None


def _store(  # noqa: PLR0917 - what one row is made of
    transaction: Transaction,
    facts: CaseFacts,
    standing: Standing,
    new: NewAct,
    act: Act,
    by: RecordedBy,
    cipher: AESGCM,
) -> DeskEvent:
    event_id, version = uuid7(), standing.version + 1
    content = orjson.dumps(new.content, option=orjson.OPT_SORT_KEYS)
    sealed, commitment = seal(cipher, event_id, DESK, content, fresh_random(1))
    entry = transaction.append(
        Kind.DESK,
        {
            "act": act.value,
            "audience": facts.key.audience,
            "by": by.name,
            "commit": commitment.hex(),
            "decision_id": facts.key.decision_id,
            "event_id": event_id,
            "key_id": by.key_id,
            "purpose": by.purpose,
            "unit": by.unit,
            "version": version,
        },
    )
    row = facts.key._asdict() | {"version": version, "id": event_id, "act": act.value, "person": by.name}
    connection = transaction.connection
    connection.execute(sa.insert(_events).values(**row, token=new.token, writer=entry.writer, seq=entry.seq))
    kept = {"event_id": event_id, "decision_id": facts.key.decision_id, "fingerprint": new.fingerprint}
    connection.execute(sa.insert(_sealed).values(**kept, sealed=sealed))
    return DeskEvent(event_id, version, act, by.name, entry.at, new.content)


def _show(connection: sa.Connection, key: CaseKey, standing: Standing) -> None:
    """Let the queue show where the case stands."""
    connection.execute(
        sa.update(_cases)
        .where(_cases.c.decision_id == key.decision_id, _cases.c.audience == key.audience)
        .values(
            state=standing.state.value,
            held_by=standing.held_by,
            held_until=standing.held_until,
            version=standing.version,
        )
    )
