import json

import pytest
from argon2 import PasswordHasher

from riskapi.access import passwords
from riskapi.access.matrix import Action
from riskapi.access.principal import PrincipalKind
from tests.hostile.bridge import bridge_to
from tests.hostile.described import FULL, UNSAID, drive
from tests.riskapi.makers import make_key, scoring_service, services_of


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A service in this process; passwords cost it little."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        with scoring_service(tmp_path_factory.mktemp("service"), ["document_fraud"]) as client:
            client.headers.clear()
            yield client


@pytest.fixture(scope="module")
def headers(served):
    """Of somebody who may do everything: what is tested is not the table of rights."""
    key = make_key(services_of(served), tuple(Action), "Amina Yusuf", PrincipalKind.PERSON)
    return {"Authorization": f"Bearer {key}"}


def test_r37_service_keeps_to_its_own_description(served, headers):
    """What fits is accepted, what does not is refused, each answer is as described, nobody is let in unknown."""
    driven = drive(bridge_to(served), headers)
    assert driven.wrong == {}
    described = {
        f"{method.upper()} {path}"
        for path, operations in served.app.openapi()["paths"].items()
        for method in operations
    }
    assert set(driven.requests) == described
    assert set(UNSAID) <= described
    assert driven.requests.total() > (10_000 if FULL else 1_000)
    assert {200, 204, 401, 403, 404, 405, 415, 422} <= set(driven.statuses)
    assert all(status < 500 for status in driven.statuses)


FLAWS = {
    "ServerError": (500, b"{}", "application/json"),
    "UndefinedStatusCode": (418, b"{}", "application/json"),
    "UndefinedContentType": (200, b"{}", "text/plain"),
    "JsonSchemaError": (200, b'{"models": 1}', "application/json"),
    "MalformedJson": (200, b"[", "application/json"),
    "IgnoredAuth": (200, b"[]", "application/json"),
}
"""What is found -> an answer to every request that makes it so."""


@pytest.mark.parametrize("flaw", FLAWS)
def test_answers_that_are_not_as_described_are_found(served, headers, flaw):
    """The control: a service that answers otherwise than it says, or lets everybody in."""
    status, body, media_type = FLAWS[flaw]
    description = served.app.openapi()
    description |= {"paths": {"/v1/models": description["paths"]["/v1/models"]}}

    async def broken(scope, receive, send):
        if scope["type"] == "lifespan":
            await bridge_to(served)(scope, receive, send)
            return
        answer = (200, json.dumps(description).encode(), "application/json")
        code, content, kind = answer if scope["path"] == "/openapi.json" else (status, body, media_type)
        head = [(b"content-type", kind.encode()), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": code, "headers": head})
        await send({"type": "http.response.body", "body": content})

    driven = drive(broken, headers, examples=1)
    assert ("GET /v1/models", flaw) in driven.wrong, list(driven.wrong)
