import os
import random
import signal
import time

import psycopg
import pytest

from tests.faults.broken import WITHOUT_SYNCHRONOUS_COMMIT, place_of
from tests.faults.clients import Caller, Memory, ask_again, load, wait_for_answers
from tests.faults.cluster import cluster
from tests.faults.proxy import proxy
from tests.faults.service import Service
from tests.faults.stored import compare, verify

RECONNECT_SECONDS = 60.0
"""On a busy machine; the acceptance list asks for 15 on one that has nothing else to do."""


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL server of this module."""
    with cluster() as made:
        yield made


def service_on(server, directory, port=None, places=(), **changes):
    """A service with an empty database."""
    directory.mkdir(exist_ok=True)
    changes |= {"database_url": server.url(server.new_database(), port), "busy_timeout_seconds": 5.0}
    return Service(directory, changes, places=places).prepare()


def all_is_well(service, memory):
    """Ask again what nobody knows of, stop, and look at everything."""
    ask_again(service, memory)
    service.stop()
    assert memory.unanswered == []
    assert compare(service, memory) == {}
    assert verify(service) == ""


def test_r37_nothing_acknowledged_is_lost_by_kills_of_the_database(server, tmp_path, full, figures):
    """Postmaster and backends killed under load: the service goes on by itself, and nothing is lost or doubled."""
    draw = random.Random(20261124)
    kills = 30 if full else 2
    service, memory = service_on(server, tmp_path), Memory()
    longest = 0.0
    with service:
        for _ in range(kills):
            with load(service, memory):
                wait_for_answers(memory, 20)
                time.sleep(draw.uniform(0.0, 0.3))
                server.kill()
                server.start()
                began = time.monotonic()
                wait_for_answers(memory, 10, RECONNECT_SECONDS)
                longest = max(longest, time.monotonic() - began)
        unanswered = len(memory.unanswered)
        all_is_well(service, memory)
    figures(
        f"PostgreSQL killed {kills} times: {len(memory.told)} acknowledged, 0 lost, {unanswered} of unknown outcome, "
        f"again after {longest:.1f} s"
    )


@pytest.mark.usefixtures("only_full")
def test_r37_nothing_acknowledged_is_lost_by_kills_of_the_service_on_postgresql(server, tmp_path, full, figures):
    """The service and its writer killed under load, with decisions in PostgreSQL."""
    draw = random.Random(20261125)
    kills = 50 if full else 1
    service, memory = service_on(server, tmp_path), Memory()
    for _ in range(kills):
        service.start().wait_ready()
        with load(service, memory):
            wait_for_answers(memory, 20)
            time.sleep(draw.uniform(0.0, 0.3))
            service.kill()
    with service:
        unanswered = len(memory.unanswered)
        all_is_well(service, memory)
    figures(
        f"service on PostgreSQL killed {kills} times: {len(memory.told)} acknowledged, 0 lost, {unanswered} unknown"
    )


def until_answered(caller, key):
    """Send a request until it is answered; gives the headers."""
    for _ in range(100):
        status, headers = caller.score(key)
        if status == 200:
            return headers
        time.sleep(0.1)
    raise AssertionError("no answer came")


def test_r37_commit_without_its_answer_is_one_decision(server, tmp_path, full, figures):
    """The wire breaks after COMMIT and before its answer: sent again with its key, the request is answered once.

    Now and then the cut hits a commit of the service's own, such as that of a checkpoint; such a round does not count.
    """
    rounds = 500 if full else 8
    asked = cut = replayed = 0
    with proxy(server.port) as wire:
        service, memory = service_on(server, tmp_path, wire.port, poll_seconds=5.0), Memory()
        with service, Caller(service, memory) as caller:
            while cut < rounds:
                assert asked < 2 * rounds, "the cuts do not hit"
                asked += 1
                until_answered(caller, f"before-{asked}")  # the service has verified the log, and goes on
                wire.arm()
                first, _ = caller.score(f"cut-{asked}")
                assert first in (200, 503, 0)  # 0: the caller's patience was over before the service's
                cut += first != 200
                headers = until_answered(caller, f"cut-{asked}")
                replayed += first != 200 and headers["Idempotent-Replayed"] == "true"
            wire.arm(0)
            assert wire.cuts >= rounds
            assert len(memory.told) == 2 * asked
            assert replayed > 0.8 * rounds, (
                "most of these decisions are in the database, and only their answers are not"
            )
            assert memory.contradictions == []
            all_is_well(service, memory)
    figures(f"{rounds} commits without an answer: {replayed} decisions were there already, {rounds} in the end")


@pytest.mark.usefixtures("only_full")
def test_r37_terminated_backends_lose_nothing(server, tmp_path, full, figures):
    """Connections ended by the database's administrator under load: the service opens others, and nothing is lost."""
    ended = 0
    service, memory = service_on(server, tmp_path), Memory()
    statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'riskapi'"
    with service:
        with load(service, memory, clients=4):
            for _ in range(200 if full else 10):
                wait_for_answers(memory, 5)
                with server.connect() as administrator:
                    ended += len(administrator.execute(statement).fetchall())
            wait_for_answers(memory, 20)
        all_is_well(service, memory)
    assert ended > 0
    figures(f"{ended} connections terminated: {len(memory.told)} acknowledged, 0 lost")


@pytest.mark.usefixtures("only_full")
def test_r37_paused_database_holds_answers_back(server, tmp_path, figures):
    """A database that stands still gives no answers, and afterwards everything goes on."""
    service, memory = service_on(server, tmp_path), Memory()
    with service, load(service, memory, clients=4):
        wait_for_answers(memory, 20)
        with server.connect() as administrator:
            statement = "SELECT pid FROM pg_stat_activity WHERE application_name = 'riskapi'"
            backends = [pid for (pid,) in administrator.execute(statement)]
        for backend in backends:
            os.kill(backend, signal.SIGSTOP)
        try:
            time.sleep(0.5)
            told = len(memory.told)
            time.sleep(1.0)
            assert len(memory.told) == told
        finally:
            for backend in backends:
                os.kill(backend, signal.SIGCONT)
        wait_for_answers(memory, 20)
    with service:
        all_is_well(service, memory)
    figures(f"database paused: {len(memory.told)} acknowledged, 0 lost, none answered meanwhile")


def test_commits_that_do_not_wait_may_be_lost(server, tmp_path, full, figures):
    """The control: with ``synchronous_commit=off`` kills of the database lose answers, on most machines."""
    lost = acknowledged = 0
    for attempt in range(15 if full else 3):
        directory = tmp_path / str(attempt)
        directory.mkdir()
        places = [place_of(directory, WITHOUT_SYNCHRONOUS_COMMIT)]
        service, memory = service_on(server, directory, places=places), Memory()
        with service, load(service, memory):
            wait_for_answers(memory, 40)
            server.kill()
        server.start()
        acknowledged += len(memory.told)
        lost += len(compare(service, memory).get("lost", []))
        if lost:
            break
    figures(f"control without synchronous commit: {lost} of {acknowledged} acknowledged were lost")
    if not lost:
        pytest.skip("this machine writes so fast that even commits that do not wait are never lost")


def test_server_is_reached_by_the_right_address(server):
    """The database that is killed above is the one that the service uses, and it keeps what it was told to keep."""
    with server.connect() as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    with pytest.raises(psycopg.OperationalError), psycopg.connect(server.url("no_such_database")):
        pass
