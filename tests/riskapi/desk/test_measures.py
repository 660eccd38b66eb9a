"""The desk's own figures: what the score does to readers is told by cases that differ in nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from features.risk import Audience
from riskapi.desk.acts import Act, DeskEvent
from riskapi.desk.measures import measure
from riskapi.storage.desk_history import CaseHistory

START = datetime(2026, 3, 14, 9, tzinfo=UTC)
WINDOW = START, START + timedelta(days=1)


def events(*acts):
    """The events of a case, five minutes apart; each act with who did it and what was said."""
    return tuple(
        DeskEvent(str(place), place, act, person, (START + timedelta(minutes=5 * place)).isoformat(), content)
        for place, (act, person, content) in enumerate(acts, 1)
    )


def read(person, view="no_concern", code="nothing_found", verdict="agrees", act=Act.READ):
    """The end of a reading."""
    outcome = {"compliance": "done", "outcome_code": code}
    reasons = [{"risk": "document_fraud", "code": "PY04", "verdict": verdict}]
    return act, person, {"view": view, "reasons": reasons, "outcome": outcome, "note": None}


def claim(person):
    """The begin of one."""
    return Act.CLAIMED, person, {"until": "2026-03-15T00:00:00.000Z"}


def history(first_view, *acts, by_score=True, readings=1):
    """A case."""
    return CaseHistory(str(len(acts)), first_view, by_score, readings, events(*acts))


def view(person, view):
    """An own view."""
    return Act.FIRST_VIEW, person, {"view": view, "note": None}


def told(*histories, named=True, times=10):
    """What is counted of such cases, each met as often: no share is told of fewer than ten."""
    histories = [replace(one) for one in histories for _ in range(times)]
    return measure(histories, Audience.ENFORCEMENT, WINDOW, cut=False, named=named)


def test_views_with_the_score_are_held_against_views_without_it():
    """Who had it shown, and who was drawn to go without; who was referred at random is in neither group."""
    found = told(
        history("none", claim("A"), read("A", "look_closer")),
        history("none", claim("A"), read("A", "look_closer")),
        history("none", claim("A"), read("A", "cannot_tell")),
        history("lane", claim("A"), view("A", "no_concern"), read("A", "look_closer")),
        history("lane", claim("A"), view("A", "look_closer"), read("A", "look_closer")),
        history("arm", claim("A"), view("A", "no_concern"), read("A", "no_concern"), by_score=False),
    )
    assert (found.shown.hits, found.shown.of) == (20, 20)
    assert (found.hidden.hits, found.hidden.of) == (10, 20)
    assert (found.moved.hits, found.moved.of) == (10, 30)
    assert found.shown.low < 1 == pytest.approx(found.shown.high)
    assert found.pull.value == pytest.approx(0.5)
    assert 0 < found.pull.low < 0.5 < found.pull.high
    assert (found.towards.hits, found.towards.of) == (10, 10)
    assert (found.away.hits, found.away.of) == (0, 20)
    assert (found.against.hits, found.against.of) == (0, 50)


def test_time_runs_from_the_last_taking_to_the_end_of_the_reading():
    """Kept for longer it runs on; given back and taken anew it begins anew; handed over it is the colleague's."""
    again = history("none", claim("A"), claim("A"), read("A"))
    anew = history("none", claim("A"), (Act.RELEASED, "A", {}), claim("A"), read("A"))
    handed = history("none", claim("A"), (Act.HANDED_OVER, "A", {"to": "B", "until": "x", "note": "y"}), read("B"))
    assert [told(one).minutes_median for one in (again, anew, handed)] == [10, 5, 5]
    assert [one.person for one in told(handed).readers] == ["B"]


def test_time_with_the_score_shown_is_told_apart():
    """From when it was opened; handed over, it is the colleague's own."""
    found = told(history("none", claim("A"), view("A", "no_concern"), (Act.OPENED, "A", {"shown": []}), read("A")))
    assert (found.minutes_median, found.minutes_open) == (15, 5)


def test_two_readers_are_compared_and_the_third_is_not():
    """Alike by whether somebody looked and what was found."""
    same = history("none", claim("A"), read("A"), claim("B"), read("B"), readings=2)
    other = history(
        "none",
        *(claim("A"), read("A", code="forged_document"), claim("B"), read("B")),
        *(claim("C"), read("C", act=Act.RESOLVED)),
        readings=2,
    )
    found = told(same, other)
    assert (found.alike.hits, found.alike.of, found.readings) == (10, 20, 50)
    assert {one.person: one.alike.of for one in found.readers} == {"A": 20, "B": 20, "C": 0}
    assert (found.found.hits, found.found.of) == (10, 50)


def test_reasons_count_those_who_could_tell_and_names_are_for_auditors():
    """Each verdict by itself, the share without those who could not tell."""
    cases = [history("none", claim("A"), read("A", verdict=one)) for one in ("agrees", "disagrees", "cannot_tell")]
    [reason] = told(*cases).reasons
    assert reason.verdicts == {"agrees": 10, "disagrees": 10, "cannot_tell": 10}
    assert reason.agrees.share == pytest.approx(0.5)
    assert told(*cases, named=False).readers == []


def test_of_fewer_than_ten_nothing_is_told_but_their_number():
    """Neither share nor counts nor times, of all, of a reason or of a reader."""
    found = told(history("none", claim("A"), read("A", "look_closer")), times=9)
    assert (found.cases, found.readings, found.minutes_median, found.minutes_open) == (9, 9, None, None)
    for one in (found.shown, found.agrees, found.reasons[0].agrees, found.readers[0].agrees, found.against):
        assert (one.hits, one.of, one.share, one.low, one.high) == (None, 9, None, None, None)
    assert found.reasons[0].verdicts is None
    assert found.pull.value is None


def test_nothing_to_count_is_no_share():
    """An empty desk says so."""
    found = told()
    assert (found.cases, found.minutes_median, found.shown.share, found.reasons) == (0, None, None, [])
