"""The writer as a process of its own keeps what every store guarantees, and its end costs no acknowledged decision."""

import os
import signal
import threading
import time

import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.decisions import Claim, Rectifies
from riskapi.errors import StorageError
from riskapi.services import Services
from riskapi.storage.process import StoreProcess
from tests.contracts.store_makers import bodies, entries, is_sqlite
from tests.riskapi.makers import bearer, go_live, make_key, row, serving


@pytest.fixture
def process(services):
    """A running process for the store of the services."""
    made = StoreProcess(services.settings, threading.Lock())
    made.start()
    yield made
    made.close()


def test_process_stores_what_it_is_given(process, services):
    """Every field arrives, claims and corrections too, in a chain of the process's own."""
    first = row(claim=Claim(b"key", b"body"))
    second = row("Another gateway", rectifies=Rectifies(first.decision_id, "typing_error"), purpose=None)
    assert list(process.append([first, second])) == []
    assert list(process.append([again := row(claim=Claim(b"key", b"other"))])) == [again.decision_id]
    found = services.decisions.decision(second.decision_id)
    assert (found.input, found.identity, found.answer) == (second.input, second.identity, second.answer)
    assert found.supersedes == first.decision_id
    assert found.writer == ("2" if is_sqlite(services) else "1")
    assert services.decisions.claimed("Gateway", first.claim) == (first.decision_id, True)


def test_error_comes_back_as_what_it_is_and_the_process_goes_on(process, services):
    """A refused transaction is an error of the store for the caller, with nothing of what was sent in it."""
    twice = row("ZZMARKZZ")
    with pytest.raises(StorageError, match=r"IntegrityError|UniqueViolation") as caught:
        process.append([twice, twice])
    assert "ZZMARKZZ" not in str(caught.value)
    process.tick()
    process.append([after := row()])
    assert services.decisions.decision(after.decision_id) is not None


def test_killed_process_loses_nothing_that_was_acknowledged_and_is_started_again(process, services):
    """Its end is an error for those who wait; the next append starts another one, which goes on in the same chain."""
    process.append([before := row()])
    os.kill(process._process.pid, signal.SIGKILL)
    process._process.wait()
    with pytest.raises(StorageError, match="Nothing was acknowledged"):
        process.append([row()])
    process.append([after := row()])
    kept = [services.decisions.decision(one.decision_id) for one in (before, after)]
    assert [one.writer for one in kept] == [kept[0].writer] * 2
    assert [entry.seq for entry in entries(services, kept[0].writer)] == [1, 2, 3]


def test_process_ends_with_the_service_however_that_ends(services):
    """It lives on a socket: where the other end is gone, it makes its last checkpoint and ends."""
    made = StoreProcess(services.settings, threading.Lock())
    made.start()
    made.append([row()])
    running = made._process
    os.kill(running.pid, signal.SIGTERM)
    os.kill(running.pid, signal.SIGINT)
    time.sleep(0.1)
    assert running.poll() is None, "a signal to the whole group is the service's to handle"
    made._socket.close()
    assert running.wait(10) == 0
    made._socket = None
    made.close()


def test_store_that_cannot_be_written_ends_the_start(services):
    """Where the process gets no chain the service does not start, and says why."""
    if not is_sqlite(services):
        pytest.skip("a server has chains enough")
    first = StoreProcess(services.settings, threading.Lock())
    first.start()
    second = StoreProcess(services.settings, threading.Lock())
    with pytest.raises(StorageError, match="Another service"):
        second.start()
    second.close()
    first.close()


def test_service_scores_by_its_process(options):
    """A whole service with its writer's process: answers are on disk, events of the service have a chain beside it."""
    services = Services(options.model_copy(update={"writer_process": True}))
    go_live(services, "document_fraud")
    with serving(services) as client:
        client.headers.update(bearer(make_key(services)))
        answers = [client.post("/v1/scores", json=EXAMPLE_RECORD).json() for _ in range(5)]
        kept = [services.decisions.decision(answer["decision_id"]) for answer in answers]
        assert len({one.writer for one in kept}) == 1
        assert kept[0].writer != services.journal.writer
        assert [one.seq for one in kept] == [2, 3, 4, 5, 6]
        assert client.get("/health/ready").status_code == 200
    assert bodies(services, "genesis", kept[0].writer)[0]["heads"].keys() >= {"cli"}
    services.engine.dispose()
