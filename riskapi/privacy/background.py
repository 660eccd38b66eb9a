"""Runs retention once an hour beside the service, in a thread of its own."""

import threading
import time
from collections.abc import Callable
from typing import Any

from riskapi.errors import ServiceError
from riskapi.privacy.outcome import Outcome
from riskapi.privacy.retention import Retention
from riskapi.telemetry import where_it_failed

_FIRST_SECONDS = 60.0
"""A service that is restarted often still gets to it."""
INTERVAL_SECONDS = 3600.0


class BackgroundRetention:
    """The thread that runs retention.

    Args:
        retention: to run.
        log: takes a line for each run.
        watch: told of each run that went through.
    """

    def __init__(self, retention: Retention, log: Any, watch: Callable[[Outcome], None]) -> None:
        self._retention = retention
        self._log = log
        self._watch = watch
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: str | None = None
        """Why the last run did not go through, where it did not."""
        self.done_at: float | None = None
        """When the last run went through, in seconds of the monotonic clock."""

    def start(self, first_seconds: float = _FIRST_SECONDS) -> None:
        """Start the thread.

        Args:
            first_seconds: until the first run; later ones follow once an hour.
        """
        self._thread = threading.Thread(target=self._run, args=(first_seconds,), name="retention", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread after the step that is under way."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            seconds = INTERVAL_SECONDS
            try:
                done = self._retention.run(self._stopped)
                if done.masked or done.expired or done.keys:
                    self._retention.scrub()
            except ServiceError as error:
                self.failure = str(error)
                self._log.error("retention_failed", rule=self.failure)
            except Exception as error:  # noqa: BLE001 - the next run must come, whatever it was
                self.failure = type(error).__name__
                self._log.error("retention_failed", **where_it_failed(error))
            else:
                if self._stopped.is_set():
                    return
                self.failure = None
                self.done_at = time.monotonic()
                self._watch(done)
                self._log.info("retention", masked=done.masked, expired=done.expired, keys=done.keys, held=done.held)
