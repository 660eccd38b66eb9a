"""The pages about decisions: why a score is what it is, to those whom it is for, each view on record."""

import html
import json
import re

import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.access.keys import new_key
from riskapi.access.matrix import PURPOSES, Action, Role
from riskapi.access.principal import PrincipalKind
from riskapi.console.waterfall import waterfall
from tests.riskapi.makers import SCORER, bearer, make_key, services_of, with_facts

READERS = [Role.REVIEWER, Role.AUDITOR, Role.PROTECTION_OFFICER]


@pytest.fixture
def decision(client):
    """A decision for both audiences."""
    answer = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=client.key_headers)
    assert answer.status_code == 200
    return answer.json()


def views(services, decision_id):
    """Who looked at a decision, and what for."""
    told = (
        json.loads(entry.body)
        for writer in services.journal.heads()
        for entry in services.journal.entries(writer)
        if entry.kind == "access"
    )
    return [(one["by"], one["what"], one["purpose"]) for one in told if one["decision_id"] == decision_id]


def address(decision, role):
    """The page of a decision, with a purpose that a role may state."""
    return f"/console/decisions/{decision['decision_id']}?purpose={min(PURPOSES[role])}"


@pytest.mark.parametrize("role", READERS)
def test_r13_each_view_is_on_record_with_who_and_what_for(client, person, decision, role):
    """One view, one event, before the page goes out."""
    browser = person(role)
    assert views(services_of(client), decision["decision_id"]) == []
    assert browser.open(address(decision, role)).status_code == 200
    name = role.value.title()
    assert views(services_of(client), decision["decision_id"]) == [(name, "decision", min(PURPOSES[role]))]


def test_r32_who_may_have_several_purposes_says_which_before_anything_is_shown(client, person, decision):
    """The page asks; nothing of the decision is on it, and no view is on record yet."""
    answer = person(Role.REVIEWER).open(f"/console/decisions/{decision['decision_id']}")
    assert "What for?" in answer.text
    assert "Baseline" not in answer.text
    assert views(services_of(client), decision["decision_id"]) == []


def test_r32_a_purpose_that_is_not_allowed_is_refused_in_words(person, decision):
    """As by the API, and nothing is shown."""
    answer = person(Role.REVIEWER).open(f"/console/decisions/{decision['decision_id']}?purpose=marketing")
    assert answer.status_code == 403
    assert "Baseline" not in answer.text


def test_r23_protection_is_unseen_by_enforcement_and_the_other_way(client, person, decision):
    """Each sees its own risks with their reasons, and no word of the others."""
    statements = {risk["risk"]: (risk["audience"], risk["statement"]) for risk in decision["risks"]}
    assert len({audience for audience, _ in statements.values()}) == 2
    for role in READERS:
        shown = html.unescape(person(role).open(address(decision, role)).text)
        seen = "protection" if role is Role.PROTECTION_OFFICER else "enforcement"
        for risk, (audience, statement) in statements.items():
            assert (statement in shown) == (audience == seen)
            assert (risk in shown) <= (audience == seen)


def test_r23_a_decision_for_protection_alone_is_not_there_for_others(client, person):
    """Neither on the list nor by its address."""
    key = make_key(services_of(client), [Action.SCORE, Action.PROTECTION, Action.DECISIONS_READ], "Protection desk")
    made = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=bearer(key)).json()
    for role in READERS:
        browser = person(role)
        sees = role is Role.PROTECTION_OFFICER
        assert (made["decision_id"] in browser.open("/console/decisions").text) == sees
        assert browser.open(address(made, role)).status_code == (200 if sees else 404)


def test_r4_the_steps_lead_from_the_baseline_to_the_score(client, person, decision):
    """On the page: every step adds to the one before, and the last is the score."""
    shown = person(Role.AUDITOR).open(address(decision, Role.AUDITOR)).text
    tables = re.findall(r'<table class="waterfall">(.*?)</table>', shown, re.DOTALL)
    risks = [risk for risk in decision["risks"] if risk["audience"] == "enforcement"]
    assert len(tables) == len(risks)
    for table, risk in zip(tables, risks, strict=True):
        steps = [float(text) for text in re.findall(r'<td class="number[^"]*">([+-]?[\d.]+)</td>', table)]
        baseline, *added, score = steps
        assert score == pytest.approx(risk["log_odds"], abs=0.005)
        assert baseline == pytest.approx(risk["baseline"], abs=0.005)
        assert sum(added) + baseline == pytest.approx(score, abs=0.005 * len(steps))
        assert html.escape(risk["reasons_for"][0]["sentence"], quote=True) in table


def test_small_contributions_share_a_step_and_nothing_is_lost():
    """The shared step is what is left to the score."""
    contributions = [{"contribution": 0.5 / (1 + place)} for place in range(20)]
    total = -3.0 + sum(one["contribution"] for one in contributions)
    fall = waterfall({"baseline": -3.0, "log_odds": total, "contributions": contributions})
    assert [one.kind for one in fall.steps] == ["baseline", *["reason"] * 12, "rest", "score"]
    assert fall.steps[-2].points == pytest.approx(sum(one["contribution"] for one in contributions[12:]))
    assert len(fall.rest) == 8


def test_an_auditor_does_not_see_who_it_is_about(person, decision):
    """A reviewer of the unit does."""
    surname = EXAMPLE_RECORD["traveller"]["surname"]
    assert surname in person(Role.REVIEWER).open(address(decision, Role.REVIEWER)).text
    assert surname not in person(Role.AUDITOR).open(address(decision, Role.AUDITOR)).text


def test_a_decision_of_another_unit_is_not_there(client, person):
    """Not on the list, not by its address; an auditor, who has no unit, sees it."""
    services = services_of(client)
    key, row = new_key(services.secret, "Gateway MGQ", PrincipalKind.SYSTEM, SCORER, services.clock(), units=["MGQ"])
    services.keys.add_key(row)
    services.refresh()
    other = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=bearer(key)).json()
    for role, sees in ((Role.REVIEWER, False), (Role.AUDITOR, True)):
        browser = person(role)
        assert (other["decision_id"] in browser.open("/console/decisions").text) == sees
        assert browser.open(address(other, role)).status_code == (200 if sees else 404)


def test_what_somebody_looks_for_leads_to_its_page(person, decision):
    """With the purpose; what is no id is told, with what was looked for in its field."""
    browser = person(Role.REVIEWER)
    found = browser.open(f"/console/decisions?decision_id= {decision['decision_id'].upper()}&purpose=redress")
    assert found.headers["location"] == f"/console/decisions/{decision['decision_id']}?purpose=redress"
    missed = browser.open("/console/decisions?decision_id=%3Cb%3E1")
    assert "This is no id of a decision" in missed.text
    assert 'value="&lt;b&gt;1"' in missed.text


def test_a_corrected_decision_leads_to_its_correction(client, person, decision):
    """And back."""
    body = {"reason": "submitted_wrong", "record": with_facts(journey={"stay_days": 3})}
    url = f"/v1/decisions/{decision['decision_id']}/rectification"
    key = make_key(services_of(client), [*SCORER, Action.RECTIFY], "Gateway NBO")
    corrected = client.post(url, json=body, headers=bearer(key))
    assert corrected.status_code == 201, corrected.text
    browser, new = person(Role.AUDITOR), corrected.json()["decision_id"]
    assert new in browser.open(address(decision, Role.AUDITOR)).text
    assert decision["decision_id"] in browser.open(address({"decision_id": new}, Role.AUDITOR)).text


def test_decisions_are_found_by_the_id_of_their_record(client, person):
    """By who may see whom they are about; the look is on record, the id of the record is in no address."""
    record = EXAMPLE_RECORD | {"record_id": "KQ-SEARCHED"}
    made = [client.post("/v1/scores", json=record, headers=client.key_headers).json() for _ in range(2)]
    ids = [one["decision_id"] for one in made]
    fields = {"record_id": "KQ-SEARCHED", "purpose": "redress"}
    reviewer = person(Role.REVIEWER)
    shown = reviewer.send("/console/decisions/find", "/console/decisions", **fields).text
    found = shown.partition('id="found"')[2].partition("</ul>")[0]
    assert re.findall(r'href="/console/decisions/([0-9a-f-]{36})', found) == ids[::-1]
    assert views(services_of(client), ids[0]) == [("Reviewer", "record_search", "redress")]
    other = reviewer.send("/console/decisions/find", "/console/decisions", **fields | {"record_id": "KQ-SEARCHE"})
    assert "No decision about such a record" in other.text


def test_who_sees_decisions_masked_does_not_find_them_by_record(client, person):
    """Else the search would tell whom a decision is about."""
    record = EXAMPLE_RECORD | {"record_id": "KQ-MASKED"}
    decision = client.post("/v1/scores", json=record, headers=client.key_headers).json()["decision_id"]
    auditor = person(Role.AUDITOR)
    assert 'name="record_id"' not in auditor.open("/console/decisions").text
    fields = {"record_id": "KQ-MASKED", "purpose": "oversight"}
    answer = auditor.send("/console/decisions/find", "/console/decisions", **fields)
    assert answer.status_code == 200
    assert 'id="found"' not in answer.text
    assert views(services_of(client), decision) == []


@pytest.mark.parametrize("address", ["/console/decisions/find", "/console/desk/find"])
def test_d4_a_search_that_no_page_sent_is_refused(client, person, address):
    """No token, a wrong one, or another site; nothing is on record of it."""
    reviewer = person(Role.REVIEWER)
    before = len(views(services_of(client), ""))
    for token, origin in (("", None), ("0" * 64, None), (reviewer.token(), "https://evil.example")):
        assert reviewer.send(address, token=token, origin=origin, record_id="KQ-NONE").status_code == 403
    assert len(views(services_of(client), "")) == before
