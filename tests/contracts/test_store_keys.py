"""Keys of subjects and what they seal, on both kinds of database."""

import threading

import pytest
import sqlalchemy as sa

from riskapi.errors import SealError, StorageError
from riskapi.services import Services
from riskapi.storage import schema
from riskapi.storage.decisions import GONE, MASKED
from tests.contracts.store_makers import without_guards
from tests.riskapi.makers import row


def test_destroyed_key_makes_unreadable_what_it_sealed(services):
    """The month's key opens identity alone; all keys of a subject open everything."""
    one, other = row(subject=b"a"), row(subject=b"b")
    services.decisions.append([one, other])
    first, second = (services.subject_keys.subject_id(each.subject) for each in (one, other))
    assert services.subject_keys.destroy_epochs([(first, one.month)]) == 1
    assert services.decisions.decision(one.decision_id).note == MASKED
    assert services.decisions.decision(one.decision_id).answer == one.answer
    assert services.subject_keys.destroy_subject(second) == 2
    services.subject_keys.scrub()
    assert services.decisions.decision(other.decision_id).note == GONE
    services.decisions.append([again := row(subject=b"b")])
    assert services.decisions.decision(again.decision_id).note is None
    assert services.subject_keys.subject_id(other.subject) not in {first, second, None}


def test_key_destroyed_by_another_process_is_not_used_again(services, options):
    """What this process remembers of keys ends with the key, whoever destroyed it."""
    services.decisions.append([one := row()])
    other = Services(options)
    other.subject_keys.destroy_subject(other.subject_keys.subject_id(one.subject))
    other.close()
    services.decisions.append([later := row()])
    assert services.decisions.decision(one.decision_id).note == GONE
    assert services.decisions.decision(later.decision_id).note is None


def test_sealed_parts_cannot_be_exchanged(services):
    """A sealed part opens for its own decision and its own place alone."""
    services.decisions.append([one := row(answer=b'{"a":1}'), other := row(answer=b'{"a":2}')])
    table = schema.decision_contents
    with without_guards(services, "decision_contents") as connection:
        swapped = sa.select(table.c.answer).where(table.c.decision_id == other.decision_id).scalar_subquery()
        connection.execute(sa.update(table).where(table.c.decision_id == one.decision_id).values(answer=swapped))
    with pytest.raises(SealError, match="answer"):
        services.decisions.decision(one.decision_id)


def test_keys_are_on_disk_before_what_they_seal(services):
    """The keys database commits first; where it fails, nothing is stored."""
    order = []
    for name, engine in (("keys", services.subject_keys._engine), ("data", services.engine)):
        sa.event.listen(engine, "commit", lambda _connection, name=name: order.append(name))
    services.decisions.append([row(subject=b"new")])
    assert order[-1] == "data"
    assert "keys" in order[:-1]
    services.subject_keys.ensure = failing = lambda wanted: (_ for _ in ()).throw(StorageError("gone"))
    with pytest.raises(StorageError):
        services.decisions.append([lost := row()])
    assert failing
    assert services.decisions.decision(lost.decision_id) is None


def test_nothing_is_sealed_while_keys_are_destroyed(services, options):
    """Who destroys keys waits for the writers of all processes, and they wait for it."""
    other = Services(options)
    inside, leave, stored = threading.Event(), threading.Event(), threading.Event()

    def erase():
        with services.journal.transaction(erasing=True):
            inside.set()
            leave.wait(5)

    def store():
        other.decisions.append([row()])
        stored.set()

    eraser = threading.Thread(target=erase)
    eraser.start()
    assert inside.wait(5)
    writer = threading.Thread(target=store)
    writer.start()
    assert not stored.wait(0.2)
    leave.set()
    writer.join()
    eraser.join()
    assert stored.is_set()
    other.close()
