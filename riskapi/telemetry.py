"""Names of all metrics and the shape of all log lines; neither ever holds what was submitted."""

import asyncio
import logging
import sys
import traceback
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import IO, Any, BinaryIO, cast

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from riskapi.privacy.outcome import Outcome
from riskapi.scoring import Assessment

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Metrics:
    """The metrics of one process; every label takes its values from a short list of this program or of its models."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._request_counts: dict[tuple[str, str, int], Counter] = {}
        self._request_times: dict[str, Histogram] = {}
        self._score_counts: dict[tuple[str, str], Counter] = {}
        self.requests = Counter(
            "riskapi_requests",
            "Requests by route, method and status",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "riskapi_request_seconds",
            "Seconds from a request's head to its answer, by route",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.scores = Counter(
            "riskapi_scores", "Scores given, by risk and band", ("risk", "band"), registry=self.registry
        )
        self.not_scored = Counter(
            "riskapi_not_scored", "Records that are not scored, by cause", ("cause",), registry=self.registry
        )
        self.dropped_facts = Counter(
            "riskapi_dropped_facts", "Facts that were dropped on receipt", registry=self.registry
        )
        self.failed_checks = Counter(
            "riskapi_failed_checks", "Hard checks that failed, by code", ("code",), registry=self.registry
        )
        self.commits = Counter(
            "riskapi_commits", "Transactions of decisions, by outcome", ("outcome",), registry=self.registry
        )
        self.commit_rows = Histogram(
            "riskapi_commit_rows", "Decisions in one transaction", buckets=_ROWS, registry=self.registry
        )
        self.commit_seconds = Histogram(
            "riskapi_commit_seconds", "Seconds of one transaction", buckets=_SECONDS, registry=self.registry
        )
        self.waiting_rows = Gauge("riskapi_waiting_rows", "Decisions that wait for the disk", registry=self.registry)
        self.live_models = Gauge(
            "riskapi_live_model", "1 for the approved model of each risk", ("risk", "digest"), registry=self.registry
        )
        self.refused_models = Gauge(
            "riskapi_refused_models", "Approved bundles that failed verification", registry=self.registry
        )

        self.retention_at = Gauge(
            "riskapi_retention_timestamp_seconds",
            "When retention last ran to its end, in seconds since 1970; 0 before",
            registry=self.registry,
        )
        self.retention_held = Gauge(
            "riskapi_retention_held", "Decisions past their time that a legal hold keeps", registry=self.registry
        )
        self.retention_rows = Counter(
            "riskapi_retention_rows", "Decisions that were masked or deleted", ("what",), registry=self.registry
        )

        self.alarms = Gauge("riskapi_alarm", "1 for each alarm that stands", ("alarm",), registry=self.registry)
        self.queue_seconds = Gauge(
            "riskapi_queue_stalled_seconds", "Seconds that decisions have waited for the disk", registry=self.registry
        )
        self.disk_free = Gauge(
            "riskapi_disk_free_ratio", "Free share of the fullest volume that is written to", registry=self.registry
        )
        self.checkpoint_lag = Gauge(
            "riskapi_checkpoint_lag_seconds", "Age of the oldest row that no checkpoint covers", registry=self.registry
        )
        self.clock_step = Gauge(
            "riskapi_clock_step_seconds", "Size of the last step of the clock, for ten minutes", registry=self.registry
        )
        self.log_verified = Gauge(
            "riskapi_log_verified", "1 where each chain of the log ends as it was written", registry=self.registry
        )

    def show_alarms(self, names: Iterable[str], standing: Collection[str]) -> None:
        """Show which of all alarms stand."""
        for name in names:
            self.alarms.labels(name).set(name in standing)

    def watch_retention(self, done: Outcome) -> None:
        """Count one run of retention."""
        self.retention_at.set_to_current_time()
        self.retention_held.set(done.held)
        self.retention_rows.labels("masked").inc(done.masked)
        self.retention_rows.labels("expired").inc(done.expired)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request; the metrics of known labels are kept at hand."""
        count = self._request_counts.get((route, method, status))
        if count is None:
            count = self._request_counts[route, method, status] = self.requests.labels(route, method, status)
        count.inc()
        time = self._request_times.get(route)
        if time is None:
            time = self._request_times[route] = self.request_seconds.labels(route)
        time.observe(seconds)

    def watch_commit(self, rows: int, seconds: float, stored: bool) -> None:  # noqa: FBT001 - the writer's protocol
        """Count one transaction."""
        self.commits.labels("stored" if stored else "failed").inc()
        self.commit_rows.observe(rows)
        self.commit_seconds.observe(seconds)

    def count(self, assessment: Assessment) -> None:
        """Count one stored assessment."""
        for risk in assessment.risks:
            count = self._score_counts.get((risk.risk, risk.band))
            if count is None:
                count = self._score_counts[risk.risk, risk.band] = self.scores.labels(risk.risk, risk.band)
            count.inc()
        if assessment.not_scored is not None:
            self.not_scored.labels(assessment.not_scored).inc()
        for check in assessment.checks:
            self.failed_checks.labels(check.code).inc()
        if assessment.dropped_fields:
            self.dropped_facts.inc(len(assessment.dropped_fields))

    def show_models(self, digests: Mapping[str, str], refused: int) -> None:
        """Show which models are live now, and how many approved ones are not."""
        self.live_models.clear()
        for risk, digest in digests.items():
            self.live_models.labels(risk, digest).set(1)
        self.refused_models.set(refused)


def _write_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> bytes:
    """Add the time and write JSON in one step, in half the time of structlog's own two."""
    event["timestamp"] = datetime.now(UTC)
    return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)


class LineBuffer:
    """Gathers log lines for a moment on the event loop, so that a request does not pay for a write of its own.

    A process that is killed loses the lines of that moment; decisions are in the store, not in the log.
    """

    def __init__(self, file: IO[bytes], delay_seconds: float) -> None:
        self._file = file
        self._delay_seconds = delay_seconds
        self._lines: list[bytes] = []
        self._waits = False

    def write(self, line: bytes) -> None:
        """Take a line."""
        self._lines.append(line)

    def flush(self) -> None:
        """Write soon where an event loop runs in this thread, at once elsewhere."""
        if self._waits:
            return
        try:
            loop = asyncio.get_running_loop() if self._delay_seconds else None
        except RuntimeError:
            loop = None
        if loop is None:
            self.drain()
        else:
            self._waits = True
            loop.call_later(self._delay_seconds, self.drain)

    def drain(self) -> None:
        """Write what was gathered."""
        self._waits = False
        lines, self._lines = self._lines, []
        if lines:
            self._file.write(b"".join(lines))
            self._file.flush()


def configure_logging(level: str, delay_seconds: float = 0.0, file: IO[bytes] | None = None) -> LineBuffer:
    """Send every line of this program, and of the server beneath it, to one place as one JSON object each.

    Args:
        level: least severity that is written.
        delay_seconds: how long lines may be gathered before they are written together.
        file: where to; standard output where it is left out.

    Returns:
        The buffer that all lines pass.
    """
    buffer = LineBuffer(file or sys.stdout.buffer, delay_seconds)
    structlog.configure(
        processors=[structlog.processors.add_log_level, _write_line],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", buffer)),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(_LEVELS[level], logging.INFO), handlers=[_ServerLines(buffer)], force=True)
    return buffer


class _ServerLines(logging.Handler):
    """Lines of uvicorn and of libraries, in the same form; an exception shows its place, not its text."""

    def __init__(self, buffer: LineBuffer) -> None:
        super().__init__()
        self._buffer = buffer

    def emit(self, record: logging.LogRecord) -> None:
        line: dict[str, Any] = {
            "event": record.getMessage() if record.exc_info is None else "server_error",
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= where_it_failed(record.exc_info[1])
        self._buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        self._buffer.flush()


def where_it_failed(error: BaseException) -> dict[str, Any]:
    """Describe an unforeseen error by its type and its frames; its text may hold what was submitted."""
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "frames": [f"{frame.filename}:{frame.lineno}" for frame in frames[-8:]]}
