"""The desk's own figures: what the score does to readers is told by cases that differ in nothing else."""

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


def told(*histories, named=True):
    """What is counted."""
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
    assert (found.shown.hits, found.shown.of) == (2, 2)
    assert (found.hidden.hits, found.hidden.of) == (1, 2)
    assert (found.moved.hits, found.moved.of) == (1, 3)
    assert found.shown.low < 1 <= found.shown.high


def test_time_runs_from_the_last_taking_to_the_end_of_the_reading():
    """Kept for longer it runs on; given back and taken anew it begins anew; handed over it is the colleague's."""
    again = history("none", claim("A"), claim("A"), read("A"))
    anew = history("none", claim("A"), (Act.RELEASED, "A", {}), claim("A"), read("A"))
    handed = history("none", claim("A"), (Act.HANDED_OVER, "A", {"to": "B", "until": "x", "note": "y"}), read("B"))
    assert [told(one).minutes_median for one in (again, anew, handed)] == [10, 5, 5]
    assert [one.person for one in told(handed).readers] == ["B"]


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
    assert (found.alike.hits, found.alike.of, found.readings) == (1, 2, 5)
    assert {one.person: one.alike.of for one in found.readers} == {"A": 2, "B": 2, "C": 0}


def test_reasons_count_those_who_could_tell_and_names_are_for_auditors():
    """Each verdict by itself, the share without those who could not tell."""
    cases = [history("none", claim("A"), read("A", verdict=one)) for one in ("agrees", "disagrees", "cannot_tell")]
    [reason] = told(*cases).reasons
    assert reason.verdicts == {"agrees": 1, "disagrees": 1, "cannot_tell": 1}
    assert reason.agrees.share == pytest.approx(0.5)
    assert told(*cases, named=False).readers == []


def test_nothing_to_count_is_no_share():
    """An empty desk says so."""
    found = told()
    assert (found.cases, found.minutes_median, found.shown.share, found.reasons) == (0, None, None, [])
