"""What people do with the console, in a real browser."""

import pytest
from playwright.sync_api import expect

from riskapi.access.matrix import Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.console.navigation import PLACES, places_of
from tests.riskapi.console.makers import PASSWORD

RATIONALE = "Card and gates were read; the open gate is accepted until March."


def model_of(console, risk="document_fraud"):
    """The digest that scores the next traveller."""
    return next(one["model"]["digest"] for one in console.score()["risks"] if one["risk"] == risk)


@pytest.mark.parametrize("role", Role)
def test_each_role_finds_its_places(signed_in, role):
    """Signing in leads to the first page, and the bar holds what the role may open."""
    page = signed_in(role).new_page()
    page.goto("/console")
    expect(page.locator("h1")).to_contain_text("Welcome")
    person = Principal("x", PrincipalKind.PERSON, "0", frozenset({role}))
    assert page.locator(".places a").all_inner_texts() == [place.title for place in places_of(person)]
    assert len(PLACES) >= len(places_of(person))
    page.close()


def test_r10_a_model_is_approved_and_scores_and_there_is_a_way_back(console, signed_in):
    """Open the proposal, answer for the open gate, say why, approve; the next score is its own. Then go back."""
    page, before = signed_in(Role.APPROVER).new_page(), model_of(console)
    page.goto("/console/models")
    page.click(f"a[href$='{console.waiting}']")
    page.fill("#why-approve", RATIONALE)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("is inconclusive")
    expect(page.locator("#why-approve")).to_have_value(RATIONALE)
    assert model_of(console) == before
    page.locator("input[name=accept_inconclusive]").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#decision")).to_contain_text("This model scores now")
    assert model_of(console) == console.waiting
    page.goto(f"/console/models/{before}")
    page.fill("#why-approve", "Back until the open gate is settled.")
    page.get_by_role("button", name="Go back to this model").click()
    expect(page.locator("#decision")).to_contain_text("This model scores now")
    assert model_of(console) == before
    page.close()


def test_a_shift_by_keyboard_alone(console, chromium):
    """Skip to the content, sign in, open a decision, sign out: without a mouse, with the focus always in sight."""
    context = chromium.new_context(base_url=console.url)
    page = context.new_page()
    page.goto(f"/console/decisions/{console.decision}?purpose=oversight")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.type("auditor")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Decision")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", reached[-1]
        if reached[-1] == "Sign out":
            break
    assert "Models" in reached
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Sign in")
    context.close()


def test_a_term_is_looked_at_without_loading_the_page_anew(console, signed_in):
    """A click changes the picture alone; without script the same link leads to the same page."""
    page = signed_in(Role.AUDITOR).new_page()
    live = console.services.active.live.digests[0]
    page.goto(f"/console/models/{live}/terms")
    page.evaluate("window.untouched = true")
    before = page.locator("#shape h2").inner_text()
    page.locator(".picks a").nth(4).click()
    expect(page.locator("#shape h2")).not_to_have_text(before)
    expect(page.locator(".picks [aria-current]")).to_have_text(page.locator(".picks a").nth(4).inner_text())
    assert page.evaluate("window.untouched")
    assert page.evaluate("window.violations") == []
    page.close()


def test_a_session_that_ended_asks_to_sign_in(console, signed_in):
    """A page that looks after itself does not show the form to sign in within itself."""
    page = signed_in(Role.DATA_SCIENTIST, "fr").new_page()
    page.goto("/console/monitoring/document_fraud")
    page.context.clear_cookies()
    page.reload()
    expect(page.locator("#login")).to_be_visible()
    page.close()
