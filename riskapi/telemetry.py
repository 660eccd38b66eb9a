"""Names of all metrics and the shape of all log lines; neither ever holds what was submitted."""

import logging
import sys
import traceback
from collections.abc import Collection, Iterable, Mapping
from typing import Any

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

    def watch_commit(self, rows: int, seconds: float, stored: bool) -> None:  # noqa: FBT001 - the writer's protocol
        """Count one transaction."""
        self.commits.labels("stored" if stored else "failed").inc()
        self.commit_rows.observe(rows)
        self.commit_seconds.observe(seconds)

    def count(self, assessment: Assessment) -> None:
        """Count one stored assessment."""
        for risk in assessment.risks:
            self.scores.labels(risk.risk, risk.band).inc()
        if assessment.not_scored is not None:
            self.not_scored.labels(assessment.not_scored).inc()
        if assessment.dropped_fields:
            self.dropped_facts.inc(len(assessment.dropped_fields))

    def show_models(self, digests: Mapping[str, str], refused: int) -> None:
        """Show which models are live now, and how many approved ones are not."""
        self.live_models.clear()
        for risk, digest in digests.items():
            self.live_models.labels(risk, digest).set(1)
        self.refused_models.set(refused)


def _write_json(event: dict[str, Any], **_options: Any) -> bytes:
    return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS)


def configure_logging(level: str) -> None:
    """Send every line of this program, and of the server beneath it, to standard output as one JSON object.

    Args:
        level: least severity that is written.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_write_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_ServerLine())
    logging.basicConfig(level=max(_LEVELS[level], logging.INFO), handlers=[handler], force=True)


class _ServerLine(logging.Formatter):
    """Lines of uvicorn and of libraries, in the same form; an exception shows its place, not its text."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "event": record.getMessage() if record.exc_info is None else "server_error",
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= where_it_failed(record.exc_info[1])
        return orjson.dumps(line).decode()


def where_it_failed(error: BaseException) -> dict[str, Any]:
    """Describe an unforeseen error by its type and its frames; its text may hold what was submitted."""
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "frames": [f"{frame.filename}:{frame.lineno}" for frame in frames[-8:]]}
