"""Threads of the serving process share one heap, so that what they let go of serves the others."""

import subprocess
import sys

import pytest

SCRIPT = """
import re, threading
from riskapi.server.memory import keep_one_heap
assert {wished} is False or keep_one_heap()

def grown():
    for _ in range(200):
        [bytes(600) for _ in range(2000)]

threads = [threading.Thread(target=grown) for _ in range(8)]
[one.start() for one in threads]
[one.join() for one in threads]
maps = open("/proc/self/maps").read()
print(len(re.findall(r"^[0-9a-f]+-[0-9a-f]+ rw-p 00000000 00:00 0 *\\n[0-9a-f]+-[0-9a-f]+ ---p", maps, re.M)))
"""


def heaps_beside_the_first(*, wished: bool) -> int:
    """Count what looks like a heap of a thread: a part in use, and a part kept back, side by side."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(wished=wished)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="heaps are counted in /proc")
def test_threads_share_one_heap_where_that_is_wished():
    """Without the wish several heaps are seen (negative control), with it fewer."""
    assert heaps_beside_the_first(wished=True) < heaps_beside_the_first(wished=False)
