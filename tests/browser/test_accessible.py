"""Every page for everybody: axe-core finds nothing, in both directions of text, by day and by night."""

from pathlib import Path

import pytest

from riskapi.access.matrix import Role
from tests.browser.conftest import ARTEFACTS

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
NAMES = (
    *("sign-in", "home", "home-admin", "models", "model", "model-waiting", "terms", "reasons", "comparison"),
    *("monitoring", "report", "challenger", "decisions", "purpose", "decision", "decision-protection"),
    *("log", "not-there"),
    *(
        "desk",
        "desk-held",
        "desk-protection",
        "case-taken",
        "case-opened",
        "case-versions",
        "case-protection",
        "letter",
    ),
)


def opened(console, signed_in, name, language="en"):
    """A page of the console in a new tab; what it says is checked to be there before it is judged."""
    role, path = console.pages()[name]
    page = signed_in(None if name == "sign-in" else role, language).new_page()
    assert page.goto(path).status == (404 if name == "not-there" else 200)
    assert page.locator("h1").count() == 1
    return page


def problems(page):
    """What axe-core finds, in a form to read."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["any"][:1]) for one in found["violations"]]


def test_the_list_of_pages_is_whole(console):
    """A page that is added is judged, too."""
    assert set(NAMES) == set(console.pages())


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(console, signed_in, name, language):
    """With everything that can be opened open, from left to right and from right to left."""
    page = opened(console, signed_in, name, language)
    assert page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert problems(page) == []
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = false")
    page.screenshot(path=ARTEFACTS / f"{name}-{language}.png", full_page=True)
    page.close()


@pytest.mark.parametrize(
    "name", ["sign-in", "home", "model-waiting", "terms", "report", "decision", "log", "desk", "case-opened"]
)
def test_axe_finds_nothing_in_the_dark(console, signed_in, name):
    """Contrast holds by night as well."""
    page = opened(console, signed_in, name)
    page.emulate_media(reduced_motion="reduce")  # else colours may be judged on their way from day to night
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert problems(page) == []
    page.screenshot(path=ARTEFACTS / f"{name}-dark.png", full_page=True)
    page.close()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_pushed_off_a_small_screen(console, signed_in, name):
    """A telephone (360 px), and a wide screen at 400 % zoom, which leaves 320: no page is wider than its window."""
    page = opened(console, signed_in, name)
    for width in (320, 360):
        page.set_viewport_size({"width": width, "height": 640})
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = false")
    page.screenshot(path=ARTEFACTS / f"{name}-360.png", full_page=True)
    page.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_with_all_that_it_loads_stays_small(console, signed_in, name):
    """150 kB at most, the first time; afterwards style and script are at hand. Nothing comes from another host."""
    role, path = console.pages()[name]
    page = signed_in(None if name == "sign-in" else role).new_page()
    sizes, hosts = [], set()
    page.on("response", lambda answer: (sizes.append(len(answer.body())), hosts.add(answer.url.split("/")[2])))
    page.goto(path, wait_until="networkidle")
    assert hosts == {console.url.split("/")[2]}
    assert sum(sizes) < 150_000
    page.close()


def test_the_judge_can_find_something(console, signed_in):
    """Control: a picture without words is found, so that silence means something."""
    page = signed_in(Role.AUDITOR).new_page()
    page.goto("/console")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert [name for name, _, _ in problems(page)] == ["image-alt"]
    page.close()
