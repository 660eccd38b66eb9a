"""Nothing leaves the machine: whole programs run where any way to another host is closed, and none of them tries it."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.faults.service import RECORD, ROOT, Service
from tests.training import small_world
from tests.training.test_cli import CONFIG

CLOSED = '''
import os
import sys

TOLD = os.environ["OUTSIDE_TOLD"]
WORDS = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}


def closed(event, arguments):
    """Refuse, and put on record, whatever does not stay on this machine."""
    place = WORDS.get(event)
    if place is None:
        return
    address = arguments[place]
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host in (None, "", "localhost", "0.0.0.0", "::1") or str(host).startswith(("127.", "/", "\\0")):
        return
    with open(TOLD, "a", encoding="utf-8") as told:
        told.write(f"{event} {host} by {sys.argv}\\n")
    raise OSError("the way out is closed")


sys.addaudithook(closed)
'''
"""What each of the programs runs before anything else."""


@pytest.fixture
def told(tmp_path, monkeypatch) -> Path:
    """Where attempts are put on record; programs that are started meanwhile find the way out closed."""
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "sitecustomize.py").write_text(CLOSED)
    monkeypatch.setenv("OUTSIDE_TOLD", str(tmp_path / "told.txt"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path / "closed"), str(ROOT))))
    return tmp_path / "told.txt"


def run(*arguments: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a directory."""
    return subprocess.run([sys.executable, *arguments], cwd=place, capture_output=True, text=True, check=False)


def test_the_way_out_is_closed(told, tmp_path):
    """The control: a name that is asked for and an address that is called are refused, and told."""
    for call in ("socket.create_connection(('192.0.2.1', 443), 1)", "socket.getaddrinfo('example.org', 443)"):
        done = run("-c", f"import socket; {call}", place=tmp_path)
        assert "the way out is closed" in done.stderr
    assert [line.split(" by ")[0] for line in told.read_text().splitlines()] == [
        "socket.getaddrinfo 192.0.2.1",
        "socket.getaddrinfo example.org",
    ]


def test_r34_a_training_with_its_tracking_stays_on_the_machine(told, tmp_path):
    """From the case table to MLflow, in a process of its own and with those that it starts."""
    small_world.write(tmp_path / "cases.parquet")
    (tmp_path / "small.toml").write_text(CONFIG)
    done = run("-m", "training", "run", "small.toml", "--cases", "cases.parquet", place=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "MLflow: run" in done.stdout
    assert not told.exists(), told.read_text()


def test_r34_a_service_stays_on_the_machine(told, tmp_path):
    """Scoring, the page of the API and the console, by the service and the processes beside it."""
    place = tmp_path / "service"
    place.mkdir()
    service = Service(place, {"docs_enabled": True}, places=[told.parent / "closed"]).prepare()
    service.start()
    try:
        service.wait_ready()
        answer = httpx.post(f"{service.url}/v1/scores", content=RECORD, headers=service.headers, trust_env=False)
        assert answer.status_code == 200
        for path in ("/docs", "/openapi.json", "/console/sign-in", "/metrics"):
            page = httpx.get(service.url + path, headers=service.headers, trust_env=False)
            assert page.status_code == 200, path
    finally:
        service.stop()
    assert not told.exists(), told.read_text()
