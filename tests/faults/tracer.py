"""Faults of the disk under a running process: strace lets chosen system calls fail, or counts them."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_ATTACHED = re.compile(r"Process \d+ attached")
_INJECTED = "(INJECTED)"


def why_not() -> str | None:
    """Why this machine cannot trace; ``None`` where it can."""
    if shutil.which("strace") is None:
        return "no strace here (Debian: apt-get install strace)"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "strace may not trace here: the right to (CAP_SYS_PTRACE) is missing"


class Trace:
    """A tracer at work."""

    def __init__(self, output: Path) -> None:
        self._output = output

    def count(self, call: str) -> int:
        """How often a system call was made."""
        return sum(1 for line in self._lines() if f" {call}(" in line)

    @property
    def injected(self) -> int:
        """How many calls were made to fail."""
        return sum(1 for line in self._lines() if _INJECTED in line)

    def _lines(self) -> list[str]:
        return self._output.read_text(errors="replace").splitlines() if self._output.exists() else []


@contextmanager
def tracing(pids: Iterable[int], calls: str, output: Path, fault: str | None = None) -> Iterator[Trace]:
    """Trace processes with all their threads for as long as the block lasts.

    Args:
        pids: of the processes.
        calls: names of system calls, comma-separated.
        output: where strace writes.
        fault: what becomes of these calls, such as ``error=EIO`` or ``error=ENOSPC:when=3``.
    """
    output.unlink(missing_ok=True)
    arguments = ["strace", "--follow-forks", "--output", str(output), "-e", f"trace={calls}"]
    arguments += ["-e", f"inject={calls}:{fault}"] if fault else []
    for pid in pids:
        arguments += ["--attach", str(pid)]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:  # one line for each thread comes when it is caught
                assert _ATTACHED.search(line), line
                break
            time.sleep(0.3)
            assert process.poll() is None, "strace ended"
            yield Trace(output)
        finally:
            process.send_signal(signal.SIGINT)
            process.stderr.close() if process.stderr else None
            process.wait(30)
