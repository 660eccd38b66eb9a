"""A real server process: started, loaded, killed, looked at."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.access.matrix import Action
from riskapi.services import Services
from tests.bundles import TRUSTED
from tests.riskapi.makers import APPROVER, RATIONALE, SECRET, bearer, go_live, make_key, settings

HEAVY = ("mlflow", "sklearn", "pandas", "joblib", "interpret", "pyarrow", "numpy", "scipy", "sqlalchemy.orm", "pickle5")
START_SECONDS_MAX = 60
"""Not a measure: a bound for a machine under any load."""


@pytest.fixture
def store(tmp_path):
    """A store with three approved models, and a key that may score."""
    services = Services(settings(tmp_path))
    for risk in ("document_fraud", "migrant_smuggling", "trafficking_protection"):
        go_live(services, risk)
    key = make_key(services)
    yield services, key
    services.close()


@contextmanager
def server(services, *program):
    """A server on a free port, killed at the end if it still runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RISKAPI_")},
        "RISKAPI_SECRET_KEY": SECRET,
        "RISKAPI_DATABASE_URL": services.settings.database_url,
        "RISKAPI_KEYS_URL": services.settings.keys_url,
        "RISKAPI_LOG_KEY_FILE": str(services.settings.log_key_file),
        "RISKAPI_CHECKPOINT_FILE": str(services.settings.checkpoint_file),
        "RISKAPI_TRUSTED_SIGNERS": ",".join(TRUSTED),
        "RISKAPI_PORT": str(port),
        "RISKAPI_POLL_SECONDS": "0.1",
    }
    command = [sys.executable, *(program or ("-m", "riskapi", "serve"))]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout))
    reader.start()
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if urllib.request.urlopen(f"{url}/health/ready", timeout=5).status == 200:
                    break
            except OSError:
                time.sleep(0.05)
        assert process.poll() is None, b"".join(lines).decode()
        yield process, url, lines
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def post(url, key, record):
    """Score one record; gives the answer."""
    headers = {**bearer(key), "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/scores", json.dumps(record).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def load(url, key, seconds, clients=8):
    """Score from several threads until time or the server ends; gives the answers, and failures that are no hang-up."""
    answers, failures, stop = [], [], time.monotonic() + seconds

    def work(number):
        place = 0
        while time.monotonic() < stop:
            place += 1
            try:
                answers.append(post(url, key, {**EXAMPLE_RECORD, "record_id": f"{number}-{place}"}))
            except urllib.error.HTTPError as error:
                failures.append(error.code)
            except (OSError, http.client.HTTPException):
                return  # the server was killed

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    return threads, answers, failures


def metrics(url, key):
    """Sums of the metrics of the server by name."""
    request = urllib.request.Request(f"{url}/metrics", headers=bearer(key))
    with urllib.request.urlopen(request, timeout=30) as answer:
        lines = [line.rpartition(" ") for line in answer.read().decode().splitlines() if not line.startswith("#")]
    return {name.partition("{")[0]: float(value) for name, _, value in lines}


def stored_ids(services):
    """Ids of all decisions in the store."""
    with sqlite3.connect(services.settings.database_path) as connection:
        found = {row[0] for row in connection.execute("SELECT id FROM decisions")}
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()
    return found


def test_no_acknowledged_decision_is_lost_when_the_process_is_killed(store):
    """SIGKILL under load, three times: every decision that was answered is in the store."""
    services, key = store
    acknowledged = set()
    for _ in range(3):
        with server(services) as (process, url, _lines):
            threads, answers, failures = load(url, key, 30)
            deadline = time.monotonic() + 20
            while len(answers) < 60 and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            for thread in threads:
                thread.join()
        assert failures == []
        acknowledged |= {answer["decision_id"] for answer in answers}
    assert len(acknowledged) >= 180
    assert acknowledged <= stored_ids(services)


def test_many_requests_share_transactions_and_every_one_is_stored(store):
    """Under load decisions share transactions, models change without a dropped request, and each names a live set."""
    services, key = store
    live = [services.active.live.digests]
    with server(services) as (process, url, lines):
        threads, answers, failures = load(url, key, 4, clients=12)
        for seed in (1, 2, 0):
            time.sleep(0.7)
            if seed:
                go_live(services, "document_fraud", seed)
            else:  # back to the first
                services.approvals.approve(live[0][0], APPROVER, RATIONALE)
                services.refresh()
            live.append(services.active.live.digests)
        for thread in threads:
            thread.join()
        counts = metrics(url, make_key(services, [Action.METRICS_READ]))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (0, -signal.SIGTERM)
    assert failures == []
    assert counts["riskapi_commit_rows_sum"] >= len(answers)
    assert counts["riskapi_commits_total"] < counts["riskapi_commit_rows_sum"], "decisions share transactions"
    named = [tuple(risk["model"]["digest"] for risk in answer["risks"]) for answer in answers]
    assert set(named) <= set(live)
    assert len(set(named)) > 1, "the change of models arrived while requests were under way"
    assert {answer["decision_id"] for answer in answers} <= stored_ids(services)
    events = [json.loads(line) for line in lines]
    assert events[-1]["event"].startswith("Finished server process"), "the last lines are written, too"
    assert all(event["event"] for event in events)
    assert sum(event["event"] == "request" and event["route"] == "/v1/scores" for event in events) >= len(answers)


def test_serving_process_is_light_and_tells_no_server(store):
    """The process that serves has loaded none of the heavy libraries, and its answers name no server."""
    services, key = store
    program = (
        "import sys; sys.argv = ['riskapi', 'serve']\n"
        "import signal\n"
        "signal.signal(signal.SIGUSR1, lambda *_: print('MODULES', *sys.modules, flush=True))\n"
        "from riskapi.__main__ import main\n"
        "main()\n"
    )
    with server(services, "-c", program) as (process, url, lines):
        post(url, key, EXAMPLE_RECORD)
        post(url, key, {**EXAMPLE_RECORD, "meals": "x"})
        headers = urllib.request.urlopen(f"{url}/health/live").headers
        process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 20
        while not any(line.startswith(b"MODULES") for line in lines) and time.monotonic() < deadline:
            urllib.request.urlopen(f"{url}/health/live")
            time.sleep(0.02)
    assert "server" not in headers
    modules = next(line for line in lines if line.startswith(b"MODULES")).decode().split()
    assert "riskapi.routes.scores" in modules
    assert not set(HEAVY) & set(modules)


def test_program_without_a_secret_does_not_start(tmp_path):
    """The service ends with status 1 and one line that says what to set."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RISKAPI_")}
    done = subprocess.run(
        [sys.executable, "-m", "riskapi", "serve"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "RISKAPI_SECRET_KEY" in done.stderr
    assert "Traceback" not in done.stderr
