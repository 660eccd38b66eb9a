"""The memory in SQL: rows by key, in one index that serves every read, whose time does not grow with what is stored."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from features.memory.events import DAY, Finding, Remembered, Row, Rows, rows_of_finding
from features.memory.facts import HORIZON_DAYS, ROWS_PER_KEY
from features.memory.keys import derived
from features.memory.trace import Trace
from features.risk import Audience
from riskapi.storage import schema
from riskapi.storage.bulk import insert_rows

_ROOM = 2 * ROWS_PER_KEY
"""Rows of a key that count already from which older ones are taken away."""
_NEWEST = (
    "SELECT at, link, who, flags FROM memory WHERE key = ? AND at <= ? AND at > ? "
    "ORDER BY at DESC, link DESC, who DESC LIMIT ?"
)
_NEWEST_OF_MANY = (
    "SELECT wanted.key, found.* FROM unnest(%s::int8[]) AS wanted (key), LATERAL ("
    "SELECT at, link, who, flags FROM memory WHERE memory.key = wanted.key AND at <= %s AND at > %s "
    "ORDER BY at DESC, link DESC, who DESC LIMIT %s) AS found"
)
_FORGET_SAME = "DELETE FROM memory WHERE key = ? AND link = ? AND who = ?"
_REMEMBER = (
    "INSERT INTO memory (key, at, link, who, flags) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (key, at, link, who) DO UPDATE SET flags = excluded.flags"
)
_TRIM = (
    "DELETE FROM memory WHERE key = ? AND at < "
    "(SELECT at FROM memory WHERE key = ? AND at <= ? ORDER BY at DESC LIMIT 1 OFFSET ?)"
)
_FORGET_OLD = "DELETE FROM memory WHERE key = ? AND at <= ?"
_TRACE_COLUMNS = {"decision_id": "text", "at": "int8", "trace": "bytea"}
_rows, _traces = schema.memory, schema.memory_traces


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
        for key, *row in connection.exec_driver_sql(_NEWEST_OF_MANY, (sorted(keys), at, oldest, ROWS_PER_KEY)):
            found.setdefault(key, []).append(Row(*row))
        return {key: sorted(rows, reverse=True) for key, rows in found.items()}
    raw: Any = connection.connection.driver_connection  # a statement costs microseconds here, and the layer above tens
    for key in keys:
        if rows := raw.execute(_NEWEST, (key, at, oldest, ROWS_PER_KEY)).fetchall():
            found[key] = [*map(Row._make, rows)]
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
    _many(connection, _TRIM, [(key, key, at, _ROOM - 1) for key in keys])
    _many(connection, _FORGET_OLD, [(key, at - HORIZON_DAYS * DAY) for key in keys])


def keep(connection: sa.Connection, traces: Sequence[tuple[str, Trace]]) -> None:
    """Write what crossings leave, and their traces, in the transaction of their decisions.

    Args:
        connection: in that transaction.
        traces: decision and trace, in the order of scoring.
    """
    write(connection, [row for _, trace in traces for row in trace.rows], max(trace.at for _, trace in traces))
    rows = [(decision_id, trace.at, trace.to_bytes()) for decision_id, trace in traces]
    insert_rows(connection, "memory_traces", _TRACE_COLUMNS, rows)


def learn(connection: sa.Connection, decision_id: str, audience: Audience, finding: Finding | None, at: int) -> None:
    """Remember what a check found, in the transaction of the outcome; it takes the place of an earlier finding.

    Args:
        connection: in that transaction.
        decision_id: that the outcome is about; nothing happens where it left no trace.
        audience: whose outcome it is.
        finding: what counts; ``None`` where the outcome may not be counted, or says nothing.
        at: the present [seconds since 1970].
    """
    found = connection.execute(sa.select(_traces.c.trace).where(_traces.c.decision_id == decision_id)).scalar()
    if found is None:
        return
    trace = Trace.from_bytes(bytes(found))
    _many(connection, _FORGET_SAME, trace.findings((audience,)))
    if finding is not None:
        write(connection, rows_of_finding(trace, finding), at)


def forget(connection: sa.Connection, decision_ids: Collection[str]) -> None:
    """Take out what decisions left, findings included; those without a trace are passed over."""
    known = _traces.c.decision_id.in_(decision_ids)
    for data in connection.execute(sa.select(_traces.c.trace).where(known)).scalars().all():
        trace = Trace.from_bytes(bytes(data))
        party = derived("party", trace.booking)
        escorts = connection.execute(sa.select(_rows.c.link).where(_rows.c.key == party)).scalars()
        by_others = [(derived("escort", traveller), trace.booking, trace.who) for traveller in escorts]
        own = [(key, row.link, row.who) for key, row in trace.rows]
        _many(connection, _FORGET_SAME, [*own, *by_others, *trace.findings()])
    connection.execute(sa.delete(_traces).where(known))


def older_than(connection: sa.Connection, at: int, most: int) -> list[str]:
    """Find decisions whose traces are older than a moment.

    Args:
        connection: of the store.
        at: the moment [seconds since 1970].
        most: how many to find.
    """
    statement = sa.select(_traces.c.decision_id).where(_traces.c.at < at).order_by(_traces.c.at).limit(most)
    return list(connection.execute(statement).scalars())


def _many(connection: sa.Connection, statement: str, rows: Sequence[tuple[int, ...]]) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        statement = statement.replace("?", "%s")
    connection.exec_driver_sql(statement, rows)
