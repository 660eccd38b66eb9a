"""Watching as a process of its own, which stands back behind the service: it takes a quarter of a core at most."""

import sys
import time
from collections.abc import Iterator
from typing import Any

from riskapi.errors import ServiceError
from riskapi.monitoring.parts import Watch
from riskapi.operations.companion import only_one, received_settings, service_is_gone

PAUSE_SECONDS = 5.0
"""Between two looks at the log."""
REPORT_SECONDS = 60.0
TIDY_SECONDS = 86_400.0
PAGES_OF_TURN = 4
"""Pages that are counted before reports are seen to."""
NICE = 19
REST = 3.0
"""Rest after a turn, in times of what the turn took: even an idle processor's other half feels its neighbour work."""
WORK = "watch"


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


def _turns(watch: Watch) -> Iterator[None]:
    """A turn after a short rest while rows wait, else after a pause; none once the service closes its end."""
    while True:
        began = time.monotonic()
        yield
        rest = REST * (time.monotonic() - began)
        if service_is_gone(rest if watch.watcher.backlog() else PAUSE_SECONDS):
            return


def main() -> None:
    """Run the process, as long as the service runs."""
    settings = received_settings(NICE)
    if settings is None:
        return
    try:
        with only_one(settings, WORK) as is_ours:
            if is_ours:
                watch = Watch(settings)
                try:
                    watch_on(watch, _turns(watch))
                finally:
                    watch.close()
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
