"""Counting and challengers do the same in each kind of store."""

import threading

import pytest
import sqlalchemy as sa

from riskapi.errors import ConflictError
from riskapi.monitoring.book import DISAGREEMENTS_KEPT, Disagreement, MonitoringBook, StoredReport
from riskapi.monitoring.opened import LogReader
from riskapi.monitoring.tally import DAY, EVERYWHERE, SHADOW, Place, Tally
from riskapi.monitoring.watcher import Watcher
from riskapi.monitoring.windows import put_together
from riskapi.operations.companion import only_one
from tests.bundles import make_bundle
from tests.riskapi.makers import APPROVER, PROPOSER, RATIONALE, go_live
from tests.riskapi.monitoring.makers import NOW, MadeOutcomes, record_data, store

RISK = "document_fraud"


def _tally(**numbers):
    tally = Tally()
    for name, number in numbers.items():
        tally.add(Place(DAY, "2026-03-14", "NBO", RISK, "sha256:1"), name, number)
    return tally


def test_counts_are_added_with_the_place_in_the_log(services):
    """Whole numbers stay whole, what comes back to 0 is gone, and cursors move with the counts."""
    book = MonitoringBook(services.engine)
    book.add(_tally(a=2, b=0.5, c=1), {"1": 7})
    book.add(_tally(a=1, b=0.25, c=-1), {"1": 9, "2": 3})
    assert book.cursors() == {"1": 9, "2": 3}
    ((place, counts),) = book.days(RISK, "2026-03-14", "2026-03-15")
    assert place.part == "NBO"
    assert counts == {"a": 3, "b": 0.75}
    assert book.days(RISK, "2026-03-15", "2026-03-16") == []


def test_decisions_are_counted_once_from_each_kind_of_store(services):
    """Opened in bulk, in the order of each chain."""
    go_live(services, RISK)
    reader, book = LogReader(services.engine, services.subject_keys), MonitoringBook(services.engine)
    watcher = Watcher(reader, book, services.active.open, MadeOutcomes(), clock=lambda: NOW)
    ids = store(services, [(record_data(), None)] * 7)
    watcher.catch_up()
    assert watcher.backlog() == watcher.catch_up() == 0
    assert put_together(book.days(RISK, "2026-03-01", "2026-04-01")).total["travellers"] == 7
    assert [one.decision_id for one in reader.between("2026-03-14", "2026-03-15")] == ids
    assert list(reader.decisions([ids[3]])) == [ids[3]]
    assert reader.decisions([]) == {}


def test_reports_take_the_place_of_those_before(services):
    """One for each risk."""
    book = MonitoringBook(services.engine)
    for body in (b"{}", b"[]"):
        book.put_report(StoredReport(RISK, "enforcement", "2026-03-14T09:00:00.000Z", body))
    assert [one.body for one in book.reports()] == [b"[]"]


def test_only_the_latest_disagreements_are_kept(services):
    """The list of a challenger is bounded, whatever it differs on."""
    book = MonitoringBook(services.engine)
    made = [
        Disagreement(
            "sha256:2", f"d{at:04d}", f"2026-03-14T09:{at // 60:02d}:{at % 60:02d}.000Z", "high", "standard", 0.5
        )
        for at in range(DISAGREEMENTS_KEPT + 5)
    ]
    book.add(Tally(), {}, made)
    book.tidy({DAY: "2026-01-01", SHADOW: "2026-01-01"})
    kept = book.disagreements("sha256:2", 2 * DISAGREEMENTS_KEPT)
    assert kept == made[: -DISAGREEMENTS_KEPT - 1 : -1]
    assert EVERYWHERE not in {one.decision_id for one in kept}


def test_one_process_counts_a_store(services):
    """The next one finds that it is not needed."""
    with only_one(services.settings, "watch") as first, only_one(services.settings, "watch") as second:
        assert first
        assert not second
    with only_one(services.settings, "watch") as again:
        assert again


def test_of_two_that_name_a_challenger_at_once_one_does(services):
    """The other is told that it is the challenger already; both are not on record."""
    go_live(services, RISK)
    digest = services.approvals.propose(dict(make_bundle(RISK, 3)[0]), PROPOSER, "").digest
    outcomes = []

    def name():
        try:
            outcomes.append(services.challengers.name(digest, APPROVER, RATIONALE).event)
        except ConflictError:
            outcomes.append("conflict")

    threads = [threading.Thread(target=name) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "named"]
    assert services.challengers.current()[RISK].digest == digest


def test_database_itself_keeps_what_was_decided_about_challengers(services):
    """Nobody changes or removes a row."""
    go_live(services, RISK)
    digest = services.approvals.propose(dict(make_bundle(RISK, 3)[0]), PROPOSER, "").digest
    services.challengers.name(digest, APPROVER, RATIONALE)
    for statement in ("UPDATE challengers SET risk = risk", "DELETE FROM challengers"):
        with services.engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="append-only"):
            connection.exec_driver_sql(statement)
