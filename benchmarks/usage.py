"""What a command takes: time, time of all cores, and the most memory that it and its children had at once."""

import contextlib
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

PAUSE = 0.5
"""Seconds between two looks; a child that ends between them loses at most so much of its time."""
MB = 2**20


@dataclass(frozen=True)
class Usage:
    """What was taken.

    Attributes:
        wall: [s].
        cpu: of the process and all its descendants [s].
        peak: most memory of all of them at once, pages that they share counted once [bytes].
        load: average number of processes that wanted a core in the minute before: others make the wall time longer.
    """

    wall: float
    cpu: float
    peak: int
    load: float


def measured(command: Sequence[str]) -> Usage:
    """Run a command to its end, looking at it and at its descendants twice a second.

    Raises:
        subprocess.CalledProcessError: where it fails.
    """
    load, began = os.getloadavg()[0], time.perf_counter()
    spent: dict[int, float] = {}
    peak = 0
    with psutil.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            held = 0
            with contextlib.suppress(psutil.Error):  # it ended meanwhile
                for one in (process, *process.children(recursive=True)):
                    with contextlib.suppress(psutil.Error):
                        times = one.cpu_times()
                        spent[one.pid] = times.user + times.system
                        held += one.memory_full_info().pss
            peak = max(peak, held)
            time.sleep(PAUSE)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Usage(time.perf_counter() - began, sum(spent.values()), peak, load)
