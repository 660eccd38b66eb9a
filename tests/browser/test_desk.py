"""The desk in a real browser: a case from the queue to its end, by mouse, by keyboard and without a script."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from features.examples import EXAMPLE_RECORD
from riskapi.access.matrix import Role
from tests.browser.payloads import TEXTS, payload
from tests.browser.readers import RATIONALE, closed_views, fill_in, open_score


def test_a_case_is_taken_viewed_opened_tried_and_decided_by_two_who_differ_and_a_third(console, reader):
    """Sign in, queue, claim, own view, reasons, what if, outcome; a second reader differs; a third resolves."""
    decision = console.score()["decision_id"]
    first = reader("amina")
    first.goto("/console/desk")
    claim = f"form[action$='{decision}/claim'] button"
    while not first.locator(claim).count():
        first.get_by_role("link", name="Next page").click()
    first.click(claim)
    expect(first.locator("#own-view")).to_be_visible()
    assert "log-odds" not in first.content()
    open_score(first)
    expect(first.locator("#document_fraud")).to_contain_text("Everything else together")
    first.evaluate("window.untouched = true")
    first.locator("#document_fraud").get_by_role("button", name="What if?").click()
    answer = first.locator("#what-if-document_fraud")
    expect(answer).to_contain_text("With your values")
    answer.get_by_text("Try other values").click()
    answer.locator("input[name^='try.']").first.fill("1")
    answer.get_by_role("button", name="Ask the model").click()
    expect(answer).to_contain_text("With your values")
    assert first.evaluate("untouched")
    fill_in(first)
    first.get_by_role("button", name="Record").click()
    expect(first.locator("#reading")).to_have_count(0)
    second = reader("peter")
    second.goto(f"/console/desk/cases/{decision}")
    second.get_by_role("button", name="Take", exact=True).click()
    open_score(second)
    assert RATIONALE not in second.content()
    fill_in(second, "nothing_found", "no_concern")
    second.get_by_role("button", name="Record").click()
    third = reader("grace")
    third.goto("/console/desk?show=disputed")
    third.click(f"form[action$='{decision}/claim'] button")
    third.get_by_role("button", name="Show score").click()
    expect(third.locator("#readings")).to_contain_text("Amina Yusuf")
    fill_in(third)
    third.get_by_role("button", name="Record").click()
    expect(third.locator("main")).to_contain_text("closed")
    [outcome] = console.services.outcome_store.of([decision], "enforcement")
    assert outcome.by == "Grace Njeri"
    for page in (first, second, third):
        assert closed_views(page)
        page.close()


def test_the_desk_works_without_a_script(console, reader):
    """Every step is a form; what-if answers with a page of its own."""
    decision = console.score()["decision_id"]
    page = reader("amina", java_script_enabled=False)
    page.goto(f"/console/desk/cases/{decision}")
    page.get_by_role("button", name="Take", exact=True).click()
    open_score(page)
    page.locator("#document_fraud").get_by_role("button", name="What if?").click()
    expect(page.locator("h1")).to_have_text("What if?")
    page.go_back()
    fill_in(page)
    page.get_by_role("button", name="Record").click()
    assert "/console/desk/cases/" in page.url
    expect(page.locator("#reading")).to_have_count(0)
    page.close()


def test_a_case_is_decided_by_keyboard_alone(console, reader):
    """Tab, space, arrows and enter reach every step."""
    decision = console.score()["decision_id"]
    page = reader("peter")
    page.goto(f"/console/desk/cases/{decision}")

    def press(name, key="Enter"):
        """Walk by tabulator to a button, and press it."""
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.trim()").startswith(name):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
                page.keyboard.press(key)
                return
        raise AssertionError(f"{name} is not reached")

    press("Take")
    page.wait_for_selector("#own-view")
    page.focus("main")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "view":
            page.keyboard.press("Space")
            page.keyboard.press("ArrowDown")
            break
    press("Note my view")
    page.wait_for_selector("#open")
    press("Show score")
    page.wait_for_selector("#reading")
    _, standing = console.services.desk._store.case(console.taken._replace(decision_id=decision))
    assert standing.has_opened("Peter Otieno")
    assert [one.content["view"] for one in standing.first_views.values()] == ["no_concern"]
    page.close()


def test_a_case_of_protection_is_unseen_by_a_reviewer(console, signed_in, reader):
    """The officer reads it; the reviewer's pages have no word of it, in list, case or count."""
    decision = console.score()["decision_id"]
    officer = signed_in(Role.PROTECTION_OFFICER).new_page()
    officer.goto(f"/console/desk/cases/{decision}")
    officer.get_by_role("button", name="Take", exact=True).click()
    open_score(officer, "look_closer")
    expect(officer.locator("#trafficking_protection")).to_be_visible()
    expect(officer.locator("main")).to_contain_text("Protection first")
    reviewer = reader("grace")
    reviewer.goto(f"/console/desk/cases/{decision}")
    assert "rafficking" not in reviewer.locator("main").inner_text()
    reviewer.goto("/console/desk")
    assert "rafficking" not in reviewer.locator("main").inner_text()
    for page in (officer, reviewer):
        page.close()


@pytest.fixture(scope="module")
def case_page(console, reader):
    """A case with its score open, in a tab that is used again and again."""
    page = reader("grace")
    page.goto(f"/console/desk/cases/{console.score()['decision_id']}")
    page.get_by_role("button", name="Take", exact=True).click()
    open_score(page)
    yield page
    page.close()


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_d1_what_a_reader_writes_stays_a_text(case_page, number):
    """As a note, and as what comes back from a refused reading: shown as it was typed; nothing runs."""
    page, text = case_page, payload(number)
    page.get_by_text("Write a note").click()
    page.fill("#note-alone", text)
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator("#notes li").last).to_contain_text(text.strip())
    page.evaluate("document.querySelector('#reading form').noValidate = true")
    page.fill("#rationale", text)
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.locator("#rationale").input_value() == text
    assert closed_views(page)


def test_d1_what_a_record_holds_stays_a_text(console, reader):
    """Names and addresses of a record, on the page of the case and on the letter."""
    names = [payload(number)[:64] for number in range(0, len(TEXTS), 4)]
    page = reader("amina")
    for name in names:
        record = EXAMPLE_RECORD | {
            "traveller": EXAMPLE_RECORD["traveller"] | {"surname": name},
            "received_at": datetime.now(UTC).isoformat(),
        }
        decision = console.score(record)["decision_id"]
        page.goto(f"/console/desk/cases/{decision}")
        expect(page.locator("#facts")).to_contain_text(name.strip())
        page.get_by_role("button", name="Take", exact=True).click()
        open_score(page)
        page.goto(f"/console/desk/cases/{decision}/letter")
        assert name.strip()[:20] in page.locator("main").inner_text()
        assert closed_views(page)
    page.close()
