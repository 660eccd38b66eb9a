"""Who writes which chain: one process at a time holds a chain, and lets go of it when it ends, however it ends."""

import fcntl
import os
import time
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from riskapi.errors import StorageError

COMMANDS = "cli"
"""The chain of commands: many processes share it, one transaction at a time."""
_SPACE = 0x7269736B
"""First half of the advisory locks of this program: "risk"."""
_SHARED, _ERASING = 0, -1
"""Second halves; those of chains are their numbers, from 1."""
_CHAINS_MAX = 1000
_PAUSE_SECONDS = 0.05


class Lease(Protocol):
    """The right to write a chain."""

    is_exclusive: bool
    """Whether nobody else writes the chain between two transactions."""

    def take(self, connection: sa.Connection, /) -> str:
        """Take a chain for as long as the connection lives; the same again where that is possible.

        Args:
            connection: that will write; in no transaction.

        Returns:
            Its name.
        """

    def release(self) -> None:
        """Let go of it."""


class CommandLease:
    """The chain of commands; the transaction itself is what keeps others out."""

    is_exclusive = False

    def take(self, _connection: sa.Connection, /) -> str:
        """Name the chain."""
        return COMMANDS

    def release(self) -> None:
        """Nothing is held."""


class FileLease:
    """A chain of an embedded store, held by a lock on a file beside it.

    Args:
        path: of the lock file.
        number: of the chain.
        patience_seconds: how long to wait for a process that is still shutting down.
    """

    is_exclusive = True

    def __init__(self, path: Path, number: int, patience_seconds: float) -> None:
        self._path = path
        self._number = number
        self._patience_seconds = patience_seconds
        self._descriptor: int | None = None

    def take(self, _connection: sa.Connection, /) -> str:
        """Take the chain.

        Raises:
            StorageError: where another service has it.
        """
        if self._descriptor is None:
            self._descriptor = self._locked()
        return str(self._number)

    def release(self) -> None:
        """Let go of the lock; the file stays."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _locked(self) -> int:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"The store's lock cannot be opened ({error.strerror}).") from None
        until = time.monotonic() + self._patience_seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() >= until:
                    os.close(descriptor)
                    raise StorageError(
                        "Another service writes this store: stop it, or use PostgreSQL for several services."
                    ) from None
                time.sleep(_PAUSE_SECONDS)
            else:
                return descriptor


class ServerLease:
    """A chain of one of several services on one PostgreSQL, held by an advisory lock of the writing connection.

    The lock ends with the connection, so a chain is never written by two: whoever lost its connection has to take a
    chain again, and takes its old one if the server has let go of it by then.

    Args:
        patience_seconds: how long to wait for the old one.
    """

    is_exclusive = True

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._number: int | None = None

    def take(self, connection: sa.Connection, /) -> str:
        """Take the chain held before, else the first that is free.

        Raises:
            StorageError: where none is free.
        """
        until = time.monotonic() + self._patience_seconds
        while self._number is not None:
            if _try_lock(connection, self._number):
                return str(self._number)
            if time.monotonic() >= until:
                break
            time.sleep(_PAUSE_SECONDS)
        for number in range(1, _CHAINS_MAX):
            if _try_lock(connection, number):
                self._number = number
                return str(number)
        raise StorageError("No chain of the log is free: are so many services running?")

    def release(self) -> None:
        """Nothing to do: the lock ends with the connection."""


def keep_others_out(connection: sa.Connection, lease: Lease, *, erasing: bool) -> None:
    """Order a transaction that has begun among those of other processes on the same server.

    Writers of different chains do not wait for one another; who destroys keys waits for all of them, and they for it,
    so that nothing is sealed by a key that is just being destroyed. An embedded store has one writer at a time anyway.
    """
    if connection.dialect.name != "postgresql":
        return
    mode = "" if erasing else "_shared"
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock{mode}({_SPACE}, {_ERASING})")
    if not lease.is_exclusive:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SPACE}, {_SHARED})")


def _try_lock(connection: sa.Connection, number: int) -> bool:
    with connection.begin():
        return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_SPACE}, {number})").scalar_one())
