"""Services for the tests of this folder: one that scores, made once a module, and one of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from riskapi.services import Services
from tests.riskapi.makers import TestClient, scoring_service, settings


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a service with three approved models; its key may score for both audiences."""
    with scoring_service(tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """Services with an empty store, not started."""
    made = Services(settings(tmp_path))
    yield made
    made.close()
