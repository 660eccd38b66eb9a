"""What watching shows to Prometheus: alarms of every risk, and figures of those that are no one's protection."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge

from features.risk import Audience
from riskapi.desk.measures import DeskMeasures
from riskapi.monitoring.book import StoredReport
from riskapi.monitoring.form import MonitoringReport
from riskapi.monitoring.people import SHARES


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

        self._false = Gauge(
            "riskapi_false_positives_ratio",
            "Share of travellers referred, looked at and cleared, by risk; of days whose outcomes should be in",
            ("risk",),
            registry=registry,
        )
        self._places = Gauge(
            "riskapi_places_taken_ratio", "Places for referrals by score that were taken", ("risk",), registry=registry
        )
        self._desk = Gauge(
            "riskapi_desk_ratio",
            "What readers do, as shares of readings",
            ("risk", "of"),
            registry=registry,
        )
        self._minutes = Gauge(
            "riskapi_desk_minutes_median", "Time from taking a case to its reading", ("risk",), registry=registry
        )

    def show(self, reports: Iterable[StoredReport]) -> None:
        """Show the last reports."""
        for gauge in (self._alarms, self._at, self._index, self._referred, self._calibration):
            gauge.clear()
        for gauge in (self._false, self._places, self._desk, self._minutes):
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
        if (everywhere := report.outcomes.points[0].false_positives.per_1000) is not None:
            self._false.labels(report.risk).set(everywhere / 1000)
        if report.capacity.places:
            self._places.labels(report.risk).set(report.capacity.taken / report.capacity.places)
        if report.people is not None:
            self._show_people(report.risk, report.people)

    def _show_people(self, risk: str, people: DeskMeasures) -> None:
        for name in SHARES:
            share = getattr(people, name).share
            if share is not None:
                self._desk.labels(risk, name).set(share)
        if people.minutes_median is not None:
            self._minutes.labels(risk).set(people.minutes_median)
