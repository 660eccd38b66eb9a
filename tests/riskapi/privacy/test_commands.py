"""Retention, holds, erasure and explanations from the command line."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from typer.testing import CliRunner

from riskapi.__main__ import command_line
from riskapi.access.matrix import Action, Role
from riskapi.access.principal import PrincipalKind
from riskapi.log.entry import Kind
from riskapi.services import Services
from tests.riskapi.makers import SECRET, TRUSTED, make_key, scoring_service, services_of, settings
from tests.riskapi.privacy.makers import Clock, dated_services, decided, entries_of, record_of

DAYS_240 = timedelta(days=240)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command on the store of the test."""
    for name, value in settings(tmp_path).model_dump(exclude_unset=True).items():
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        monkeypatch.setenv(f"RISKAPI_{name.upper()}", SECRET if name == "secret_key" else text)
    monkeypatch.setenv("RISKAPI_TRUSTED_SIGNERS", ",".join(TRUSTED))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments):
        return CliRunner().invoke(command_line(arguments), arguments)

    return call


@pytest.fixture
def keys(tmp_path):
    """Keys of the persons who act, by role."""
    services = Services(settings(tmp_path))
    made = {
        role: make_key(services, [role], f"Person {role}", PrincipalKind.PERSON)
        for role in (Role.ADMIN, Role.AUDITOR, Role.REVIEWER)
    }
    services.close()
    return made


def test_retention_runs_dry_first_then_for_good(run, tmp_path):
    """A dry run counts and changes nothing; a run does it; a second one has nothing to do."""
    with dated_services(tmp_path, Clock(datetime.now(UTC) - DAYS_240)) as services:
        decision_id = decided(services)
    assert (
        "Identity of 1 decisions would be masked, contents of 0 would be deleted."
        in run("retention", "run", "--dry-run").output
    )
    first = run("retention", "run").output
    assert "Identity of 1 decisions masked, contents of 0 deleted." in first
    assert "1 keys destroyed." in first
    assert "Identity of 0 decisions masked" in run("retention", "run").output
    with dated_services(tmp_path, Clock()) as services:
        assert services.decisions.decision(decision_id).identity is None


def test_hold_blocks_an_erasure_until_it_is_released(run, keys, tmp_path):
    """Set, listed, in the way, released, erased."""
    with dated_services(tmp_path, Clock()) as services:
        decision_id = decided(services, 7)
    whom = ("--document", "DOC000007", "--country", "KEN")
    admin = ("--key", keys[Role.ADMIN])
    made = run("privacy", "hold", "set", *whom, "--reason", "Case 12", "--until", "2099-01-01", *admin)
    assert made.exit_code == 0, made.output
    hold_id = made.output.split()[1]
    assert hold_id in run("privacy", "hold", "list", *admin).output
    erase = ("privacy", "erase", *whom, "--legal-basis", "Act s.40", *admin, "--approver-key", keys[Role.AUDITOR])
    blocked = run(*erase)
    assert blocked.exit_code == 1
    assert f"Legal hold {hold_id}" in blocked.output
    assert run("privacy", "hold", "release", hold_id, "--reason", "Closed", *admin).exit_code == 0
    done = run(*erase)
    assert "Erased: contents of 1 decisions, 2 keys." in done.output
    with dated_services(tmp_path, Clock()) as services:
        assert services.decisions.decision(decision_id).answer is None
        assert len(entries_of(services, Kind.ERASED)) == 1


def test_erasure_needs_one_way_to_say_whom_and_two_persons(run, keys):
    """Both ways at once, none, or the same person twice are refused."""
    ends = ("--legal-basis", "Act", "--key", keys[Role.ADMIN], "--approver-key", keys[Role.ADMIN])
    assert run("privacy", "erase", *ends).exit_code == 2
    assert run("privacy", "erase", "--decision", "a", "--document", "b", *ends).exit_code == 2
    refused = run("privacy", "erase", "--decision", "a", *ends)
    assert refused.exit_code == 1
    assert "Nothing is stored" in refused.output


def test_explanation_is_written_for_whoever_handles_redress(run, tmp_path):
    """As a letter or as data; others are refused; it is on record."""
    with scoring_service(tmp_path, ["document_fraud"]) as client:
        record = record_of(3).model_dump(mode="json", exclude_none=True, exclude_unset=True)
        decision_id = client.post("/v1/scores", json=record).raise_for_status().json()["decision_id"]
        key = make_key(services_of(client), [Role.REVIEWER], "Halima Noor", PrincipalKind.PERSON)
        other = make_key(services_of(client), [Action.SCORE], "Gateway", PrincipalKind.SYSTEM)
    letter = run("privacy", "explain", decision_id, "--key", key)
    assert letter.exit_code == 0, letter.output
    assert "SURNAME3" in letter.output
    assert "## What you can do" in letter.output
    told = orjson.loads(run("privacy", "explain", decision_id, "--key", key, "--json").stdout)
    assert told["decision_id"] == decision_id
    refused = run("privacy", "explain", decision_id, "--key", other)
    assert refused.exit_code == 1
    assert "SURNAME3" not in refused.output
    with dated_services(tmp_path, Clock()) as services:
        assert [one["what"] for one in entries_of(services, Kind.ACCESS)] == ["person_explanation"] * 2
