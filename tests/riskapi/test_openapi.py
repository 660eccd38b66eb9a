import json
import re

import jsonschema_rs
import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.access.guard import SECURITY_SCHEMES
from riskapi.errors import KINDS
from riskapi.schemas import RECORD_EXAMPLES
from tests.riskapi.makers import services_of, serving, settings
from tests.riskapi.test_access_matrix import TABLE

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.fixture(scope="module")
def document(client):
    """The description of the API."""
    return client.get("/openapi.json").json()


def operations(document):
    """Every operation with its method and path."""
    return [(method.upper(), path, one) for path, item in document["paths"].items() for method, one in item.items()]


def test_document_describes_every_route_with_its_key(document):
    """What can be called is described, and what needs a key says so."""
    described = {(method, path) for method, path, _ in operations(document)}
    assert described == {row for row in TABLE if not row[1].startswith(("/docs", "/openapi", "/console"))}
    for method, path, operation in operations(document):
        assert ("security" in operation) == (TABLE[method, path] is not None)
        assert operation["description"], f"{method} {path} says what it does"


def test_every_reference_of_the_document_leads_somewhere(document):
    """No schema is named that is not there."""
    text = str(document)
    for name in set(re.findall(r"#/components/schemas/([\w-]+)", text)):
        assert name in document["components"]["schemas"]


def test_problems_are_described_in_their_own_media_type(document):
    """Each error answer of each route is a problem document, and FastAPI's own form is nowhere."""
    assert "HTTPValidationError" not in str(document)
    for method, path, operation in operations(document):
        statuses = {status for status in operation["responses"] if int(status) >= 400}
        if TABLE[method, path] is not None:
            assert {"401", "403"} <= statuses
        for status in statuses - ({"503"} if path == "/health/ready" else set()):
            assert list(operation["responses"][status]["content"]) == ["application/problem+json"]


def bodies(document):
    """Every example of a body in the document, with its route and media type."""
    for method, path, operation in operations(document):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            found = {name: one["value"] for name, one in content.get("examples", {}).items()}
            if "example" in content:
                found["example"] = content["example"]
            yield from ((method, path, media_type, name, body, content["schema"]) for name, body in found.items())


def test_every_example_validates_and_runs(client, document):
    """What the page offers to try is valid by its own schema, and the service answers it."""
    tried = set()
    for method, path, media_type, _name, body, schema in bodies(document):
        if media_type == "application/json":
            jsonschema_rs.validate({**schema, "components": document["components"]}, body)
        if "{" in path:
            continue
        options = {"json": body} if media_type == "application/json" else {"content": body}
        parameters = document["paths"][path][method.lower()].get("parameters", [])
        query = {one["name"]: one["example"] for one in parameters if one["in"] == "query" and one["required"]}
        answer = client.request(method, path, headers={"content-type": media_type}, params=query, **options)
        assert answer.status_code in (200, 201), (path, answer.text)
        tried.add((path, media_type))
    assert {("/v1/scores", "application/json"), ("/v1/scores/batch", "application/x-ndjson")} <= tried


def test_record_examples_are_the_documented_ones(document):
    """The three examples of a record are on the page of the hot path."""
    content = document["paths"]["/v1/scores"]["post"]["requestBody"]["content"]["application/json"]
    assert set(content["examples"]) == set(RECORD_EXAMPLES)
    assert content["schema"] == {"$ref": "#/components/schemas/TravellerRecord"}


def test_hot_path_is_described_like_any_other_route(document):
    """The route that leaves FastAPI's machinery has body, answer, problems and credentials in the document."""
    operation = document["paths"]["/v1/scores"]["post"]
    assert operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/ScoreAnswer")
    assert set(operation["responses"]) >= {"400", "401", "403", "408", "413", "415", "422", "503"}
    assert operation["security"] == [{name: []} for name in SECURITY_SCHEMES]


def test_every_answer_carries_the_security_headers(client):
    """Whatever the status: nothing is sniffed, framed, cached or told to other sites, and no server is named."""
    answers = [
        client.post("/v1/scores", json=EXAMPLE_RECORD),
        client.post("/v1/scores", json={}),
        client.get("/v1/models", headers={"Authorization": ""}),
        client.get("/nowhere"),
        client.delete("/v1/scores"),
        client.get("/health/live"),
        client.get("/openapi.json"),
        client.get("/docs"),
    ]
    assert [answer.status_code for answer in answers] == [200, 422, 401, 404, 405, 200, 200, 200]
    for answer in answers:
        assert SECURITY_HEADERS.items() <= answer.headers.items()
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_r34_api_page_asks_no_other_host(client):
    """The page and its files come from this service, and its policy lets nothing else in."""
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "http" not in page.text
    assert "<script>" not in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    for name in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        asset = client.get(name)
        assert asset.status_code == 200
        assert asset.headers["x-content-type-options"] == "nosniff"
    assert client.get("/docs/../riskapi.db").status_code == 404
    assert client.get("/docs/oauth2-redirect.html").status_code == 404


def test_api_page_gets_a_document_that_it_can_show(client, document):
    """The page's renderer refuses any version but 3.0, and knows no word of 3.1; nothing else is lost."""
    name = re.search(r'url: "([^"]+)"', client.get("/docs/start.js").text)[1]
    shown = client.get(name).json()
    assert re.fullmatch(r"3\.0\.\d", shown["openapi"])
    assert shown["paths"].keys() == document["paths"].keys()
    assert shown["components"]["schemas"].keys() == document["components"]["schemas"].keys()
    text = json.dumps(shown)
    assert '"type": "null"' not in text
    assert '"const"' not in text
    assert '"patternProperties"' not in text
    assert not re.search(r'"examples": \[', text)
    assert text.count('"nullable": true') > 50


def test_api_page_can_be_switched_off(tmp_path):
    """A service without the page shows no description of itself either."""
    from riskapi.services import Services  # noqa: PLC0415

    with serving(Services(settings(tmp_path, docs_enabled=False))) as client:
        for path in ("/docs", "/docs/start.js", "/openapi.json", "/redoc"):
            assert client.get(path).status_code == 404


def test_documented_statuses_are_those_of_the_table(document):
    """No route promises a problem that the table of errors does not know."""
    known = {kind.status.value for kind in KINDS.values()}
    for _method, path, operation in operations(document):
        for status in operation["responses"]:
            assert int(status) < 400 or int(status) in known, path


def test_catalogue_and_schema_are_complete(client):
    """GET /v1/features lists each feature with its justification, GET /v1/schema each fact with its sensitivity."""
    from features.catalogue import CATALOGUE  # noqa: PLC0415
    from riskapi.access.matrix import Action  # noqa: PLC0415
    from tests.riskapi.makers import bearer, make_key  # noqa: PLC0415

    key = bearer(make_key(services_of(client), [Action.MODELS_READ]))
    listed = client.get("/v1/features", headers=key).json()
    assert [one["name"] for one in listed] == [spec.name for spec in CATALOGUE]
    assert all(one["because"] for one in listed)
    schema = client.get("/v1/schema", headers=key).json()
    assert schema["$defs"]["Document"]["properties"]["number"]["x-sensitivity"] == "hashed"
    for risk in services_of(client).active.live.models:
        shown = client.get(f"/v1/models/{risk.risk}", headers=key).json()
        assert shown["digest"] == risk.bundle.digest
        assert len(shown["model"]["terms"]) == len(risk.bundle.model.terms)
        assert client.get(f"/v1/models/{risk.risk}/card", headers=key).json()["risk"] == risk.risk
        page = client.get(f"/v1/models/{risk.risk}/card", headers=key | {"Accept": "text/markdown"})
        assert page.text.startswith(("#", ">"))
        assert page.headers["content-type"] == "text/markdown; charset=utf-8"
    assert client.get("/v1/models/unknown", headers=key).status_code == 404
    assert len(client.get("/v1/models", headers=key).json()) == 3
