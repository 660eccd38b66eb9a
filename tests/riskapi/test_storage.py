import sqlite3
import stat

import pytest

from riskapi.auth import PrincipalKind, Scope, new_key
from riskapi.decisions import DecisionRecord
from riskapi.errors import StorageError
from riskapi.ids import uuid7
from riskapi.services import Services
from riskapi.storage import schema
from riskapi.storage.engine import open_engine
from tests.riskapi.makers import NOW, go_live, settings


def row(record_id="r1", **changes):
    """A decision with some fields changed."""
    values = {
        "decision_id": uuid7(),
        "scored_at": "2026-03-14T09:00:00.000Z",
        "principal": "Gateway",
        "key_id": "0" * 16,
        "record_id": record_id,
        "audiences": ("enforcement", "protection"),
        "digests": ("sha256:" + "0" * 64,),
        "dropped": ("meals",),
        "input": b"{}",
        "answer": b'{"risks":[]}',
    }
    return DecisionRecord(**(values | changes))


def test_decision_comes_back_as_it_went_in(services):
    """Every field of a decision survives the store, and gets its place."""
    first, second = row("r1"), row("r2")
    services.decisions.append([first, second])
    found = services.decisions.decision(second.decision_id)
    assert found == DecisionRecord(**{**{f: getattr(second, f) for f in second.__slots__}, "seq": 2})
    assert services.decisions.decision(uuid7()) is None


def test_rows_of_one_append_are_stored_together_or_not_at_all(services):
    """A row that the database refuses takes its whole transaction with it, and the next one works."""
    good, twice = row(), row()
    with pytest.raises(StorageError, match="IntegrityError"):
        services.decisions.append([good, twice, twice])
    assert services.decisions.decision(good.decision_id) is None
    services.decisions.append([good])
    assert services.decisions.decision(good.decision_id).seq == 1


@pytest.mark.parametrize("table", schema.APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"])
def test_database_itself_refuses_to_change_what_was_written(services, table, statement):
    """Whoever opens the file, a row can be neither changed nor removed."""
    go_live(services, "document_fraud")
    services.decisions.append([row()])
    _, key = new_key(services.secret, "x", PrincipalKind.PERSON, [Scope.SCORE], NOW)
    services.keys.add_key(key)
    assert services.keys.revoke_key(key.key_id, NOW)
    column = next(iter(schema.METADATA.tables[table].columns)).name
    with sqlite3.connect(services.settings.database_path) as connection:
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > 0
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement.format(table=table, column=column))
    connection.close()


def test_every_connection_flushes_every_commit(services):
    """Full durability is a property of each connection, so each is asked."""
    for engine in (services.engine, services.decisions._writing):
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_store_is_readable_by_its_owner_alone(services):
    """The file holds records of travellers."""
    assert stat.S_IMODE(services.settings.database_path.stat().st_mode) == 0o600


def test_newer_store_is_refused(tmp_path):
    """A program does not write into tables that it does not know."""
    made = settings(tmp_path)
    open_engine(made).dispose()
    with sqlite3.connect(made.database_path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    with pytest.raises(StorageError, match="update it"):
        open_engine(made)


def test_store_that_cannot_be_opened_is_named_as_such(tmp_path):
    """A directory in the place of the file ends the start, with the setting to look at."""
    (tmp_path / "store.db").mkdir()
    with pytest.raises(StorageError, match="RISKAPI_DATABASE_URL"):
        Services(settings(tmp_path))


def test_file_that_is_no_database_is_refused(tmp_path):
    """Something else in the place of the store is left alone."""
    (tmp_path / "store.db").write_bytes(b"not a database, but long enough to look at it" * 100)
    with pytest.raises(StorageError, match="cannot be opened"):
        Services(settings(tmp_path))


def test_keys_come_back_as_they_went_in(services):
    """Keys survive the store; a key is revoked once."""
    _, first = new_key(services.secret, "Amina", PrincipalKind.PERSON, [Scope.MODELS_APPROVE], NOW, expires_at=NOW)
    services.keys.add_key(first)
    assert services.keys.keys() == [first]
    mark = services.keys.mark()
    assert services.keys.revoke_key(first.key_id, NOW)
    assert not services.keys.revoke_key(first.key_id, NOW)
    assert not services.keys.revoke_key("unknown", NOW)
    assert services.keys.mark() == mark + 1
    assert services.keys.keys()[0].revoked_at == NOW


def test_two_programs_share_one_store(services):
    """What one process writes, another reads."""
    other = Services(services.settings)
    digest = go_live(services, "document_fraud")
    other.refresh()
    assert other.active.live.digests == (digest,)
    other.close()


def test_error_shows_no_parameter(services):
    """What was to be stored is in no error, nor in its chain."""
    twice = row(record_id="ZZMARKZZ")
    with pytest.raises(StorageError) as caught:
        services.decisions.append([twice, twice])
    assert "ZZMARKZZ" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
