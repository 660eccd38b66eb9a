"""Repeats in a restored store the erasures and holds that came after its backup."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from riskapi.log.acts import Act
from riskapi.log.entry import Kind
from riskapi.privacy.keys import CONTENT, Keys
from riskapi.storage import schema
from riskapi.storage.contents import Contents
from riskapi.storage.journal import Journal, Transaction, instance_of

_contents = schema.decision_contents
_log = schema.log
_TOLD = sa.select(_log.c.kind, _log.c.body).where(
    _log.c.kind.in_((Kind.ERASED, Kind.HOLD_SET, Kind.HOLD_RELEASED)), _log.c.kind != sa.literal_column("'decision'")
)


@dataclass(frozen=True, slots=True)
class Repeated:
    """What was done again.

    Attributes:
        erased: decisions whose contents went.
        holds: holds that were set or released.
        foreign: acts of another store, which were passed over.
    """

    erased: int = 0
    holds: int = 0
    foreign: int = 0


def repeat(acts: Sequence[Act], journal: Journal, keys: Keys) -> Repeated:
    """Do again what the log of a restored store does not tell of, under the words and signatures of the first time.

    Args:
        acts: in the order in which they were done.
        journal: of the restored store, which nobody else uses yet.
        keys: restored with it.

    Raises:
        StorageError: where it is cut short; the same call again finishes it.
    """
    erased = holds = foreign = 0
    for act in acts:
        with journal.transaction(erasing=act.kind is Kind.ERASED) as transaction:
            if act.instance != instance_of(transaction.connection):
                foreign += 1
            elif _mark(act.kind, act.body) not in _told(transaction.connection):
                transaction.append(act.kind, act.body)
                if act.kind is Kind.ERASED:
                    erased += _erase(transaction, list(act.body["decision_ids"]), keys)
                else:
                    holds += 1
    return Repeated(erased, holds, foreign)


def _told(connection: sa.Connection) -> set[tuple[str, str]]:
    return {_mark(row.kind, orjson.loads(row.body)) for row in connection.execute(_TOLD)}


def _mark(kind: str, body: object) -> tuple[str, str]:
    """What tells two acts apart: of an erasure its signature, of a hold its id."""
    facts = body if isinstance(body, dict) else {}
    return str(kind), str(facts.get("signature" if kind == Kind.ERASED else "hold_id"))


def _erase(transaction: Transaction, decision_ids: list[str], keys: Keys) -> int:
    """Delete contents, and destroy the keys that no other contents need."""
    connection = transaction.connection
    chosen = _contents.c.decision_id.in_(decision_ids)
    rows = connection.execute(sa.select(_contents.c.subject_id, _contents.c.month).where(chosen)).all()
    count = Contents.delete(connection, decision_ids)
    left = sa.select(_contents.c.subject_id, _contents.c.month)
    kept = connection.execute(left.where(_contents.c.subject_id.in_([row.subject_id for row in rows]))).all()
    needed = {(row.subject_id, epoch) for row in kept for epoch in (CONTENT, row.month)}
    pairs = {(row.subject_id, epoch) for row in rows for epoch in (CONTENT, row.month)} - needed
    keys.destroy_epochs(sorted(pairs))
    keys.forget(sorted({row.subject_id for row in rows}))
    return count
