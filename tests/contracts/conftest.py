"""A real PostgreSQL for the suites of this folder, started when the first test asks for it."""

from collections.abc import Iterator

import pytest

from tests.postgres import PostgresServer, postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for the whole run."""
    with postgres() as server:
        yield server
