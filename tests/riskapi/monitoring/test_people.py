"""What monitoring tells of readers: alarms that are past chance, names for auditors alone, places that are taken."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from features.risk import Audience
from riskapi.access.matrix import Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.desk.measures import measure
from riskapi.monitoring.book import MonitoringBook, StoredReport
from riskapi.monitoring.gauges import MonitoringGauges
from riskapi.monitoring.people import AGAIN_SECONDS, DeskWatch, alarms_of_people, for_caller
from riskapi.monitoring.report import Reporter
from riskapi.monitoring.tally import DAY, HOUR, Place, Tally
from riskapi.selection_policy import SelectionPolicy
from tests.riskapi.desk.makers import AMINA, read, referred
from tests.riskapi.desk.test_measures import claim, history, view
from tests.riskapi.desk.test_measures import read as reads
from tests.riskapi.makers import go_live

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)
RISK = "document_fraud"


def people(*cases):
    """Figures of cases."""
    return measure(cases, Audience.ENFORCEMENT, (NOW - timedelta(days=28), NOW), cut=False, named=True)


def shown(what, times, verdict="agrees"):
    """Cases read with the score."""
    return [history("none", claim("A"), reads("A", what, verdict=verdict)) for _ in range(times)]


def hidden(what, times):
    """Cases of which the own view came first."""
    return [history("lane", claim("A"), view("A", what), reads("A", what)) for _ in range(times)]


def test_an_alarm_is_past_what_chance_explains():
    """Readers who follow the score, and a reason that few agree with; not where a few cases look like it."""
    followed = (*shown("look_closer", 60), *hidden("look_closer", 20), *hidden("no_concern", 40))
    [alarm] = alarms_of_people(people(*followed))
    assert "by 0.67" in alarm
    few = (*shown("look_closer", 11), *hidden("look_closer", 6), *hidden("no_concern", 5))
    assert list(alarms_of_people(people(*few))) == []
    doubted = (*shown("look_closer", 6), *shown("look_closer", 24, "disagrees"))
    [alarm] = alarms_of_people(people(*doubted))
    assert "PY04: 6 of 30" in alarm
    assert list(alarms_of_people(people(*shown("look_closer", 4), *shown("look_closer", 6, "disagrees")))) == []
    assert list(alarms_of_people(None)) == []


@pytest.fixture
def reporter(services):
    """Makes reports about one live model, at a border with places of its own."""
    go_live(services, RISK)
    policy = SelectionPolicy.model_validate({"default": {"slots_per_hour": 5, "slots": {"NAMANGA": 2}}})
    return Reporter(MonitoringBook(services.engine), policy), services.active.live.models[0]


@pytest.mark.parametrize("role", list(Role))
def test_readers_are_named_to_auditors_alone(reporter, role):
    """Everybody else has the figures of all together."""
    maker, model = reporter
    report = maker.report(model, NOW, 0, people(*shown("look_closer", 12)))
    caller = Principal("Somebody", PrincipalKind.PERSON, "1" * 16, frozenset({role}))
    seen = for_caller(report, caller).people
    assert [one.person for one in seen.readers] == (["A"] if role is Role.AUDITOR else [])
    assert seen.agrees.hits == 12


def test_of_reasons_a_report_tells_those_of_its_risk(reporter):
    """Those of others are in theirs."""
    maker, model = reporter
    told = people(*shown("look_closer", 12))
    other = told.reasons[0].model_copy(update={"risk": "migrant_smuggling"})
    report = maker.report(model, NOW, 0, told.model_copy(update={"reasons": [*told.reasons, other]}))
    assert [one.risk for one in report.people.reasons] == [RISK]


def test_places_are_those_of_the_policy_and_taken_by_score_alone(services, reporter):
    """Who was drawn takes none; hours without a traveller offer none."""
    maker, model = reporter
    tally = Tally()
    for point, hour, score, drawn in (("NBO", 7, 3, 2), ("NBO", 8, 5, 0), ("NAMANGA", 8, 1, 4)):
        place = Place(HOUR, f"2026-03-14T{hour:02}", point, RISK, model.bundle.digest)
        tally.add(place, "referred", score + drawn)
        tally.add(place, "arm|score", score)
        tally.add(place, "arm|random", drawn)
    tally.add(Place(DAY, "2026-03-14", "", RISK, model.bundle.digest), "travellers", 100)
    MonitoringBook(services.engine).add(tally, {})
    found = maker.report(model, NOW, 0).capacity
    assert (found.hours, found.places, found.taken, found.full) == (3, 12, 9, 1)
    assert found.referred_max == 5
    registry = CollectorRegistry()
    body = maker.report(model, NOW, 0, people(*shown("look_closer", 12))).model_dump_json().encode()
    MonitoringGauges(registry).show([StoredReport(RISK, "enforcement", "", body)])
    read_one = registry.get_sample_value
    assert read_one("riskapi_places_taken_ratio", {"risk": RISK}) == 0.75
    assert read_one("riskapi_desk_ratio", {"risk": RISK, "of": "agrees"}) == 1.0
    assert read_one("riskapi_desk_ratio", {"risk": RISK, "of": "hidden"}) is None
    assert read_one("riskapi_desk_minutes_median", {"risk": RISK}) == 5
    unbounded = Reporter(MonitoringBook(services.engine), SelectionPolicy()).report(model, NOW, 0).capacity
    assert (unbounded.places, unbounded.taken, unbounded.full) == (None, 0, 0)


def test_readers_are_counted_again_when_some_time_has_passed(services):
    """Opening every case of four weeks each minute would take what scoring needs."""
    watch, now = DeskWatch(services.engine, services.subject_keys), services.clock() + timedelta(minutes=1)
    assert watch.figures(Audience.ENFORCEMENT, now).readings == 0
    read(services, referred(services), AMINA)
    assert watch.figures(Audience.ENFORCEMENT, now + timedelta(seconds=AGAIN_SECONDS - 1)).readings == 0
    assert watch.figures(Audience.ENFORCEMENT, now + timedelta(seconds=AGAIN_SECONDS)).readings == 1
    assert watch.figures(Audience.PROTECTION, now + timedelta(seconds=AGAIN_SECONDS)).readings == 0
