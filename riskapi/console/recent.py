"""The latest decisions that somebody may open: when and by whom they were asked for, nothing of a traveller."""

from dataclasses import dataclass
from typing import Any, Final

import orjson
import sqlalchemy as sa

from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.storage import schema
from riskapi.storage.guard import storage_errors

SHOWN: Final = 25
_LOOKED_AT: Final = 500
"""Decisions that are looked through, the latest, for whom a list of others is mostly not theirs."""
_log, _index = schema.log, schema.decisions
_PAGE: Final = (
    sa.select(_index.c.id, _log.c.at, _log.c.body)
    .join(_log, sa.and_(_log.c.writer == _index.c.writer, _log.c.seq == _index.c.seq))
    .where(_index.c.id < sa.bindparam("before"))
    .order_by(_index.c.id.desc())
    .limit(SHOWN)
)
_AFTER_ALL: Final = "g"  # ids are hexadecimal


@dataclass(frozen=True, slots=True)
class RecentDecision:
    """A decision in a list."""

    decision_id: str
    at: str
    principal: str
    unit: str


def recent_decisions(engine: sa.Engine, caller: Principal) -> list[RecentDecision]:
    """The latest decisions within somebody's reach and audience, the last first; ids sort by time.

    Whose reach is everything reads as many as are shown; for others pages are read until there are enough, or
    :data:`_LOOKED_AT` were looked at.
    """
    found: list[RecentDecision] = []
    before = _AFTER_ALL
    with storage_errors(), engine.connect() as connection:
        for _ in range(0, _LOOKED_AT, SHOWN):
            rows = connection.execute(_PAGE, {"before": before}).all()
            found += [one for row in rows if (one := _opened(row, caller)) is not None]
            if len(rows) < SHOWN or len(found) >= SHOWN:
                break
            before = rows[-1].id
    return found[:SHOWN]


def _opened(row: Any, caller: Principal) -> RecentDecision | None:
    """A row as far as somebody may open it."""
    told = orjson.loads(row.body)
    unit = told.get("unit", "")
    if caller.audiences.isdisjoint(told["audiences"]):
        return None
    if not caller.reaches(Action.DECISIONS_READ, told["principal"], unit):
        return None
    return RecentDecision(row.id, row.at, told["principal"], unit)
