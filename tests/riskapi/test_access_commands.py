"""``keys`` and ``accounts`` on the command line: what is shown once, what is refused, what takes effect."""

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from riskapi.__main__ import command_line
from riskapi.access.matrix import Role
from riskapi.errors import AuthenticationError
from riskapi.services import Services
from tests.riskapi.makers import SECRET, settings

PASSWORD = "the ferry was late on tuesday"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command on a store of its own; gives what it did."""
    monkeypatch.setattr("riskapi.access.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    made = settings(tmp_path)
    monkeypatch.setenv("RISKAPI_SECRET_KEY", SECRET)
    for name in ("database_url", "keys_url", "log_key_file", "checkpoint_file"):
        monkeypatch.setenv(f"RISKAPI_{name.upper()}", str(getattr(made, name)))

    def call(*arguments, fails=False):
        done = CliRunner().invoke(command_line([arguments[0]]), list(arguments))
        assert (done.exit_code != 0) == fails, done.output
        return done

    call.services = lambda: Services(made)
    return call


def key_in(done):
    """The key that a command showed."""
    return next(line for line in done.stdout.splitlines() if line.startswith("rk_"))


def once_in(done):
    """The password for once that a command showed."""
    return done.stdout.splitlines()[0]


def test_a_key_is_made_with_a_role_and_an_expiry(run):
    """A key lasts a year where nothing else is asked for, and the list holds nothing that opens."""
    key = key_in(run("keys", "create", "Border gateway", "--role", "scorer", "--unit", "NBO"))
    services = run.services()
    (row,) = services.keys.keys()
    caller = services.ring.principal(f"Bearer {key}", services.clock())
    services.close()
    assert (caller.name, caller.roles, caller.unit) == ("Border gateway", (Role.SCORER,), "NBO")
    assert (row.expires_at - row.created_at).days == 365
    assert key not in run("keys", "list").output


def test_single_actions_still_make_a_key(run):
    """Scopes are rows of the table of rights."""
    key = key_in(run("keys", "create", "Gateway", "--scope", "score", "--scope", "audience:enforcement"))
    services = run.services()
    assert services.ring.principal(f"Bearer {key}", services.clock()).audiences
    services.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("Gateway",),
        ("  ", "--role", "scorer"),
        ("Gateway", "--role", "emperor"),
        ("Gateway", "--role", "admin", "--role", "approver"),
        ("Gateway", "--role", "admin", "--scope", "models:approve"),
        ("Gateway", "--scope", "retention:manage", "--scope", "decisions:read"),
        ("Gateway", "--role", "scorer", "--certificate", "nobody"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(run, arguments):
    """Nothing is stored, and the reason is a line."""
    done = run("keys", "create", *arguments, fails=True)
    assert "rk_" not in done.stdout
    services = run.services()
    assert services.keys.keys() == []
    services.close()


def test_a_key_is_rotated_and_the_old_one_revoked(run):
    """The new key works at once; the old one until its grace ends, or until it is revoked."""
    old = key_in(run("keys", "create", "Gateway", "--role", "scorer", "--unit", "NBO"))
    old_id = old.split("_")[1]
    new = key_in(run("keys", "rotate", old_id, "--grace-hours", "2"))
    services = run.services()
    for key in (old, new):
        assert services.ring.principal(f"Bearer {key}", services.clock()).units == ("NBO",)
    services.close()
    run("keys", "revoke", old_id)
    services = run.services()
    with pytest.raises(AuthenticationError):
        services.ring.principal(f"Bearer {old}", services.clock())
    kinds = [entry.kind for entry in services.journal.entries("cli")]
    services.close()
    assert kinds == ["genesis", "key_created", "key_created", "key_revoked", "key_revoked"]
    assert "No valid key" in run("keys", "rotate", old_id, fails=True).output
    assert "No valid key" in run("keys", "revoke", "unknown", fails=True).output


def take(run, login, once, password=PASSWORD):
    """Let a person replace the password for once."""
    run("accounts", "password", "--by", login, "--password", once, "--new-password", password)


def test_accounts_from_the_first_two_persons_to_a_confirmed_reviewer(run, monkeypatch):
    """The operator makes an admin and an auditor; from then on the two of them make the next."""
    once = once_in(run("accounts", "first", "grace", "Grace Njeri"))
    early = run("accounts", "list", "--by", "grace", "--password", once, fails=True)
    assert "Replace your password first" in early.output
    take(run, "grace", once)
    take(run, "peter", once_in(run("accounts", "first", "peter", "Peter Otieno", "--role", "auditor")))
    assert "Two persons" in run("accounts", "first", "other", "Other", fails=True).output
    monkeypatch.setenv("RISK_PASSWORD", PASSWORD)
    made = run("accounts", "create", "amina", "Amina Yusuf", "--role", "reviewer", "--unit", "NBO", "--by", "grace")
    grant = made.stdout.split("another person: ")[1].split()[0]
    assert "Another person" in run("accounts", "confirm", grant, "--by", "grace", fails=True).output
    assert "reviewer" in run("accounts", "confirm", grant, "--by", "peter").output
    take(run, "amina", once_in(made))
    refused = run("accounts", "create", "x1", "X", "--role", "reviewer", "--by", "amina", fails=True)
    assert "accounts:manage" in refused.output
    assert "Amina Yusuf" in run("accounts", "list", "--by", "peter").output
    changed = run("accounts", "role", "amina", "--role", "approver", "--by", "grace")
    other = changed.stdout.split("another person: ")[1].split()[0]
    assert "Refused" in run("accounts", "refuse", other, "--by", "peter").output


def test_a_wrong_password_at_the_command_line_is_counted(run):
    """Guessing at the keyboard is as slow as over the network."""
    run("accounts", "first", "grace", "Grace Njeri")
    for _ in range(10):
        done = run("accounts", "list", "--by", "grace", "--password", "wrong password", fails=True)
        assert "Login or password is wrong" in done.output
    assert "Too many" in run("accounts", "list", "--by", "grace", "--password", "wrong password", fails=True).output


def test_a_second_admin_is_confirmed_disabled_and_reset(run, monkeypatch):
    """What admins do to accounts, by command."""
    once = once_in(run("accounts", "first", "grace", "Grace Njeri"))
    run("accounts", "password", "--by", "grace", "--password", once, "--new-password", PASSWORD)
    monkeypatch.setenv("RISK_PASSWORD", PASSWORD)
    run("accounts", "create", "amina", "Amina Yusuf", "--role", "reviewer", "--by", "grace")
    again = once_in(run("accounts", "reset", "amina", "--by", "grace"))
    run("accounts", "password", "--by", "amina", "--password", again, "--new-password", PASSWORD)
    assert "reviewer for amina" in run("accounts", "role", "amina", "--role", "reviewer", "--by", "grace").output
    run("accounts", "disable", "amina", "--by", "grace")
    assert "disabled already" in run("accounts", "disable", "amina", "--by", "grace", fails=True).output
    assert "no account" in run("accounts", "disable", "nobody", "--by", "grace", fails=True).output
