"""Starts the programs of the demo, shows how long each takes, and stops every one of them at the end."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from riskapi.errors import ServiceError

START_SECONDS = 60.0
STOP_SECONDS = 10.0
_TAIL_LINES = 15


class Programs:
    """Runs modules of this Python, each with a log of its own.

    Args:
        console: where steps are shown.
        logs: folder for what the programs print.
        environment: of all programs; add to it as the demo goes on.
    """

    def __init__(self, console: Console, logs: Path, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._console = console
        self._logs = logs
        self._running: list[subprocess.Popen[bytes]] = []
        self._steps = 0

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for program in reversed(self._running):
            _stop(program)

    def run(self, title: str, *arguments: str, **environment: str) -> str:
        """Run ``python -m <arguments>`` to its end.

        Returns:
            What it printed.

        Raises:
            ServiceError: with the last lines of its log, where it ends with an error.
        """
        log = self._log(title)
        shown = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            transient=True,
            console=self._console,
            disable=not self._console.is_terminal,
        )
        began = time.monotonic()
        with shown, log.open("wb") as output:
            shown.add_task(title, total=None)
            program = self._start(arguments, output.fileno(), environment)
            status = program.wait()
            self._running.remove(program)
        if status:
            raise ServiceError(f"{title}: ended with status {status}.\n{_tail(log)}\nAll of it: {log}")
        self._tell(title, arguments, time.monotonic() - began)
        return log.read_text(encoding="utf-8")

    def start(self, title: str, url: str, *arguments: str) -> Callable[[], None]:
        """Start ``python -m <arguments>``, a server that will answer at an address.

        Returns:
            What waits until it answers; it raises :class:`ServiceError` with the last lines of the server's log, where
            it ends or does not answer in time.
        """
        log = self._log(title)
        began = time.monotonic()
        with log.open("wb") as output:
            program = self._start(arguments, output.fileno(), {})

        def wait_until_it_answers() -> None:
            until = time.monotonic() + START_SECONDS
            while not _answers(url):
                if program.poll() is not None or time.monotonic() > until:
                    raise ServiceError(f"{title}: does not answer at {url}.\n{_tail(log)}\nAll of it: {log}")
                time.sleep(0.1)
            self._tell(title, arguments, time.monotonic() - began)

        return wait_until_it_answers

    def wait(self) -> None:
        """Wait until one of the started programs ends, which none of them should."""
        while all(program.poll() is None for program in self._running):
            time.sleep(0.5)
        raise ServiceError(f"A program ended by itself; the logs are in {self._logs}.")

    def _log(self, title: str) -> Path:
        self._steps += 1
        name = "-".join("".join(one if one.isalnum() else " " for one in title.lower()).split())
        return self._logs / f"{self._steps:02}-{name[:60]}.log"

    def _start(
        self, arguments: tuple[str, ...], output: int, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        program = subprocess.Popen(  # noqa: S603 - this Python, with modules named in this package
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**self.environment, **environment},
            start_new_session=True,  # Ctrl-C reaches the demo alone, which then stops the others in order
        )
        self._running.append(program)
        return program

    def _tell(self, title: str, arguments: tuple[str, ...], seconds: float) -> None:
        self._console.print(f"[green]✓[/] {title} [dim]{seconds:.1f} s[/]", highlight=False)
        self._console.print(
            f"  python -m {shlex.join(arguments)}", style="dim", highlight=False, markup=False, soft_wrap=True
        )


def free_port(wanted: int) -> int:
    """Find a TCP port of the loopback address: the wanted one where nobody has it, any other otherwise."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise ServiceError("No TCP port of the loopback address is free.")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).status_code < 500  # noqa: PLR2004 - server errors
    except httpx.HTTPError:
        return False


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:])


def _stop(program: subprocess.Popen[bytes]) -> None:
    """Stop a program and whatever it started: politely, then not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(program.pid, number)
        with suppress(subprocess.TimeoutExpired):
            program.wait(STOP_SECONDS)
            break
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)  # children that outlived it
