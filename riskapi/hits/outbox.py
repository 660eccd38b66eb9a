"""How far each receiver was told. The log itself is what waits to be told, so nothing is written for it on the way."""

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from riskapi.storage.bulk import put_rows
from riskapi.storage.engine import for_writing
from riskapi.storage.guard import storage_errors
from riskapi.storage.hits_tables import cursors as _cursors
from riskapi.storage.hits_tables import refused as _refused
from riskapi.storage.hits_tables import states as _states

_BEGUN = ""


class Standing(NamedTuple):
    """How a subscription is doing.

    Attributes:
        failing_since: since when its receiver takes nothing, where it does not (UTC, ISO 8601).
        failure: why.
        refused: messages that the receiver did not want, and nobody has looked at yet.
    """

    failing_since: str | None
    failure: str | None
    refused: int


class Outbox:
    """The places of all subscriptions in the log of one store; may be read by anybody, written by one process.

    Args:
        engine: of the store.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    def places(self, subscription: str) -> dict[str, int] | None:
        """Find the last row of each chain that a subscription was told of; ``None`` for a new one."""
        statement = sa.select(_cursors.c.writer, _cursors.c.seq).where(_cursors.c.subscription == subscription)
        with storage_errors(), self._engine.connect() as connection:
            found = {row.writer: row.seq for row in connection.execute(statement)}
        return found if found.pop(_BEGUN, None) is not None else None

    def begin(self, subscription: str, heads: Mapping[str, int]) -> dict[str, int]:
        """Begin a new subscription at the end of the log: what was said before is not told."""
        self._move(subscription, {**heads, _BEGUN: 0})
        return dict(heads)

    def move(self, subscription: str, writer: str, seq: int) -> None:
        """Note that everything up to a row was dealt with; durable when this returns."""
        self._move(subscription, {writer: seq})

    def bury(self, subscription: str, decision_id: str, at: str, told: str) -> None:
        """Keep the id of a decision of which the receiver did not want to hear."""
        row = {"subscription": subscription, "decision_id": decision_id, "at": at, "told": told}
        with storage_errors(), self._writing.begin() as connection:
            put_rows(connection, _refused, [row])

    def unbury(self, subscription: str) -> int:
        """Forget what was refused, once somebody has looked; gives how many there were."""
        with storage_errors(), self._writing.begin() as connection:
            return connection.execute(sa.delete(_refused).where(_refused.c.subscription == subscription)).rowcount

    def note(self, subscription: str, failing_since: str | None, failure: str | None) -> None:
        """Note whether a receiver takes messages."""
        row = {"subscription": subscription, "failing_since": failing_since, "failure": failure}
        with storage_errors(), self._writing.begin() as connection:
            put_rows(connection, _states, [row])

    def standings(self) -> dict[str, Standing]:
        """Find out how every subscription that ever was is doing, by name."""
        counts = sa.select(_refused.c.subscription, sa.func.count().label("refused")).group_by(_refused.c.subscription)
        with storage_errors(), self._engine.connect() as connection:
            buried = {row.subscription: row.refused for row in connection.execute(counts)}
            rows = connection.execute(sa.select(_states)).all()
        states = {row.subscription: (row.failing_since, row.failure) for row in rows}
        names = sorted(buried.keys() | states.keys())
        return {name: Standing(*states.get(name, (None, None)), buried.get(name, 0)) for name in names}

    def refused(self, subscription: str) -> list[tuple[str, str, str]]:
        """List decision, time and status of what a receiver refused, the oldest first."""
        statement = sa.select(_refused.c.decision_id, _refused.c.at, _refused.c.told)
        statement = statement.where(_refused.c.subscription == subscription).order_by(_refused.c.decision_id)
        with storage_errors(), self._engine.connect() as connection:
            return [(row.decision_id, row.at, row.told) for row in connection.execute(statement)]

    def _move(self, subscription: str, places: Mapping[str, int]) -> None:
        rows = [{"subscription": subscription, "writer": writer, "seq": seq} for writer, seq in places.items()]
        with storage_errors(), self._writing.begin() as connection:
            put_rows(connection, _cursors, rows)
