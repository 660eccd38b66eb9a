"""Readers who get in each other's way, and in their own: one outcome, a clear message, and nothing written is lost."""

import re

import pytest
from playwright.sync_api import expect

from riskapi.storage.desk import CaseKey
from tests.browser.readers import RATIONALE, closed_views, fill_in, open_score

TAKE = "form[action$='{}/claim'] button"


@pytest.fixture
def decision(console):
    """A traveller who waits at the desk."""
    return console.score()["decision_id"]


@pytest.fixture
def standing(console, decision):
    """Gives where the case stands."""
    return lambda: console.services.desk._store.case(CaseKey(decision, "enforcement"))[1]


def taken(page, decision):
    """Take a case by its page, and have the score shown."""
    page.goto(f"/console/desk/cases/{decision}")
    page.get_by_role("button", name="Take", exact=True).click()
    open_score(page)
    expect(page.locator("#reading")).to_be_visible()
    return page


def let_go(page, selector):
    """Send the form of a button, and do not wait for the answer."""
    page.evaluate("selector => { document.querySelector(selector).click() }", selector)


def test_of_two_who_take_a_case_at_once_one_has_it(reader, decision, standing):
    """Two browsers, two sessions, one moment: the other reader hears who was first, and until when."""
    pages = {name: reader(login) for login, name in (("amina", "Amina Yusuf"), ("peter", "Peter Otieno"))}
    for page in pages.values():
        page.goto(f"/console/desk/cases/{decision}")
    for page in pages.values():
        let_go(page, TAKE.format(decision))
    for page in pages.values():
        expect(page.locator("main")).to_contain_text(re.compile("has this case until|You have this case until"))
    first = standing().held_by
    assert standing().version == 1
    for name, page in pages.items():
        if name == first:
            expect(page.locator("#own-view")).to_be_visible()
        else:
            expect(page.get_by_role("alert")).to_contain_text(f"{first} took this case and has it until")
            expect(page.locator("#own-view")).to_have_count(0)
        assert closed_views(page)
        page.close()


def test_a_form_that_is_sent_twice_counts_once(reader, decision, standing):
    """A double click on the last button: one reading, and no word of an error."""
    page = taken(reader("amina"), decision)
    fill_in(page)
    page.get_by_role("button", name="Record").dblclick()
    expect(page.locator("#reading")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert [one.content["outcome"]["rationale"] for one in standing().readings] == [RATIONALE]
    page.close()


def test_two_requests_of_one_form_count_once(reader, decision, standing):
    """The same fields sent twice at once, as by an impatient browser or a proxy that tries again."""
    page = taken(reader("peter"), decision)
    fill_in(page)
    statuses = page.evaluate(
        """async () => {
            const form = document.querySelector("#reading form");
            const send = () => fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))});
            return (await Promise.all([send(), send(), send()])).map((one) => one.status);
        }"""
    )
    assert statuses == [200, 200, 200]
    assert len(standing().readings) == 1
    page.close()


def test_the_way_back_shows_where_the_case_is_now(reader, decision, standing):
    """Back to a form that was sent: it is not there any more; an own view is not noted twice, a case not read twice."""
    page = taken(reader("grace"), decision)
    page.go_back()
    expect(page.locator("#own-view")).to_have_count(0)
    page.goto(f"/console/desk/cases/{decision}")
    fill_in(page)
    page.get_by_role("button", name="Record").click()
    expect(page.locator("#reading")).to_have_count(0)
    page.go_back()
    expect(page.locator("#reading")).to_have_count(0)
    page.go_forward()
    expect(page.locator("#reading")).to_have_count(0)
    assert len(standing().readings) == 1
    assert len(standing().first_views) == 1
    page.close()


def test_a_tab_that_is_out_of_date_stores_nothing_and_keeps_what_was_written(reader, decision, standing):
    """The other tab wrote a note: the message says so, the form stays filled in, and is sent again as it is."""
    stale = taken(reader("amina"), decision)
    fill_in(stale)
    other = reader("amina")
    other.goto(f"/console/desk/cases/{decision}")
    other.get_by_text("Write a note").click()
    other.fill("#note-alone", "The photograph is that of a sister.")
    other.get_by_role("button", name="Write", exact=True).click()
    expect(other.locator("#notes")).to_contain_text("sister")
    stale.get_by_role("button", name="Record").click()
    expect(stale.get_by_role("alert")).to_contain_text("out of date")
    expect(stale.get_by_role("alert")).to_contain_text("Nothing was stored")
    expect(stale.locator("#notes")).to_contain_text("sister")
    assert stale.locator("#rationale").input_value() == RATIONALE
    assert stale.locator("#outcome_code").input_value() == "forged_document"
    assert standing().readings == []
    stale.get_by_role("button", name="Record").click()
    expect(stale.locator("#reading")).to_have_count(0)
    assert [one.content["outcome"]["rationale"] for one in standing().readings] == [RATIONALE]
    for page in (stale, other):
        page.close()


def test_who_lost_the_case_meanwhile_finds_the_words_again(reader, decision, standing):
    """Given back in another tab and taken by a colleague: who has it, and what was written, to be copied."""
    writing = taken(reader("amina"), decision)
    fill_in(writing)
    other = reader("amina")
    other.goto(f"/console/desk/cases/{decision}")
    other.get_by_text("Give back to the queue").click()
    other.get_by_role("button", name="Give back", exact=True).click()
    expect(other.locator("h1")).to_have_text("Desk")
    colleague = reader("peter")
    colleague.goto(f"/console/desk/cases/{decision}")
    colleague.get_by_role("button", name="Take", exact=True).click()
    expect(colleague.locator("#own-view")).to_be_visible()
    writing.get_by_role("button", name="Record").click()
    expect(writing.get_by_role("alert")).to_contain_text("Peter Otieno has it now")
    expect(writing.locator("main")).to_contain_text(RATIONALE)
    assert standing().readings == []
    assert standing().held_by == "Peter Otieno"
    for page in (writing, other, colleague):
        page.close()
