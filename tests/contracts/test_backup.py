"""A copy of either kind of store, and its way back into an empty one of the same kind."""

import pytest

from riskapi.errors import StorageError
from riskapi.operations.backup import back_up, restore
from riskapi.services import Services
from riskapi.storage.log_key import log_key
from tests.contracts.store_makers import is_sqlite
from tests.riskapi.makers import go_live, make_key
from tests.riskapi.privacy.makers import decided


def test_copy_holds_everything_and_goes_on(services, tmp_path, request):
    """Log, decisions, models, keys and instance are there; the next row follows the last; guards stand again."""
    digest = go_live(services, "document_fraud")
    make_key(services)
    ids = [decided(services, number) for number in range(5)]
    trusted = [log_key(services.settings.log_key_file).public_key()]
    made = back_up(services.settings, tmp_path / "backups")
    if is_sqlite(services):
        places = [f"sqlite:///{tmp_path / 'fresh' / name}" for name in ("store.db", "keys.db")]
    else:
        places = [request.getfixturevalue("postgres_server").new_database() for _ in range(2)]
    changes = dict(zip(("database_url", "keys_url"), places, strict=True))
    fresh = type(services.settings).model_validate(services.settings.model_dump() | changes)
    result = restore(made.path, fresh, trusted)
    assert result.verification.findings == ()
    assert result.verification.contents == len(ids)
    with pytest.raises(StorageError, match=r"there already|not empty"):
        restore(made.path, fresh, trusted)
    restored = Services(fresh)
    try:
        assert [model.bundle.digest for model in restored.active.live.models] == [digest]
        assert restored.keys.keys() == services.keys.keys()
        assert all(restored.decisions.decision(one).identity is not None for one in ids)
        assert go_live(restored, "migrant_smuggling")
        last = restored.decisions.decision(ids[-1]).seq
        assert restored.decisions.decision(decided(restored, 9)).seq > last
        with restored.engine.connect() as connection, pytest.raises(Exception, match="append-only"):
            connection.exec_driver_sql("DELETE FROM log")
    finally:
        restored.close()


def test_backup_of_one_kind_does_not_go_into_the_other(services, tmp_path):
    """SQLite and PostgreSQL are not exchanged by a restore."""
    made = back_up(services.settings, tmp_path / "backups")
    other = "postgresql://nobody@localhost/none" if is_sqlite(services) else f"sqlite:///{tmp_path / 'x.db'}"
    fresh = type(services.settings).model_validate(
        services.settings.model_dump() | {"database_url": other, "keys_url": other}
    )
    with pytest.raises(StorageError, match="other kind"):
        restore(made.path, fresh, [])
