"""What watching shows to Prometheus: alarms of every risk, and figures of those that are no one's protection."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge

from features.risk import Audience
from riskapi.monitoring.book import StoredReport
from riskapi.monitoring.form import MonitoringReport


class MonitoringGauges:
    """The gauges; figures of protection stay with those who protect, so of such a risk only alarms are counted.

    Args:
        registry: of the service's metrics.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._alarms = Gauge(
            "riskapi_monitoring_alarms", "Alarms in the last report, by risk", ("risk",), registry=registry
        )
        self._waiting = Gauge(
            "riskapi_monitoring_waiting_rows", "Rows of the log that were not counted yet", registry=registry
        )
        self._at = Gauge(
            "riskapi_monitoring_timestamp_seconds",
            "When the last report was made, in seconds since 1970, by risk",
            ("risk",),
            registry=registry,
        )
        self._index = Gauge(
            "riskapi_drift_index",
            "Population stability index, by risk, length of the window, family and name",
            ("risk", "days", "family", "name"),
            registry=registry,
        )
        self._referred = Gauge(
            "riskapi_referred_ratio",
            "Share of travellers referred, by risk and window",
            ("risk", "days"),
            registry=registry,
        )
        self._calibration = Gauge(
            "riskapi_observed_to_expected",
            "Confirmed cases over those promised, by risk and band",
            ("risk", "band"),
            registry=registry,
        )

    def show(self, reports: Iterable[StoredReport]) -> None:
        """Show the last reports."""
        for gauge in (self._alarms, self._at, self._index, self._referred, self._calibration):
            gauge.clear()
        for stored in reports:
            report = MonitoringReport.model_validate_json(stored.body)
            self._alarms.labels(report.risk).set(len(report.alarms))
            self._at.labels(report.risk).set(report.at.timestamp())
            self._waiting.set(report.waiting)
            if report.audience is not Audience.PROTECTION:
                self._show(report)

    def _show(self, report: MonitoringReport) -> None:
        for window in report.windows:
            share = window.volume.referred.per_1000
            if share is not None:
                self._referred.labels(report.risk, window.days).set(share / 1000)
            for line in window.drift:
                if line.index is not None:
                    self._index.labels(report.risk, window.days, line.family, line.name).set(line.index)
        for band in report.outcomes.calibration:
            if band.ratio is not None:
                self._calibration.labels(report.risk, band.band).set(band.ratio)
