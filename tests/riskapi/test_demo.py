"""The demo's parts: programs that are stopped whatever happens, and answers a person can read."""

import contextlib
import functools
import io
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from features.record import TravellerRecord
from riskapi.access.matrix import Role, grant
from riskapi.demo.journey import ADMIN, CAST, CONFIRMER, TRAVELLER, read_settings
from riskapi.demo.people import PEOPLE, UNIT, make_accounts
from riskapi.demo.programs import Programs, free_port
from riskapi.demo.show import show_answer
from riskapi.errors import ServiceError
from tests.riskapi.makers import bearer, make_key, scoring_service, services_of

MODULES = {
    "quick": "print('done')",
    "broken": "import sys; print('the reason'); sys.exit(3)",
    "server": """
import http.server, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
""",
    "stubborn": """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
""",
}


@pytest.fixture
def programs(tmp_path):
    """Programs that may run the small modules above."""
    for name, text in MODULES.items():
        (tmp_path / f"demo_{name}.py").write_text(text)
    console = Console(file=io.StringIO(), width=200)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    return Programs(console, tmp_path / "logs", environment)


def is_running(process):
    """Whether a process is there and no zombie."""
    status = Path(f"/proc/{process}/status")
    try:
        return "State:\tZ" not in status.read_text()
    except FileNotFoundError:
        return False


def test_a_program_is_run_to_its_end_and_its_command_is_shown(programs):
    """A step shows what a user would type, and gives what was printed."""
    with programs:
        assert programs.run("Doing it", "demo_quick") == "done\n"
    assert "python -m demo_quick" in programs._console.file.getvalue()


def test_a_step_that_fails_shows_the_end_of_its_log(programs):
    """The reason is on the screen, the rest where it says."""
    with programs, pytest.raises(ServiceError, match=r"status 3\.\nthe reason\n.*01-doing-it\.log"):
        programs.run("Doing it", "demo_broken")


def test_a_server_and_what_it_started_are_stopped_at_the_end(programs, tmp_path):
    """Nothing outlives the demo, not even after Ctrl-C."""
    port = free_port(0)
    with contextlib.suppress(KeyboardInterrupt), programs:
        programs.start("Serving", f"http://127.0.0.1:{port}/", "demo_server", str(port))()
        server, child = programs._running[0].pid, int((tmp_path / "logs" / "01-serving.log").read_text().split()[0])
        assert is_running(server)
        assert is_running(child)
        raise KeyboardInterrupt
    deadline = time.monotonic() + 10
    while (is_running(server) or is_running(child)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(server)
    assert not is_running(child)


def test_a_server_that_does_not_start_is_told_with_its_log(programs):
    """A server that ends at once is noticed at once."""
    with programs, pytest.raises(ServiceError, match=r"does not answer at .*\nthe reason"):
        programs.start("Serving", f"http://127.0.0.1:{free_port(0)}/", "demo_broken")()


def test_a_program_that_ignores_the_polite_way_is_stopped_all_the_same(programs, tmp_path, monkeypatch):
    """Patience has an end."""
    monkeypatch.setattr("riskapi.demo.programs.STOP_SECONDS", 0.2)
    log = tmp_path / "log"
    deadline = time.monotonic() + 10
    with programs, log.open("wb") as output:
        programs._start(("demo_stubborn",), output.fileno(), {})
        while "ready" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        (stubborn,) = programs._running
    assert stubborn.returncode == -signal.SIGKILL


def test_a_port_that_is_taken_is_not_offered():
    """The demo runs beside whatever else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert free_port(taken) != taken
    assert free_port(taken) == taken


def test_the_sample_is_a_record_and_no_real_person():
    """The sample validates, drops what must not be kept, and says that it is made up."""
    record = TravellerRecord.model_validate_json(TRAVELLER.read_bytes())
    assert record.purpose_code == "test"
    assert record.traveller.surname == "EXAMPLE"


def test_r10_proposer_and_approver_of_the_demo_are_two_persons():
    """The demo keeps the rule that it shows."""
    persons = [part for part in CAST if {"models:propose", "models:approve"} & set(part.scopes)]
    assert len({part.name for part in persons}) == 2
    assert {part.kind for part in persons} == {"person"}
    assert [part.name for part in persons if {"models:propose", "models:approve"} <= set(part.scopes)] == []


def test_the_demo_makes_a_person_for_each_role_who_can_sign_in(tmp_path, monkeypatch):
    """By the same routes as anywhere: one key asks for accounts, another confirms them, a password for once goes."""
    with scoring_service(tmp_path) as client:
        client.headers.clear()
        services = services_of(client)
        monkeypatch.setattr(
            "riskapi.demo.people.httpx.post", lambda url, **sent: client.post(url.path, json=sent["json"])
        )
        parties = [
            _Party(client, make_key(services, list(map(grant, part.scopes)), part.name)) for part in (ADMIN, CONFIRMER)
        ]
        password = make_accounts(*parties)
        for person in PEOPLE:
            _, caller = services.sessions.sign_in(person.login, password)
            assert (caller.name, caller.roles, caller.units) == (person.name, (person.role,), (UNIT,))
    assert {person.role for person in PEOPLE} == set(Role) - {Role.SCORER}


class _Party:
    """A client with the key of one party of the demo."""

    def __init__(self, client, key):
        self.base_url = httpx.URL("http://127.0.0.1:8000")
        self.post = functools.partial(client.post, headers=bearer(key))


def test_an_answer_is_shown_with_every_reason_and_no_decision(tmp_path):
    """Everything that a reviewer needs is on the screen: score, interval, band, reasons, notice."""
    with scoring_service(tmp_path) as client:
        answer = client.post("/v1/scores", content=TRAVELLER.read_bytes(), headers={"content-type": "application/json"})
        bands = {
            model.risk: [band.name for band in model.bundle.bands.bands]
            for model in services_of(client).active.live.models
        }
    console = Console(file=io.StringIO(), width=160)
    body = answer.json()
    show_answer(console, "Somebody", body, bands)
    shown = console.file.getvalue()
    assert body["dropped_fields"] == ["meals"]
    for risk in body["risks"]:
        assert risk["model"]["digest"] in shown
        for reason in (*risk["reasons_for"], *risk["reasons_against"]):
            assert f"{reason['contribution']:+.2f}" in shown
            assert reason["code"] in shown
    assert body["notice"].split(",")[0] in shown
    assert "Dropped on receipt: meals" in shown


def test_settings_are_read_as_init_writes_them(tmp_path):
    """The demo starts the service with the file that the public command makes."""
    path = tmp_path / "riskapi.env"
    subprocess.run(
        [sys.executable, "-m", "riskapi", "init", str(path), "--signer", "abc="], check=True, capture_output=True
    )
    settings = read_settings(path)
    assert settings["RISKAPI_TRUSTED_SIGNERS"] == "abc="
    assert len(settings["RISKAPI_SECRET_KEY"]) >= 32
