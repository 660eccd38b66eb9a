"""D1: texts that would be scripts, in every free-text field that these pages show: none runs, none is even refused."""

import copy
from urllib.parse import quote

import httpx
import pytest

from features.examples import EXAMPLE_RECORD
from models.promotion import Verdict
from riskapi.access.matrix import Role
from riskapi.log.entry import Kind
from riskapi.storage.base import Act, Event
from tests.browser.payloads import TEXTS, payload
from tests.bundles import make_bundle
from tests.riskapi.makers import APPROVER, PROPOSER, bearer, make_key

NUMBERS = range(len(TEXTS))


def quiet(page):
    """Whether nothing ran, and nothing tried to run and was stopped by the policy of the page."""
    page.wait_for_timeout(50)
    return page.evaluate("[fired, violations]") == [[], []]


@pytest.fixture(scope="module")
def stored(console):
    """Every text, stored wherever a text of somebody's own is kept: a proposal, its decisions, a key, a decision."""
    services = console.services
    files, _ = make_bundle("migrant_smuggling", 29, verdict=Verdict.PASSED)
    digest = services.approvals.propose(dict(files), PROPOSER, payload(0)).digest
    for number in NUMBERS:
        act = Act(f"Approver {payload(number)}", payload(number), services.clock())
        services.ledger.decide(digest, Event.REJECTED, act, lambda _events: None)
        services.journal.append(
            Kind.ACCESS, {"by": payload(number), "what": payload(number), "key_id": payload(number)}
        )
    key = bearer(make_key(services, name=f"Gateway {payload(12)}"))
    decisions = []
    for number in NUMBERS:
        record = copy.deepcopy(EXAMPLE_RECORD)
        record["traveller"]["surname"] = payload(number)[:64]
        record["record_id"] = payload(number)[:64]
        answer = httpx.post(f"{console.url}/v1/scores", json=record, headers=key, trust_env=False)
        if answer.status_code == 200:
            decisions.append(answer.json()["decision_id"])
    return digest, decisions


def test_there_are_sixty_and_they_differ():
    """As many as are asked for, each known by its number."""
    assert len({payload(number) for number in NUMBERS}) == 60


@pytest.fixture(scope="module")
def tabs(signed_in):
    """A tab of an auditor, of an approver and of nobody, used again and again."""
    made = [signed_in(role).new_page() for role in (Role.AUDITOR, Role.APPROVER, None)]
    yield made
    for page in made:
        page.close()


@pytest.mark.parametrize("number", NUMBERS)
def test_d1_what_somebody_types_stays_a_text(console, tabs, number):
    """It comes back in the fields for a decision, a login and a reason, exactly as it was typed."""
    auditor, approver, nobody = tabs
    auditor.goto(f"/console/decisions?decision_id={quote(payload(number))}")
    assert auditor.locator("#decision_id").input_value().lower() == payload(number).lower()
    assert quiet(auditor)
    nobody.goto("/console/sign-in")
    nobody.fill("#login", payload(number)[:64])
    nobody.fill("#password", "x")
    nobody.click("main button")
    assert nobody.locator("#login").input_value() == payload(number)[:64].strip()
    assert quiet(nobody)
    approver.goto(f"/console/models/{console.waiting}")
    approver.fill("#why-approve", payload(number) + " " * 10)
    approver.get_by_role("button", name="Approve").click()
    assert approver.get_by_role("alert").count() == 1
    assert approver.locator("#why-approve").input_value().strip() == payload(number).strip()
    assert quiet(approver)


def test_d1_what_is_stored_of_models_and_in_the_log_stays_a_text(stored, signed_in):
    """Names and reasons of all that was decided, and every event: all sixty are on the page, and none ran."""
    digest, _ = stored
    page = signed_in(Role.AUDITOR).new_page()
    page.goto(f"/console/models/{digest}")
    shown = page.locator(".history").inner_text()
    assert [number for number in NUMBERS if payload(number) not in shown] == []
    assert quiet(page)
    page.goto("/console/log?kind=access")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    shown = page.locator("tbody").last.inner_text()
    assert [number for number in NUMBERS if payload(number) not in shown] == []
    assert quiet(page)
    page.goto("/console/models")
    assert quiet(page)
    page.goto("/console/decisions")
    assert payload(12) in page.locator("tbody").inner_text()
    assert quiet(page)
    page.close()


def test_d1_why_a_challenger_is_tried_stays_a_text(console, signed_in):
    """On the page of the trial and on the report about the risk."""
    page = signed_in(Role.AUDITOR).new_page()
    challengers = console.services.challengers
    digest = challengers.current()["migrant_smuggling"].digest
    for number in NUMBERS:
        challengers.withdraw("migrant_smuggling", APPROVER, "Another reason.")
        challengers.name(digest, APPROVER, payload(number))
        page.goto("/console/monitoring/migrant_smuggling/challenger")
        assert payload(number).strip() in page.locator("main").inner_text()
        assert quiet(page)
    page.goto("/console/monitoring/migrant_smuggling")
    assert quiet(page)
    page.close()


def test_d1_what_is_stored_of_travellers_stays_a_text(stored, signed_in):
    """Names and ids of records, as far as they are taken at all."""
    _, decisions = stored
    assert len(decisions) >= 10
    page = signed_in(Role.REVIEWER).new_page()
    for decision_id in decisions:
        page.goto(f"/console/decisions/{decision_id}?purpose=border_control")
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert "traveller.surname" in page.locator("main").inner_text()
        assert quiet(page)
    page.close()


@pytest.mark.parametrize("number", [0, 12, 15])
def test_the_watch_sees_what_runs_and_what_is_stopped(chromium, signed_in, number):
    """Control: the same texts run in a page without a policy, and are reported in one of the console."""
    page = chromium.new_page()
    page.set_content("<p>x</p>")
    page.evaluate("window.fired = []")
    page.evaluate(
        "text => document.body.append(document.createRange().createContextualFragment(text))", payload(number)
    )
    page.wait_for_timeout(300)
    assert page.evaluate("fired") == [number]
    page.close()
    page = signed_in(Role.AUDITOR).new_page()
    page.goto("/console")
    page.evaluate(
        "text => document.body.append(document.createRange().createContextualFragment(text))", payload(number)
    )
    page.wait_for_timeout(300)
    assert page.evaluate("fired") == []
    assert page.evaluate("violations.length") > 0
    page.close()
