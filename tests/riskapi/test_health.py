import sqlite3

import pytest
from prometheus_client.parser import text_string_to_metric_families

from features.examples import EXAMPLE_RECORD
from features.risk import RISKS
from riskapi.access.matrix import Action
from riskapi.schemas import Readiness
from riskapi.services import Services
from tests.riskapi.makers import SECRET, TestClient, bearer, go_live, make_key, services_of, serving, settings


def test_service_with_models_is_ready(client):
    """A service that can score and store says so, with the digests that are live."""
    answer = client.get("/health/ready", headers={"Authorization": ""})
    ready = Readiness.model_validate_json(answer.content)
    assert answer.status_code == 200
    assert ready.ready
    assert set(ready.models) == set(RISKS)
    assert client.get("/health/live").json() == {"status": "alive"}


def test_service_without_models_lives_and_is_not_ready(services):
    """What is missing is named, and no secret with it."""
    with serving(services) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["missing"] == ["models: none is approved; propose a bundle and have it approved"]
    assert SECRET not in answer.text


def test_service_that_cannot_write_is_not_ready(services):
    """A store that is locked by another process is named."""
    go_live(services, "document_fraud")
    short = Services(settings(services.settings.database_path.parent, busy_timeout_seconds=0.05))
    with serving(short) as client, sqlite3.connect(short.settings.database_path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer = client.get("/health/ready")
        other.execute("ROLLBACK")
    other.close()
    assert answer.status_code == 503
    assert answer.json()["missing"][0].startswith("store: ")


def metrics_of(client):
    """The metrics by name and labels."""
    key = bearer(make_key(services_of(client), [Action.METRICS_READ]))
    text = client.get("/metrics", headers=key).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_scores_requests_and_commits(services):
    """Scores by band, requests by route and status, and transactions are counted."""
    go_live(services, "document_fraud")
    with serving(services) as client:
        client.headers.update(bearer(make_key(services)))
        for _ in range(3):
            client.post("/v1/scores", json={**EXAMPLE_RECORD, "meals": "x"})
        client.post("/v1/scores", json={})
        client.get("/v1/nowhere-at-all")
        found = metrics_of(client)
    route = ("route", "/v1/scores")
    assert sum(value for (name, _), value in found.items() if name == "riskapi_scores_total") == 3
    assert found["riskapi_requests_total", (("method", "POST"), route, ("status", "200"))] == 3
    assert found["riskapi_requests_total", (("method", "POST"), route, ("status", "422"))] == 1
    assert found["riskapi_requests_total", (("method", "GET"), ("route", "(unknown)"), ("status", "404"))] == 1
    assert found["riskapi_dropped_facts_total", ()] == 3
    assert found["riskapi_commits_total", (("outcome", "stored"),)] == 3
    assert found["riskapi_live_model", (("digest", services.active.live.digests[0]), ("risk", "document_fraud"))] == 1


def test_labels_do_not_grow_with_what_is_sent(client):
    """Paths, methods and keys that were made up add no label."""

    def make_up(word):
        for number in range(10):
            client.get(f"/v1/{word}{number}")
            client.request(f"{word}{number}", "/v1/scores")
            client.get(f"/v1/decisions/{word}{number}")
            client.get("/v1/models", headers=bearer(f"rk_{word}{number}_x"))
        return set(metrics_of(client))

    make_up("FIRST")
    before = make_up("SECOND")
    after = make_up("THIRD")
    assert after == before
    assert not [key for key in after if "FIRST" in str(key) or "THIRD" in str(key)]


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("10.0.0.7", 401), ("testclient", 401)])
def test_metrics_are_open_to_the_loopback_address_only_where_set(tmp_path, address, status):
    """The setting opens the route to this machine and to nobody else; without it a key is needed even there."""
    services = Services(settings(tmp_path, metrics_open=True))
    with serving(services) as client:
        local = TestClient(client.app, client=(address, 5000))
        assert local.get("/metrics").status_code == status
    closed = Services(settings(tmp_path))
    with serving(closed) as client:
        assert TestClient(client.app, client=("127.0.0.1", 5000)).get("/metrics").status_code == 401
