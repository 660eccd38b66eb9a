"""Alarms: what a service finds wrong with itself, in /health/ready, in the lines of its log and in its metrics."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from features.checks import out_of_force
from features.errors import FeatureError
from models.errors import ModelError
from riskapi.errors import ServiceError, StorageError
from riskapi.moments import iso
from riskapi.operations.clock import ClockWatch
from riskapi.operations.log_watch import LATE_SECONDS, LogState, look_at_log
from riskapi.storage.engine import is_embedded
from riskapi.storage.guard import storage_errors
from riskapi.telemetry import where_it_failed

if TYPE_CHECKING:  # the services make the alarms
    from riskapi.services import Services

INTERVAL_SECONDS = 5.0
QUEUE_SECONDS = 5.0
"""Longer than this nobody waits for the disk where it works."""
SIGNATURES_SECONDS = 600.0
RETENTION_SECONDS = 3 * 3600.0
_SQLITE = "sqlite:///"
_SUBJECT = b"\x00" * 32
NAMES = (
    "store",
    "log",
    "keys",
    "writer",
    "queue",
    "models",
    "signatures",
    "disk",
    "checkpoints",
    "checkpoint_file",
    "clock",
    "retention",
    "checks",
    "hits",
)
FATAL = frozenset({"store", "log", "keys", "writer", "models"})
"""Without these nothing can be scored; with any other alarm the service goes on."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that is wrong.

    Attributes:
        name: one of :data:`NAMES`.
        text: what, and what to do; nothing that was submitted.
        since: when it was first found (UTC, ISO 8601).
    """

    name: str
    text: str
    since: str


class Alarms:
    """Looks at the parts of a service every few seconds.

    Args:
        services: to look at.
        clock: the present, in UTC.
    """

    def __init__(self, services: "Services", clock: Callable[[], datetime]) -> None:
        self._services = services
        self._clock = clock
        self._clock_watch = ClockWatch(clock)
        self._signatures_at = float("-inf")
        self._signatures: str | None = None
        self._started_at = time.monotonic()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.current: tuple[Alarm, ...] = ()
        """What was wrong at the last look."""

    def start(self) -> None:
        """Look now and then, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def look(self) -> tuple[Alarm, ...]:
        """Look at everything now; what changed is logged, everything is in the metrics."""
        with self._lock:
            found = dict(self._found())
            before = {one.name: one for one in self.current}
            now = iso(self._clock())
            self.current = tuple(
                Alarm(name, found[name], before[name].since if name in before else now)
                for name in NAMES
                if name in found
            )
            for one in self.current:
                if one.name not in before:
                    self._services.log.error("alarm_raised", alarm=one.name, rule=one.text)
            for name in before.keys() - found.keys():
                self._services.log.warning("alarm_cleared", alarm=name)
            self._services.metrics.show_alarms(NAMES, found.keys())
            return self.current

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL_SECONDS):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - the next look must come, whatever it was
                self._services.log.error("look_out_failed", **where_it_failed(error))  # noqa: TRY400 - a trace may show data

    def _found(self) -> Iterator[tuple[str, str]]:
        services = self._services
        metrics = services.metrics
        yield from self._of_stores()
        if not services.writer.is_alive:
            yield "writer", "its thread has ended; restart the service"
        elif services.writer.failure is not None:
            yield "writer", services.writer.failure
        waits = services.writer.stalled_seconds
        metrics.queue_seconds.set(waits)
        if waits > QUEUE_SECONDS:
            yield "queue", f"decisions have waited {waits:.0f} s for the disk; is the store slow or locked?"
        yield from self._of_models()
        free = self._disk_free()
        metrics.disk_free.set(free)
        if free < services.settings.disk_free_percent / 100:
            yield "disk", f"{free:.1%} of a volume is free; make room before the store stops"
        told = self._clock_watch.problem()
        metrics.clock_step.set(self._clock_watch.step_seconds)
        if told is not None:
            yield "clock", told
        if (late := self._retention()) is not None:
            yield "retention", late
        if (told := services.hits.problem(self._clock())) is not None:
            yield "hits", told

    def _of_models(self) -> Iterator[tuple[str, str]]:
        active = self._services.active
        refused = [f"model of {risk}: approved bundle refused: {rule}" for risk, rule in active.refused.items()]
        if not active.live:
            refused.append("none is approved; propose a bundle and have it approved")
        if refused:
            yield "models", "; ".join(refused)
        if (broken := self._bad_signatures()) is not None:
            yield "signatures", broken
        if ended := out_of_force(self._clock().date()):
            yield "checks", f"no longer applied: {', '.join(ended)}; read them again and renew features/checks.py"

    def _of_stores(self) -> Iterator[tuple[str, str]]:
        services = self._services
        try:
            services.journal.check()
        except StorageError as error:
            yield "store", str(error)
        try:
            services.subject_keys.subject_id(_SUBJECT)
        except ServiceError as error:
            yield "keys", str(error)
        try:
            state = self._log_state()
        except ServiceError as error:
            services.metrics.log_verified.set(0)
            yield "log", str(error)
            return
        services.metrics.log_verified.set(1)
        services.metrics.checkpoint_lag.set(state.lag_seconds)
        if state.lag_seconds > LATE_SECONDS:
            yield "checkpoints", f"rows of {state.lag_seconds:.0f} s ago are covered by no signed checkpoint"
        failure = services.journal.book.failure
        if failure is not None or state.unpublished:
            yield "checkpoint_file", failure or "it lacks the last checkpoint; is RISKAPI_CHECKPOINT_FILE writable?"
        if state.is_ahead:
            yield "clock", "the log has rows from the future: the clock is behind; check the time service"

    def _log_state(self) -> LogState:
        services = self._services
        own = None if is_embedded(services.engine) else {services.journal.writer, services.writer.chain}
        with storage_errors(), services.engine.connect() as connection:
            return look_at_log(connection, self._clock(), services.settings.checkpoint_file, own)

    def _bad_signatures(self) -> str | None:
        """Verify again, now and then, the live bundles as the store holds them."""
        services = self._services
        now = time.monotonic()
        if now - self._signatures_at < SIGNATURES_SECONDS:
            return self._signatures
        self._signatures_at = now
        self._signatures = None
        for model in services.active.live.models:
            try:
                row = services.ledger.bundle(model.bundle.digest)
                if row is None or services.active.verify(row.files).bundle.digest != model.bundle.digest:
                    self._signatures = f"{model.risk}: the stored bundle is another one than the approved one"
            except StorageError:
                self._signatures_at = float("-inf")  # told as an alarm of the store; look again
            except (ModelError, FeatureError, TypeError) as error:  # the last: what is stored are no bytes
                self._signatures = f"{model.risk}: {error}"
        return self._signatures

    def _disk_free(self) -> float:
        """The share that is free of the fullest volume that this process writes to."""
        settings = self._services.settings
        urls = (settings.database_url, settings.keys_url)
        files = [Path(url.removeprefix(_SQLITE)) for url in urls if url.startswith(_SQLITE)]
        places = [path.parent for path in (settings.checkpoint_file, *files)]
        shares = [1.0]
        for place in places:
            if place.is_dir():
                usage = shutil.disk_usage(place)
                shares.append(usage.free / usage.total)
        return min(shares)

    def _retention(self) -> str | None:
        services = self._services
        if not services.settings.retention_enabled:
            return None
        background = services.background_retention
        if background.failure is not None:
            return f"the last run failed: {background.failure}"
        since = time.monotonic() - (background.done_at or self._started_at)
        return None if since < RETENTION_SECONDS else "it has not run for three hours; restart the service"
