"""Groups and the live model: what was planted is found, what is alike passes, and of small groups nothing is said."""

import json
from datetime import timedelta

import pytest

from features.record import TravellerRecord
from riskapi.monitoring.book import MonitoringBook
from riskapi.monitoring.groups import alarms_of_groups, groups_of, lines_of
from riskapi.monitoring.opened import LogReader
from riskapi.monitoring.report import Reporter
from riskapi.monitoring.watcher import Watcher
from riskapi.selection_policy import SelectionPolicy
from tests.riskapi.makers import go_live
from tests.riskapi.monitoring.makers import NOW, MadeOutcomes, record_data, store
from tests.riskapi.monitoring.test_watcher import _tell

RISK = "document_fraud"


def counts(fact, **groups):
    """Counts of a fact: by group, its numbers by name."""
    return {f"group|{fact}|{group}|{name}": n for group, own in groups.items() for name, n in own.items()}


def line(lines, group, question="selection"):
    """The line of a group."""
    [found] = [one for one in lines if (one.group, one.question) == (group, question)]
    return found


def test_r17_a_group_that_is_referred_twice_as_often_fails_and_is_an_alarm():
    """The others are alike; the ratio stands in its interval."""
    told = counts("gender", F={"seen": 4000, "selected": 400}, M={"seen": 4000, "selected": 200})
    lines = list(lines_of(told, {}))
    found = line(lines, "F")
    assert (found.hits, found.of, found.verdict) == (400, 4000, "failed")
    assert (found.rate, found.ratio) == (pytest.approx(0.1), pytest.approx(2.0))
    assert found.ratio_low < 2 < found.ratio_high
    assert any("gender F: 2.00 times" in alarm for alarm in alarms_of_groups(lines))
    assert list(alarms_of_groups(list(lines_of(counts("mode", air=_seen(400), land=_seen(200)), {})))) == []


def _seen(selected):
    return {"seen": 4000, "selected": selected}


def test_r17_alike_passes_too_little_is_inconclusive_and_small_says_nothing():
    """Three verdicts that differ by what the data can tell, and one for what they cannot be asked."""
    alike = list(lines_of(counts("gender", F=_seen(1000), M=_seen(1010)), {}))
    assert {one.verdict for one in alike} == {"passed"}
    some = counts("gender", F={"seen": 600, "selected": 12}, M={"seen": 600, "selected": 10})
    assert {one.verdict for one in lines_of(some, {})} == {"inconclusive"}
    few = list(lines_of(counts("gender", F={"seen": 499, "selected": 400}, M=_seen(10)), {}))
    assert {one.verdict for one in few} == {"too_few"}
    assert {(one.hits, one.of, one.rate, one.low, one.ratio) for one in few} == {(None,) * 5}
    alone = list(lines_of(counts("gender", F=_seen(10)), {}))
    assert [one.verdict for one in alone] == ["too_few"]


def test_what_was_found_is_told_from_days_whose_outcomes_are_in():
    """Precision of those whom the score sent, and what it missed of those drawn at random."""
    found = counts(
        "gender",
        F={"looked": 400, "confirmed": 40, "drawn": 40, "missed": 30},
        M={"looked": 400, "confirmed": 120, "drawn": 60, "missed": 15},
    )
    lines = list(lines_of({}, found))
    assert line(lines, "F", "precision").ratio == pytest.approx(1 / 3)
    assert line(lines, "F", "misses").ratio == pytest.approx(3.0)
    assert line(lines, "F", "misses").verdict == "failed"


def test_groups_are_counted_from_stored_records_and_corrected_with_their_outcomes(services):
    """Who was referred by score, and what came of it; the same group before and after a correction."""
    go_live(services, RISK)
    outcomes, book = MadeOutcomes(), MonitoringBook(services.engine)
    reader = LogReader(services.engine, services.subject_keys)
    watcher = Watcher(reader, book, services.active.open, outcomes, clock=lambda: NOW)
    women, men = _record(gender="F", age_years=30), _record(gender="M", age_years=70)
    ids = store(services, [(women, "score")] * 6 + [(women, None)] * 2 + [(men, "score")] * 3 + [(men, "random")] * 4)
    watcher.catch_up()
    for place, decision_id in enumerate(ids):
        if place not in {6, 7}:
            code = "forged_document" if place in {0, 1, 8, 11, 12} else "nothing_found"
            _tell(services, outcomes, decision_id, outcome_code=code, known_at="2026-03-15T08:00:00Z")
    watcher.catch_up()
    assert _counted(book, "gender", "F") == {"seen": 8, "selected": 6, "looked": 6, "confirmed": 2}
    expected = {"seen": 7, "selected": 3, "looked": 3, "confirmed": 1, "drawn": 2, "missed": 2}
    assert _counted(book, "gender", "M") == expected == _counted(book, "age_band", "60+")
    _tell(services, outcomes, ids[0], outcome_code="nothing_found", known_at="2026-03-15T08:00:00Z")
    watcher.catch_up()
    assert _counted(book, "gender", "F") == {"seen": 8, "selected": 6, "looked": 6, "confirmed": 1}
    report = Reporter(book, SelectionPolicy()).report(services.active.live.models[0], NOW + timedelta(days=20), 0)
    assert {(one.fact, one.verdict) for one in report.groups} >= {("gender", "too_few"), ("mode", "too_few")}
    assert list(alarms_of_groups(report.groups)) == []


def _record(**facts):
    data = record_data()
    data["traveller"] = data.get("traveller", {}) | facts
    data["traveller"].pop("date_of_birth", None)
    return data


def _counted(book, fact, group):
    """What was counted of a group; what is none is left out."""
    total = {}
    for _, found in book.days(RISK, "2026-03-01", "2026-04-01"):
        for name, number in found.items():
            if name.startswith(f"group|{fact}|{group}|") and number:
                what = name.rpartition("|")[2]
                total[what] = total.get(what, 0) + number
    return {name: number for name, number in total.items() if number}


def test_every_traveller_has_a_group_of_each_fact():
    """What is not known is a group of its own."""
    record = TravellerRecord.model_validate_json(json.dumps(_record(gender="F", age_years=None)))
    assert groups_of(record)["gender"] == "F"
    assert groups_of(record)["age_band"] == "not_known"
    assert set(groups_of(record)) == {"nationality_region", "gender", "age_band", "mode", "crossing_point"}
