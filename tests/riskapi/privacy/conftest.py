"""Services with a clock that the test sets, and no service process beside."""

import pytest

from tests.riskapi.privacy.makers import Clock, dated_services


@pytest.fixture
def clock():
    """The present of the services."""
    return Clock()


@pytest.fixture
def services(tmp_path, clock):
    """Services with an empty store."""
    with dated_services(tmp_path, clock) as made:
        yield made
