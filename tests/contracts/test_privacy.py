"""Retention, holds and erasure, held by the embedded database and by PostgreSQL alike."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from riskapi.errors import ConflictError, StorageError
from riskapi.log.entry import Kind
from riskapi.privacy.outcome import Outcome
from riskapi.privacy.sealing import record_key
from riskapi.privacy.subjects import Wanted
from riskapi.storage import schema
from tests.riskapi.privacy.makers import ADMIN, AUDITOR, decided, entries_of


def test_what_is_past_its_time_goes_step_by_step(services):
    """Identity after six months, everything after five years, the young stays; a second run finds nothing."""
    now = services.clock()
    expired = [decided(services, number, now - timedelta(days=1900)) for number in (1, 2)]
    masked = decided(services, 1, now - timedelta(days=200))
    young = decided(services, 2, now)
    assert services.retention.due() == Outcome(masked=1, expired=2)
    assert services.retention.run() == Outcome(masked=1, expired=2, keys=3)
    assert all(services.decisions.decision(one).answer is None for one in expired)
    assert services.decisions.decision(masked).identity is None
    assert services.decisions.decision(masked).answer is not None
    assert services.decisions.decision(young).identity is not None
    assert services.retention.run() == Outcome()
    services.retention.scrub()
    assert [len(one["decision_ids"]) for one in entries_of(services, Kind.EXPIRED)] == [2]


def test_what_is_masked_or_erased_is_not_found_by_its_record(services):
    """The keyed hash of a record's id goes when identity goes, and can be neither kept nor changed beyond it."""
    now, key = services.clock(), record_key("REC-SAME", services.secret)
    old, young, erased = (
        decided(services, number, now - timedelta(days=days), record_id="REC-SAME")
        for number, days in ((1, 200), (2, 0), (3, 0))
    )
    assert services.contents.with_record(key, 10) == sorted((old, young, erased), reverse=True)
    services.retention.run()
    services.erasure.erase(services.subjects.find(Wanted(decision_id=erased)), ADMIN, AUDITOR, "Act s.40")
    assert services.contents.with_record(key, 10) == [young]
    table = schema.decision_contents
    for values in ({"record_key": 8}, {"identity": None}):
        with pytest.raises(sa.exc.IntegrityError), services.engine.begin() as connection:
            connection.execute(sa.update(table).where(table.c.decision_id == young).values(**values))


def test_erasure_waits_for_the_hold_and_then_takes_everything(services):
    """A hold is in the way of erasure and of retention; without it all keys of the person are gone."""
    old = decided(services, 5, services.clock() - timedelta(days=1900))
    other = decided(services, 6)
    subjects = services.subjects.find(Wanted(document="DOC000005", country="KEN"))
    hold = services.holds.set(ADMIN, subjects, "Case 1", services.clock() + timedelta(days=1))
    assert services.retention.run() == Outcome(held=1)
    with pytest.raises(ConflictError, match=hold.hold_id):
        services.erasure.erase(subjects, ADMIN, AUDITOR, "Act s.40")
    services.holds.release(ADMIN, hold.hold_id, "Closed")
    assert services.erasure.erase(subjects, ADMIN, AUDITOR, "Act s.40").keys == 2
    assert services.decisions.decision(old).answer is None
    assert services.decisions.decision(other).identity is not None
    assert services.subject_keys.epochs(subjects[0]) == []


def test_a_scrub_keeps_nobody_waiting_unless_it_rewrites_the_tables(services):
    """Beside somebody who reads keys, places are freed at once; writing a server's tables anew has to wait for them."""
    decided(services, 7, services.clock() - timedelta(days=1900))
    services.retention.run()
    engine = services.subject_keys._engine
    with engine.connect() as reader, reader.begin():
        reader.exec_driver_sql("SELECT * FROM subject_keys").all()
        services.retention.scrub()
        if engine.dialect.name == "postgresql":
            with pytest.raises(StorageError):
                services.retention.scrub(whole=True)


def test_a_rewritten_table_holds_no_byte_of_destroyed_keys(services):
    """Its files, as the disk has them, hold the keys that exist and none of those that went."""
    for number, days in ((1, 1900), (2, 0)):
        decided(services, number, services.clock() - timedelta(days=days))
    engine = services.subject_keys._engine
    with engine.connect() as connection:
        before = {bytes(one) for one in connection.exec_driver_sql("SELECT wrapped FROM subject_keys").scalars()}
    services.retention.run()
    services.retention.scrub(whole=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        kept = {bytes(one) for one in connection.exec_driver_sql("SELECT wrapped FROM subject_keys").scalars()}
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("CHECKPOINT")
            query = "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('subject_keys')"
            path = Path(connection.exec_driver_sql(query).scalar_one())
        else:
            path = Path(engine.url.database)
    data = path.read_bytes()
    assert 0 < len(kept) < len(before)
    assert all(one in data for one in kept)
    assert not any(one in data for one in before - kept)
