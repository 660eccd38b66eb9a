"""The route, the process beside the service, and the command of watching."""

import time

import orjson
import pytest
from typer.testing import CliRunner

from features.examples import EXAMPLE_RECORD
from features.risk import RISKS, Audience
from riskapi.__main__ import command_line
from riskapi.access.matrix import Role
from riskapi.commands import monitor as command
from riskapi.monitoring.form import MonitoringReport
from riskapi.monitoring.parts import Watch
from riskapi.monitoring.process import WORK, only_one
from tests.riskapi.makers import bearer, make_key, scoring_service, services_of, settings


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A client of a service some of whose decisions were counted."""
    with scoring_service(tmp_path_factory.mktemp("watched"), monitoring_enabled=False) as client:
        for _ in range(3):
            assert client.post("/v1/scores", json=EXAMPLE_RECORD).status_code == 200
        watch = Watch(services_of(client).settings)
        watch.watcher.catch_up()
        watch.reports()
        watch.close()
        yield client


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.DATA_SCIENTIST, {Audience.ENFORCEMENT}),
        (Role.APPROVER, {Audience.ENFORCEMENT}),
        (Role.AUDITOR, {Audience.ENFORCEMENT}),
        (Role.PROTECTION_OFFICER, {Audience.PROTECTION}),
    ],
)
def test_figures_of_protection_are_for_those_alone_who_protect(watched, role, seen):
    """Everybody else sees the other risks, and is not told that there are more."""
    answer = watched.get("/v1/monitoring", headers=bearer(make_key(services_of(watched), [role], name=f"One {role}")))
    assert answer.status_code == 200
    reports = [MonitoringReport.model_validate(one) for one in answer.json()]
    assert {one.risk for one in reports} == {name for name, risk in RISKS.items() if risk.audience in seen}
    assert {one.windows[0].volume.travellers for one in reports} == {3}


def test_answer_holds_counts_and_no_traveller(watched):
    """No id of a decision, no fact of a record."""
    key = bearer(make_key(services_of(watched), [Role.AUDITOR]))
    text = watched.get("/v1/monitoring", headers=key).text
    for fact in ("decision_id", EXAMPLE_RECORD["record_id"], "subject"):
        assert fact not in text


def test_gauges_show_no_figure_of_protection(watched):
    """Of such a risk, that there are alarms, and when it was looked at."""
    services = services_of(watched)
    services.background_watch._gauges.show(services.monitoring.reports())
    found = [
        (metric.name, sample.labels["risk"])
        for metric in services.metrics.registry.collect()
        for sample in metric.samples
        if metric.name.startswith(("riskapi_monitoring", "riskapi_drift", "riskapi_referred", "riskapi_observed"))
        and "risk" in sample.labels
    ]
    protection = {name for name, risk in RISKS.items() if risk.audience is Audience.PROTECTION}
    assert {name for name, risk in found if risk in protection} == {
        "riskapi_monitoring_alarms",
        "riskapi_monitoring_timestamp_seconds",
    }


def test_process_beside_the_service_counts_and_ends_with_it(tmp_path):
    """It is started by the service, has the store to itself, and reports are there to be read."""
    with scoring_service(tmp_path, risks=("document_fraud",), monitoring_enabled=False) as client:
        services = services_of(client)
        assert client.post("/v1/scores", json=EXAMPLE_RECORD).status_code == 200
        services.background_watch.start(0.0)
        until = time.monotonic() + 60
        while not services.monitoring.reports():
            assert time.monotonic() < until
            time.sleep(0.1)
        with only_one(services.settings, WORK) as is_ours:
            assert not is_ours
        (report,) = services.monitoring.reports()
        assert orjson.loads(report.body)["windows"][0]["volume"]["travellers"] == 1
        process = services.background_watch._companion._process
    assert process.returncode == 0
    with only_one(services.settings, WORK) as is_ours:
        assert is_ours


def test_command_counts_and_writes_a_page(tmp_path, monkeypatch):
    """Counts are there afterwards; a page that cannot be written is told in a line."""
    with scoring_service(tmp_path, risks=("document_fraud",), monitoring_enabled=False) as client:
        assert client.post("/v1/scores", json=EXAMPLE_RECORD).status_code == 200
        monkeypatch.setattr(command.Settings, "load", lambda: settings(tmp_path))
        run = CliRunner().invoke
        done = run(command_line(["monitor"]), ["monitor", str(tmp_path / "page.html"), "--season"])
        assert done.exit_code == 0, done.output
        text = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert RISKS["document_fraud"].title in text
        assert "1 travellers" in text
        failed = run(command_line(["monitor"]), ["monitor", str(tmp_path / "nowhere" / "page.html")])
        assert failed.exit_code == 1
