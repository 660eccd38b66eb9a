import stat

import pytest

from riskapi.access.keys import new_key
from riskapi.access.matrix import Action
from riskapi.access.principal import PrincipalKind
from riskapi.errors import StorageError
from riskapi.services import Services
from tests.riskapi.makers import NOW, go_live, settings


def test_every_connection_flushes_every_commit(services):
    """Full durability is a property of each connection, so each is asked."""
    for engine in (services.engine, services.journal._writing, services.subject_keys._engine):
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_store_is_readable_by_its_owner_alone(services):
    """The file holds records of travellers."""
    for path in (services.settings.database_path, services.settings.database_path.with_name("keys.db")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


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
    _, first = new_key(services.secret, "Amina", PrincipalKind.PERSON, [Action.MODELS_APPROVE], NOW, expires_at=NOW)
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
