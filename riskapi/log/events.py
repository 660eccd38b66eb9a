"""What happened beside the decisions, the latest first: views, approvals, accounts, retention."""

from collections.abc import Sequence

import sqlalchemy as sa

from riskapi.log.entry import Kind, LogEntry
from riskapi.storage import schema
from riskapi.storage.guard import storage_errors

_log, _links = schema.log, schema.rectifications
_LISTING = (Kind.MASKED, Kind.EXPIRED, Kind.ERASED, Kind.HOLD_SET, Kind.HOLD_RELEASED)
"""Kinds whose entries tell of many decisions at once."""
_ABOUT = (  # as the index has it
    "CASE WHEN kind = 'rectified' THEN substr(body, {place}(body, '\"corrected\":\"') + 13, 36) "
    'ELSE substr(body, {place}(body, \'"decision_id":"\') + 15, 36) END'
)
_PLACE = {"postgresql": "strpos", "sqlite": "instr"}


def latest_events(
    engine: sa.Engine, most: int, kind: Kind | None = None, decision_id: str | None = None
) -> list[LogEntry]:
    """Read events of the log, decisions apart.

    Those of one decision are found by the decision that they tell of; of erasures and retention, whose entries tell of
    many decisions, every entry is looked through.

    Args:
        engine: of the store.
        most: events to read.
        kind: alone, where it is given.
        decision_id: that they tell of, where it is given; it has to be an id.
    """
    wanted = [schema.NO_DECISION]
    if kind is not None:
        wanted.append(_log.c.kind == kind.value)
    with storage_errors(), engine.connect() as connection:
        if decision_id is None:
            rows = connection.execute(_latest(sa.select(_log).where(*wanted), most)).all()
        else:
            parts = [sa.select(_log).where(*wanted, one) for one in _telling(engine.dialect.name, decision_id)]
            found = sa.union(*parts).subquery()
            order = found.c.at.desc(), found.c.writer.desc(), found.c.seq.desc()
            rows = connection.execute(sa.select(found).order_by(*order).limit(most)).all()
    return [LogEntry(row.writer, row.seq, row.at, row.kind, row.body.encode(), bytes(row.hash)) for row in rows]


def _latest(statement: sa.Select[tuple[object, ...]], most: int) -> sa.Select[tuple[object, ...]]:
    return statement.order_by(_log.c.at.desc(), _log.c.writer.desc(), _log.c.seq.desc()).limit(most)


def _telling(dialect: str, decision_id: str) -> Sequence[sa.ColumnElement[bool]]:
    """What is said of entries that tell of a decision, each answered by an index."""
    about: sa.ColumnElement[str] = sa.literal_column(_ABOUT.format(place=_PLACE[dialect]), sa.Text)
    corrections = sa.select(_links.c.corrected).where(_links.c.original == decision_id)
    return (
        about == decision_id,
        sa.and_(about.in_(corrections), _log.c.kind == Kind.RECTIFIED.value),
        sa.and_(_log.c.kind.in_([one.value for one in _LISTING]), _log.c.body.contains(decision_id, autoescape=True)),
    )
