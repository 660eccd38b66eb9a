import os
import resource
import subprocess
import time
from contextlib import contextmanager

import pytest

from tests.faults.clients import Caller, Memory, ask_again, load
from tests.faults.service import Service
from tests.faults.stored import compare, verify

SMALL, LARGE = "6m", "64m"


@contextmanager
def small_disk(directory):
    """A file system of a few megabytes; skipped where this user may not mount one."""
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=700", "tmpfs", str(directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=False)


def resize(directory, size):
    """Give the file system another size."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(directory)], check=True)


def fill(directory):
    """Take all the room but a little."""
    ballast = directory / "ballast"
    free = os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize
    ballast.write_bytes(bytes(max(0, free - 64 * 1024)))


def ask_until(caller, wanted, seconds=90.0):
    """Ask until an answer has a status; gives the headers."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        status, headers = caller.score()
        if status == wanted:
            return headers
        if status != 200:
            time.sleep(0.1)
    raise AssertionError(f"no {wanted} came")


def go_through_a_full_disk(service, memory, fill_up, make_room):
    """Fill the disk, see that nobody is told anything, make room, see that it goes on by itself."""
    with Caller(service, memory) as caller:
        ask_until(caller, 200)
        fill_up()
        with load(service, memory, clients=2):
            headers = ask_until(caller, 503)
        assert headers["Retry-After"]
        told = len(memory.told)
        for _ in range(5):
            assert caller.score()[0] == 503
        assert len(memory.told) == told
        make_room()
        ask_until(caller, 200)


def test_r37_full_disk_stops_answers_and_loses_nothing(tmp_path, full, figures):
    """A full file system gives 503 with Retry-After; once there is room the service goes on, without an operator."""
    rounds = 3 if full else 1
    with small_disk(tmp_path / "disk") as directory:
        service, memory = Service(directory).prepare(), Memory()
        with service:
            for _ in range(rounds):
                resize(directory, SMALL)
                go_through_a_full_disk(service, memory, lambda: fill(directory), lambda: resize(directory, LARGE))
                (directory / "ballast").unlink()
            ask_again(service, memory)
            service.stop()
        assert compare(service, memory) == {}
        assert verify(service) == ""
    figures(f"disk full {rounds} times: {len(memory.told)} acknowledged, 0 lost")


def test_r37_limit_of_file_size_stops_answers_and_loses_nothing(tmp_path):
    """The same where a quota stops the growth of files; this needs no rights."""
    service, memory = Service(tmp_path).prepare(), Memory()
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size):
        for pid in {service.pid, service.writer_pid}:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, most))

    with service:
        size = max(path.stat().st_size for path in tmp_path.glob("store.db*"))
        go_through_a_full_disk(service, memory, lambda: limit(size + 32 * 1024), lambda: limit(most))
        ask_again(service, memory)
        service.stop()
    assert memory.unanswered == []
    assert compare(service, memory) == {}
    assert verify(service) == ""
