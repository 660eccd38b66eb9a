"""The page of a challenger: what both models say of the same travellers, to those who may see the risk."""

import pytest

from features.examples import EXAMPLE_RECORD
from models.abstention import INSUFFICIENT
from riskapi.access.matrix import Action, Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.console.moves import moves_of
from riskapi.monitoring.differences import BandMove, ChallengerReport
from riskapi.monitoring.parts import Watch
from tests.bundles import make_bundle
from tests.makers import random_data
from tests.riskapi.makers import APPROVER, PROPOSER, services_of

RISK, PATH = "document_fraud", "/console/monitoring/document_fraud/challenger"
WHY = "Tried until <b>March</b>; trained on what was new."


@pytest.fixture(scope="module")
def tried(client):
    """A challenger of a risk of enforcement and one of protection, and some travellers after that."""
    services = services_of(client)
    digests = {}
    for risk in (RISK, "trafficking_protection"):
        files, _ = make_bundle(risk, 4)
        digests[risk] = services.approvals.propose(dict(files), PROPOSER, "").digest
        services.challengers.name(digests[risk], APPROVER, WHY)
    for record in [EXAMPLE_RECORD, *random_data(30, seed=8)]:
        assert client.post("/v1/scores", json=record, headers=client.key_headers).status_code == 200
    watch = Watch(services.settings)
    watch.count()
    watch.reports()
    watch.close()
    return digests


@pytest.mark.parametrize("role", list(Role))
def test_r23_the_page_is_for_those_who_may_see_the_risk(tried, person, role):
    """Who watches enforcement, and who watches protection; nobody else, and nobody both."""
    watches = role in {Role.DATA_SCIENTIST, Role.APPROVER, Role.AUDITOR}
    protects = role is Role.PROTECTION_OFFICER
    browser = person(role)
    assert (browser.open(PATH).status_code == 200) == watches
    assert (browser.open("/console/monitoring/trafficking_protection/challenger").status_code == 200) == protects
    assert browser.open("/console/monitoring/migrant_smuggling/challenger").status_code in {403, 404}


def test_the_page_says_what_the_api_says(client, tried, person):
    """Every number and every decision on which they differ; who may open decisions finds the way."""
    browser = person(Role.AUDITOR)
    page = browser.open(PATH).text
    told = ChallengerReport.model_validate_json(browser.open(f"/v1/models/{RISK}/challenger").text)
    assert told.travellers > 20
    assert told.disagreements
    assert all(f"{100 * one:.1f}" in page for one in (told.differs, told.differs_low, told.differs_high))
    both = [one for one in told.disagreements if INSUFFICIENT not in {one.live_band, one.challenger_band}]
    ladder = [one.name for one in services_of(client).active.open(tried[RISK]).bundle.bands.bands]  # highest first
    raised = sum(ladder.index(one.challenger_band) < ladder.index(one.live_band) for one in both)
    assert 0 < raised < len(both)
    assert f'In a higher band</dt><dd class="code">{raised} ' in page
    for one in told.disagreements:
        assert f'<a href="/console/decisions/{one.decision_id}">' in page
        assert f"{one.difference:+.2f}" in page
    assert "Tried until &lt;b&gt;March&lt;/b&gt;" in page
    assert f"/console/models/{tried[RISK]}/comparison" in page
    science = person(Role.DATA_SCIENTIST).open(PATH).text
    assert told.disagreements[0].decision_id in science
    assert "/console/decisions/" not in science
    assert PATH in browser.open(f"/console/monitoring/{RISK}").text
    protects = person(Role.PROTECTION_OFFICER).open("/console/monitoring/trafficking_protection/challenger").text
    assert "/console/models/" not in protects


def test_a_trial_that_ended_has_no_page(client, tried, person):
    """Withdrawn, it is gone from everywhere."""
    browser = person(Role.APPROVER)
    services = services_of(client)
    one = Principal("Grace Njeri", PrincipalKind.PERSON, "4" * 16, frozenset({Action.MODELS_APPROVE}))
    services.challengers.withdraw(RISK, one, "Tried long enough.")
    assert browser.open(PATH).status_code == 404
    assert PATH not in browser.open(f"/console/monitoring/{RISK}").text
    services.challengers.name(tried[RISK], APPROVER, WHY)


def test_moves_are_counted_by_their_direction():
    """Up, down, and where one of both gives no band; what is met and not known has a place, too."""
    told = {("low", "high"): 3, ("high", "low"): 2, ("low", "low"): 9, ("low", INSUFFICIENT): 4, ("old", "high"): 1}
    bands = tuple(BandMove(live=live, challenger=other, travellers=n) for (live, other), n in told.items())
    report = ChallengerReport.model_construct(bands=bands)
    moves = moves_of(report, ("low", "high"))
    assert moves.names == ("low", "high", "old", INSUFFICIENT)
    assert (moves.raised, moves.lowered, moves.other) == (3, 2, 5)
    assert dict(moves.rows)["low"] == (9, 3, 0, 4)
    assert sum(sum(row) for _, row in moves.rows) == sum(told.values())
