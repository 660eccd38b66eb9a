"""Outcomes in both kinds of store: sealed, told of, corrected, and gone with what they are about."""

import threading

import orjson
import pytest
import sqlalchemy as sa

from riskapi.errors import ChainError, ConflictError
from riskapi.log.entry import Kind
from riskapi.privacy.subjects import Wanted
from riskapi.services import Services
from riskapi.storage import schema
from riskapi.storage.outcomes import OutcomeRow, RecordedBy
from tests.contracts.store_makers import is_sqlite, lease, without_guards
from tests.riskapi.privacy.makers import ADMIN, AUDITOR, decided, entries_of

BY = RecordedBy("Amina Yusuf", "1" * 16, "NBO", "border_control")


def outcome(decision_id, content=b'{"outcome_code":"forged_document"}', supersedes=None, audience="enforcement"):
    """An outcome to store."""
    return OutcomeRow(decision_id, audience, supersedes, content, content + (supersedes or "").encode())


def count(services, table):
    """How many rows a table has."""
    with services.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_outcome_comes_back_as_it_went_in_and_the_log_does_not_say_what_was_found(services):
    """Content is sealed; the log names decision, outcome, who and why, and commits to the rest."""
    decision_id = decided(services)
    [made] = services.outcome_store.append([outcome(decision_id)], BY)
    [stored] = services.outcome_store.of([decision_id], "enforcement")
    assert (stored.outcome_id, stored.version, stored.by) == (made.outcome_id, 1, BY.name)
    assert stored.content == outcome(decision_id).content
    [told] = entries_of(services, Kind.OUTCOME)
    assert (told["decision_id"], told["by"], told["unit"]) == (decision_id, BY.name, "NBO")
    assert "forged" not in orjson.dumps(told).decode()
    with services.engine.connect() as connection:
        assert b"forged" not in bytes(connection.execute(sa.select(schema.outcome_contents.c.sealed)).scalar_one())


def test_same_outcome_is_stored_once_and_another_one_must_name_it(services):
    """A repeat is found in the same transaction and in a later one; a conflict leaves no trace."""
    decision_id = decided(services)
    first, again = services.outcome_store.append([outcome(decision_id)] * 2, BY)
    assert (first.outcome_id, again.repeated) == (again.outcome_id, True)
    before = count(services, schema.log)
    other = b'{"outcome_code":"nothing_found"}'
    for row in (outcome(decision_id, other), outcome(decision_id, other, "unknown")):
        with pytest.raises(ConflictError, match=first.outcome_id):
            services.outcome_store.append([row], BY)
    assert count(services, schema.log) == before
    [second] = services.outcome_store.append([outcome(decision_id, other, first.outcome_id)], BY)
    assert second.version == 2
    [protection] = services.outcome_store.append([outcome(decision_id, audience="protection")], BY)
    assert protection.version == 1
    assert services.outcome_store.latest([decision_id], "enforcement")[decision_id].outcome_id == second.outcome_id


def test_of_two_processes_that_record_at_once_one_comes_first(services, options):
    """Two first outcomes of one decision at the same moment: one is stored, the other hears of it."""
    other = Services(options)
    if not is_sqlite(services):
        for each in (services, other):
            each.journal.lead(lease(each))
    ids = [decided(services, number) for number in range(8)]
    done, barrier = [], threading.Barrier(2)

    def record(each, content):
        for decision_id in ids:
            barrier.wait()
            try:
                done.append((decision_id, each.outcome_store.append([outcome(decision_id, content)], BY)[0].version))
            except ConflictError:
                done.append((decision_id, "conflict"))

    threads = [threading.Thread(target=record, args=one) for one in ((services, b"{}"), (other, b"[]"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(done, key=str) == sorted([(one, what) for one in ids for what in (1, "conflict")], key=str)


def test_erasure_and_expiry_take_outcomes_along(services):
    """What was found goes with what was said; the log keeps that there was an outcome, and takes no further one."""
    gone, kept = decided(services, 1), decided(services, 2)
    services.outcome_store.append([outcome(gone), outcome(kept)], BY)
    subjects = services.subjects.find(Wanted(document="DOC000001", country="KEN"))
    services.erasure.erase(subjects, ADMIN, AUDITOR, "Act s.40")
    assert [one.decision_id for one in services.outcome_store.of([gone, kept], "enforcement")] == [kept]
    assert (count(services, schema.outcome_contents), count(services, schema.outcomes)) == (1, 2)
    assert len(entries_of(services, Kind.OUTCOME)) == 2
    for row in (outcome(gone), outcome(gone, b"{}")):
        with pytest.raises(ConflictError, match="erased or has expired"):
            services.outcome_store.append([row], BY)


def test_database_refuses_to_change_an_outcome(services):
    """The index stays as it is; contents may go and not change."""
    services.outcome_store.append([outcome(decided(services))], BY)
    statements = [
        "UPDATE outcomes SET version = 2",
        "DELETE FROM outcomes",
        "UPDATE outcome_contents SET sealed = sealed",
    ]
    if not is_sqlite(services):
        statements += ["TRUNCATE outcomes", "TRUNCATE outcome_contents"]
    for statement in statements:
        with services.engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="append-only"):
            connection.exec_driver_sql(statement)


def test_outcome_that_was_exchanged_is_found_when_it_is_read(services):
    """An earlier content put in the place of the later one is not what the log commits to."""
    decision_id = decided(services)
    [first] = services.outcome_store.append([outcome(decision_id)], BY)
    services.outcome_store.append([outcome(decision_id, b"{}", first.outcome_id)], BY)
    with without_guards(services, "outcomes") as connection:
        connection.execute(sa.update(schema.outcomes).where(schema.outcomes.c.version == 1).values(writer="cli", seq=2))
    with pytest.raises(ChainError, match="not what the log says"):
        services.outcome_store.of([decision_id], "enforcement")
