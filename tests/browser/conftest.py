"""A service with its console on a free port, persons who sign in, and a real browser; skipped, loudly, without one."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from features.examples import EXAMPLE_RECORD
from models.promotion import Verdict
from riskapi.access.matrix import Action, Role
from riskapi.app import create_app
from riskapi.monitoring.parts import Watch
from riskapi.services import Services
from riskapi.storage.desk import CaseKey
from tests.browser.readers import READERS
from tests.bundles import RISK_NAMES, make_bundle
from tests.riskapi.console.makers import PASSWORD, make_person
from tests.riskapi.desk.makers import claim, look, person
from tests.riskapi.makers import APPROVER, PROPOSER, RATIONALE, bearer, go_live, make_key, settings, with_facts

CHROMIUM = shutil.which("chromium")
ARTEFACTS = Path(__file__).parents[2] / "var" / "browser"
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
_LOUD = "NO CHROMIUM: the console was not tried in a browser. To run this test: apt-get install chromium (Debian)."


@dataclass
class Console:
    """A service that browsers can reach.

    Attributes:
        url: of the service.
        services: behind it.
        waiting: digest of a proposal that waits, with an inconclusive gate.
        key: scores for both audiences.
        decision: a decision for both audiences.
        taken: a case that the reviewer has, whose own view is to be noted.
        opened: one whose score the reviewer has seen.
        corrected: one whose record was corrected since.
    """

    url: str
    services: Services
    waiting: str
    key: str
    decision: str = ""
    taken: CaseKey | None = None
    opened: CaseKey | None = None
    corrected: str = ""

    def score(self, record: dict = EXAMPLE_RECORD) -> dict:
        """Score a record; the sample where none is given."""
        answer = httpx.post(f"{self.url}/v1/scores", json=record, headers=bearer(self.key), trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pages(self) -> dict[str, tuple[Role, str]]:
        """Every page, by a short name: who may open it, and where it is."""
        live = self.services.active.live.digests[0]
        return {
            "sign-in": (Role.AUDITOR, "/console/sign-in"),
            "home": (Role.AUDITOR, "/console"),
            "home-admin": (Role.ADMIN, "/console"),
            "models": (Role.APPROVER, "/console/models"),
            "model": (Role.AUDITOR, f"/console/models/{live}"),
            "model-waiting": (Role.APPROVER, f"/console/models/{self.waiting}"),
            "terms": (Role.AUDITOR, f"/console/models/{live}/terms"),
            "reasons": (Role.AUDITOR, f"/console/models/{live}/reasons"),
            "comparison": (Role.APPROVER, f"/console/models/{self.waiting}/comparison"),
            "monitoring": (Role.AUDITOR, "/console/monitoring"),
            "challenger": (Role.AUDITOR, "/console/monitoring/migrant_smuggling/challenger"),
            "report": (Role.AUDITOR, "/console/monitoring/document_fraud"),
            "decisions": (Role.AUDITOR, "/console/decisions"),
            "purpose": (Role.REVIEWER, f"/console/decisions/{self.decision}"),
            "decision": (Role.REVIEWER, f"/console/decisions/{self.decision}?purpose=border_control"),
            "decision-protection": (
                Role.PROTECTION_OFFICER,
                f"/console/decisions/{self.decision}?purpose=protection",
            ),
            "log": (Role.AUDITOR, "/console/log"),
            "desk": (Role.REVIEWER, "/console/desk"),
            "desk-held": (Role.REVIEWER, "/console/desk?show=held"),
            "desk-protection": (Role.PROTECTION_OFFICER, "/console/desk"),
            "case-taken": (Role.REVIEWER, f"/console/desk/cases/{self.taken.decision_id}"),
            "case-opened": (Role.REVIEWER, f"/console/desk/cases/{self.opened.decision_id}"),
            "case-versions": (Role.REVIEWER, f"/console/desk/cases/{self.corrected}"),
            "case-protection": (Role.PROTECTION_OFFICER, f"/console/desk/cases/{self.taken.decision_id}"),
            "letter": (Role.REVIEWER, f"/console/desk/cases/{self.opened.decision_id}/letter"),
            "not-there": (Role.AUDITOR, "/console/nothing"),
        }


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The service; every test uses the same one, so what a test changes it leaves behind."""
    if CHROMIUM is None:
        pytest.skip(_LOUD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("riskapi.access.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        folder = tmp_path_factory.mktemp("browser")
        policy = folder / "selection.toml"  # everybody comes to the desk
        policy.write_text("lane = 0.0\n[default]\ncapacity = 1.0\nslots_per_hour = 5000\n")
        desk = {"selection_file": policy, "desk_first_view_share": 1.0, "desk_second_share": 1.0}
        services = Services(settings(folder, time_zone="Africa/Nairobi", monitoring_enabled=False, **desk))
        for risk in RISK_NAMES:
            go_live(services, risk)
        for role in Role:
            make_person(services, role.value, role, units=("", "NBO"))
        files, _ = make_bundle("document_fraud", 3, verdict=Verdict.INCONCLUSIVE)
        waiting = services.approvals.propose(dict(files), PROPOSER, "Trained on what was new.").digest
        files, _ = make_bundle("migrant_smuggling", 4)
        tried = services.approvals.propose(dict(files), PROPOSER, "Tried beside the live one.").digest
        services.challengers.name(tried, APPROVER, RATIONALE)
        key = make_key(services)
        reader = person("Reviewer", unit="")
        with Serving(services) as url:
            made = Console(url, services, waiting, key)
            made.decision = made.score()["decision_id"]
            made.taken, made.opened = (CaseKey(made.score()["decision_id"], "enforcement") for _ in range(2))
            made.corrected = made.score()["decision_id"]
            body = {"reason": "submitted_wrong", "record": with_facts(journey={"stay_days": 91})}
            gateway = bearer(make_key(services, [Role.SCORER, Action.PROTECTION]))
            address = f"{url}/v1/decisions/{made.corrected}/rectification"
            httpx.post(address, json=body, headers=gateway, trust_env=False).raise_for_status()
            claim(services, made.taken, reader)
            look(services, made.opened, reader)
            watch = Watch(services.settings)
            watch.count()
            watch.reports()
            watch.close()
            yield made


class Serving:
    """Serves an application in a thread, on a free port of the loopback address."""

    def __init__(self, services: Services) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        config = uvicorn.Config(create_app(services=services), host="127.0.0.1", port=self._port, log_level="error")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        until = time.monotonic() + 30
        while not self._server.started:
            assert time.monotonic() < until, "the service did not start"
            time.sleep(0.05)
        return f"http://127.0.0.1:{self._port}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of the system."""
    if CHROMIUM is None:
        pytest.skip(_LOUD)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield browser
        browser.close()


_WATCHING = """
window.fired = [];
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""


@pytest.fixture(scope="session")
def signed_in(console: Console, chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Gives a browser in which somebody of a role has signed in, in a language; each signs in once."""
    made: dict[tuple[Role | None, str], BrowserContext] = {}

    def context(role: Role | None, language: str = "en") -> BrowserContext:
        if (role, language) not in made:
            one = chromium.new_context(base_url=console.url, locale=language, viewport={"width": 1280, "height": 800})
            one.add_init_script(_WATCHING)
            made[role, language] = one
            if role is not None:
                page = one.new_page()
                sign_in(page, role)
                page.close()
        return made[role, language]

    yield context
    for one in made.values():
        one.close()


def sign_in(page: Page, role: Role) -> None:
    """Sign in as a person would."""
    page.goto("/console")
    page.fill("#login", role.value)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_selector("h1")


@pytest.fixture(scope="session")
def reader(console, chromium):
    """Gives a browser of one of three reviewers."""
    for login, name in READERS.items():
        make_person(console.services, login, Role.REVIEWER, units=("", "NBO"), name=name)
    contexts = {}

    def page_of(login, **options):
        if (login, *options) not in contexts:
            one = chromium.new_context(base_url=console.url, viewport={"width": 1280, "height": 800}, **options)
            one.add_init_script("window.fired = []; window.violations = [];")
            one.add_init_script(
                "document.addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective))"
            )
            contexts[(login, *options)] = one
            page = one.new_page()
            page.goto("/console")
            page.fill("#login", login)
            page.fill("#password", PASSWORD)
            page.click("main button")
            expect(page.locator("h1")).to_contain_text("Welcome")
            page.close()
        return contexts[(login, *options)].new_page()

    yield page_of
    for one in contexts.values():
        one.close()
