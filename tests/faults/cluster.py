"""A PostgreSQL server that is a child of this process, so that it can be killed, reaped and started again."""

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from tests.faults.service import LOOPBACK, free_port
from tests.postgres import PostgresServer

START_SECONDS = 60.0


class Cluster:
    """One server on a loopback port; its files stay where they are when it is killed."""

    def __init__(self, directory: Path) -> None:
        made = PostgresServer(directory / "data")  # makes the files, and a user for them where this one is root
        made.stop()
        self._directory = directory
        self._program = made._server.bin_path / "postgres"
        self._user = made._server.system_user
        self._names = map("faults_{}".format, itertools.count(1))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-D", self._directory / "data", "-p", str(self.port), "-h", LOOPBACK, "-k", ""],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd="/",
            )
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            with suppress(psycopg.OperationalError), self.connect():
                return
            assert self._process.poll() is None, (self._directory / "log").read_text()[-2000:]
            time.sleep(0.05)
        raise AssertionError("the server does not take connections")

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Connect as the superuser."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    def url(self, database: str, port: int | None = None) -> str:
        """The address of a database, by way of another port where one is given."""
        return f"postgresql://postgres@{LOOPBACK}:{port or self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database; gives its name."""
        name = next(self._names)
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def kill(self) -> None:
        """End the server and all that serve its clients, at once."""
        assert self._process is not None, "it was not started"
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._process.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End the server in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # its "fast" way: clients are cut off, everything is written
            self._process.wait(30)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running server for as long as the block lasts."""
    with TemporaryDirectory(prefix="riskapi-faults-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        made = Cluster(directory)
        made.start()
        try:
            yield made
        finally:
            made.stop()
