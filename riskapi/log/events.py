"""What happened beside the decisions, the latest first: views, approvals, accounts, retention."""

import sqlalchemy as sa

from riskapi.log.entry import Kind, LogEntry
from riskapi.storage import schema
from riskapi.storage.guard import storage_errors

_log = schema.log
_OTHERS = _log.c.kind != sa.literal_column("'decision'")  # as the index has it


def latest_events(
    engine: sa.Engine, most: int, kind: Kind | None = None, decision_id: str | None = None
) -> list[LogEntry]:
    """Read events of the log, decisions apart.

    Args:
        engine: of the store.
        most: events to read.
        kind: alone, where it is given.
        decision_id: that they tell of, where it is given; it has to be an id.
    """
    wanted = [_OTHERS]
    if kind is not None:
        wanted.append(_log.c.kind == kind.value)
    if decision_id is not None:
        wanted.append(_log.c.body.contains(decision_id, autoescape=True))
    statement = sa.select(_log).where(*wanted).order_by(_log.c.at.desc(), _log.c.writer, _log.c.seq.desc()).limit(most)
    with storage_errors(), engine.connect() as connection:
        rows = connection.execute(statement).all()
    return [LogEntry(row.writer, row.seq, row.at, row.kind, row.body.encode(), bytes(row.hash)) for row in rows]
