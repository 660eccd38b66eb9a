import json
import re
import stat

import pytest
from typer.testing import CliRunner

from riskapi.__main__ import COMMANDS, command_line
from riskapi.services import Services
from tests.bundles import TRUSTED, make_bundle
from tests.riskapi.makers import RATIONALE, SECRET, settings


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command against a store of its own."""
    made = settings(tmp_path)
    monkeypatch.setenv("RISKAPI_SECRET_KEY", SECRET)
    monkeypatch.setenv("RISKAPI_DATABASE_URL", made.database_url)
    monkeypatch.setenv("RISKAPI_KEYS_URL", made.keys_url)
    monkeypatch.setenv("RISKAPI_LOG_KEY_FILE", str(made.log_key_file))
    monkeypatch.setenv("RISKAPI_CHECKPOINT_FILE", str(made.checkpoint_file))
    monkeypatch.setenv("RISKAPI_TRUSTED_SIGNERS", ",".join(TRUSTED))
    monkeypatch.setenv("COLUMNS", "400")

    def call(*arguments, **options):
        return CliRunner().invoke(command_line(arguments), [str(one) for one in arguments], **options)

    call.settings = made
    return call


def key_for(run, name, kind, *scopes):
    """Make a key by the command and give it."""
    options = [part for scope in scopes for part in ("--scope", scope)]
    return run("keys", "create", name, "--kind", kind, *options).stdout.strip()


def test_help_names_every_command(run):
    """Without arguments the program explains itself."""
    text = run("--help").stdout
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", text)


def test_key_is_shown_once_and_listed_without_it(run):
    """A new key is printed alone on standard output; the list and the store do not hold it."""
    done = run("keys", "create", "Gateway NBO", "--scope", "score", "--scope", "audience:enforcement", "--days", "30")
    key = done.stdout.strip()
    assert re.fullmatch(r"rk_[0-9a-f]{16}_[\w-]{43}", key)
    listed = run("keys", "list").stdout
    assert "Gateway NBO" in listed
    assert key.split("_")[1] in listed
    assert key.split("_", 2)[2] not in listed
    assert key.encode() not in run.settings.database_path.read_bytes()


def test_revoked_key_is_listed_as_such(run):
    """A key is revoked by its id, once."""
    key_id = key_for(run, "x", "system", "score").split("_")[1]
    assert run("keys", "revoke", key_id).exit_code == 0
    assert "revoked" in run("keys", "list").stdout
    assert run("keys", "revoke", key_id).exit_code == 1


def test_r10_model_goes_live_and_back_by_commands(run, tmp_path):
    """Propose, approve, approve another, and go back: one command each, by two persons."""
    proposer = key_for(run, "Otieno", "person", "models:propose", "models:approve")
    approver = key_for(run, "Amina", "person", "models:approve")
    digests = []
    for seed in (0, 1):
        directory = tmp_path / f"bundle-{seed}"
        directory.mkdir()
        for name, content in make_bundle("document_fraud", seed)[0].items():
            (directory / name).write_bytes(content)
        done = run("propose", directory, "--key", proposer)
        assert done.exit_code == 0, done.output
        digests.append(re.search(r"sha256:[0-9a-f]{64}", done.stdout)[0])
    own = run("approve", digests[0], "--rationale", RATIONALE, "--key", proposer)
    assert own.exit_code == 1
    assert "proposer" in own.output
    for digest in (digests[0], digests[1], digests[0]):
        assert run("approve", digest, "--rationale", RATIONALE, "--key", approver).exit_code == 0
        services = Services(run.settings)
        assert services.active.live.digests == (digest,)
        services.close()
    table = run("proposals").stdout
    lines = {digest: line for line in table.splitlines() for digest in digests if digest in line}
    assert sorted(lines) == sorted(digests)
    assert all("document_fraud" in line and "Amina" in line for line in lines.values())
    assert "live" in table


def test_decision_by_command_needs_rationale_and_key(run):
    """Too short a reason or a key without the scope: nothing is decided."""
    key = key_for(run, "Amina", "person", "models:read")
    digest = "sha256:" + "0" * 64
    assert "rationale" in run("approve", digest, "--rationale", "ok", "--key", key).output
    assert "models:approve" in run("reject", digest, "--rationale", RATIONALE, "--key", key).output
    assert run("reject", digest, "--rationale", RATIONALE, "--key", "rk_0_0").exit_code == 1


def test_init_writes_a_secret_that_its_owner_alone_reads(run, tmp_path):
    """The first settings are random, private, and never written over."""
    path = tmp_path / "new" / "riskapi.env"
    assert run("init", path, "--signer", TRUSTED[0]).exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values = dict(line.split("=", 1) for line in path.read_text().splitlines() if not line.startswith("#"))
    assert len(values["RISKAPI_SECRET_KEY"]) == 64
    assert values["RISKAPI_TRUSTED_SIGNERS"] == TRUSTED[0]
    before = path.read_text()
    assert run("init", path).exit_code == 1
    assert path.read_text() == before


def test_wrong_setting_is_one_line_and_no_trace(run, monkeypatch):
    """A mistake in the environment is named; nothing else is printed."""
    monkeypatch.setenv("RISKAPI_PORT", "no port")
    done = run("keys", "list")
    assert done.exit_code == 1
    assert "RISKAPI_PORT" in done.output
    assert "Traceback" not in done.output
    assert json.dumps("no port") not in done.output
