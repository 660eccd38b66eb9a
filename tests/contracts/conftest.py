"""A real PostgreSQL for the suites of this folder, started when the first test asks for it."""

from collections.abc import Iterator

import pytest

from tests.postgres import PostgresServer, postgres


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server for the whole run."""
    with postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server
