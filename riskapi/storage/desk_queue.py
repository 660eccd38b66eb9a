"""The queue of the desk: pages of cases by an index, each read as far as it is shown."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from riskapi.storage import schema
from riskapi.storage.guard import storage_errors

COUNT_MAX = 1000
"""Cases that are counted at most; beyond, nobody reads the exact number."""
_STATES = ("open", "disputed")
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
        """List cases that somebody can take, the longest waiting first.

        Each audience, unit and state is read in the order of the index as far as the page may need it.
        """
        conditions = [*_offered(view), *_wanted(wanted)]
        if after is not None:
            place = sa.tuple_(_cases.c.scored_at, _cases.c.decision_id)
            conditions.append(place > sa.tuple_(sa.literal(after.scored_at), sa.literal(after.decision_id)))
        states = _STATES if wanted.state is None else (wanted.state,)
        parts = [
            sa.select(_cases)
            .where(*conditions, *_lane(audience, unit, state))
            .order_by(_cases.c.scored_at, _cases.c.decision_id)
            .limit(limit)
            for audience in sorted(view.audiences)
            for unit in sorted(view.units)
            for state in states
        ]
        if len(parts) < 2:  # noqa: PLR2004 - nothing to put together
            return self._rows(parts[0]) if parts else []
        found = sa.union_all(*(sa.select(one.subquery()) for one in parts)).subquery()
        return self._rows(sa.select(found).order_by(found.c.scored_at, found.c.decision_id).limit(limit))

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
        conditions = [_cases.c.audience.in_(view.audiences), _cases.c.unit.in_(view.units)]
        offered = [sa.and_(*_offered(view), *conditions, _cases.c.state == state) for state in _STATES]
        held = sa.and_(_cases.c.held_by == view.person, schema.DESK_NOT_CLOSED, *conditions)
        with storage_errors(), self._engine.connect() as connection:
            waiting, disputed, own = (_count(connection, one) for one in (*offered, held))
        return {"waiting": waiting, "disputed": disputed, "held": own}

    def arrived(self, point: str, audience: str, since: str, until: str) -> int:
        """Count the cases of a crossing point that were scored within a time, up to :data:`COUNT_MAX`."""
        came = sa.and_(_cases.c.scored_at >= since, _cases.c.scored_at < until)
        with storage_errors(), self._engine.connect() as connection:
            return _count(connection, sa.and_(_cases.c.audience == audience, _cases.c.point == point, came))

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


def _lane(audience: str, unit: str, state: str) -> list[sa.ColumnElement[bool]]:
    """What one part of the index of the queue holds."""
    return [_cases.c.audience == audience, _cases.c.unit == unit, _cases.c.state == state]


def _count(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    """Count cases, up to :data:`COUNT_MAX`."""
    some = sa.select(_cases.c.decision_id).where(condition).limit(COUNT_MAX).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


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
        _cases.c.scored_at >= view.since,
        _cases.c.held_until <= view.now,
        _cases.c.principal != view.person,
        ~read_before,
        ~sa.exists().where(_links.c.original == _cases.c.decision_id),
    ]


def _wanted(wanted: QueueFilter) -> list[sa.ColumnElement[bool]]:
    pairs = (("point", wanted.point), ("mode", wanted.mode), ("band", wanted.band))
    conditions: list[sa.ColumnElement[bool]] = [_cases.c[name] == value for name, value in pairs if value is not None]
    if wanted.waiting_since is not None:
        conditions.append(_cases.c.scored_at <= wanted.waiting_since)
    return conditions
