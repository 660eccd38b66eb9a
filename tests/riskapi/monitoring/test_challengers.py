"""A challenger scores beside the live model, on record and unseen, and is compared on the same travellers."""

import json

import pytest

from features.examples import EXAMPLE_RECORD
from features.record import TravellerRecord
from riskapi.access.matrix import Action, Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.errors import ConflictError, FourEyesError, NotFoundError
from riskapi.live import LiveModels
from riskapi.monitoring import watcher as watcher_module
from riskapi.monitoring.book import MonitoringBook
from riskapi.monitoring.differences import differences
from riskapi.monitoring.opened import LogReader
from riskapi.monitoring.shadow import Shadow
from riskapi.monitoring.watcher import Watcher
from tests.bundles import make_bundle
from tests.makers import random_data
from tests.riskapi.makers import (
    APPROVER,
    PROPOSER,
    RATIONALE,
    bearer,
    go_live,
    make_key,
    said,
    scoring_service,
    services_of,
)
from tests.riskapi.monitoring.makers import NOW, MadeOutcomes, store

RISK = "document_fraud"
SEED = 4


def _propose(services, seed=SEED, principal=PROPOSER):
    return services.approvals.propose(dict(make_bundle(RISK, seed)[0]), principal, "").digest


@pytest.fixture
def tried(services):
    """A live model, a challenger, and what watches both."""
    go_live(services, RISK)
    digest = _propose(services)
    services.challengers.name(digest, APPROVER, RATIONALE)
    shadow, book = Shadow(services.active.open), MonitoringBook(services.engine)
    shadow.follow(services.challengers.current())
    reader = LogReader(services.engine, services.subject_keys)
    watcher = Watcher(reader, book, services.active.open, MadeOutcomes(), clock=lambda: NOW, shadow=shadow)
    return services, watcher, book, digest


def _report(services, book):
    (named,) = services.challengers.current().values()
    named = type(named)(NOW, named.event, named.risk, named.digest, named.principal, named.rationale)
    (live,) = services.active.live.models
    return differences(book, named, live.bundle.digest)


def test_both_models_are_compared_on_the_same_travellers(tried):
    """Bands, correlation and the decisions on which they differ are those that both models give."""
    services, watcher, book, digest = tried
    many = [(data, None) for data in random_data(60, seed=2)]
    ids = store(services, many)
    watcher.catch_up()
    report = _report(services, book)
    challenger = services.active.open(digest)
    expected = {}
    for decision_id, (data, _) in zip(ids, many, strict=True):
        record = record_of(data)
        ((_, values),) = services.active.live.values(record)
        live = services.active.live.models[0].scorer.assess(values)
        other = challenger.scorer.assess(values_of(challenger, record))
        if live.band != other.band:
            expected[decision_id] = (live.band, other.band, other.log_odds - live.log_odds)
    assert expected
    assert {
        one.decision_id: (one.live_band, one.challenger_band, one.difference) for one in report.disagreements
    } == expected
    assert report.travellers == sum(move.travellers for move in report.bands) == 60
    assert report.differs == len(expected) / 60
    assert report.differs_low < report.differs < report.differs_high
    assert -1 <= report.correlation <= 1
    assert (report.digest, report.dropped, report.failed) == (digest, 0, 0)


def record_of(data):
    """A record from its data."""
    return TravellerRecord.model_validate_json(json.dumps(data))


def values_of(model, record):
    """The values that one model reads of a record."""
    ((_, values),) = LiveModels([model]).values(record)
    return values


def test_what_there_is_no_time_for_is_passed_over_and_counted(tried, monkeypatch):
    """The queue is bounded: counting goes first, and says how many it dropped."""
    services, watcher, book, _ = tried
    monkeypatch.setattr(watcher_module, "PAGE_ROWS", 10)
    monkeypatch.setattr(watcher_module, "SHADOW_ROWS_MAX", 15)
    store(services, [(data, None) for data in random_data(40, seed=3)])
    watcher.catch_up()
    report = _report(services, book)
    assert report.dropped > 20
    assert report.travellers > 5
    assert report.travellers + report.dropped == 40


def test_naming_is_on_record_and_needs_a_second_person(services):
    """Neither the proposer nor a system names it; what is live, rejected or unknown is none."""
    live = go_live(services, RISK)
    digest = _propose(services)
    system = Principal("Pipeline", PrincipalKind.SYSTEM, "2" * 16, frozenset({Action.MODELS_APPROVE}))
    proposer = Principal(" training  PIPELINE", PrincipalKind.PERSON, "3" * 16, frozenset({Action.MODELS_APPROVE}))
    for principal in (system, proposer):
        with pytest.raises(FourEyesError):
            services.challengers.name(digest, principal, RATIONALE)
    with pytest.raises(NotFoundError):
        services.challengers.name("sha256:" + "0" * 64, APPROVER, RATIONALE)
    with pytest.raises(ConflictError, match="live"):
        services.challengers.name(live, APPROVER, RATIONALE)
    assert services.challengers.current() == {}
    services.challengers.name(digest, APPROVER, RATIONALE)
    with pytest.raises(ConflictError, match="already"):
        services.challengers.name(digest, APPROVER, RATIONALE)
    assert services.challengers.current()[RISK].digest == digest
    kinds = [(entry.kind, json.loads(entry.body)) for entry in services.journal.entries("cli")]
    assert (
        "challenger_named",
        {"digest": digest, "principal": APPROVER.name, "rationale": RATIONALE, "risk": RISK},
    ) in kinds
    services.approvals.reject(digest, APPROVER, RATIONALE)
    assert services.challengers.current() == {}
    with pytest.raises(ConflictError, match="rejected"):
        services.challengers.name(digest, APPROVER, RATIONALE)


def test_a_challenger_ends_by_withdrawal_or_by_going_live(services):
    """Another one takes its place; one that went live has nothing to challenge."""
    go_live(services, RISK)
    first, second = _propose(services), _propose(services, SEED + 1)
    services.challengers.name(first, APPROVER, RATIONALE)
    services.challengers.name(second, APPROVER, RATIONALE)
    assert services.challengers.current()[RISK].digest == second
    services.challengers.withdraw(RISK, APPROVER, RATIONALE)
    assert services.challengers.current() == {}
    with pytest.raises(NotFoundError):
        services.challengers.withdraw(RISK, APPROVER, RATIONALE)
    services.challengers.name(second, APPROVER, RATIONALE)
    services.approvals.approve(second, APPROVER, RATIONALE)
    assert services.challengers.current() == {}


def test_one_that_went_live_is_no_challenger_again_when_another_replaces_it(services):
    """It ended when it went live: it is neither there nor withdrawn, and may be named anew."""
    live = go_live(services, RISK)
    digest = _propose(services)
    services.challengers.name(digest, APPROVER, RATIONALE)
    services.approvals.approve(digest, APPROVER, RATIONALE)
    services.approvals.approve(live, APPROVER, RATIONALE)
    assert services.challengers.current() == {}
    with pytest.raises(NotFoundError):
        services.challengers.withdraw(RISK, APPROVER, RATIONALE)
    services.challengers.name(digest, APPROVER, RATIONALE)
    assert services.challengers.current()[RISK].digest == digest


def test_no_answer_shows_a_challenger(tmp_path):
    """Answers before and after are of the live model alone; who may see the comparison finds it at its route."""
    with scoring_service(tmp_path, risks=(RISK, "trafficking_protection"), monitoring_enabled=False) as client:
        services = services_of(client)
        before = client.post("/v1/scores", json=EXAMPLE_RECORD).json()["risks"]
        digest = _propose(services)
        officer = bearer(make_key(services, [Role.PROTECTION_OFFICER], "Officer"))
        approver = bearer(make_key(services, [Role.APPROVER], APPROVER.name, PrincipalKind.PERSON))
        assert client.get(f"/v1/models/{RISK}/challenger", headers=approver).status_code == 404
        body = {"rationale": RATIONALE}
        done = client.post(f"/v1/proposals/{digest}/challenge", json=body, headers=approver)
        assert done.json()["event"] == "named"
        after = client.post("/v1/scores", json=EXAMPLE_RECORD)
        assert said(after.json()["risks"]) == said(before)
        assert digest not in after.text
        seen = client.get(f"/v1/models/{RISK}/challenger", headers=approver)
        assert seen.json()["digest"] == digest
        assert client.get(f"/v1/models/{RISK}/challenger", headers=officer).status_code == 404
        done = client.post(f"/v1/models/{RISK}/challenger/withdraw", json=body, headers=approver)
        assert done.json()["event"] == "withdrawn"
        assert client.get(f"/v1/models/{RISK}/challenger", headers=approver).status_code == 404
