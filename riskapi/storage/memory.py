"""The memory in SQL: rows by key, in one index that serves every read; its time does not grow with what is stored."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from features.memory.events import DAY, Remembered, Row, Rows
from features.memory.facts import HORIZON_DAYS, ROWS_PER_KEY

_ROOM = 2 * ROWS_PER_KEY
"""Rows of a key that count already from which older ones are taken away."""
_NEWEST = (
    "SELECT at, link, who, flags FROM memory WHERE key = ? AND at <= ? AND at > ? "
    f"ORDER BY at DESC, link DESC, who DESC LIMIT {ROWS_PER_KEY}"
)
_NEWEST_OF_MANY = (
    "SELECT wanted.key, found.* FROM unnest(%s::int8[]) AS wanted (key), LATERAL ("
    "SELECT at, link, who, flags FROM memory WHERE memory.key = wanted.key AND at <= %s AND at > %s "
    f"ORDER BY at DESC, link DESC, who DESC LIMIT {ROWS_PER_KEY}) AS found"
)
_FORGET_SAME = "DELETE FROM memory WHERE key = ? AND link = ? AND who = ?"
_REMEMBER = (
    "INSERT INTO memory (key, at, link, who, flags) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (key, at, link, who) DO UPDATE SET flags = excluded.flags"
)
_TRIM = (
    "DELETE FROM memory WHERE key = ? AND at < "
    f"(SELECT at FROM memory WHERE key = ? AND at <= ? ORDER BY at DESC LIMIT 1 OFFSET {_ROOM - 1})"
)
_FORGET_OLD = "DELETE FROM memory WHERE key = ? AND at <= ?"


def read(connection: sa.Connection, keys: Collection[int], at: int) -> Rows:
    """Read what counts at a moment, as :meth:`features.memory.table.MemoryTable.read` does.

    Args:
        connection: of the store.
        keys: of one crossing or of several that come together.
        at: moment of scoring [seconds since 1970].
    """
    oldest = at - HORIZON_DAYS * DAY
    found: dict[int, list[Row]] = {}
    if connection.dialect.name == "postgresql":
        for key, *row in connection.exec_driver_sql(_NEWEST_OF_MANY, (sorted(keys), at, oldest)):
            found.setdefault(key, []).append(Row(*row))
        return {key: sorted(rows, reverse=True) for key, rows in found.items()}
    raw: Any = connection.connection.driver_connection  # a statement costs microseconds here, and the layer above tens
    for key in keys:
        if rows := raw.execute(_NEWEST, (key, at, oldest)).fetchall():
            found[key] = [Row(*row) for row in rows]
    return found


def write(connection: sa.Connection, remembered: Iterable[Remembered], at: int) -> None:
    """Write rows; each takes the place of one with the same link and person.

    Args:
        connection: in the transaction of what the rows tell of.
        remembered: keys and rows; the last one counts where several have the same key, link and person.
        at: the present [seconds since 1970].
    """
    last = {(key, row.link, row.who): row for key, row in remembered}
    if not last:
        return
    same = sorted(last)  # one order for all writers, so that none waits for another in a circle
    keys = sorted({key for key, _, _ in same})
    _many(connection, _FORGET_SAME, same)
    _many(connection, _REMEMBER, [(key, *last[key, link, who]) for key, link, who in same])
    _many(connection, _TRIM, [(key, key, at) for key in keys])
    _many(connection, _FORGET_OLD, [(key, at - HORIZON_DAYS * DAY) for key in keys])


def _many(connection: sa.Connection, statement: str, rows: Sequence[tuple[int, ...]]) -> None:
    if connection.dialect.name == "postgresql":
        statement = statement.replace("?", "%s")
    connection.exec_driver_sql(statement, rows)
