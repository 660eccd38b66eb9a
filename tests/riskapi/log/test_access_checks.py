"""Accounts, grants of roles and API keys are held against the log: nobody gives themselves what two others decide."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from riskapi.access.account_store import SqlAccountStore
from riskapi.access.accounts import Accounts
from riskapi.access.keys import new_key
from riskapi.access.matrix import Role
from riskapi.access.passwords import hash_password, made_password
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.access.store import SqlKeyStore
from riskapi.log.findings import Rule
from riskapi.secret import ServiceSecret
from tests.riskapi.log.made_logs import Clock, MadeLog, make_log, writing

BOSS, WITNESS = (
    Principal(name, PrincipalKind.PERSON, name, frozenset({Role.ADMIN})) for name in ("Amina Yusuf", "Peter Otieno")
)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> MadeLog:
    """A log in which persons came, changed and went, and API keys were made; nobody touched it from outside."""
    made = make_log(tmp_path_factory.mktemp("logs") / "clean", decisions=3)
    with pytest.MonkeyPatch.context() as patch, writing(made, clock := Clock()) as (journal, _, _):
        light = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr("riskapi.access.passwords._HASHER", light)
        store = SqlAccountStore(journal._engine, journal)
        accounts = Accounts(store, clock)
        for login, name in (("amina", "Amina Yusuf"), ("peter", "Peter Otieno"), ("gone", "Grace Njeri")):
            if login == "gone":
                _, grant = accounts.create(BOSS, login, name, [Role.REVIEWER], ["NBO"])
                accounts.confirm(WITNESS, grant.grant_id)
            else:
                accounts.create_first(login, name)
        person = store.account("amina")
        assert person is not None
        store.set_password(person, hash_password(made_password()), sign_out=True)
        refused = accounts.ask_roles(BOSS, "gone", [Role.REVIEWER, Role.SCORER])
        assert refused is not None
        accounts.refuse(WITNESS, refused.grant_id)
        assert accounts.ask_roles(BOSS, "gone", [Role.SCORER]) is not None
        accounts.reset(BOSS, "peter")
        accounts.disable(BOSS, "gone")
        keys = SqlKeyStore(journal._engine, journal)
        secret = ServiceSecret(made.settings.secret_key)
        for name in ("one", "two"):
            keys.add_key(new_key(secret, name, PrincipalKind.SYSTEM, [Role.SCORER], clock())[1])
    return made


@pytest.fixture
def made(clean: MadeLog, tmp_path: Path) -> MadeLog:
    """A log of the test's own."""
    return clean.copy(tmp_path / "log")


def test_accounts_that_were_changed_by_the_rules_raise_no_alarm(made):
    """Made, confirmed, refused, reset, changed, disabled: the tables are what the log says."""
    assert [finding.line() for finding in made.verify().findings] == []


CHANGES = {
    "a role taken": "UPDATE accounts SET roles = '[\"admin\", \"auditor\"]' WHERE login = 'amina'",
    "a role given back": "UPDATE accounts SET roles = '[\"reviewer\"]', disabled = 0 WHERE login = 'gone'",
    "a password exchanged": "UPDATE accounts SET password_hash = password_hash || 'x' WHERE login = 'amina'",
    "a password of somebody else": "UPDATE accounts SET password_hash = "
    "(SELECT password_hash FROM accounts WHERE login = 'amina') WHERE login = 'peter'",
    "a password for once kept": "UPDATE accounts SET must_change = 0 WHERE login = 'peter'",
    "another place of work": "UPDATE accounts SET units = '[\"MBA\"]' WHERE login = 'gone'",
    "another name": "UPDATE accounts SET name = 'Somebody Else' WHERE login = 'amina'",
    "another maker": "UPDATE accounts SET created_by = 'Somebody Else' WHERE login = 'gone'",
    "an account that nobody made": "INSERT INTO accounts SELECT 'eve', 'Eve', password_hash, 0, roles, units, 0, "
    "created_at, created_by FROM accounts WHERE login = 'amina'",
    "an account taken away": "DELETE FROM accounts WHERE login = 'peter'",
    "a grant confirmed by nobody": "UPDATE role_grants SET decided_by = 'Peter Otieno', confirmed = 1 "
    "WHERE decided_by IS NULL",
    "a refusal turned": "UPDATE role_grants SET confirmed = 1 WHERE confirmed = 0",
    "a grant of more": "UPDATE role_grants SET roles = '[\"admin\"]' WHERE confirmed = 1",
    "a grant that nobody asked for": "INSERT INTO role_grants SELECT 'x', login, roles, asked_by, asked_at, "
    "decided_by, decided_at, confirmed FROM role_grants LIMIT 1",
    "a grant taken away": "DELETE FROM role_grants WHERE confirmed = 0",
    "a key exchanged": "UPDATE api_keys SET hash = zeroblob(32) WHERE principal = 'one'",
    "a key bound to no certificate": "UPDATE api_keys SET certificate = 'CN=other' WHERE principal = 'two'",
}


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
def test_r12_whoever_gives_themselves_access_is_found(made, statement):
    """Each change of a row beside the log is a finding."""
    with made.as_intruder() as connection:
        assert connection.execute(statement).rowcount >= 1
    found = made.verify()
    assert not found.holds
    assert {finding.rule for finding in found.findings} == {Rule.ACCESS_CHANGED}


def test_a_finding_names_the_entry_that_says_otherwise(made):
    """Where the log says what a row should be, its own row is named."""
    with made.as_intruder() as connection:
        connection.execute(CHANGES["a role given back"])
        query = "SELECT writer, seq FROM log WHERE kind = 'account_changed' AND body LIKE '%\"disabled\"%'"
        place = connection.execute(query).fetchone()
    assert {(finding.writer, finding.seq) for finding in made.verify().findings} == {place}
