"""The shell of the console: coming in, going out, languages, files, and pages where something went wrong."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

import riskapi.console
from features.catalogue import CATALOGUE
from features.record import Crossing
from features.spec import Kind
from riskapi.access.matrix import Role
from riskapi.console.assets import address_of
from riskapi.console.languages import LANGUAGES
from riskapi.console.navigation import PLACES
from riskapi.console.pages import ENVIRONMENT
from riskapi.desk.acts import State
from riskapi.desk.forms import VERDICTS, VIEWS
from riskapi.outcome_form import COMPLIANCE
from tests.riskapi.console.makers import ADMINS, ORIGIN, make_person
from tests.riskapi.makers import services_of

FOLDER = Path(riskapi.console.__file__).parent
MESSAGE = re.compile(r"""\b_\("((?:[^"\\]|\\.)*)"|\b_\('((?:[^'\\]|\\.)*)'""")
PAGE_BYTES_MAX = 150_000


def test_who_is_not_known_is_asked_to_sign_in_where_they_wanted_to_go(browser):
    """The page that was asked for is the page that is shown afterwards, with what was asked of it."""
    answer = browser.open("/console?x=1")
    assert answer.status_code == 401
    assert 'name="wanted" value="/console?x=1"' in answer.text
    made = browser.sign_in("auditor", wanted="/console?x=1")
    assert made.status_code == 303
    assert made.headers["location"] == "/console?x=1"
    assert "Welcome, Auditor" in browser.open("/console?x=1").text


def test_a_session_of_the_console_is_the_session_of_the_api(browser):
    """One cookie, one place where sessions are ended."""
    browser.sign_in("auditor")
    assert browser.open("/v1/sessions/current").json()["roles"] == ["auditor"]
    assert browser.send("/console/sign-out").headers["location"] == "/console/sign-in"
    assert browser.open("/v1/sessions/current").status_code == 401


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/console/../docs", "/consoles", ""])
def test_d5_nobody_is_led_elsewhere(browser, wanted):
    """After signing in a browser goes to a page of the console, whatever the form says."""
    assert browser.sign_in("auditor", wanted=wanted).headers["location"] == "/console"


def test_a_wrong_password_says_so_and_is_not_shown_again(browser):
    """The login stays in its field, the password does not."""
    answer = browser.sign_in("auditor", "not-the-password")
    assert answer.status_code == 401
    assert "Login or password is wrong" in answer.text
    assert 'value="auditor"' in answer.text
    assert "not-the-password" not in answer.text


def test_a_password_for_once_is_replaced_on_the_way(client, browser):
    """The second form asks for the new one, and takes it."""
    services = services_of(client)
    make_person(services, "newcomer", Role.APPROVER)
    once = services.accounts.reset(ADMINS[0], "newcomer")
    answer = browser.sign_in("newcomer", once)
    assert answer.status_code == 403
    assert 'name="new_password"' in answer.text
    assert browser.sign_in("newcomer", once, new_password="short").status_code == 422
    assert browser.sign_in("newcomer", once, new_password="rain on the road to Garissa").status_code == 303


@pytest.mark.parametrize("role", Role)
def test_the_bar_shows_the_places_of_a_role_and_no_other(person, role):
    """Nobody is shown a door that does not open."""
    browser = person(role)
    home = browser.open("/console").text
    for place in PLACES:
        shown = f'href="{place.path}"' in home
        assert shown == (browser.open(place.path).status_code == 200), place.path


@pytest.mark.parametrize(
    ("token", "origin"),
    [("", ORIGIN), ("f" * 64, ORIGIN), (None, "https://evil.example"), (None, None), (None, "null")],
)
def test_d4_a_form_from_elsewhere_changes_nothing(person, token, origin):
    """Without the token of this session, or from another origin: refused, and the session goes on."""
    browser = person(Role.AUDITOR)
    answer = browser.send("/console/sign-out", token=token, origin=origin)
    assert answer.status_code == 403
    assert "You may not do this" in answer.text
    assert browser.open("/console").status_code == 200


def test_d4_the_token_of_another_session_is_refused(person):
    """Two sessions of the same person have different tokens."""
    mine, other = person(Role.AUDITOR), person(Role.AUDITOR)
    assert mine.send("/console/sign-out", token=other.token()).status_code == 403


def test_d5_pages_run_nothing_but_what_is_served_here(person):
    """No inline script or style, no frame around it, no other host; nothing is kept by the browser."""
    answer = person(Role.AUDITOR).open("/console")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers.get_list("referrer-policy") == ["same-origin"]
    assert not re.search(r"<style|style=|<script>|\son\w+=|https?://", answer.text)


def test_files_of_pages_are_kept_for_good_and_named_by_their_content(browser):
    """A browser asks for each once; another content has another name."""
    for name in ("console.css", "htmx.min.js", "mark.svg"):
        answer = browser.open(address_of(name))
        assert answer.content == (FOLDER / "static" / name).read_bytes()
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert browser.open("/console/static/console.000000000000.css").status_code == 404
    assert browser.open("/console/static/..%2f..%2fsettings.py").status_code == 404


def test_a_page_with_its_files_stays_small(person):
    """Posts have slow lines."""
    home = person(Role.AUDITOR).open("/console").content
    files = sum((FOLDER / "static" / name).stat().st_size for name in ("console.css", "htmx.min.js", "mark.svg"))
    assert len(home) + files < PAGE_BYTES_MAX


def test_a_page_that_is_not_there_says_so_and_repeats_nothing(person):
    """Plain words; the address may hold anything."""
    answer = person(Role.AUDITOR).open("/console/ZZSECRETZZ")
    assert answer.status_code == 404
    assert "Nothing is here" in answer.text
    assert "ZZSECRETZZ" not in answer.text.replace('value="/console/ZZSECRETZZ"', "")


def test_a_page_that_fails_says_so_in_plain_words(client, person, monkeypatch):
    """Whatever it was, its text stays inside."""

    class Broken:
        @property
        def current(self):
            raise ZeroDivisionError("ZZSECRETZZ")

    browser = person(Role.AUDITOR)
    monkeypatch.setattr(services_of(client), "alarms", Broken())
    answer = browser.open("/console")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "ZZSECRETZZ" not in answer.text


def test_a_part_of_a_page_that_finds_its_session_ended_loads_the_page_anew(browser):
    """The form to sign in does not land in the middle of a page."""
    assert browser.open("/console", **{"HX-Request": "true"}).headers["hx-refresh"] == "true"


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_can_be_chosen_and_is_remembered(browser, code):
    """Also before signing in; the direction of the page follows the script."""
    answer = browser.send("/console/language", "/console/sign-in", language=code, wanted="/console/sign-in")
    assert answer.headers["location"] == "/console/sign-in"
    shown = browser.open("/console/sign-in").text
    assert f'<html lang="{code}" dir="{LANGUAGES[code].direction}">' in shown


def test_the_language_of_the_browser_counts_until_one_is_chosen(browser):
    """English where nothing else is asked for."""
    assert '<html lang="ar" dir="rtl">' in browser.open("/console/sign-in", **{"Accept-Language": "ar-EG,en"}).text
    assert '<html lang="en"' in browser.open("/console/sign-in", **{"Accept-Language": "zz"}).text


def said_by_templates() -> set[str]:
    """Every message that a template says."""
    texts = "".join((FOLDER / "templates" / name).read_text() for name in ENVIRONMENT.list_templates())
    return {(one or other).replace('\\"', '"') for one, other in MESSAGE.findall(texts)}


@pytest.mark.parametrize("code", sorted(set(LANGUAGES) - {"en"}))
def test_a_catalogue_translates_what_is_said_and_keeps_its_places(code):
    """No translation of a message that nobody says; the values of a message are all in its translation."""
    beside = (FOLDER.parent / name for name in ("errors.py", "privacy/letter.py", "privacy/redress.py"))
    sources = "".join(path.read_text() for path in (*FOLDER.rglob("*.py"), *beside))
    for message, text in LANGUAGES[code].messages.items():
        assert message in said_by_templates() or json.dumps(message)[1:-1] in sources or message in _WORDS, message
        assert sorted(re.findall(r"\{\w+\}", message)) == sorted(re.findall(r"\{\w+\}", text)), message


@pytest.mark.parametrize("code", sorted(set(LANGUAGES) - {"en"}))
def test_a_sentence_about_a_reason_follows_the_case_that_english_has(code):
    """Each translated code is a feature's; a flag is said by its value, a number by its direction, with the number."""
    specs = {spec.reason.code: spec for spec in CATALOGUE}
    language = LANGUAGES[code]
    assert language.reasons
    for reason, cases in language.reasons.items():
        flag = specs[reason].kind is Kind.FLAG
        assert set(cases) <= ({"true", "false"} if flag else {"raises", "lowers"}) | {"missing"}
        for direction in ("raises", "lowers"):
            for observed in (True, False) if flag else (7.0,):
                case = str(observed).lower() if flag else direction
                said = language.reason(reason, direction, observed, "stored")
                assert said == cases[case].format(value=observed)
                assert ("7" in said) != flag
    assert language.reason("PY01", "raises", None, "stored") == "stored"
    assert language.reason("ZZ99", "raises", 1, "stored") == "stored"


@pytest.mark.parametrize("code", sorted(set(LANGUAGES) - {"en"}))
def test_the_pages_of_the_desk_are_translated_whole(code):
    """Officers of a post meet no page of the desk that is half in another language."""
    texts = "".join(path.read_text() for path in sorted((FOLDER / "templates" / "desk").glob("*.html")))
    said = {(one or other).replace('\\"', '"') for one, other in MESSAGE.findall(texts)}
    words = {one.replace("_", " ") for one in (*VIEWS, *VERDICTS, *State)}
    assert said | words <= set(LANGUAGES[code].messages)
    assert len(said) > 100


_BANDS = {"high", "elevated", "standard"}
_WORDS = {
    one.replace("_", " ")
    for one in (*Role, *VIEWS, *VERDICTS, *State, *COMPLIANCE, *get_args(Crossing.model_fields["mode"].annotation))
} | _BANDS
