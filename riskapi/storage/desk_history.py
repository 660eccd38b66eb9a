"""Cases of a time with all that was done with them, for the desk's own figures: bounded, and read page by page."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from riskapi.desk.acts import DeskEvent
from riskapi.privacy.keys import CONTENT, Keys
from riskapi.storage import schema
from riskapi.storage.desk import SELECT_EVENTS, open_event
from riskapi.storage.guard import storage_errors

CASES_MAX = 5000
_PAGE = 200
_cases, _events, _contents = schema.desk_cases, schema.desk_events, schema.decision_contents


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """A case, how it came to the desk, and what was done with it.

    Attributes:
        first_view: ``none``; ``lane`` or ``arm``: why the own view came first.
        by_score: whether its score alone would have referred it.
        readings: persons who have to read it.
    """

    decision_id: str
    first_view: str
    by_score: bool
    readings: int
    events: tuple[DeskEvent, ...]


def histories(
    engine: sa.Engine, keys: Keys, audience: str, window: tuple[str, str], limit: int = CASES_MAX
) -> list[CaseHistory]:
    """Read the cases that were scored within a time and that somebody took up, the earliest first.

    Args:
        engine: of the store.
        keys: of the subjects.
        audience: whose cases.
        window: from when, and until when, which is not included (UTC, ISO 8601).
        limit: most cases.

    Raises:
        ChainError: where what is stored is not what the log says.
        StorageError: where the store cannot be read.
    """
    chosen = (
        sa.select(_cases.c.decision_id, _cases.c.first_view, _cases.c.by_score, _cases.c.readings)
        .where(_cases.c.audience == audience, _cases.c.scored_at >= window[0], _cases.c.scored_at < window[1])
        .where(_cases.c.version > 0)
        .order_by(_cases.c.scored_at, _cases.c.decision_id)
        .limit(limit)
    )
    with storage_errors(), engine.connect() as connection:
        rows = connection.execute(chosen).all()
        done: dict[str, list[DeskEvent]] = {}
        for start in range(0, len(rows), _PAGE):
            ids = [row.decision_id for row in rows[start : start + _PAGE]]
            done |= _read(connection, keys, audience, ids)
    return [
        CaseHistory(row.decision_id, row.first_view, row.by_score, row.readings, tuple(done[row.decision_id]))
        for row in rows
        if row.decision_id in done
    ]


def events_of(engine: sa.Engine, keys: Keys, audience: str, decision_ids: Sequence[str]) -> dict[str, list[DeskEvent]]:
    """Read what was done with the cases of some decisions, by decision; those of which nothing is kept are left out.

    Raises:
        ChainError: where what is stored is not what the log says.
        StorageError: where the store cannot be read.
    """
    found: dict[str, list[DeskEvent]] = {}
    for start in range(0, len(decision_ids), _PAGE):
        with storage_errors(), engine.connect() as connection:
            found |= _read(connection, keys, audience, decision_ids[start : start + _PAGE])
    return found


def _read(
    connection: sa.Connection, keys: Keys, audience: str, decision_ids: Sequence[str]
) -> dict[str, list[DeskEvent]]:
    statement = (
        SELECT_EVENTS.add_columns(_contents.c.subject_id)
        .join(_contents, _contents.c.decision_id == _events.c.decision_id)
        .where(_events.c.decision_id.in_(decision_ids), _events.c.audience == audience)
        .order_by(_events.c.decision_id, _events.c.version)
    )
    rows = connection.execute(statement).all()
    ciphers = keys.ciphers({row.subject_id for row in rows}) if rows else {}
    found: dict[str, list[DeskEvent]] = defaultdict(list)
    for row in rows:
        cipher = ciphers.get((row.subject_id, CONTENT))
        if cipher is not None:  # erased since
            found[row.decision_id].append(open_event(row, cipher))
    return found
