"""``verify``, ``replay`` and ``export-log`` on the command line: what they say, and how they end."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from riskapi.__main__ import command_line
from riskapi.access.matrix import Action, Role
from riskapi.access.principal import PrincipalKind
from riskapi.log.export_format import PUBLIC_KEY
from tests.makers import random_data
from tests.riskapi.log.made_logs import MadeLog
from tests.riskapi.makers import SECRET, TRUSTED, make_key, scoring_service, services_of

Run = Callable[..., Result]


@pytest.fixture
def auditor() -> dict[str, str]:
    """Filled with the auditor's key once there is a service."""
    return {}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, auditor: dict[str, str]) -> Run:
    """Run a command beside a store with scored records whose service has stopped."""
    with scoring_service(tmp_path, ("document_fraud",)) as client:
        answer = client.post("/v1/scores/batch", json=random_data(8, seed=3)).json()
        assert answer["scored"] == 8
        services = services_of(client)
        auditor["key"] = make_key(services, [Role.AUDITOR], "Grace Otieno", PrincipalKind.PERSON)
        auditor["other"] = make_key(services, [Action.MODELS_READ], "Dashboard")
    for name, value in {
        "SECRET_KEY": SECRET,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'store.db'}",
        "KEYS_URL": f"sqlite:///{tmp_path / 'keys.db'}",
        "LOG_KEY_FILE": str(tmp_path / "log-key.pem"),
        "CHECKPOINT_FILE": str(tmp_path / "checkpoints.ndjson"),
        "TRUSTED_SIGNERS": ",".join(TRUSTED),
        "LOG_LEVEL": "error",
    }.items():
        monkeypatch.setenv(f"RISKAPI_{name}", value)
    monkeypatch.delenv("RISK_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(command_line(arguments), list(arguments))


def test_a_clean_database_verifies(run):
    """One line, status 0, and a warning about the key that nobody handed over."""
    done = run("verify")
    assert done.exit_code == 0, done.output
    assert "contents of 8 decisions: all holds." in done.stdout
    assert "--key" in done.stderr
    assert "--checkpoints" not in done.stderr


def test_a_changed_row_is_named_and_ends_with_status_1(run, tmp_path):
    """One line for the finding, with chain and row."""
    with MadeLog(tmp_path).as_intruder() as connection:
        connection.execute("UPDATE log SET at = '2020-01-01T00:00:00.000Z' WHERE writer = '1' AND seq = 2")
    done = run("verify")
    assert done.exit_code == 1
    assert "store.db: 1 2: changed: its hash is not that of its content" in done.stdout
    told = json.loads(run("verify", "--json").stdout)
    assert (told["holds"], told["sources"][0]["findings"][0]["seq"]) == (False, 2)


def test_an_export_verifies_with_the_key_alone(run, tmp_path, monkeypatch):
    """On a machine without settings, database and secret: nothing but files and the public key."""
    assert run("export-log", "--out", "out").exit_code == 0
    public = (tmp_path / "out" / PUBLIC_KEY).read_text().strip()
    for name in ("SECRET_KEY", "DATABASE_URL", "KEYS_URL", "LOG_KEY_FILE", "CHECKPOINT_FILE", "TRUSTED_SIGNERS"):
        monkeypatch.delenv(f"RISKAPI_{name}")
    done = run("verify", "out", "--key", public, "--checkpoints", "checkpoints.ndjson")
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    other = base64.b64encode(b"\2" * 32).decode()
    refused = run("verify", "out", "--key", other, "--json")
    assert refused.exit_code == 1
    assert {one["rule"] for one in json.loads(refused.stdout)["sources"][0]["findings"]} == {"checkpoint-refused"}
    assert "--checkpoints" in run("verify", "out", "--key", public).stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("verify", "nowhere"), "holds no exported log"),
        (("verify", "--key", "nothing"), "base64 of 32 bytes"),
        (("verify", "--checkpoints", "nowhere"), "nowhere: No such file"),
    ],
)
def test_what_cannot_be_read_ends_with_status_2(run, arguments, text):
    """Unreadable is neither fine nor a finding."""
    done = run(*arguments)
    assert (done.exit_code, text in done.stderr) == (2, True), done.output


def test_verifying_makes_no_database(run, tmp_path, monkeypatch):
    """A path that does not exist is told, and does not exist afterwards either."""
    monkeypatch.setenv("RISKAPI_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    assert run("verify").exit_code == 2
    assert not (tmp_path / "other.db").exists()
    monkeypatch.setenv("RISKAPI_DATABASE_URL", f"sqlite:///{tmp_path / 'store.db'}")
    monkeypatch.setenv("RISKAPI_KEYS_URL", f"sqlite:///{tmp_path / 'other-keys.db'}")
    done = run("verify")
    assert (done.exit_code, "were not opened" in done.stderr) == (0, True)
    assert not (tmp_path / "other-keys.db").exists()


def test_contents_are_exported_to_an_auditor_and_on_record(run, tmp_path, auditor):
    """Who, for what: in the log before the files are written. Others are refused, and leave no files."""
    done = run("export-log", "--out", "none", "--with-contents", "--key", auditor["other"])
    assert done.exit_code == 1
    assert not (tmp_path / "none").exists()
    done = run("export-log", "--out", "whole", "--with-contents", "--key", auditor["key"])
    assert done.exit_code == 0, done.output
    last = [json.loads(line) for line in (tmp_path / "whole" / "log.ndjson").read_bytes().splitlines()]
    views = [row["body"] for row in last if row["kind"] == "access" and row["writer"] == "cli"]
    assert [(view["by"], view["purpose"], view["what"]) for view in views] == [
        ("Grace Otieno", "oversight", "export-log")
    ]
    assert run("verify", "whole").exit_code == 0
    again = run("export-log", "--out", "whole")
    assert (again.exit_code, "new directory" in again.stderr) == (1, True)


def test_r11_all_decisions_are_computed_again(run):
    """All of them, those since a day, and one by its id."""
    assert "8 computed to the same bytes, 0 differ." in run("replay", "--all").stdout
    assert "0 computed to the same bytes" in run("replay", "--all", "--since", "2999-01-01").stdout
    done = run("replay", "018e3b2a-0000-7000-8000-000000000000")
    assert (done.exit_code, "no decision" in done.stderr) == (1, True)
    assert run("replay").exit_code == 1


def test_a_decision_that_cannot_be_accounted_for_ends_with_status_1(run, tmp_path):
    """Contents that are not what was sealed are told, decision by decision."""
    with MadeLog(tmp_path).as_intruder() as connection:
        connection.execute("UPDATE decision_contents SET answer = input")
    done = run("replay", "--all")
    assert done.exit_code == 1
    assert "0 computed to the same bytes, 8 differ." in done.stdout
    assert "not what was sealed" in done.stdout
