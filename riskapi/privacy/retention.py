"""Retention: identity is masked and contents are deleted when their time is over, in steps that any crash may cut."""

import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime

import sqlalchemy as sa

from features.memory.events import DAY
from features.memory.facts import HORIZON_DAYS
from riskapi.log.entry import Kind
from riskapi.moments import iso
from riskapi.privacy.hold import Holds
from riskapi.privacy.keys import CONTENT, Keys
from riskapi.privacy.limits import Limits, months_later
from riskapi.privacy.outcome import Outcome
from riskapi.storage import memory, schema
from riskapi.storage.contents import Contents
from riskapi.storage.engine import is_embedded
from riskapi.storage.guard import storage_errors
from riskapi.storage.journal import Journal

BATCH_ROWS = 500
"""Decisions in one transaction, which keeps the writers of all processes waiting while it lasts."""
_PAUSE_SECONDS = 0.02
_contents, _index, _log = schema.decision_contents, schema.decisions, schema.log

Row = tuple[str, str, str]
"""Decision, subject, month."""


class Retention:
    """Masks and deletes what is past its time.

    Each step is one transaction of the store: it takes identity or contents away and tells so in the log. The keys go
    just before it is stored; where that is cut short the next run finds the same rows due, and finishes.

    Args:
        journal: takes the entries.
        engine: of the store.
        keys: of the subjects.
        holds: what must stay.
        limits: how long is kept what.
        clock: the present, in UTC.
    """

    def __init__(
        self,
        journal: Journal,
        engine: sa.Engine,
        keys: Keys,
        *,
        holds: Holds,
        limits: Limits,
        clock: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._engine = engine
        self._keys = keys
        self._holds = holds
        self._limits = limits
        self._clock = clock

    def due(self) -> Outcome:
        """Count what a run would do."""
        found = Outcome()
        with storage_errors(), self._engine.connect() as connection:
            held = self._held(connection)
            deleted = _due(self._before(self._limits.retention_months))
            masked = _due(self._before(self._limits.identity_months), masked=False)
            for statement, name in ((deleted, "expired"), (masked, "masked")):
                count = sa.select(sa.func.count()).select_from(statement.where(_free(held)).subquery())
                setattr(found, name, connection.execute(count).scalar_one())
            found.held = self._count_held(connection, held)
        found.masked -= self._expired_unmasked(held)
        return found

    def run(self, stopped: threading.Event | None = None) -> Outcome:
        """Do everything that is due, step by step.

        Args:
            stopped: ends the run after the step that is under way.

        Raises:
            StorageError: the step under way is undone or will be finished by the next run; those before are done.
        """
        stopped = stopped or threading.Event()
        done = Outcome()
        while not stopped.is_set() and self._step(done, Kind.EXPIRED, self._limits.retention_months):
            stopped.wait(_PAUSE_SECONDS)
        while not stopped.is_set() and self._step(done, Kind.MASKED, self._limits.identity_months):
            stopped.wait(_PAUSE_SECONDS)
        while not stopped.is_set() and self._forget():
            stopped.wait(_PAUSE_SECONDS)
        if not stopped.is_set():
            self._sweep(done, stopped)
        with storage_errors(), self._engine.connect() as connection:
            done.held = self._count_held(connection, self._held(connection))
        return done

    def scrub(self, *, whole: bool = False) -> None:
        """Let go of what is left of ciphertexts and keys in the files of both databases.

        Args:
            whole: see :meth:`riskapi.privacy.keys.Keys.scrub`.
        """
        self._keys.scrub(whole=whole)
        if is_embedded(self._engine):
            with storage_errors():
                raw = self._engine.raw_connection()
                try:
                    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    raw.close()

    def _step(self, done: Outcome, kind: Kind, months: int) -> bool:
        """Do one step; gives whether there may be more."""
        before = self._before(months)
        is_mask = kind is Kind.MASKED
        with self._journal.transaction(erasing=True) as transaction:
            connection = transaction.connection
            statement = _due(before, masked=False if is_mask else None).where(_free(self._held(connection)))
            rows: list[Row] = [
                (row.decision_id, row.subject_id, row.month)
                for row in connection.execute(statement.order_by(_contents.c.month).limit(BATCH_ROWS))
            ]
            if not rows:
                return False
            ids = sorted(row[0] for row in rows)
            count = Contents.mask(connection, ids) if is_mask else Contents.delete(connection, ids)
            transaction.append(kind, {"before": before, "count": count, "decision_ids": ids})
            keys = self._destroy(connection, {row[1] for row in rows}, {(row[1], row[2]) for row in rows})
        done.keys += keys
        if is_mask:
            done.masked += count
        else:
            done.expired += count
        return len(rows) == BATCH_ROWS

    def _forget(self) -> bool:
        """Take out of the memory what no fact looks back to; gives whether there may be more."""
        before = int(self._clock().timestamp()) - HORIZON_DAYS * DAY
        with storage_errors(), self._engine.connect() as connection:
            due = memory.older_than(connection, before, BATCH_ROWS)
        if due:
            with self._journal.transaction() as transaction:
                memory.forget(transaction.connection, due)
        return len(due) == BATCH_ROWS

    def _destroy(
        self, connection: sa.Connection, subject_ids: Collection[str], months: Collection[tuple[str, str]]
    ) -> int:
        """Destroy the keys that nothing needs any more, as the transaction will leave it."""
        needed = _needed(connection, subject_ids)
        gone = set(subject_ids) - {subject for subject, _ in needed}
        pairs = [pair for pair in months if pair not in needed and pair[0] not in gone]
        return (self._keys.destroy_epochs(sorted(pairs)) if pairs else 0) + self._keys.destroy_subjects(gone)

    def _sweep(self, done: Outcome, stopped: threading.Event) -> None:
        """Destroy keys of months past that nothing needs: a crash, or a decision that was never stored, left them."""
        last = self._before(self._limits.identity_months)[:7]
        old = [pair for pair in self._keys.epochs() if pair[1] != CONTENT and pair[1] < last]
        old += [(subject, CONTENT) for subject in self._keys.without_keys()]
        for start in range(0, len(old), BATCH_ROWS):
            if stopped.is_set():
                return
            pairs = old[start : start + BATCH_ROWS]
            with self._journal.transaction(erasing=True) as transaction:
                done.keys += self._destroy(transaction.connection, {subject for subject, _ in pairs}, pairs)
            time.sleep(_PAUSE_SECONDS)

    def _before(self, months: int) -> str:
        return iso(months_later(self._clock(), -months))

    def _held(self, connection: sa.Connection) -> list[str]:
        return sorted({subject for one in self._holds.standing(connection) for subject in one.subject_ids})

    def _count_held(self, connection: sa.Connection, held: list[str]) -> int:
        if not held:
            return 0
        statement = _due(self._before(self._limits.identity_months)).where(_contents.c.subject_id.in_(held))
        return int(connection.execute(sa.select(sa.func.count()).select_from(statement.subquery())).scalar_one())

    def _expired_unmasked(self, held: list[str]) -> int:
        """Decisions that are past both limits at once: they are deleted, not masked."""
        statement = _due(self._before(self._limits.retention_months), masked=False).where(_free(held))
        with storage_errors(), self._engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(statement.subquery())).scalar_one())


def _due(before: str, *, masked: bool | None = None) -> sa.Select[Row]:
    """Find contents that are older than a moment; the month comes first, since it has an index."""
    statement = (
        sa.select(_contents.c.decision_id, _contents.c.subject_id, _contents.c.month)
        .join(_index, _index.c.id == _contents.c.decision_id)
        .join(_log, sa.and_(_log.c.writer == _index.c.writer, _log.c.seq == _index.c.seq))
        .where(_contents.c.month <= before[:7], _log.c.at < before)
    )
    return statement if masked is None else statement.where(_contents.c.identity.is_not(None))


def _free(held: list[str]) -> sa.ColumnElement[bool]:
    return _contents.c.subject_id.not_in(held)


def _needed(connection: sa.Connection, subject_ids: Collection[str]) -> set[tuple[str, str]]:
    """The keys that contents of subjects still need."""
    statement = sa.select(_contents.c.subject_id, _contents.c.month, _contents.c.identity.is_not(None).label("named"))
    needed = set()
    for row in connection.execute(statement.where(_contents.c.subject_id.in_(subject_ids))):
        needed.add((row.subject_id, CONTENT))
        if row.named:
            needed.add((row.subject_id, row.month))
    return needed
