"""A process beside the service: it is started with the settings that it needs, and ends when the service does."""

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from riskapi.settings import Settings
from riskapi.storage.engine import is_embedded, open_database

AGAIN_SECONDS = 300.0
"""Until a process is started again where it ended, since it failed or another service's does its work."""
_STOP_SECONDS = 10.0


class Companion:
    """One such process, as the service sees it.

    Args:
        module: that it runs.
        settings: of the service.
        needed: names of the settings that it is given, besides the secret.
    """

    def __init__(self, module: str, settings: Settings, needed: AbstractSet[str]) -> None:
        self._module = module
        self._settings = settings
        self._needed = needed
        self._again = float("-inf")
        self._process: subprocess.Popen[bytes] | None = None

    def keep_running(self) -> None:
        """Start the process where it does not run, and it is time."""
        ended = self._process is None or self._process.poll() is not None
        if ended and time.monotonic() >= self._again:
            self.close()
            self._process, self._again = self._started(), time.monotonic() + AGAIN_SECONDS

    def close(self) -> None:
        """End the process after the step that is under way."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        places = os.pathsep.join(path for path in sys.path if path)
        process = subprocess.Popen(  # noqa: S603 - a module of this program
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": places},
        )
        secret = self._settings.secret_key.get_secret_value()
        settings = self._settings.model_dump(mode="json", include=set(self._needed)) | {"secret_key": secret}
        assert process.stdin is not None
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        process.stdin.flush()
        return process


@contextmanager
def only_one(settings: Settings, work: str) -> Iterator[bool]:
    """Whether this process is the one of all on a store that does a work; it stays so until the end.

    Args:
        settings: name the store.
        work: its name; the first four letters tell it from others on a server.
    """
    engine = open_database(settings.database_url, "RISKAPI_DATABASE_URL", settings.busy_timeout_seconds)
    try:
        if is_embedded(engine):
            with Path(f"{settings.database_path}.{work}").open("a", encoding="ascii") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    yield False
                else:
                    yield True
            return
        lock = sa.select(sa.func.pg_try_advisory_lock(int.from_bytes(work[:4].encode())))
        with engine.connect() as connection:
            yield bool(connection.execute(lock).scalar_one())
    finally:
        engine.dispose()


def received_settings(nice: int) -> Settings | None:
    """Become a companion: read the settings from standard input, which stays open as long as the service runs.

    Args:
        nice: how far to stand back behind the service.

    Returns:
        The settings; ``None`` where the service went away before it sent them.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends with the service, which is told by the same signal
    os.nice(nice)
    line = b""
    while not line.endswith(b"\n"):
        if not (more := os.read(0, 65_536)):
            return None
        line += more
    return Settings(**json.loads(line))


def service_is_gone(seconds: float) -> bool:
    """Wait a while for the service to close its end of standard input; gives whether it has."""
    ready, _, _ = select.select([0], [], [], seconds)
    return bool(ready) and not os.read(0, 1)
