"""Watching as a process of its own, with the lowest priority: it takes what time the hot path leaves."""

import fcntl
import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from riskapi.errors import ServiceError
from riskapi.monitoring.parts import Watch
from riskapi.settings import Settings
from riskapi.storage.engine import is_embedded, open_database

PAUSE_SECONDS = 5.0
"""Between two looks at the log."""
REPORT_SECONDS = 60.0
TIDY_SECONDS = 86_400.0
PAGES_OF_TURN = 20
"""Pages that are counted before reports are seen to."""
NICE = 19
_LOCK = 0x77617463  # "watc"


@contextmanager
def only_one(settings: Settings) -> Iterator[bool]:
    """Whether this process is the one that counts; it stays so until the end."""
    engine = open_database(settings.database_url, "RISKAPI_DATABASE_URL", settings.busy_timeout_seconds)
    try:
        if is_embedded(engine):
            with Path(f"{settings.database_path}.watch").open("a", encoding="ascii") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    yield False
                else:
                    yield True
            return
        with engine.connect() as connection:
            yield bool(connection.execute(sa.text(f"SELECT pg_try_advisory_lock({_LOCK})")).scalar_one())
    finally:
        engine.dispose()


def watch_on(watch: Watch, turns: Iterator[Any]) -> None:
    """Count and report, turn by turn.

    Args:
        watch: to run.
        turns: gives the next turn when it is time; ends when there are no more.
    """
    reported = tidied = float("-inf")
    for _ in turns:
        rows = watch.count(PAGES_OF_TURN)
        now = time.monotonic()
        if now - reported >= REPORT_SECONDS or (rows and reported == float("-inf")):
            watch.reports()
            reported = time.monotonic()
        if now - tidied >= TIDY_SECONDS:
            watch.watcher.tidy()
            tidied = now


def _turns(descriptor: int, watch: Watch) -> Iterator[None]:
    """A turn at once while rows wait, else after a pause; none once the service closes its end."""
    while True:
        yield
        pause = 0.0 if watch.watcher.backlog() else PAUSE_SECONDS
        ready, _, _ = select.select([descriptor], [], [], pause)
        if ready and not os.read(descriptor, 1):
            return


def main() -> None:
    """Run the process: settings come as one line of JSON on standard input, which stays open as long as the service."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends with the service, which is told by the same signal
    os.nice(NICE)
    line = b""
    while not line.endswith(b"\n"):
        if not (more := os.read(0, 65_536)):
            return
        line += more
    settings = Settings(**json.loads(line))
    try:
        with only_one(settings) as is_ours:
            if is_ours:
                watch = Watch(settings)
                try:
                    watch_on(watch, _turns(0, watch))
                finally:
                    watch.close()
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
