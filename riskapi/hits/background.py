"""Keeps the process that tells subscribers running, and shows how each of them is doing."""

import threading
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from riskapi.errors import ServiceError
from riskapi.hits.outbox import Outbox, Standing
from riskapi.hits.subscription import read_subscriptions
from riskapi.operations.companion import Companion
from riskapi.settings import Settings
from riskapi.telemetry import where_it_failed

LOOK_SECONDS = 5.0
FAILING_SECONDS = 600.0
"""How long a receiver may take nothing before somebody is told."""
_NEEDED = frozenset(
    {
        "database_url",
        "keys_url",
        "log_key_file",
        "checkpoint_file",
        "busy_timeout_seconds",
        "hits_file",
        "hits_hosts",
    }
)


class BackgroundHits:
    """The thread that keeps the process running.

    Args:
        settings: of the service.
        outbox: where the process notes how it goes.
        registry: of the service's metrics.
        log: takes a line where something fails.
    """

    def __init__(self, settings: Settings, outbox: Outbox, registry: CollectorRegistry, log: Any) -> None:
        self._settings = settings
        self.outbox = outbox
        self._companion = Companion("riskapi.hits.process", settings, _NEEDED)
        self._failing = Gauge(
            "riskapi_hits_failing", "1 where a receiver takes nothing", ("subscription",), registry=registry
        )
        self._refused = Gauge(
            "riskapi_hits_refused", "Messages that a receiver did not want", ("subscription",), registry=registry
        )
        self._log = log
        self._names: tuple[str, ...] = ()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.standings: dict[str, Standing] = {}
        """Of the subscriptions that there are, at the last look."""

    def start(self) -> None:
        """Start the thread, where anybody subscribes.

        Raises:
            SettingsError: where a subscription breaks a rule.
        """
        subscriptions = read_subscriptions(self._settings.hits_file, self._settings.hits_hosts)
        self._names = tuple(one.name for one in subscriptions)
        if self._names:
            self._thread = threading.Thread(target=self._run, name="hits", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the process after the message that is under way, and the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._companion.close()

    def look(self) -> None:
        """Read how every subscription is doing, and show it."""
        found = self.outbox.standings()
        self.standings = {name: found.get(name, Standing(None, None, 0)) for name in self._names}
        for name, standing in self.standings.items():
            self._failing.labels(name).set(standing.failing_since is not None)
            self._refused.labels(name).set(standing.refused)

    def problem(self, now: datetime) -> str | None:
        """What somebody has to see to, where there is anything."""
        told = []
        for name, one in self.standings.items():
            since = None if one.failing_since is None else datetime.fromisoformat(one.failing_since)
            if since is not None and (now - since).total_seconds() > FAILING_SECONDS:
                told.append(f"{name} takes nothing since {one.failing_since}: {one.failure}")
            if one.refused:
                told.append(f"{name} refused {one.refused} messages; `riskapi hits refused {name}`")
        return "; ".join(told) or None

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self._companion.keep_running()
                self.look()
            except ServiceError as error:
                self._log.error("hits_failed", rule=str(error))
            except Exception as error:  # noqa: BLE001 - the next look must come, whatever it was
                self._log.error("hits_failed", **where_it_failed(error))
