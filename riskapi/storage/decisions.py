"""Decisions: sealed, told of in the log, indexed; and opened again for those who may see them."""

from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from features.memory.trace import Trace
from features.risk import Audience
from riskapi.decisions import Claim, DecisionRecord, Refused, StoredDecision
from riskapi.desk.arrival import COLUMNS, Arrivals
from riskapi.errors import ChainError
from riskapi.log.entry import Kind
from riskapi.privacy.keys import CONTENT, Keys, SubjectKeys
from riskapi.privacy.seals import RANDOM_BYTES, Part, fresh_random, seal, unseal
from riskapi.storage import memory, schema
from riskapi.storage.bulk import insert_rows
from riskapi.storage.contents import Contents, ContentsRow, NewContents
from riskapi.storage.guard import storage_errors
from riskapi.storage.journal import Journal, Transaction

MASKED = "Identity was masked: it was kept as long as the rules on retention allow."
GONE = "The contents of this decision were erased or have expired; what the log says of it stays."

_INDEX_COLUMNS = {"id": "text", "writer": "text", "seq": "int8"}
_CLAIM_COLUMNS = {"principal": "text", "key": "bytea", "fingerprint": "bytea", "decision_id": "text"}
_RANDOM_OF_ROW = len(Part) * RANDOM_BYTES
_claims = schema.idempotency_keys
_FIND = (
    sa.select(schema.log.c.writer, schema.log.c.seq, schema.log.c.at, schema.log.c.body)
    .join(
        schema.decisions,
        sa.and_(schema.decisions.c.writer == schema.log.c.writer, schema.decisions.c.seq == schema.log.c.seq),
    )
    .where(schema.decisions.c.id == sa.bindparam("id"))
)
_FIND_LATER = (
    sa.select(schema.rectifications.c.corrected)
    .where(schema.rectifications.c.original == sa.bindparam("id"))
    .order_by(schema.rectifications.c.corrected)
)


class SqlDecisionStore:
    """The decisions of one database; may be called from any thread.

    Args:
        engine: of the store.
        journal: takes the entries.
        keys: of the subjects.
        arrivals: makes the cases of the desk; left out where nobody is asked to look.
    """

    def __init__(self, engine: sa.Engine, journal: Journal, keys: Keys, arrivals: Arrivals | None = None) -> None:
        self._engine = engine
        self._journal = journal
        self._keys = keys
        self._contents = Contents(engine)
        self._arrivals = arrivals

    def append(self, rows: Sequence[DecisionRecord]) -> Refused:
        """Store rows in one durable transaction.

        Returns:
            Ids of those that were not stored, since another decision has their idempotency key.

        Raises:
            StorageError: the outcome is unknown.
        """
        with self._journal.transaction() as transaction:
            refused = _claim(transaction.connection, rows)
            kept = [row for row in rows if row.decision_id not in refused] if refused else rows
            if kept:
                self._store(transaction, kept)
        return refused

    def tick(self) -> None:
        """See to what is due while nothing is stored: a checkpoint, or the log after an error.

        Raises:
            StorageError: where the store is not well.
        """
        self._journal.tick()

    def decision(self, decision_id: str) -> StoredDecision | None:
        """Find one decision and open what is left of it.

        Raises:
            ChainError: where what was stored is not what the log says.
            SealError: where it does not open.
        """
        with storage_errors(), self._engine.connect() as connection:
            row = connection.execute(_FIND, {"id": decision_id}).one_or_none()
            if row is None:
                return None
            later = connection.execute(_FIND_LATER, {"id": decision_id}).scalars().all()
        body: dict[str, Any] = orjson.loads(row.body)
        sealed = self._contents.get(decision_id)
        parts = self._open(sealed, body["commit"]) if sealed is not None else {}
        note = GONE if Part.ANSWER not in parts else MASKED if Part.IDENTITY not in parts else None
        return StoredDecision(
            row.writer,
            row.seq,
            body["decision_id"],
            row.at,
            body["principal"],
            body["unit"],
            body["key_id"],
            tuple(map(Audience, body["audiences"])),
            tuple(body["digests"]),
            tuple(body["dropped"]),
            body["purpose"],
            parts.get(Part.INPUT),
            parts.get(Part.IDENTITY),
            parts.get(Part.ANSWER),
            note,
            body.get("supersedes"),
            tuple(later),
            body.get("policy", ""),
            tuple(body.get("referrals", ())),
        )

    def claimed(self, principal: str, claim: Claim) -> tuple[str, bool] | None:
        """Find the decision that has an idempotency key.

        Returns:
            Its id, and whether the body was the same.
        """
        statement = sa.select(_claims.c.decision_id, _claims.c.fingerprint).where(
            _claims.c.principal == principal, _claims.c.key == claim.key
        )
        with storage_errors(), self._engine.connect() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else (row.decision_id, bytes(row.fingerprint) == claim.fingerprint)

    def _store(self, transaction: Transaction, rows: Sequence[DecisionRecord]) -> None:
        keys = self._keys.ensure({(row.subject, row.month) for row in rows})
        random = fresh_random(len(Part) * len(rows))
        entries, contents = [], []
        for place, row in enumerate(rows):
            body, sealed = _sealed(row, keys[row.subject, row.month], random, place * _RANDOM_OF_ROW)
            entries.append((row.scored_at, body))
            contents.append(sealed)
        first = transaction.extend(Kind.DECISION, entries)
        connection, writer = transaction.connection, transaction.writer
        index = [(row.decision_id, writer, seq) for seq, row in enumerate(rows, first)]
        insert_rows(connection, "decisions", _INDEX_COLUMNS, index)
        Contents.add(connection, contents)
        if self._arrivals is not None and (cases := [case for row in rows for case in self._arrivals.of(row)]):
            insert_rows(connection, "desk_cases", COLUMNS, cases)
        for row in rows:
            if row.rectifies is not None:
                _link(transaction, row)
        if corrected := [row.rectifies.decision_id for row in rows if row.rectifies is not None]:
            memory.forget(connection, corrected)
        if traces := [(row.decision_id, Trace.from_bytes(row.trace)) for row in rows if row.trace]:
            memory.keep(connection, traces)

    def _open(self, row: ContentsRow, commitments: dict[str, str]) -> dict[Part, bytes]:
        opened = {}
        for part, epoch, sealed in (
            (Part.INPUT, CONTENT, row.input),
            (Part.ANSWER, CONTENT, row.answer),
            (Part.IDENTITY, row.month, row.identity),
        ):
            cipher = self._keys.cipher(row.subject_id, epoch) if sealed is not None else None
            if cipher is None or sealed is None:
                continue
            opened[part], found = unseal(cipher, row.decision_id, part, sealed)
            if found.hex() != commitments[part]:
                raise ChainError(f"The stored {part} of the decision is not what the log says.")
        return opened


def _sealed(row: DecisionRecord, keys: SubjectKeys, random: bytes, start: int) -> tuple[bytes, NewContents]:
    """Seal the parts of a decision, and write what the log says of it."""
    decision_id = row.decision_id
    pieces = [random[at : at + RANDOM_BYTES] for at in range(start, start + _RANDOM_OF_ROW, RANDOM_BYTES)]
    content = AESGCM(keys.content)
    input_, input_hash = seal(content, decision_id, Part.INPUT, row.input, pieces[0])
    identity, identity_hash = seal(AESGCM(keys.identity), decision_id, Part.IDENTITY, row.identity, pieces[1])
    answer, answer_hash = seal(content, decision_id, Part.ANSWER, row.answer, pieces[2])
    policy = {"policy": row.policy} if row.policy else {}
    referrals = {"referrals": row.referrals} if row.policy else {}
    supersedes = {} if row.rectifies is None else {"supersedes": row.rectifies.decision_id}
    body = orjson.dumps(  # canonical: sorted ASCII keys, texts and lists of texts alone
        {
            "audiences": row.audiences,
            "commit": {"answer": answer_hash.hex(), "identity": identity_hash.hex(), "input": input_hash.hex()},
            "decision_id": decision_id,
            "digests": row.digests,
            "dropped": row.dropped,
            "key_id": row.key_id,
            **policy,
            "principal": row.principal,
            "purpose": row.purpose,
            **referrals,
            **supersedes,
            "unit": row.unit,
        }
    )
    return body, (decision_id, keys.subject_id, row.month, input_, identity, answer, row.record_key)


def _link(transaction: Transaction, row: DecisionRecord) -> None:
    """Tie a decision about a corrected record to the one that it corrects."""
    assert row.rectifies is not None
    original, reason = row.rectifies
    transaction.connection.execute(
        sa.insert(schema.rectifications).values(corrected=row.decision_id, original=original)
    )
    told = {"by": row.principal, "corrected": row.decision_id, "key_id": row.key_id, "original": original}
    transaction.append(Kind.RECTIFIED, told | {"reason": reason}, row.scored_at)


def _claim(connection: sa.Connection, rows: Sequence[DecisionRecord]) -> Refused:
    """Store the idempotency keys of rows, passing over those that are taken.

    A key that another process is just storing is waited for, so the outcome is one.
    """
    claims: dict[tuple[str, bytes], tuple[str, bytes, bytes, str]] = {}
    for row in rows:
        if row.claim is not None:
            place = row.principal, row.claim.key
            claims.setdefault(place, (row.principal, *row.claim, row.decision_id))
    if not claims:
        return ()
    insert_rows(
        connection, "idempotency_keys", _CLAIM_COLUMNS, [claims[one] for one in sorted(claims)], unless_there=True
    )
    statement = sa.select(_claims.c.principal, _claims.c.key, _claims.c.decision_id).where(
        _claims.c.key.in_([key for _, key in claims])
    )
    owners = {(found.principal, bytes(found.key)): found.decision_id for found in connection.execute(statement)}
    return [row.decision_id for row in rows if row.claim and owners[row.principal, row.claim.key] != row.decision_id]
