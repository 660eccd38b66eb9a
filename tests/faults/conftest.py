"""How thorough a run is: a few faults each time, all that the acceptance list asks for with RISKAPI_FAULTS=full."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.postgres import PostgresServer, postgres

FULL = os.environ.get("RISKAPI_FAULTS") == "full"


LONG = "runs with RISKAPI_FAULTS=full"


@pytest.fixture(scope="session")
def full() -> bool:
    """Whether everything is to be run."""
    return FULL


@pytest.fixture
def only_full(full: bool) -> None:  # noqa: FBT001 - a fixture's name
    """For tests that only a thorough run has."""
    if not full:
        pytest.skip(LONG)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that nothing is done to."""
    with postgres() as server:
        yield server


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes a sentence with what was counted, to be shown at the end of the run."""
    return lambda text: record_property("figures", text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was counted, and say aloud which faults this machine could not be given."""
    for report in terminalreporter.stats.get("passed", []):
        for name, text in report.user_properties:
            if name == "figures" and report.when == "call":
                terminalreporter.write_line(f"faults: {text}")
    for report in terminalreporter.stats.get("skipped", []):
        if "/faults/" in report.nodeid and LONG not in report.longrepr[2]:
            terminalreporter.write_line(f"FAULT NOT TESTED: {report.nodeid}: {report.longrepr[2]}", red=True, bold=True)
