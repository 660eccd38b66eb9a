import random
import time

import pytest

from tests.faults.broken import WITHOUT_FLUSH, place_of
from tests.faults.clients import Memory, ask_again, load, wait_for_answers
from tests.faults.power import disk, why_not
from tests.faults.service import Service
from tests.faults.stored import compare, verify

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def run_until_cut(power, service, memory, how, pause):
    """Serve under load, then end everything and cut the power."""
    with load(service, memory):
        wait_for_answers(memory, 20)
        time.sleep(pause)
        service.kill()
    power.cut(how)


def test_r37_nothing_acknowledged_is_lost_by_power_cuts(tmp_path, full, figures):
    """Whatever the disk forgets of what was not flushed, every acknowledged answer is there and the log verifies."""
    draw = random.Random(20261124)
    cuts = 25 if full else 3
    with disk(tmp_path / "disk") as power:
        service, memory = Service(power.directory).prepare(), Memory()
        for cut in range(cuts):
            service.start().wait_ready()
            run_until_cut(power, service, memory, "all" if cut % 2 == 0 else f"some:{cut}", draw.uniform(0.0, 0.3))
        assert compare(service, memory) == {}
        unanswered = len(memory.unanswered)
        service.start().wait_ready()
        ask_again(service, memory)
        service.stop()
        assert memory.unanswered == []
        assert compare(service, memory) == {}
        assert verify(service) == ""
    figures(f"{cuts} power cuts: {len(memory.told)} acknowledged, 0 lost, {unanswered} of unknown outcome")


def test_power_cut_right_after_the_first_start_leaves_a_store(tmp_path):
    """Keys, models and the key of the log are on the disk as soon as the commands that made them have ended."""
    with disk(tmp_path / "disk") as power:
        service, memory = Service(power.directory).prepare(), Memory()
        power.cut()
        with service, load(service, memory, clients=1):
            wait_for_answers(memory, 3)
        assert compare(service, memory) == {}


def test_power_cut_without_flush_loses_what_was_acknowledged(tmp_path, figures):
    """The same with commits that do not wait for the disk loses answers: the disk forgets, and the search finds it."""
    with disk(tmp_path / "disk") as power:
        broken = place_of(tmp_path, WITHOUT_FLUSH)
        service, memory = Service(power.directory, places=[broken]).prepare(), Memory()
        service.start().wait_ready()
        run_until_cut(power, service, memory, "all", 0.2)
        lost = compare(service, memory).get("lost", [])
        figures(f"control without flush: {len(lost)} of {len(memory.told)} acknowledged were lost")
        assert lost
