"""Reads outcomes and acts of the review desk from the database itself, in the snapshot of its log."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Protocol

import sqlalchemy as sa

from riskapi.log.contents_check import Held
from riskapi.log.entry import Kind
from riskapi.log.found_check import StoredFound
from riskapi.privacy.seals import DESK, OUTCOME
from riskapi.storage.guard import storage_errors

_PARTS: Mapping[str, str] = {Kind.OUTCOME: OUTCOME, Kind.DESK: DESK}


def _look(columns: str, index: str, contents: str, key: str) -> sa.TextClause:
    text = (
        f"SELECT i.id, i.writer, i.seq, {columns}, s.sealed, c.subject_id "  # noqa: S608 - names of this module
        f"FROM {index} AS i LEFT JOIN {contents} AS s ON s.{key} = i.id "
        "LEFT JOIN decision_contents AS c ON c.decision_id = i.decision_id WHERE i.id IN :ids"
    )
    return sa.text(text).bindparams(sa.bindparam("ids", expanding=True))


_LOOK: Mapping[str, sa.TextClause] = {
    Kind.OUTCOME: _look("i.decision_id, i.version", "outcomes", "outcome_contents", "outcome_id"),
    Kind.DESK: _look(
        "i.decision_id, i.version, i.audience, i.act, i.person", "desk_events", "desk_contents", "event_id"
    ),
}
_IDS: Mapping[str, sa.TextClause] = {
    Kind.OUTCOME: sa.text("SELECT id FROM outcomes ORDER BY id"),
    Kind.DESK: sa.text("SELECT id FROM desk_events ORDER BY id"),
}

SealedFound = tuple[str, str | None, str, bytes | None]
"""Id, subject, what stands in the place of a part, and the sealed content."""


class FoundOpener(Protocol):
    """Opens outcomes and acts, in their order, as the parts of decisions are opened."""

    def __call__(self, rows: Sequence[SealedFound]) -> list[bytes | str | bool | None]:
        """Open some."""


class DatabaseFound:
    """Outcomes and acts of a database.

    Args:
        connection: in a transaction.
        opener: opens contents; without it, only their presence is seen.
    """

    def __init__(self, connection: sa.Connection, opener: FoundOpener | None) -> None:
        self._connection = connection
        self._opener = opener

    def look_up(self, kind: str, ids: Sequence[str]) -> dict[str, StoredFound]:
        """Find what is stored; those of which the index has nothing are left out."""
        with storage_errors():
            rows = self._connection.execute(_LOOK[kind], {"ids": list(ids)}).all()
        held = self._held([(row[0], row[-1], _PARTS[kind], _bytes(row[-2])) for row in rows])
        return {
            row[0]: StoredFound((row[1], row[2]), tuple(row[3:-2]), one, row[-1] is not None)
            for row, one in zip(rows, held, strict=True)
        }

    def still_there(self, kind: str, ids: Sequence[str]) -> frozenset[str]:
        """Find those whose contents are there by now, outside of the snapshot."""
        with storage_errors(), self._connection.engine.connect() as connection:
            rows = connection.execute(_LOOK[kind], {"ids": list(ids)}).all()
        return frozenset(row[0] for row in rows if row[-2] is not None)

    def ids(self, kind: str) -> Iterator[str]:
        """List what the index has."""
        with storage_errors():
            for (one,) in self._connection.execute(_IDS[kind]):
                yield str(one)

    def _held(self, rows: Sequence[SealedFound]) -> list[Held]:
        if self._opener is None:
            return [None if sealed is None else True for *_, sealed in rows]
        return [sha256(one).digest() if isinstance(one, bytes) else one for one in self._opener(rows)]


def _bytes(value: object) -> bytes | None:
    if value is None:
        return None
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
