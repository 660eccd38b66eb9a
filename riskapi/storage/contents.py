"""Sealed contents of decisions and of their outcomes: the only rows of the store that may go, in their time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from riskapi.storage import memory, schema
from riskapi.storage.bulk import insert_rows
from riskapi.storage.guard import storage_errors

_COLUMNS = {
    "decision_id": "text",
    "subject_id": "text",
    "month": "text",
    "input": "bytea",
    "identity": "bytea",
    "answer": "bytea",
    "record_key": "int8",
}
_table = schema.decision_contents
_BESIDE = (schema.outcome_contents, schema.desk_contents, schema.desk_cases)
"""What is kept about a decision beside its contents, and goes with them."""


NewContents = tuple[str, str, str, bytes, bytes, bytes, int | None]
"""Decision, subject, month, the sealed input, identity and answer, and the keyed hash of the record's id."""


@dataclass(frozen=True, slots=True)
class ContentsRow:
    """The sealed parts of one decision."""

    decision_id: str
    subject_id: str
    month: str
    input: bytes
    identity: bytes | None
    answer: bytes


class Contents:
    """The contents of one database; methods that take a connection work within its transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @staticmethod
    def add(connection: sa.Connection, rows: Sequence[NewContents]) -> None:
        """Store contents."""
        insert_rows(connection, "decision_contents", _COLUMNS, rows)

    def get(self, decision_id: str) -> ContentsRow | None:
        """Find the contents of one decision; ``None`` once they are deleted."""
        with storage_errors(), self._engine.connect() as connection:
            found = self._select(connection, _table.c.decision_id == decision_id)
        return found[0] if found else None

    def of_subject(self, subject_id: str) -> list[ContentsRow]:
        """Find the contents of all decisions about a subject, the oldest first."""
        with storage_errors(), self._engine.connect() as connection:
            return self._select(connection, _table.c.subject_id == subject_id)

    def with_record(self, record_key: int, most: int) -> list[str]:
        """Find decisions by the keyed hash of their record's id, the latest first; others may share it by chance."""
        statement = sa.select(_table.c.decision_id).where(_table.c.record_key == record_key)
        with storage_errors(), self._engine.connect() as connection:
            return list(connection.execute(statement.order_by(_table.c.decision_id.desc()).limit(most)).scalars())

    @staticmethod
    def mask(connection: sa.Connection, decision_ids: Collection[str]) -> int:
        """Take identity out of decisions; gives how many had one."""
        statement = sa.update(_table).where(_table.c.decision_id.in_(decision_ids), _table.c.identity.is_not(None))
        return connection.execute(statement.values(identity=None, record_key=None)).rowcount

    @staticmethod
    def delete(connection: sa.Connection, decision_ids: Collection[str]) -> int:
        """Delete the contents of decisions, outcomes and cases, and what is remembered of them.

        Returns:
            How many decisions there were.
        """
        memory.forget(connection, decision_ids)
        for beside in _BESIDE:
            connection.execute(sa.delete(beside).where(beside.c.decision_id.in_(decision_ids)))
        return connection.execute(sa.delete(_table).where(_table.c.decision_id.in_(decision_ids))).rowcount

    @staticmethod
    def _select(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[ContentsRow]:
        rows = connection.execute(sa.select(_table).where(condition).order_by(_table.c.decision_id))
        return [
            ContentsRow(
                row.decision_id,
                row.subject_id,
                row.month,
                bytes(row.input),
                None if row.identity is None else bytes(row.identity),
                bytes(row.answer),
            )
            for row in rows
        ]
