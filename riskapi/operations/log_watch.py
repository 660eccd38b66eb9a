"""Whether each chain of the log ends as it was written, is covered by checkpoints in time, and is ahead of no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import sqlalchemy as sa

from riskapi.log.checkpoints import read_checkpoint
from riskapi.log.entry import Kind
from riskapi.log.note import NoteError
from riskapi.log.writers import COMMANDS
from riskapi.moments import iso
from riskapi.storage import schema
from riskapi.storage.head import last_head

LATE_SECONDS = 120.0
"""A checkpoint is made within a minute; after two something is wrong."""
_AHEAD = timedelta(seconds=2)
_TAIL_BYTES = 1 << 20
_log, _checkpoints = schema.log, schema.checkpoints
_WRITERS = sa.select(_log.c.writer).where(
    _log.c.kind == Kind.GENESIS,
    _log.c.kind != sa.literal_column("'decision'"),  # as the index has it
)


@dataclass(frozen=True, slots=True)
class LogState:
    """What a look at the log found.

    Attributes:
        lag_seconds: age of the oldest row that no checkpoint covers.
        is_ahead: whether a row is younger than the present.
        unpublished: chains whose last old checkpoint is not in the file.
    """

    lag_seconds: float
    is_ahead: bool
    unpublished: tuple[str, ...]


def look_at_log(connection: sa.Connection, now: datetime, file: Path, own: Iterable[str] | None) -> LogState:
    """Look at the end of every chain.

    Args:
        connection: to the store.
        now: the present, in UTC.
        file: of checkpoints, of this service.
        own: chains whose checkpoints go into that file; ``None`` for all.

    Raises:
        ChainError: where the last row of a chain is not what was written.
    """
    lag, is_ahead, newest = 0.0, False, []
    writers = list(connection.execute(_WRITERS).scalars())
    for writer in writers:
        head = last_head(connection, writer)
        covered = _covered(connection, writer)
        if head.seq > covered:
            lag = max(lag, (now - _time_of(connection, writer, covered + 1)).total_seconds())
        is_ahead = is_ahead or _time_of(connection, writer, head.seq) > now + _AHEAD
        if writer != COMMANDS and (own is None or writer in own):
            newest += _old_checkpoint(connection, writer, now)
    return LogState(lag, is_ahead, tuple(_missing(newest, file)))


def _covered(connection: sa.Connection, writer: str) -> int:
    statement = sa.select(_checkpoints.c.size).where(_checkpoints.c.writer == writer)
    return int(connection.execute(statement.order_by(_checkpoints.c.size.desc()).limit(1)).scalar_one_or_none() or 0)


def _time_of(connection: sa.Connection, writer: str, seq: int) -> datetime:
    statement = sa.select(_log.c.at).where(_log.c.writer == writer, _log.c.seq == seq)
    return datetime.fromisoformat(connection.execute(statement).scalar_one())


def _old_checkpoint(connection: sa.Connection, writer: str, now: datetime) -> list[tuple[str, str, int]]:
    """The last checkpoint of a chain that had time enough to get into the file."""
    until = iso(now - timedelta(seconds=LATE_SECONDS))
    statement = (
        sa.select(_checkpoints.c.at, _checkpoints.c.writer, _checkpoints.c.size)
        .where(_checkpoints.c.writer == writer, _checkpoints.c.at <= until)
        .order_by(_checkpoints.c.size.desc())
        .limit(1)
    )
    return [(row.at, row.writer, row.size) for row in connection.execute(statement)]


def _missing(newest: list[tuple[str, str, int]], file: Path) -> list[str]:
    """The chain of the youngest of those checkpoints, where it is not among the last lines of the file."""
    if not newest:
        return []
    _, writer, size = max(newest)
    return [] if any(found == writer and last >= size for found, last in _tail(file)) else [writer]


def _tail(file: Path) -> list[tuple[str, int]]:
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - _TAIL_BYTES))
            lines = opened.read().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            note = read_checkpoint(orjson.loads(line)["note"])
        except (orjson.JSONDecodeError, NoteError, KeyError, TypeError):
            continue
        found.append((note.writer, note.size))
    return found
