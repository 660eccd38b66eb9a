"""Runs watching beside the service: starts its process, starts it again where it ends, and shows its figures."""

import threading
from typing import Any

from riskapi.errors import ServiceError
from riskapi.monitoring.book import MonitoringBook
from riskapi.monitoring.gauges import MonitoringGauges
from riskapi.operations.companion import Companion
from riskapi.settings import Settings
from riskapi.telemetry import where_it_failed

FIRST_SECONDS = 20.0
"""Until the process starts: a service that has just begun has better to do."""
LOOK_SECONDS = 30.0
_NEEDED = {
    "database_url",
    "keys_url",
    "log_key_file",
    "checkpoint_file",
    "busy_timeout_seconds",
    "trusted_signers",
    "reasons_for",
    "reasons_against",
    "selection_file",
}


class BackgroundWatch:
    """The thread that keeps the process running.

    Args:
        settings: of the service.
        book: where the process writes.
        gauges: that show what it found.
        log: takes a line where something fails.
    """

    def __init__(self, settings: Settings, book: MonitoringBook, gauges: MonitoringGauges, log: Any) -> None:
        self._companion = Companion("riskapi.monitoring.process", settings, _NEEDED)
        self._book = book
        self._gauges = gauges
        self._log = log
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, first_seconds: float = FIRST_SECONDS) -> None:
        """Start the thread.

        Args:
            first_seconds: until the process starts.
        """
        self._thread = threading.Thread(target=self._run, args=(first_seconds,), name="monitoring", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the process after the page that is under way, and the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._companion.close()

    def _run(self, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            seconds = LOOK_SECONDS
            try:
                self._companion.keep_running()
                self._gauges.show(self._book.reports())
            except ServiceError as error:
                self._log.error("monitoring_failed", rule=str(error))
            except Exception as error:  # noqa: BLE001 - the next look must come, whatever it was
                self._log.error("monitoring_failed", **where_it_failed(error))
