"""The process beside a service: it tells receivers, outlives being killed, and raises an alarm where they fail."""

import os
import signal
import subprocess
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from riskapi.__main__ import command_line
from riskapi.access.matrix import Action
from riskapi.errors import SettingsError
from riskapi.hits import background
from riskapi.hits.outbox import Standing
from riskapi.operations import companion
from riskapi.services import Services
from tests.makers import EXAMPLE_RECORD
from tests.riskapi.hits.receiving import is_signed, receiving, subscription_file
from tests.riskapi.makers import bearer, go_live, make_key, serving, settings


@pytest.fixture
def told(tmp_path, monkeypatch):
    """A client of a service that tells a receiver, and the receiver."""
    monkeypatch.setattr(background, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(companion, "AGAIN_SECONDS", 0.1)
    before = Services(settings(tmp_path))
    go_live(before, "document_fraud")
    key = make_key(before, (Action.HITS_RECEIVE, Action.ENFORCEMENT), name="Case desk")
    before.close()
    with receiving() as receiver:
        path = subscription_file(tmp_path, receiver.url, key.split("_")[1])
        services = Services(settings(tmp_path, hits_file=path, hits_hosts=("127.0.0.1",)))
        with serving(services) as client:
            client.headers.update(bearer(make_key(services)))
            yield client, receiver, services


def scored(client, receiver, services):
    """Score until the receiver hears of something: a subscription begins when its process does."""
    ids = []

    def heard(_receiver):
        if services.hits.outbox.places("desk") is not None and len(ids) < 3:
            ids.append(client.post("/v1/scores", json=EXAMPLE_RECORD).json()["decision_id"])
        return len(receiver.came) >= 3

    receiver.wait_for(heard)
    return ids


def test_receiver_is_told_by_a_process_of_its_own(told):
    """Signed, of every decision, and again after the process was killed."""
    client, receiver, services = told
    ids = scored(client, receiver, services)
    assert [body["data"]["decision_id"] for body in receiver.bodies] == ids
    assert all(is_signed(headers, body) for headers, body in receiver.came)
    process = services.hits._companion._process
    assert isinstance(process, subprocess.Popen)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    after = client.post("/v1/scores", json=EXAMPLE_RECORD).json()["decision_id"]
    receiver.wait_for(lambda one: after in [body["data"]["decision_id"] for body in one.bodies])


def test_refusals_are_an_alarm_until_somebody_has_looked(told, monkeypatch):
    """In readiness and metrics; the command lists them, and forgets them."""
    client, receiver, services = told
    receiver.answers = [(422, {})]
    ids = scored(client, receiver, services)
    receiver.wait_for(lambda _: services.hits.standings["desk"].refused == 1)
    [alarm] = [one for one in services.alarms.look() if one.name == "hits"]
    assert "riskapi hits refused desk" in alarm.text
    assert services.metrics.registry.get_sample_value("riskapi_hits_refused", {"subscription": "desk"}) == 1
    for name, value in settings_of(services).items():
        monkeypatch.setenv(name, value)
    listed = CliRunner().invoke(command_line(["hits"]), ["hits", "refused", "desk", "--seen"])
    assert listed.exit_code == 0
    assert ids[0] in listed.output
    assert "desk" in CliRunner().invoke(command_line(["hits"]), ["hits", "list"]).output
    receiver.wait_for(lambda _: services.hits.standings["desk"].refused == 0)
    assert "hits" not in {one.name for one in services.alarms.look()}


def settings_of(services):
    """The environment of a command on the same store."""
    given = services.settings
    return {
        "RISKAPI_SECRET_KEY": given.secret_key.get_secret_value(),
        "RISKAPI_DATABASE_URL": given.database_url,
        "RISKAPI_KEYS_URL": given.keys_url,
        "RISKAPI_LOG_KEY_FILE": str(given.log_key_file),
        "RISKAPI_CHECKPOINT_FILE": str(given.checkpoint_file),
        "RISKAPI_HITS_FILE": str(given.hits_file),
        "RISKAPI_HITS_HOSTS": "127.0.0.1",
    }


def test_receiver_that_takes_nothing_for_ten_minutes_is_an_alarm(services):
    """Not before: receivers are restarted, too."""
    now = services.clock()
    for minutes, is_told in ((9, False), (11, True)):
        since = (now - timedelta(minutes=minutes)).isoformat()
        services.hits.standings = {"desk": Standing(since, "ConnectError", 0)}
        assert (services.hits.problem(now) is not None) is is_told


def test_service_does_not_start_with_a_broken_subscription(tmp_path):
    """The operator is told at once, not by silence."""
    path = subscription_file(tmp_path, "http://elsewhere.example.org/", "0" * 16)
    services = Services(settings(tmp_path, hits_file=path, hits_hosts=("elsewhere.example.org",)))
    with pytest.raises(SettingsError), serving(services):
        pass
    services.close()
