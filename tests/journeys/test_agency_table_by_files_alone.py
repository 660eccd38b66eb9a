"""An agency that never saw the code: one TOML file and a table become a live model that scores rows with reasons."""

import gzip
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from typer.testing import CliRunner

from riskapi.__main__ import command_line
from tests.training import agency
from training.__main__ import app as training

DOCUMENT = Path(__file__).parents[2] / "docs" / "agency-columns.md"
QUICK = """
[training.family]
name = "explainable_boosting"
redraws = 3
max_rounds = 200
learning_rate = 0.05
smoothing_rounds = 20
pairs = 2

[training.evaluation]
bootstrap = 50
yardstick = false
scorecard = false

[training.gates]
capacity = 0.1
"""
ROWS = 30
START_SECONDS_MAX = 180
"""Not a measure: a bound for a machine under any load."""


def the_agencys_files(place):
    """The example of the documentation as it stands, in a hurry, with the tables that it names and one of today."""
    example = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[1]
    (place / "ferry.toml").write_text(example + QUICK)
    table = agency.table(6000).drop(columns="Colour")
    table["Weight"] = table["Weight"].str.replace(".", ",")
    table["Years"] = table["Years"].astype(int)
    old, new = table[table["Day"].str.endswith("2025")], table[~table["Day"].str.endswith("2025")]
    with gzip.open(place / "lorries-2025.csv.gz", "wt", encoding="utf-8", newline="") as file:
        old.to_csv(file, index=False, sep=";")
    new.to_parquet(place / "lorries-2026.parquet")
    today = new.tail(ROWS).drop(columns=["Found", "Closed", "Why", "Fine"]).reset_index(drop=True)
    today.loc[3, "Day"] = "yesterday"
    today.to_csv(place / "today.csv", index=False, sep=";")
    return today


def call(app, *arguments):
    """Run a command that is expected to work."""
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def riskapi(*arguments):
    """Run a command of the service."""
    return call(command_line(list(arguments)), *arguments)


@contextmanager
def service(environment):
    """The service in a process of its own, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    started = os.environ | environment | {"RISKAPI_PORT": str(port), "RISKAPI_POLL_SECONDS": "0.1"}
    started["PYTHONPATH"] = str(DOCUMENT.parents[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "riskapi", "serve"], env=started, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"{url}/health/live")
        yield url
    finally:
        process.kill()
        process.wait()


def wait_for(address):
    """Wait until an address answers well."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            assert time.monotonic() < deadline, address
            time.sleep(0.05)
        else:
            return


def wait_for_right(address, key):
    """Wait until a running service has met a new key; it looks for keys from time to time."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            ask(address, key)
        except urllib.error.HTTPError as refused:
            if refused.code != HTTPStatus.UNAUTHORIZED:
                raise
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the key is not known yet: {address}")


def ask(url, key, data=None):
    """Get or post JSON, as any program would."""
    headers = {"Authorization": f"Bearer {key}", "X-Purpose": "border_control", "Content-Type": "application/json"}
    body = None if data is None else json.dumps(data).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
        return json.load(answer)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A directory far from the code, where everything happens."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("RISKAPI_", "RISK_", "TRAINING_", "MLFLOW_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRAINING_JOBS", "1")
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def test_a_table_becomes_a_live_model_that_scores_its_rows_with_reasons(place, monkeypatch):
    """Train, propose, approve by another person, score a file and a record: a mapping file and commands, no code."""
    today = the_agencys_files(place)
    said = call(training, "run", "ferry.toml", "--no-track")
    bundle = re.search(r"^Bundle: (.+)$", said, re.MULTILINE)[1]
    signer = re.search(r"^Signed by: (\S+)", said, re.MULTILINE)[1]
    riskapi("init", "service/risk.env", "--signer", signer)
    lines = [line for line in Path("service/risk.env").read_text().splitlines() if not line.startswith("#")]
    environment = dict(line.split("=", 1) for line in lines)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with service(environment) as url:
        proposer, approver, gateway = (
            riskapi("keys", "create", name, "--kind", kind, "--role", role).strip()
            for name, kind, role in (
                ("Dana Data", "person", "data_scientist"),
                ("Ada Approver", "person", "approver"),
                ("Ferry port", "system", "scorer"),
            )
        )
        told = call(training, "propose", bundle, "--url", url, "--key", proposer)
        command = next(line.strip() for line in told.splitlines() if "riskapi approve" in line)
        approve = shlex.split(command.replace("...", "Read the report; agreed with the port."))[1:]
        own = CliRunner().invoke(command_line(approve), [*approve, "--key", proposer])
        assert own.exit_code == 1, "the proposer approves nothing"
        riskapi(*approve, "--key", approver)
        wait_for(f"{url}/health/ready")
        check_file(url, gateway, today)
        check_record(url, gateway, today.iloc[0])


def check_file(url, key, today):
    """Each good row of the file has a score and reasons, the bad one is named."""
    options = ("--mapping", "ferry.toml", "--purpose", "border_control", "--url", url, "--key", key)
    said = riskapi("score-file", "today.csv", "--out", "scores.ndjson", *options)
    assert f"{ROWS - 1} scored, 1 not" in said
    answers = [json.loads(line) for line in Path("scores.ndjson").read_text().splitlines()]
    assert [answer["record_id"] for answer in answers] == today["Entry"].drop(3).tolist()
    scores = set()
    for answer in answers:
        (risk,) = answer["risks"]
        assert risk["risk"] == "hidden_goods"
        assert risk["reasons_for"]
        assert risk["reasons_against"]
        scores.add(risk["log_odds"])
    assert len(scores) > ROWS // 2
    sentences = {reason["sentence"] for answer in answers for reason in answer["risks"][0]["reasons_for"]}
    assert any(sentence.startswith("Expected from past checks of this goods code") for sentence in sentences)
    text = Path("scores.ndjson").read_text()
    assert not [haulier for haulier in today["Haulier"] if haulier in text], "sentences name no haulier"
    finding = json.loads(Path("scores.ndjson.findings.ndjson").read_text())
    assert (finding["source"], finding["place"]) == ("today.csv line 5", "crossing.expected_at")
    assert "yesterday" not in json.dumps(finding)


def check_record(url, key, row):
    """The same row sent as JSON has the same score, and an explanation that adds up to it."""
    insured, (day, month, year) = row["Insured"], row["Day"].split(".")
    extra = {
        "weight_t": float(row["Weight"].replace(",", ".")),
        "sealed": row["Sealed"] == "J",
        "insured_until": insured,
        "berth": row["Berth"],
        "haulier": row["Haulier"],
        "goods": row["Goods"].zfill(6),
        "origin": row["From"],
    }
    if row["Crew"]:
        extra["crew"] = float(row["Crew"])
    record = {
        "record_id": row["Entry"],
        "crossing": {
            "mode": "sea",
            "point": row["Berth"],
            "direction": {"I": "in", "O": "out"}[row["Way"]],
            "expected_at": f"{year}-{month}-{day}T00:00:00Z",
        },
        "extra": extra,
    }
    answer = ask(f"{url}/v1/scores", key, record)
    of_the_file = json.loads(Path("scores.ndjson").read_text().splitlines()[0])
    for risk in (*answer["risks"], *of_the_file["risks"]):
        assert set(risk.pop("referral")) == {"referred", "arm", "probability"}  # drawn anew for each decision
    assert answer["risks"] == of_the_file["risks"]
    key = riskapi("keys", "create", "Ivo Inspector", "--kind", "person", "--role", "reviewer").strip()
    wait_for_right(f"{url}/v1/decisions/{answer['decision_id']}", key)
    explained = ask(f"{url}/v1/decisions/{answer['decision_id']}/explanation", key)["risks"][0]
    total = explained["baseline"] + sum(one["contribution"] for one in explained["contributions"])
    assert total == pytest.approx(answer["risks"][0]["log_odds"], abs=1e-9)
    assert all(one["sentence"] for one in explained["contributions"])
