"""Headers of every answer: hard by default, no other origin allowed, no API page beyond this machine."""

import pytest

from tests.riskapi.makers import scoring_service

HARD = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("GET", "/v1/sessions/current", 200),
        ("GET", "/v1/models", 403),
        ("GET", "/v1/decisions/x", 403),
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/models", 405),
        ("POST", "/v1/scores", 415),
        ("POST", "/v1/sessions", 415),
    ],
)
def test_every_answer_has_hard_headers(client, method, path, status):
    """Whatever is answered, a browser may do nothing with it but show it to its own page."""
    answer = client.request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in HARD} == HARD
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "strict-transport-security" not in answer.headers


def test_transport_security_is_asked_for_over_tls_alone(client):
    """A browser that came over TLS does not come back without."""
    answer = client.get("https://testserver/health/live")
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("path", ["/v1/scores", "/v1/sessions", "/health/live"])
def test_no_other_origin_is_allowed(client, path):
    """There is no cross-origin sharing, and a preflight is no way to ask for it."""
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("OPTIONS", "GET", "POST"):
        answer = client.request(method, path, headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        if method == "OPTIONS":
            assert answer.status_code == 405


def test_the_api_page_is_not_there_beyond_this_machine(tmp_path):
    """In production neither the page nor the document of the API is served, unless the operator asks for it."""
    with scoring_service(tmp_path, risks=["document_fraud"], host="0.0.0.0") as client:
        for path in ("/docs", "/docs/start.js", "/openapi.json", "/redoc"):
            assert client.get(path).status_code == 404
