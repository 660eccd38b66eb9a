"""A store of each kind for the suites of this folder: an embedded one, and a real PostgreSQL."""

from collections.abc import Iterator

import pytest

from riskapi.services import Services
from riskapi.storage.engine import open_engine
from tests.postgres import PostgresServer, postgres
from tests.riskapi.makers import settings


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for the whole run, started when the first test asks for it."""
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def options(request, tmp_path):
    """Settings of an empty store of each kind, its tables made."""
    changes = {"busy_timeout_seconds": 2.0}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        changes |= {"database_url": server.new_store(), "keys_url": server.new_database()}
        return settings(tmp_path, **changes)
    made = settings(tmp_path, **changes)
    open_engine(made).dispose()
    return made


@pytest.fixture
def services(options):
    """Services on that store."""
    made = Services(options)
    yield made
    made.close()
