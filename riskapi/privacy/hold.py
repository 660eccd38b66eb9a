"""Legal holds: while one stands, nothing about a person is masked, deleted or erased. The log is their register."""

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.errors import ConflictError, NotFoundError, ServiceError
from riskapi.log.acts import Act
from riskapi.log.entry import Kind
from riskapi.moments import iso
from riskapi.privacy.subjects import Subjects
from riskapi.storage import schema
from riskapi.storage.guard import storage_errors
from riskapi.storage.journal import Journal, instance_of

_ID_BYTES = 8
_KINDS = (Kind.HOLD_SET, Kind.HOLD_RELEASED)
_EVENTS = (
    sa.select(schema.log.c.body)
    .where(schema.log.c.kind.in_(_KINDS), schema.log.c.kind != sa.literal_column("'decision'"))
    .order_by(schema.log.c.at, schema.log.c.writer, schema.log.c.seq)
)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it was set.

    Attributes:
        hold_id: names it.
        subject_ids: whom it is about.
        reason: why, without naming the person.
        by: who set it.
        until: when it ends by itself (UTC, ISO 8601).
        released_by: who ended it before, where somebody did.
    """

    hold_id: str
    subject_ids: tuple[str, ...]
    reason: str
    by: str
    until: str
    released_by: str | None

    def stands(self, now: datetime) -> bool:
        """Whether it holds at a moment."""
        return self.released_by is None and iso(now) < self.until


class Holds:
    """Sets, releases and finds holds.

    Args:
        journal: takes the entries.
        engine: of the store, to read them.
        subjects: find whom a hold is about.
        clock: the present, in UTC.
    """

    def __init__(self, journal: Journal, engine: sa.Engine, subjects: Subjects, clock: Callable[[], datetime]) -> None:
        self._journal = journal
        self._engine = engine
        self._subjects = subjects
        self._clock = clock

    def set(self, caller: Principal, subject_ids: Sequence[str], reason: str, until: datetime) -> Hold:
        """Hold what is stored about a person.

        Args:
            caller: needs the right ``retention:manage``.
            subject_ids: of the person.
            reason: which case needs it, without naming the person.
            until: when it ends by itself, in UTC.

        Raises:
            ServiceError: where the end is not in the future.
        """
        caller.require(Action.RETENTION)
        if until <= self._clock():
            raise ServiceError("A hold ends in the future: give a later --until.")
        told = self._subjects.require_neutral(reason, subject_ids)
        made = Hold(secrets.token_hex(_ID_BYTES), tuple(subject_ids), told, caller.name, iso(until), None)
        body = {
            "by": made.by,
            "hold_id": made.hold_id,
            "reason": told,
            "subject_ids": list(subject_ids),
            "until": made.until,
        }
        with self._journal.transaction() as transaction:
            self._journal.book.keep(Act(instance_of(transaction.connection), Kind.HOLD_SET, body))
            transaction.append(Kind.HOLD_SET, body)
        return made

    def release(self, caller: Principal, hold_id: str, reason: str) -> None:
        """End a hold before its time.

        Raises:
            NotFoundError: where no such hold stands.
        """
        caller.require(Action.RETENTION)
        found = next((one for one in self.standing() if one.hold_id == hold_id), None)
        if found is None:
            raise NotFoundError("No hold with this id stands; `privacy hold list` shows them.")
        told = self._subjects.require_neutral(reason, found.subject_ids)
        body = {"by": caller.name, "hold_id": hold_id, "reason": told}
        with self._journal.transaction() as transaction:
            transaction.append(Kind.HOLD_RELEASED, body)
            instance = instance_of(transaction.connection)
        with storage_errors():  # last, since a hold that a restore releases wrongly lets go of what it kept
            self._journal.book.keep(Act(instance, Kind.HOLD_RELEASED, body))

    def standing(self, connection: sa.Connection | None = None) -> list[Hold]:
        """List the holds that stand now, the oldest first."""
        now = self._clock()
        if connection is not None:
            return [one for one in _read(connection) if one.stands(now)]
        with storage_errors(), self._engine.connect() as own:
            return [one for one in _read(own) if one.stands(now)]

    def require_none(self, connection: sa.Connection, subject_ids: Collection[str]) -> None:
        """Check that nothing stands in the way, within the transaction that erases.

        Raises:
            ConflictError: naming the hold and its end.
        """
        for one in self.standing(connection):
            if not set(one.subject_ids).isdisjoint(subject_ids):
                raise ConflictError(
                    f"Legal hold {one.hold_id}, set by {one.by}, stands until {one.until[:10]}: nothing was erased. "
                    "Release it first, or wait."
                )


def _read(connection: sa.Connection) -> list[Hold]:
    bodies: list[dict[str, Any]] = [orjson.loads(body) for body in connection.execute(_EVENTS).scalars()]
    released = {body["hold_id"]: body["by"] for body in bodies if "until" not in body}
    return [
        Hold(
            body["hold_id"],
            tuple(body["subject_ids"]),
            body["reason"],
            body["by"],
            body["until"],
            released.get(body["hold_id"]),
        )
        for body in bodies
        if "until" in body
    ]
