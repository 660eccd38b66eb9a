"""The log is counted in order, once, whatever happens between; and reports come from counts alone."""

import contextlib
from collections import Counter
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from features.catalogue import CATALOGUE, LINKS_GROUP
from riskapi.errors import NotFoundError, StorageError
from riskapi.log.entry import Kind
from riskapi.monitoring import watcher as watcher_module
from riskapi.monitoring.book import MonitoringBook, StoredReport
from riskapi.monitoring.gauges import MonitoringGauges
from riskapi.monitoring.opened import LogReader
from riskapi.monitoring.page import page
from riskapi.monitoring.report import Reporter
from riskapi.monitoring.tally import DAY, EVERYWHERE
from riskapi.monitoring.watcher import Watcher
from riskapi.monitoring.windows import put_together
from riskapi.selection_policy import SelectionPolicy
from tests.riskapi.makers import go_live, row
from tests.riskapi.monitoring.makers import NOW, MadeOutcomes, record_data, store

RISK = "document_fraud"


@pytest.fixture
def watched(services):
    """A live model, a watcher of its store, and outcomes that can be added to."""
    go_live(services, RISK)
    outcomes = MadeOutcomes()
    book = MonitoringBook(services.engine)
    reader = LogReader(services.engine, services.subject_keys)
    return services, Watcher(reader, book, services.active.open, outcomes, clock=lambda: NOW), book, outcomes


def _total(book, start="2026-03-01", end="2026-04-01"):
    return put_together(book.days(RISK, start, end)).total


def _tell(services, outcomes, decision_id, **content):
    outcome_id = outcomes.add(decision_id, **content)
    services.journal.append(Kind("outcome"), {"decision_id": decision_id, "outcome_id": outcome_id})


def test_counts_are_those_of_the_answers(watched):
    """Of two days and three crossing points, at each, and everywhere."""
    services, watcher, book, _ = watched
    points = ["NBO"] * 5 + ["MBA"] * 3 + ["KIS"]
    store(services, [(record_data(point), "score" if point == "MBA" else None) for point in points])
    store(services, [(record_data("NBO"), None)] * 4, at="2026-03-15T00:10:00.000Z")
    assert watcher.backlog() > 13
    watcher.catch_up()
    assert watcher.backlog() == 0
    days = put_together(book.days(RISK, "2026-03-14", "2026-03-16"))
    assert {name: counts["travellers"] for name, counts in days.points.items()} == {"KIS": 1, "MBA": 3, "NBO": 9}
    assert days.points["MBA"]["referred"] == 3
    assert [day["travellers"] for day in days.everywhere] == [9, 4]
    total = days.total
    assert total["seen"] == 13
    assert sum(n for name, n in total.items() if name.startswith("score|")) == 13
    per_feature = Counter()
    for name, number in total.items():
        if name.startswith(("bin|", "missing|")):
            per_feature[name.rpartition("|")[2]] += number
    assert set(per_feature.values()) == {13}
    assert {place.start for place, _ in book.days(RISK, "2026-03-14T00", "2026-03-16T00", "hour")} == {
        "2026-03-14T09",
        "2026-03-15T00",
    }


def test_nothing_is_counted_twice_or_left_out(watched, monkeypatch):
    """Not by running again, nor by an error after a page was counted and before it was stored."""
    services, watcher, book, _ = watched
    monkeypatch.setattr(watcher_module, "PAGE_ROWS", 4)
    store(services, [(record_data(), None)] * 10)
    whole, failures = book.add, iter([False, True, False, True])

    def failing(*arguments):
        if next(failures, False):
            raise StorageError("The store is away.")
        whole(*arguments)

    monkeypatch.setattr(book, "add", failing)
    for _ in range(4):
        with contextlib.suppress(StorageError):
            watcher.catch_up()
    assert _total(book)["travellers"] == 10
    assert watcher.catch_up() == 0


def test_what_is_no_travel_is_not_counted(watched):
    """Tests, training and decisions about corrected records; what cannot be read any more neither."""
    services, watcher, book, _ = watched
    store(services, [(record_data(), None)] * 3)
    store(services, [(record_data(), None)] * 2, purpose="test")
    (gone,) = store(services, [(record_data(), None)], subject=b"g" * 32)
    with services.journal.transaction() as transaction:
        services.contents.delete(transaction.connection, [gone])
    services.decisions.append([row()])  # an answer without risks
    watcher.catch_up()
    assert _total(book)["travellers"] == 3
    assert watcher.backlog() == 0


def test_r15_outcomes_count_for_the_day_of_their_decision_and_can_be_corrected(watched):
    """Referrals, confirmed and false positives, per crossing point; a later version takes the place of the first."""
    services, watcher, book, outcomes = watched
    ids = store(services, [(record_data("NBO"), "score")] * 6 + [(record_data("MBA"), "random")] * 4)
    watcher.catch_up()
    known = "2026-03-20T08:00:00Z"
    for place, decision_id in enumerate(ids[:8]):
        code = "forged_document" if place < 2 else "nothing_found"
        _tell(services, outcomes, decision_id, outcome_code=code, known_at=known)
    _tell(services, outcomes, ids[8], compliance="refused")
    watcher.catch_up()
    report = Reporter(book, SelectionPolicy()).report(services.active.live.models[0], NOW + timedelta(days=30), 0)
    by_point = {one.point: one for one in report.outcomes.points}
    assert (by_point["NBO"].referrals.count, by_point["NBO"].confirmed.count) == (6, 2)
    assert (by_point["NBO"].false_positives.count, by_point["NBO"].open) == (4, 0)
    assert (by_point["MBA"].false_positives.count, by_point["MBA"].open) == (2, 2)
    everywhere = by_point[""]
    assert everywhere.confirmed.per_1000 == 200.0
    assert everywhere.confirmed.low < 200 < everywhere.confirmed.high
    assert {one.arm: (one.told, one.done) for one in report.outcomes.compliance} == {"random": (3, 2), "score": (6, 6)}
    assert {one.arm: (one.concluded, one.confirmed) for one in report.outcomes.hit_rates} == {
        "random": (2, 0),
        "score": (6, 2),
    }
    assert sum(one.observed for one in report.outcomes.calibration) == 2
    _tell(services, outcomes, ids[0], outcome_code="overturned")
    _tell(services, outcomes, ids[1], outcome_code="nothing_found", known_at=known)
    watcher.catch_up()
    total = _total(book)
    assert (total["concluded|score"], total.get("confirmed|score", 0)) == (5, 0)
    assert sum(n for name, n in total.items() if name.startswith("delay|")) == 7


def test_only_days_whose_outcomes_should_be_in_are_judged(watched):
    """Recent referrals are open for a good reason; with enough outcomes the delay is what they took."""
    services, watcher, book, outcomes = watched
    ids = store(services, [(record_data(), "score")] * 30)
    store(services, [(record_data(), "score")] * 5, at="2026-03-30T09:00:00.000Z")
    for decision_id in ids:
        _tell(services, outcomes, decision_id, outcome_code="nothing_found", known_at="2026-03-25T10:00:00Z")
    watcher.catch_up()
    report = Reporter(book, SelectionPolicy()).report(services.active.live.models[0], NOW + timedelta(days=20), 0)
    assert report.outcomes.delay_days == 12
    assert report.outcomes.points[0].referrals.count == 30
    assert report.windows[-1].volume.travellers == 35


def test_r31_a_change_is_an_alarm_and_a_quiet_window_is_none(watched):
    """Travellers who all look alike are unlike the training data; the page and the gauges say so."""
    services, watcher, book, _ = watched
    store(services, [(record_data(), "score")] * 260)
    watcher.catch_up()
    model = services.active.live.models[0]
    report = Reporter(book, SelectionPolicy()).report(model, NOW, 0)
    assert any("Drift of" in alarm for alarm in report.alarms)
    assert report.windows[0].drift[0].verdict == "alarm"
    assert report.capacity.referred_max == 260
    assert report.capacity.busiest == "NBO 2026-03-14T09:00Z"
    quiet = Reporter(book, SelectionPolicy()).report(model, NOW + timedelta(days=60), 0)
    assert quiet.alarms == ()
    assert {line.verdict for window in quiet.windows for line in window.drift} == {"too_few"}
    assert "Drift of" in page([report])
    odd = report.model_copy(update={"title": "<script>alert(1)</script>"})
    assert "<script>" not in page([odd])
    registry = CollectorRegistry()
    gauges = MonitoringGauges(registry)
    gauges.show([StoredReport(RISK, "enforcement", "", report.model_dump_json().encode())])
    read = registry.get_sample_value
    assert read("riskapi_monitoring_alarms", {"risk": RISK}) == len(report.alarms)
    assert read("riskapi_referred_ratio", {"risk": RISK, "days": "2"}) == 1.0


def test_last_years_season_is_counted_as_the_live_model_sees_it(watched):
    """Then what comes back every year is no change; days on which the model scored itself are left alone."""
    services, watcher, book, _ = watched
    store(services, [(record_data(), None)] * 1500, at="2025-03-15T09:00:00.000Z")
    digest = services.active.live.models[0].bundle.digest
    watcher.catch_up()
    assert watcher.recount("2025-03-01", "2025-04-01", digest) == 0
    assert _total(book, "2025-03-01", "2025-04-01")["travellers"] == 1500
    other = go_live(services, RISK, seed=5)
    assert watcher.recount("2025-03-01", "2025-04-01", other) == pytest.approx(300, abs=60)
    store(services, [(record_data(), None)] * 300)
    watcher.catch_up()
    report = Reporter(book, SelectionPolicy()).report(services.active.live.models[0], NOW, 0)
    values = [line for line in report.windows[0].drift if line.family in {"values", "missing"}]
    links = {spec.name for spec in CATALOGUE.specs if spec.group == LINKS_GROUP}  # nothing is remembered here
    assert {line.verdict for line in values if line.name not in links} == {"quiet"}
    assert "season" in {line.against for line in values}
    with pytest.raises(NotFoundError):
        watcher.recount("2025-03-01", "2025-04-01", "sha256:" + "0" * 64)


def test_counts_past_their_time_are_deleted(watched):
    """Hours after two weeks, days after more than two years."""
    services, watcher, book, _ = watched
    for at in ("2023-01-01T09:00:00.000Z", "2026-02-01T09:00:00.000Z", "2026-03-14T09:00:00.000Z"):
        store(services, [(record_data(), None)], at=at)
    watcher.catch_up()
    watcher.tidy()
    assert [place.start for place, _ in book.days(RISK, "2020", "2030", "hour")] == ["2026-03-14T09"]
    assert {place.start for place, _ in book.days(RISK, "2020", "2030", DAY) if place.part == EVERYWHERE} == {
        "2026-02-01",
        "2026-03-14",
    }
