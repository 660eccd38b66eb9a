"""The log in SQL: rows are chained and stored with whatever they tell of, in one transaction or not at all."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from riskapi.errors import ServiceError, StorageError
from riskapi.log.entry import GENESIS_PREV, Body, Kind, LogEntry, canonical, chained, entry_hash
from riskapi.log.writers import CommandLease, Lease, keep_others_out
from riskapi.moments import iso
from riskapi.storage import schema
from riskapi.storage.bulk import insert_rows
from riskapi.storage.checkpoints import CheckpointBook
from riskapi.storage.engine import for_writing
from riskapi.storage.guard import storage_errors
from riskapi.storage.head import Head, acknowledged_is_there, heads, last_head

_COLUMNS = {"writer": "text", "seq": "int8", "at": "text", "kind": "text", "body": "text", "hash": "bytea"}
_PAGE_ROWS = 2000


class Transaction:
    """One transaction of a writer: changes of tables, and the entries that tell of them.

    Attributes:
        connection: for the changes; they are stored with the entries or not at all.
        writer: name of the chain.
    """

    def __init__(self, connection: sa.Connection, writer: str, head: Head, at: Callable[[], str]) -> None:
        self.connection = connection
        self.writer = writer
        self._at = at
        self._seq, self._prev = head.seq, head.hash
        self._rows: list[tuple[str, int, str, str, str, bytes]] = []

    def append(self, kind: Kind, body: Body, at: str | None = None) -> LogEntry:
        """Add an entry.

        Args:
            kind: what happened.
            body: see :data:`riskapi.log.entry.Body`; nothing that identifies a traveller.
            at: time; now where it is left out.
        """
        self._begin_chain()
        entry = chained(self.writer, self._seq + 1, at or self._at(), kind, canonical(body), prev=self._prev)
        self._add(entry.at, kind, entry.body, entry.hash)
        return entry

    def extend(self, kind: Kind, entries: Sequence[tuple[str, bytes]]) -> int:
        """Add many entries of one kind.

        Args:
            kind: what happened.
            entries: time and canonical body of each.

        Returns:
            Place of the first one.
        """
        self._begin_chain()
        first = self._seq + 1
        for at, body in entries:
            self._add(at, kind, body, entry_hash(self.writer, self._seq + 1, at, kind, body, prev=self._prev))
        return first

    def store(self) -> list[bytes]:
        """Insert the entries.

        Returns:
            Their hashes, in order.
        """
        if self._rows:
            insert_rows(self.connection, "log", _COLUMNS, self._rows)
        return [row[-1] for row in self._rows]

    @property
    def head(self) -> Head:
        """Where the chain is, once this is stored."""
        return Head(self._seq, self._prev)

    def _add(self, at: str, kind: Kind, body: bytes, digest: bytes) -> None:
        self._seq += 1
        self._prev = digest
        self._rows.append((self.writer, self._seq, at, kind.value, body.decode(), digest))

    def _begin_chain(self) -> None:
        if self._seq:
            return
        body = canonical(
            {
                "heads": {name: [head.seq, head.hash.hex()] for name, head in heads(self.connection).items()},
                "instance": instance_of(self.connection),
                "schema": schema.REVISIONS[-1],
            }
        )
        at = self._at()
        self._add(at, Kind.GENESIS, body, entry_hash(self.writer, 1, at, Kind.GENESIS, body, prev=GENESIS_PREV))


class Journal:
    """The chain that this process writes, and all chains to read.

    It begins with the chain of commands; a service takes a chain of its own by :meth:`lead`. After any error of the
    store the outcome counts as unknown: the connection is dropped, and before anything else is stored another one is
    opened and the end of the chain is verified, up to what was acknowledged before. May be used from any thread.

    Args:
        engine: of the store.
        clock: the present, in UTC.
        book: makes and keeps the checkpoints.
        gate: held for each transaction, where another part of this program writes the same embedded store.
    """

    def __init__(
        self,
        engine: sa.Engine,
        clock: Callable[[], datetime],
        book: CheckpointBook,
        gate: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self._clock = clock
        self.book = book
        self._lease: Lease = CommandLease()
        self._lock = threading.RLock()
        self._gate: AbstractContextManager[Any] = gate if gate is not None else nullcontext()
        self._is_open = False
        self._connection: sa.Connection | None = None
        self._writer = ""
        self._head = Head(0, GENESIS_PREV)
        self._acknowledged: dict[str, Head] = {}
        self.failure: str | None = None
        """What went wrong last, until the chain was verified again."""

    def lead(self, lease: Lease) -> None:
        """Take a chain of this process's own.

        Raises:
            StorageError: where none can be had, or its end is not what was written.
        """
        with self._lock:
            self._drop()
            self._lease = lease
            with self.transaction():
                pass

    @contextmanager
    def transaction(self, *, erasing: bool = False) -> Iterator[Transaction]:
        """Store changes and entries together.

        An error that is none of the store undoes the transaction and is handed on; the store is as before.

        Args:
            erasing: keep out the writers of all processes, since keys are destroyed.

        Raises:
            StorageError: the outcome is unknown; nothing may be acknowledged.
        """
        with self._gate, self._lock, storage_errors():
            if self._is_open:
                raise RuntimeError("one transaction at a time: use the one that is open")
            self._is_open = True
            try:
                yield from self._run(erasing=erasing)
            except (StorageError, sa.exc.SQLAlchemyError, OSError) as error:
                self._drop()
                self.failure = str(error) if isinstance(error, StorageError) else type(error).__name__
                raise
            except ServiceError:
                raise
            except BaseException:
                self._drop()
                raise
            finally:
                self._is_open = False

    def append(self, kind: Kind, body: Body, at: str | None = None) -> LogEntry:
        """Store one entry; it is durable when this returns.

        Raises:
            StorageError: the outcome is unknown; nothing may be acknowledged.
        """
        with self.transaction() as transaction:
            return transaction.append(kind, body, at)

    def check(self) -> None:
        """Make sure that the store can be written, and that the chain ends as it was acknowledged.

        Raises:
            StorageError: where it cannot, or does not.
        """
        with self.transaction():
            pass

    def tick(self) -> None:
        """Make a checkpoint if one is due, and find out how the log is after an error; to be called now and then.

        Raises:
            StorageError: where the store is not well.
        """
        with self._lock:
            if self.failure is not None or (self._connection is not None and self.book.is_due(time.monotonic())):
                self.check()

    def entries(self, writer: str, after: int = 0) -> Iterator[LogEntry]:
        """Read the entries of a chain in order, page by page.

        Args:
            writer: name of the chain.
            after: place of the last entry that is known already.
        """
        table = schema.log
        while True:
            statement = (
                sa.select(table)
                .where(table.c.writer == writer, table.c.seq > after)
                .order_by(table.c.seq)
                .limit(_PAGE_ROWS)
            )
            with storage_errors(), self._engine.connect() as connection:
                rows = connection.execute(statement).all()
            for row in rows:
                yield LogEntry(row.writer, row.seq, row.at, row.kind, row.body.encode(), bytes(row.hash))
            if len(rows) < _PAGE_ROWS:
                return
            after = rows[-1].seq

    def heads(self) -> dict[str, Head]:
        """Find the last entry of each chain."""
        with storage_errors(), self._engine.connect() as connection:
            return heads(connection)

    @property
    def writer(self) -> str:
        """Name of the chain that this process writes; empty before its first transaction."""
        return self._writer

    def close(self) -> None:
        """Make the last checkpoint, and let go of chain and connection."""
        with self._lock:
            if self._connection is not None and self._lease.is_exclusive and self.book.uncovered:
                try:
                    with self.transaction():
                        self.book.hurry()
                except StorageError:
                    pass  # the rows are stored all the same; the next process covers them
            self._drop()
            self._lease.release()

    def _run(self, *, erasing: bool) -> Iterator[Transaction]:
        connection = self._connection or self._reopen()
        with connection.begin():
            keep_others_out(connection, self._lease, erasing=erasing)
            if not self._lease.is_exclusive:
                self._verify(connection)  # other commands may have written since
            transaction = Transaction(connection, self._writer, self._head, lambda: iso(self._clock()))
            yield transaction
            self.book.add(transaction.store(), time.monotonic())
            if self.book.is_due(time.monotonic()) or not self._lease.is_exclusive:
                self.book.store(connection, self._clock())
        self._head = self._acknowledged[self._writer] = transaction.head
        self.failure = None
        self.book.publish()

    def _reopen(self) -> sa.Connection:
        connection = self._writing.connect()
        try:
            self._writer = self._lease.take(connection)
            with connection.begin():
                keep_others_out(connection, self._lease, erasing=False)  # a shared chain must not grow meanwhile
                self._verify(connection)
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        self._connection = connection
        return connection

    def _verify(self, connection: sa.Connection) -> None:
        """Read the end of the chain and hold it against itself, what was acknowledged, and the last checkpoint."""
        self._head = last_head(connection, self._writer)
        if (known := self._acknowledged.get(self._writer)) is not None:
            acknowledged_is_there(connection, self._writer, known, self._head)
        self.book.open(connection, instance_of(connection), self._writer, self._head)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def instance_of(connection: sa.Connection) -> str:
    """Read the name of a store."""
    return str(connection.execute(sa.select(schema.instance.c.id)).scalar_one())
