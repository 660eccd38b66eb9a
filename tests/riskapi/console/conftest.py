"""A service with its console, one person for each role, and browsers for them."""

from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher

from riskapi.access.matrix import Role
from tests.riskapi.console.makers import Browser, make_person
from tests.riskapi.makers import TestClient, scoring_service, services_of


@pytest.fixture(scope="module", autouse=True)
def _quick_hashes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("riskapi.access.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client over TLS of a service with three approved models and a person for each role."""
    options = {"time_zone": "Africa/Nairobi", "monitoring_enabled": False}
    with scoring_service(tmp_path_factory.mktemp("console"), **options) as made:
        made.base_url = "https://testserver"
        made.key_headers = dict(made.headers)
        made.headers.clear()
        for role in Role:
            make_person(services_of(made), role.value, role, units=("", "NBO"))
        yield made


@pytest.fixture
def browser(client: TestClient) -> Browser:
    """A browser in which nobody has signed in."""
    return Browser(client)


@pytest.fixture
def person(client: TestClient) -> Callable[[Role], Browser]:
    """Makes a browser in which somebody of a role has signed in."""

    def signed_in(role: Role) -> Browser:
        made = Browser(client)
        assert made.sign_in(role.value).status_code == 303
        return made

    return signed_in
