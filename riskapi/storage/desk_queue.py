"""The queue of the desk: pages of cases by an index, each read as far as it is shown."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from riskapi.storage import schema
from riskapi.storage.guard import storage_errors

COUNT_MAX = 1000
"""Cases that are counted at most; beyond, nobody reads the exact number."""
_cases, _events, _links = schema.desk_cases, schema.desk_events, schema.rectifications


class Cursor(NamedTuple):
    """The last case of a page: the next page begins after it."""

    scored_at: str
    decision_id: str


@dataclass(frozen=True, slots=True)
class QueueView:
    """Whose queue is asked for, and when.

    Attributes:
        person: who asks; what they have read, and what they had scored, is not offered to them.
        audiences: that they act for.
        units: whose cases they see.
        now: the present (UTC, ISO 8601).
        since: older cases are not offered.
    """

    person: str
    audiences: Collection[str]
    units: Collection[str]
    now: str
    since: str


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which cases are asked for; ``None`` for all.

    Attributes:
        band: as the queue shows it: cases whose own view comes first show none.
        waiting_since: scored at this time or before (UTC, ISO 8601).
    """

    point: str | None = None
    mode: str | None = None
    band: str | None = None
    state: str | None = None
    waiting_since: str | None = None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A case as the queue shows it; nothing of it tells whether it was drawn at random."""

    decision_id: str
    audience: str
    unit: str
    scored_at: str
    crossing_at: str
    point: str
    mode: str
    band: str | None
    view_first: bool
    state: str
    held_by: str
    held_until: str
    version: int


class DeskQueue:
    """The queue of one database; may be called from any thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def waiting(self, view: QueueView, wanted: QueueFilter, after: Cursor | None, limit: int) -> list[QueueRow]:
        """List cases that somebody can take, the longest waiting first."""
        statement = sa.select(_cases).where(*_offered(view), *_wanted(wanted))
        if after is not None:
            place = sa.tuple_(_cases.c.scored_at, _cases.c.decision_id)
            statement = statement.where(place > sa.tuple_(sa.literal(after.scored_at), sa.literal(after.decision_id)))
        return self._rows(statement.order_by(_cases.c.scored_at, _cases.c.decision_id).limit(limit))

    def held(self, view: QueueView, limit: int) -> list[QueueRow]:
        """List cases that somebody has, those first that they had longest."""
        statement = sa.select(_cases).where(
            _cases.c.held_by == view.person,
            schema.DESK_NOT_CLOSED,
            _cases.c.audience.in_(view.audiences),
            _cases.c.unit.in_(view.units),
        )
        return self._rows(statement.order_by(_cases.c.held_until, _cases.c.decision_id).limit(limit))

    def count(self, view: QueueView) -> dict[str, int]:
        """Count the cases that somebody can take by state, up to :data:`COUNT_MAX`, and those that they have."""
        offered = sa.select(_cases.c.state).where(*_offered(view)).limit(COUNT_MAX).subquery()
        statement = sa.select(offered.c.state, sa.func.count()).group_by(offered.c.state)
        with storage_errors(), self._engine.connect() as connection:
            found = {state: int(number) for state, number in connection.execute(statement)}
        return {
            "waiting": found.get("open", 0),
            "disputed": found.get("disputed", 0),
            "held": len(self.held(view, COUNT_MAX)),
        }

    def arrived(self, point: str, audience: str, since: str, until: str) -> int:
        """Count the cases of a crossing point that were scored within a time, up to :data:`COUNT_MAX`."""
        some = (
            sa.select(_cases.c.decision_id)
            .where(_cases.c.audience == audience, _cases.c.scored_at >= since, _cases.c.scored_at < until)
            .where(_cases.c.point == point)
            .limit(COUNT_MAX)
            .subquery()
        )
        with storage_errors(), self._engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())

    def _rows(self, statement: sa.Select[Any]) -> list[QueueRow]:
        with storage_errors(), self._engine.connect() as connection:
            return [
                QueueRow(
                    row.decision_id,
                    row.audience,
                    row.unit,
                    row.scored_at,
                    row.crossing_at,
                    row.point,
                    row.mode,
                    row.band,
                    row.first_view != "none",
                    row.state,
                    row.held_by,
                    row.held_until,
                    row.version,
                )
                for row in connection.execute(statement)
            ]


def _offered(view: QueueView) -> list[sa.ColumnElement[bool]]:
    """What somebody can take now."""
    read_before = sa.exists().where(
        _events.c.decision_id == _cases.c.decision_id,
        _events.c.audience == _cases.c.audience,
        _events.c.person == view.person,
        _events.c.act == "read",
    )
    return [
        schema.DESK_NOT_CLOSED,
        _cases.c.audience.in_(view.audiences),
        _cases.c.unit.in_(view.units),
        _cases.c.scored_at >= view.since,
        _cases.c.held_until <= view.now,
        _cases.c.principal != view.person,
        ~read_before,
        ~sa.exists().where(_links.c.original == _cases.c.decision_id),
    ]


def _wanted(wanted: QueueFilter) -> list[sa.ColumnElement[bool]]:
    pairs = (("point", wanted.point), ("mode", wanted.mode), ("band", wanted.band), ("state", wanted.state))
    conditions: list[sa.ColumnElement[bool]] = [_cases.c[name] == value for name, value in pairs if value is not None]
    if wanted.waiting_since is not None:
        conditions.append(_cases.c.scored_at <= wanted.waiting_since)
    return conditions
