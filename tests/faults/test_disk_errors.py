import time
from itertools import product

import pytest

from tests.faults.broken import WITHOUT_FLUSH, place_of
from tests.faults.clients import Caller, Memory, ask_again, load, wait_for_answers
from tests.faults.service import Service
from tests.faults.stored import compare, verify
from tests.faults.tracer import tracing, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

LASTING = {
    "flush fails": ("fdatasync,fsync", "error=EIO"),
    "write fails": ("pwrite64", "error=EIO"),
    "disk full": ("pwrite64", "error=ENOSPC"),
}
SINGLE = (("fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("fdatasync", "ENOSPC"), ("pwrite64", "EIO"))
PLACES_QUICK = (2,)
PLACES_FULL = tuple(range(1, 61))


def processes(service):
    """The service and its writer."""
    return {service.pid, service.writer_pid}


def wait_until_it_scores(caller, seconds=60.0):
    """Ask until there is an answer again; nobody helps the service."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if caller.score()[0] == 200:
            return
        time.sleep(0.2)
    raise AssertionError("it does not score again")


def test_r37_no_answer_while_the_disk_fails(tmp_path, figures):
    """As long as flushing or writing fails, nobody gets a score but 503 with Retry-After; afterwards it goes on."""
    service, memory = Service(tmp_path).prepare(), Memory()
    with service, Caller(service, memory) as caller:
        for kind, (calls, fault) in LASTING.items():
            wait_until_it_scores(caller)
            with tracing(processes(service), calls, tmp_path / "trace", fault) as trace:
                for _ in range(20):
                    status, headers = caller.score()
                    assert status == 503
                    assert headers["Retry-After"]
                assert trace.injected > 0
                assert not service.is_ready()
                figures(f"{kind}: {trace.injected} calls failed, 20 requests, none answered meanwhile")
        wait_until_it_scores(caller)
        ask_again(service, memory)
        service.stop()
    assert memory.unanswered == []
    assert compare(service, memory) == {}
    assert verify(service) == ""


def test_r37_single_failures_lose_nothing(tmp_path, full, figures):
    """One failing call at any place, under load: what was acknowledged is there, once, and the log verifies."""
    service, memory = Service(tmp_path).prepare(), Memory()
    injected = 0
    with service:
        for fault, place in product(SINGLE, PLACES_FULL if full else PLACES_QUICK):
            call, error = fault
            with load(service, memory, clients=4):
                with tracing({service.writer_pid}, call, tmp_path / "trace", f"error={error}:when={place}") as trace:
                    wait_for_answers(memory, 5)
                    time.sleep(0.2)
                    injected += trace.injected
                wait_for_answers(memory, 5)
        ask_again(service, memory)
        service.stop()
    assert injected > 0
    assert memory.unanswered == []
    assert compare(service, memory) == {}
    assert verify(service) == ""
    figures(f"{injected} single failures of calls: {len(memory.told)} acknowledged, 0 lost")


def flushes_for(service, directory, requests):
    """How often a service flushes for requests that come one after another."""
    memory = Memory()
    with service, Caller(service, memory) as caller:
        wait_until_it_scores(caller)
        with tracing(processes(service), "fdatasync,fsync", directory / "trace") as trace:
            for _ in range(requests):
                assert caller.score()[0] == 200
            return trace.count("fdatasync") + trace.count("fsync")


def test_r37_each_answer_waits_for_a_flush(tmp_path, full, figures):
    """Requests one after another cost at least one flush each: the cheap canary of durability."""
    requests = 500 if full else 60
    flushes = flushes_for(Service(tmp_path).prepare(), tmp_path, requests)
    assert flushes >= requests
    figures(f"{requests} answers, {flushes} flushes")


def test_canary_notices_a_service_that_does_not_flush(tmp_path, figures):
    """The same count for commits that do not wait for the disk stays far below."""
    service = Service(tmp_path, places=[place_of(tmp_path, WITHOUT_FLUSH)]).prepare()
    flushes = flushes_for(service, tmp_path, 60)
    assert flushes < 60
    figures(f"control without flush: 60 answers, {flushes} flushes")
