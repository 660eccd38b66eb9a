"""Every route with every scope: a route without a row here fails."""

from datetime import timedelta

import pytest
from fastapi.routing import iter_route_contexts

from riskapi.auth import PrincipalKind, Scope
from tests.makers import EXAMPLE_RECORD
from tests.riskapi.makers import RATIONALE, bearer, make_key, scoring_service, services_of

DIGEST = "sha256:" + "f" * 64
ID = "01a20caf-0413-738e-8d4a-c452987a1bd1"
OPEN = None
"""Needs no key."""

TABLE: dict[tuple[str, str], Scope | None] = {
    ("POST", "/v1/scores"): Scope.SCORE,
    ("POST", "/v1/scores/batch"): Scope.SCORE,
    ("POST", "/v1/manifests"): Scope.SCORE,
    ("GET", "/v1/decisions/{decision_id}"): Scope.DECISIONS_READ,
    ("GET", "/v1/decisions/{decision_id}/explanation"): Scope.DECISIONS_READ,
    ("GET", "/v1/features"): Scope.MODELS_READ,
    ("GET", "/v1/schema"): Scope.MODELS_READ,
    ("GET", "/v1/models"): Scope.MODELS_READ,
    ("GET", "/v1/models/{risk}"): Scope.MODELS_READ,
    ("GET", "/v1/models/{risk}/card"): Scope.MODELS_READ,
    ("POST", "/v1/proposals"): Scope.MODELS_PROPOSE,
    ("GET", "/v1/proposals"): Scope.MODELS_READ,
    ("GET", "/v1/proposals/{digest}"): Scope.MODELS_READ,
    ("POST", "/v1/proposals/{digest}/approve"): Scope.MODELS_APPROVE,
    ("POST", "/v1/proposals/{digest}/reject"): Scope.MODELS_APPROVE,
    ("GET", "/metrics"): Scope.METRICS_READ,
    ("GET", "/health/live"): OPEN,
    ("GET", "/health/ready"): OPEN,
    ("GET", "/docs"): OPEN,
    ("GET", "/docs/start.js"): OPEN,
    ("GET", "/docs/{name}"): OPEN,
    ("GET", "/openapi.json"): OPEN,
}
OPEN_PREFIXES = ("/health/", "/docs", "/openapi.json")
BODIES = {
    "/v1/scores": EXAMPLE_RECORD,
    "/v1/scores/batch": [EXAMPLE_RECORD],
    "/v1/proposals/{digest}/approve": {"rationale": RATIONALE},
    "/v1/proposals/{digest}/reject": {"rationale": RATIONALE},
    "/v1/proposals": {"files": {"manifest.json": "{}"}},
}
GUARDED = [(method, path) for (method, path), scope in TABLE.items() if scope is not OPEN]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service of its own, since approvals change it."""
    with scoring_service(tmp_path_factory.mktemp("access")) as client:
        del client.headers["Authorization"]
        yield client


def call(client, method, path, headers):
    """Call a route with a body that fits it."""
    url = path.format(decision_id=ID, digest=DIGEST, risk="document_fraud", name="swagger-ui.css")
    return client.request(method, url, headers=headers, json=BODIES.get(path, {}) if method == "POST" else None)


def test_r33_every_route_has_a_row(service):
    """A new route without a row in the table fails here."""
    found = {
        (method, context.path)
        for context in iter_route_contexts(service.app.routes)
        for method in (context.methods or ()) - {"HEAD"}
    }
    assert found == set(TABLE)


def test_r33_only_health_and_the_api_page_are_open():
    """Whatever needs no key holds no data."""
    assert all(path.startswith(OPEN_PREFIXES) for (_, path), scope in TABLE.items() if scope is OPEN)


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_r33_no_valid_key_no_answer(service, method, path):
    """No key, a wrong, a tampered, an expired and a revoked one are refused with the same words."""
    services = services_of(service)
    good = make_key(services, list(Scope), kind=PrincipalKind.PERSON)
    expired = make_key(services, list(Scope), lifetime=timedelta(0))
    revoked = make_key(services, list(Scope))
    services.keys.revoke_key(revoked.split("_")[1], services.clock())
    services.refresh()
    answers = [
        call(service, method, path, headers)
        for headers in (
            {},
            bearer(""),
            bearer(good[:-1] + ("A" if good[-1] != "A" else "B")),
            {"Authorization": f"Basic {good}"},
            {"X-API-Key": good},
            bearer(expired),
            bearer(revoked),
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("scope", list(Scope), ids=lambda scope: scope.value)
def test_r33_one_scope_opens_its_routes_and_no_other(service, method, path, scope):
    """A key of one scope is refused by name everywhere but where that scope is asked for."""
    needed = TABLE[method, path]
    key = make_key(services_of(service), [scope], kind=PrincipalKind.PERSON)
    answer = call(service, method, path, bearer(key))
    if scope is needed:
        assert answer.status_code not in (401, 500)
        assert answer.status_code != 403 or "audience:" in answer.text
    else:
        assert answer.status_code == 403
        assert repr(needed.value) in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path"), list(TABLE))
def test_wrong_method_is_a_problem_like_any_other(service, method, path):
    """405 has the one shape of errors, names what is allowed, and no method slips past the table."""
    key = bearer(make_key(services_of(service), list(Scope)))
    answer = call(service, "DELETE", path, key)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert method in answer.headers["allow"]


def test_unknown_path_is_a_problem_like_any_other(service):
    """404 has the one shape of errors and does not repeat the path."""
    answer = service.get("/v1/ZZSECRETZZ")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "ZZSECRETZZ" not in answer.text


def test_new_key_works_at_once_and_a_revoked_one_stops_soon(service):
    """A key that another process made is found when it is first used; a revoked one is gone after the next look."""
    services = services_of(service)
    from riskapi.auth import new_key  # noqa: PLC0415

    key, row = new_key(services.secret, "Other", PrincipalKind.SYSTEM, [Scope.MODELS_READ], services.clock())
    services.keys.add_key(row)
    assert service.get("/v1/models", headers=bearer(key)).status_code == 200
    services.keys.revoke_key(row.key_id, services.clock())
    services.refresh()
    assert service.get("/v1/models", headers=bearer(key)).status_code == 401
