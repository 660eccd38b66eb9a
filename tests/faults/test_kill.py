import os
import random
import signal
import time

import pytest

from tests.faults.clients import Memory, ask_again, load, wait_for_answers
from tests.faults.service import Service
from tests.faults.stored import compare, verify

READY_CPU_SECONDS = 5.0
ENDED = (0, -signal.SIGTERM, -signal.SIGINT)
"""The server ends by the signal that it was sent, after its shutdown."""


def kill_all(service):
    """End the service and its writer at once, as a crash of the machine's memory would."""
    service.kill()


def kill_service(service):
    """End the service alone; its writer ends by itself and stores what it was told before."""
    os.kill(service.pid, signal.SIGKILL)
    service.wait()


def kill_writer(service):
    """End the writer alone; the service goes on."""
    os.kill(service.writer_pid, signal.SIGKILL)


KILLS = (kill_all, kill_writer, kill_service, kill_all)


def test_r37_nothing_acknowledged_is_lost_by_kills(tmp_path, full, figures):
    """Killed at any moment under load: each acknowledged answer is stored once as it was told; the log verifies."""
    draw = random.Random(20261124)
    service, memory = Service(tmp_path).prepare(), Memory()
    cycles = 50 if full else len(KILLS)
    with service:
        for cycle in range(cycles):
            kill = KILLS[cycle % len(KILLS)]
            with load(service, memory):
                wait_for_answers(memory, 20)
                time.sleep(draw.uniform(0.0, 0.3))
                kill(service)
                if kill is kill_writer:
                    wait_for_answers(memory, 20)
            if kill is not kill_writer:
                service.start().wait_ready()
                assert service.cpu_seconds() < READY_CPU_SECONDS
        unanswered = len(memory.unanswered)
        ask_again(service, memory)
        assert service.stop() in ENDED
        assert memory.unanswered == []
        assert compare(service, memory) == {}
        assert verify(service) == ""
    figures(f"{cycles} kills: {len(memory.told)} acknowledged, 0 lost, {unanswered} of unknown outcome before retries")


def test_kills_of_a_service_that_forgets_are_noticed(tmp_path):
    """The search finds what is wrong: an acknowledgement without a decision, another answer, a row too many."""
    service, memory = Service(tmp_path).prepare(), Memory()
    with service, load(service, memory, clients=2):
        wait_for_answers(memory, 5)
    assert compare(service, memory) == {}
    keys = sorted(memory.told)
    memory.told[keys[0]] = memory.told[keys[0]].__class__("00000000-0000-7000-8000-000000000000", "0")
    memory.told[keys[1]] = memory.told[keys[1]].__class__(memory.told[keys[1]].decision_id, "0")
    memory.asked.intersection_update(keys[2:])
    found = compare(service, memory)
    assert found["lost"] == [keys[0]]
    assert found["changed"] == [keys[1]]
    assert found["more decisions than requests"] >= 2


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_stop_under_load_answers_what_it_took(tmp_path, signal_):
    """Asked to end while callers ask, the service answers whom it let in, stores it, and ends with success."""
    service, memory = Service(tmp_path).prepare(), Memory()
    with service, load(service, memory):
        wait_for_answers(memory, 20)
        os.kill(service.pid, signal_)
        assert service.wait(60) in ENDED
    assert compare(service, memory) == {}
