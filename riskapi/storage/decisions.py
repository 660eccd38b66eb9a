"""Decisions in SQL: one statement a method, parameters always bound."""

from collections.abc import Iterator, Sequence
from itertools import chain

import orjson
import sqlalchemy as sa

from features.risk import Audience
from riskapi.decisions import DecisionRecord
from riskapi.storage.engine import for_writing
from riskapi.storage.guard import storage_errors

_INSERT = (
    "INSERT INTO decisions (id, scored_at, principal, key_id, record_id, audiences, digests, dropped, input, answer) "
    "VALUES "
)
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ROWS_MAX = 128
"""In one statement; 1,280 parameters, far below the database's limit."""
_SELECT = sa.text(
    "SELECT id, scored_at, principal, key_id, record_id, audiences, digests, dropped, input, answer, seq "
    "FROM decisions WHERE id = :id"
)


class SqlDecisionStore:
    """The decisions of one database.

    :meth:`append` keeps its connection from one transaction to the next and belongs to one thread, the writer's;
    :meth:`decision` may be called from any.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self._connection: sa.Connection | None = None

    def append(self, rows: Sequence[DecisionRecord]) -> None:
        """Store rows in one durable transaction.

        Raises:
            StorageError: the outcome is unknown; the connection is dropped.
        """
        with storage_errors():
            if self._connection is None:
                self._connection = self._writing.connect()
            try:
                with self._connection.begin():
                    for some in _in_powers_of_two(rows):
                        statement = _INSERT + ", ".join([_ROW] * len(some))
                        self._connection.exec_driver_sql(statement, tuple(chain.from_iterable(map(_parameters, some))))
            except BaseException:
                connection, self._connection = self._connection, None
                connection.invalidate()
                connection.close()
                raise

    def close(self) -> None:
        """Let go of the writer's connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def decision(self, decision_id: str) -> DecisionRecord | None:
        """Find one decision."""
        with storage_errors(), self._engine.connect() as connection:
            row = connection.execute(_SELECT, {"id": decision_id}).one_or_none()
        if row is None:
            return None
        return DecisionRecord(
            decision_id=row.id,
            scored_at=row.scored_at,
            principal=row.principal,
            key_id=row.key_id,
            record_id=row.record_id,
            audiences=tuple(map(Audience, orjson.loads(row.audiences))),
            digests=tuple(orjson.loads(row.digests)),
            dropped=tuple(orjson.loads(row.dropped)),
            input=row.input,
            answer=row.answer,
            seq=row.seq,
        )


def _in_powers_of_two(rows: Sequence[DecisionRecord]) -> Iterator[Sequence[DecisionRecord]]:
    """Part rows so that few statements are ever prepared.

    One statement for many rows lets go of the interpreter once, not once a row: under load each return to it has to
    wait for its turn.
    """
    start = 0
    while start < len(rows):
        size = min(_ROWS_MAX, 1 << (len(rows) - start).bit_length() - 1)
        yield rows[start : start + size]
        start += size


def _parameters(row: DecisionRecord) -> tuple[str | bytes, ...]:
    return (
        row.decision_id,
        row.scored_at,
        row.principal,
        row.key_id,
        row.record_id,
        orjson.dumps(row.audiences).decode(),
        orjson.dumps(row.digests).decode(),
        orjson.dumps(row.dropped).decode(),
        row.input,
        row.answer,
    )
