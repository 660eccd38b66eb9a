"""Traces are off unless asked for, and no span holds anything of anybody."""

import subprocess
import sys

import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.app import create_app
from riskapi.errors import SettingsError
from riskapi.operations.tracing import Traced
from riskapi.services import Services
from tests.riskapi.makers import TestClient, bearer, go_live, make_key, settings

sdk = pytest.importorskip("opentelemetry.sdk.trace")


@pytest.fixture
def spans(tmp_path):
    """A traced service and the spans that it made."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: PLC0415 - an extra

    exporter, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    services = Services(settings(tmp_path))
    go_live(services, "document_fraud")
    key = make_key(services)
    app = Traced(create_app(services=services), provider.get_tracer("test"))
    with TestClient(app, headers=bearer(key)) as client:
        yield client, exporter


def test_span_holds_route_and_status_and_nothing_that_was_sent(spans):
    """Paths, queries, headers and bodies stay outside; an unknown method is not repeated."""
    client, exporter = spans
    sent = {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "baggage": "name=WARSAME"}
    decided = client.post("/v1/scores?name=WARSAME", json=EXAMPLE_RECORD, headers=sent).json()["decision_id"]
    client.get(f"/v1/decisions/{decided}")
    client.get("/WARSAME")
    client.request("WARSAME", "/v1/scores")
    found = exporter.get_finished_spans()
    assert [(span.name, span.attributes["http.response.status_code"]) for span in found] == [
        ("POST /v1/scores", 200),
        ("GET /v1/decisions/{decision_id}", 403),
        ("GET (unknown)", 404),
        ("(other) /v1/scores", 405),
    ]
    text = "".join(span.to_json() for span in found)
    assert "WARSAME" not in text
    assert decided not in text
    assert "a" * 32 not in text
    assert {len(span.attributes) for span in found} == {3}


def test_service_without_the_setting_imports_nothing_of_it():
    """What makes and sends spans is not loaded by a service that does not ask for traces.

    The web framework loads the interface alone, which does nothing by itself.
    """
    begins = ("opentelemetry.sdk", "opentelemetry.exporter")
    script = f"import sys, riskapi.app; print(*[name for name in sys.modules if name.startswith({begins})])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_setting_without_the_extra_is_refused_with_its_name(tmp_path, monkeypatch):
    """The service says what to install, rather than to trace nothing."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    services = Services(settings(tmp_path, tracing_endpoint="http://127.0.0.1:4318/v1/traces"))
    try:
        with pytest.raises(SettingsError, match=r"riskapi\[telemetry\]"):
            create_app(services=services)
    finally:
        services.close()
