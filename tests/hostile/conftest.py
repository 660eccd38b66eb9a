"""A service with an approved model for the tests of this folder: in this process, and as a process of its own."""

import logging
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import IO

import pytest
import structlog

from riskapi.telemetry import configure_logging
from tests.faults.service import Service
from tests.riskapi.makers import TestClient, scoring_service, services_of


class LogFile:
    """What the service wrote to its log since the last look."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._seen = 0

    def new(self) -> str:
        """The lines that are new."""
        self._file.flush()
        written = Path(self._file.name).read_bytes()[self._seen :]
        self._seen += len(written)
        return written.decode()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogFile]:
    """The log of the service in this process; everything is logged."""
    with (tmp_path_factory.mktemp("log") / "log").open("w") as file:
        with redirect_stdout(file):
            configure_logging("debug")
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # the client's own lines are not the service's
        yield LogFile(file)
        structlog.reset_defaults()
        logging.getLogger().handlers.clear()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, log: LogFile) -> Iterator[TestClient]:
    """A client of a service in this process."""
    with scoring_service(tmp_path_factory.mktemp("service"), ["document_fraud"]) as made:
        services_of(made).log = structlog.get_logger()
        yield made


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running server of its own, with short deadlines."""
    changes = {"log_level": "info", "head_timeout_seconds": 3.0, "body_timeout_seconds": 3.0}
    with Service(tmp_path_factory.mktemp("server"), changes).prepare() as made:
        yield made
