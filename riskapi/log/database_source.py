"""Reads a log from the database itself, in one read-only snapshot, trusting nothing of what stands there."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Literal

import sqlalchemy as sa

from riskapi.errors import StorageError
from riskapi.log.contents_check import ALL_THERE, Held, Stored
from riskapi.log.database_access import DatabaseAccess
from riskapi.log.database_found import DatabaseFound, FoundOpener
from riskapi.log.findings import Findings, Rule
from riskapi.log.genesis_check import Place
from riskapi.log.registry_check import BundleFacts, LedgerFacts
from riskapi.log.source import Row
from riskapi.storage.engine import is_embedded
from riskapi.storage.guard import storage_errors

_FETCH_ROWS = 4096
# An embedded database holds whatever bytes somebody put there; as a blob they can be read and judged.
_ROWS = (
    "SELECT CAST(writer AS BLOB), seq, CAST(at AS BLOB), CAST(kind AS BLOB), CAST(body AS BLOB), hash "
    "FROM log ORDER BY writer, seq"
)
_ROWS_SERVER = (
    "SELECT convert_to(writer, 'UTF8'), seq, convert_to(at, 'UTF8'), convert_to(kind, 'UTF8'), "
    "convert_to(body, 'UTF8'), hash FROM log ORDER BY writer COLLATE \"C\", seq"
)
_HASHES = sa.text("SELECT hash FROM log WHERE writer = :writer AND seq = :seq")
_COUNT = sa.text("SELECT count(*) FROM log")
_CHECKPOINTS = sa.text("SELECT writer, size, note FROM checkpoints ORDER BY writer, size")
_BUNDLES = sa.text("SELECT digest, risk, name, version FROM bundles ORDER BY digest")
_FILES = sa.text("SELECT name, content FROM bundle_files WHERE digest = :digest ORDER BY name")
_LEDGER = sa.text("SELECT event, digest, risk, principal, rationale FROM ledger ORDER BY seq")
_CONTENTS_COUNT = sa.text("SELECT count(*) FROM decision_contents")
_CONTENTS_IDS = sa.text("SELECT decision_id FROM decision_contents ORDER BY decision_id")
_PRESENT = sa.text(
    "SELECT c.decision_id, d.writer, d.seq, CASE WHEN c.answer IS NULL THEN 0 ELSE 1 END + "
    "CASE WHEN c.identity IS NULL THEN 0 ELSE 2 END + CASE WHEN c.input IS NULL THEN 0 ELSE 4 END "
    "FROM decision_contents AS c LEFT JOIN decisions AS d ON d.id = c.decision_id WHERE c.decision_id IN :ids"
).bindparams(sa.bindparam("ids", expanding=True))
_THERE: tuple[tuple[Held, Held, Held], ...] = (
    *((True if bits & 1 else None, True if bits & 2 else None, True if bits & 4 else None) for bits in range(7)),
    ALL_THERE,
)
_SEALED = sa.text(
    "SELECT c.decision_id, d.writer, d.seq, c.subject_id, c.month, c.answer, c.identity, c.input "
    "FROM decision_contents AS c LEFT JOIN decisions AS d ON d.id = c.decision_id WHERE c.decision_id IN :ids"
).bindparams(sa.bindparam("ids", expanding=True))

SealedRow = tuple[str, str, str, tuple[bytes | None, ...]]
"""Decision, subject, month, and the sealed parts in the order of :data:`PARTS`."""
Opened = bytes | str | Literal[False] | None
"""Salt and content; or why it cannot be opened; ``False`` where its key is gone; ``None`` where it is itself."""
OpenedParts = tuple[Opened, ...]
"""In the order of :data:`riskapi.log.contents_check.PARTS`."""
Opener = Callable[[Sequence[SealedRow]], list[OpenedParts]]
"""Opens sealed contents, in their order."""


class DatabaseSource:
    """One snapshot of a database; see :func:`database_source`.

    Args:
        connection: in a transaction.
        name: for findings.
        opener: opens contents; without it, only their presence is checked.
        found_opener: the same for outcomes and acts of the desk.
    """

    def __init__(
        self, connection: sa.Connection, name: str, opener: Opener | None, found_opener: FoundOpener | None
    ) -> None:
        self._connection = connection
        self.name = name
        self.registry = DatabaseRegistry(connection)
        self.contents = DatabaseContents(connection, opener)
        self.found = DatabaseFound(connection, found_opener)
        self.access = DatabaseAccess(connection)

    def row_count(self) -> int:
        """How many rows there are."""
        with storage_errors():
            return int(self._connection.execute(_COUNT).scalar_one())

    def rows(self, findings: Findings) -> Iterator[Row]:
        """Read the rows, those of one writer in their order."""
        query = _ROWS if self._connection.dialect.name == "sqlite" else _ROWS_SERVER
        options = {"stream_results": True, "max_row_buffer": _FETCH_ROWS}
        with storage_errors():
            result = self._connection.exec_driver_sql(query, execution_options=options)
            for batch in result.partitions(_FETCH_ROWS):
                for writer, seq, at, kind, body, row_hash in batch:
                    try:
                        row = writer.decode(), seq, at.decode(), kind.decode(), bytes(body), bytes(row_hash)
                        is_row = seq.__class__ is int
                    except (AttributeError, TypeError, UnicodeDecodeError):
                        is_row = False
                    if is_row:
                        yield row
                    else:
                        where = writer.decode(errors="replace")[:80] if isinstance(writer, bytes) else ""
                        number = seq if isinstance(seq, int) else 0
                        findings.add(Rule.MALFORMED, "its columns hold values of another kind", where, number)

    def hashes(self, places: Collection[Place]) -> dict[Place, list[bytes]]:
        """Find the stored hashes of rows."""
        found: dict[Place, list[bytes]] = {}
        with storage_errors():
            for writer, seq in places:
                for (one,) in self._connection.execute(_HASHES, {"writer": writer, "seq": seq}):
                    found.setdefault((writer, seq), []).append(_bytes(one) or b"")
        return found

    def checkpoints(self) -> Iterator[tuple[str, str | None, tuple[str, int] | None]]:
        """Read place, note and columns of the checkpoints."""
        with storage_errors():
            for writer, size, note in self._connection.execute(_CHECKPOINTS):
                yield "the table of checkpoints", note if isinstance(note, str) else None, (str(writer), _whole(size))


class DatabaseRegistry:
    """Bundles and ledger of a database."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def bundles(self) -> Iterator[BundleFacts]:
        """Read the bundles; one at a time is in memory."""
        with storage_errors():
            for row in self._connection.execute(_BUNDLES).all():
                kept: dict[str, bytes] = {}
                hashes: dict[str, str] = {}
                for name, content in self._connection.execute(_FILES, {"digest": row.digest}):
                    data = bytes(content) if isinstance(content, bytes | memoryview) else str(content).encode()
                    if name in ("manifest.json", "signature.json"):
                        kept[name] = data
                    else:
                        hashes[str(name)] = sha256(data).hexdigest()
                manifest, signature = kept.get("manifest.json", b""), kept.get("signature.json", b"")
                yield BundleFacts(row.digest, row.risk, row.name, row.version, manifest, signature, hashes)

    def ledger(self) -> Iterator[LedgerFacts]:
        """Read the ledger."""
        with storage_errors():
            for row in self._connection.execute(_LEDGER):
                yield LedgerFacts(*map(str, row))


class DatabaseContents:
    """Stored contents of a database."""

    def __init__(self, connection: sa.Connection, opener: Opener | None) -> None:
        self._connection = connection
        self._opener = opener

    @property
    def can_open(self) -> bool:
        """Whether contents can be opened from here."""
        return self._opener is not None

    def look_up(self, decision_ids: Sequence[str]) -> dict[str, Stored]:
        """Find what is stored, and compute commitments anew where that can be opened."""
        if self._opener is None:
            return _present(self._connection, decision_ids)
        found: dict[str, Stored] = {}
        for row, parts in self._opened(decision_ids):
            answer, identity, input_ = [sha256(one).digest() if one.__class__ is bytes else one for one in parts]
            found[row[0]] = Stored((row[1], row[2]), (answer, identity, input_))
        return found

    def look_again(self, decision_ids: Sequence[str]) -> dict[str, Stored]:
        """Find what is stored by now, outside of the snapshot."""
        with storage_errors(), self._connection.engine.connect() as connection:
            return _present(connection, decision_ids)

    def opened(self, decision_ids: Sequence[str]) -> Iterator[tuple[str, tuple[str, int], OpenedParts]]:
        """Open what is stored: decision, place in the log by the index, parts."""
        for row, parts in self._opened(decision_ids):
            yield row[0], (row[1], row[2]), parts

    def _opened(self, decision_ids: Sequence[str]) -> Iterator[tuple[Any, OpenedParts]]:
        assert self._opener is not None
        with storage_errors():
            rows = self._connection.execute(_SEALED, {"ids": list(decision_ids)}).all()
        sealed = [
            (
                decision_id,
                subject_id,
                month,
                (
                    answer if answer.__class__ is bytes else _bytes(answer),
                    identity if identity.__class__ is bytes else _bytes(identity),
                    input_ if input_.__class__ is bytes else _bytes(input_),
                ),
            )
            for decision_id, _, _, subject_id, month, answer, identity, input_ in rows
        ]
        return zip(rows, self._opener(sealed), strict=True)

    def count(self) -> int:
        """How many decisions have contents."""
        with storage_errors():
            return int(self._connection.execute(_CONTENTS_COUNT).scalar_one())

    def ids(self) -> Iterator[str]:
        """List the decisions that have contents."""
        with storage_errors():
            for (decision_id,) in self._connection.execute(_CONTENTS_IDS):
                yield str(decision_id)


@contextmanager
def database_source(
    engine: sa.Engine, name: str, opener: Opener | None = None, found_opener: FoundOpener | None = None
) -> Iterator[DatabaseSource]:
    """Take a read-only snapshot of a database.

    Args:
        engine: of the store.
        name: for findings.
        opener: opens contents; without it, only their presence is checked.
        found_opener: the same for outcomes and acts of the desk.

    Raises:
        StorageError: where the database cannot be read.
    """
    isolated = engine if is_embedded(engine) else engine.execution_options(isolation_level="REPEATABLE READ")
    try:
        with isolated.connect() as connection:
            if is_embedded(engine):
                connection.exec_driver_sql("PRAGMA query_only = ON")
            else:
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            try:
                yield DatabaseSource(connection, name, opener, found_opener)
            finally:
                if is_embedded(engine):
                    connection.invalidate()  # so that no later user gets a connection that cannot write
    except sa.exc.SQLAlchemyError as error:
        raise StorageError(f"The database cannot be read ({type(error).__name__}).") from None


def commitment_of(salted: bytes) -> bytes:
    """Compute the commitment to salt and content."""
    return sha256(salted).digest()


def _present(connection: sa.Connection, decision_ids: Sequence[str]) -> dict[str, Stored]:
    with storage_errors():
        found = connection.execute(_PRESENT, {"ids": list(decision_ids)}).all()
    return {decision_id: Stored((writer, seq), _THERE[bits]) for decision_id, writer, seq, bits in found}


def _bytes(value: object) -> bytes | None:
    if value is None:
        return None
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
