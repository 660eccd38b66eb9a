"""A log on PostgreSQL is verified and exported as one in a file is: the same rows, the same findings, one snapshot."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from riskapi.access.account_store import SqlAccountStore
from riskapi.access.accounts import Accounts
from riskapi.access.matrix import Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.log.findings import Rule
from riskapi.storage.engine import open_database, upgrade
from tests.postgres import PostgresServer
from tests.riskapi.log.made_logs import Clock, MadeLog, continue_log, make_log, writing


@pytest.fixture(params=["sqlite", "postgresql"])
def any_log(request: pytest.FixtureRequest, tmp_path: Path) -> MadeLog:
    """A log in either kind of database."""
    return make_log(tmp_path / "log", decisions=40) if request.param == "sqlite" else request.getfixturevalue("made")


@pytest.fixture
def made(postgres_server: PostgresServer, tmp_path: Path) -> MadeLog:
    """A log in a database of its own."""
    url = postgres_server.new_database()
    engine = open_database(url, "RISKAPI_DATABASE_URL", 5)
    upgrade(engine)
    engine.dispose()
    return make_log(tmp_path / "log", decisions=40, database_url=url)


@pytest.fixture
def intruder(made: MadeLog) -> Iterator[sa.Connection]:
    """A superuser who has switched the triggers off."""
    engine = open_database(made.settings.database_url, "RISKAPI_DATABASE_URL", 5)
    with engine.begin() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")
        yield connection
    engine.dispose()


def test_a_clean_log_of_a_server_verifies_and_so_does_its_export(made):
    """Rows, checkpoints and contents; from the server and from files."""
    result = made.verify()
    assert (result.holds, result.contents, [finding.line() for finding in result.findings]) == (True, 40, [])
    assert made.verify(with_keys=False).holds
    exported = made.verify_exports(made.export(made.directory / "export", with_contents=True))[0]
    assert (exported.holds, exported.rows, exported.heads) == (True, result.rows, result.heads)


def test_changes_in_a_server_are_named(made, intruder):
    """A changed row, lost contents, a lost end: each by its place."""
    intruder.exec_driver_sql("UPDATE log SET body = '{}' WHERE writer = '1' AND seq = 9")
    intruder.exec_driver_sql(
        "DELETE FROM decision_contents WHERE decision_id = (SELECT id FROM decisions WHERE seq = 3)"
    )
    last = intruder.exec_driver_sql("SELECT max(seq) FROM log WHERE writer = '1'").scalar_one()
    intruder.exec_driver_sql(f"DELETE FROM log WHERE writer = '1' AND seq = {last}")
    intruder.commit()
    found = {(finding.rule, finding.seq) for finding in made.verify().findings}
    assert {(Rule.CHANGED, 9), (Rule.CONTENTS_MISSING, 3), (Rule.TRUNCATED, last)} <= found


def test_verification_sees_one_moment_while_the_service_goes_on(any_log):
    """Rows and checkpoints that are stored while it reads are none of its business, and raise no alarm."""
    steps = {
        name: range(start, start + 300)
        for name, start in {"row_count": 1000, "checkpoints": 2000, "rows": 3000}.items()
    }
    result = any_log.verify(meanwhile=lambda step: continue_log(any_log, steps.pop(step)))
    assert (steps, [finding.line() for finding in result.findings]) == ({}, [])
    assert any_log.verify().rows > result.rows


def test_accounts_are_held_against_the_log_in_either_database(any_log):
    """Roles that the log tells of raise no alarm; those taken beside it are named."""
    with writing(any_log, clock := Clock()) as (journal, _, _):
        accounts = Accounts(SqlAccountStore(journal._engine, journal), clock)
        accounts.create_first("amina", "Amina Yusuf")
        boss = Principal("Amina Yusuf", PrincipalKind.PERSON, "amina", frozenset({Role.ADMIN}))
        accounts.create(boss, "peter", "Peter Otieno", [Role.REVIEWER], ["NBO"])
    assert [finding.line() for finding in any_log.verify().findings] == []
    engine = open_database(any_log.settings.database_url, "RISKAPI_DATABASE_URL", 5)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE accounts SET roles = '[\"reviewer\"]' WHERE login = 'peter'")
    engine.dispose()
    assert {finding.rule for finding in any_log.verify().findings} == {Rule.ACCESS_CHANGED}
