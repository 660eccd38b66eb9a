"""Makes the pictures of docs/images that show the desk: ``PYTHONPATH=. python docs/pictures.py [folder of a demo]``.

It takes the models of a demo (``make demo``) into a store of its own, has the demo's traveller scored, and reads the
case in Chromium as the persons of the page do. All data is simulated.
"""

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import orjson
from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright
from pydantic import SecretStr

from riskapi.access.matrix import Action, Role
from riskapi.demo.journey import TIME_ZONE, TRAVELLER, read_settings
from riskapi.services import Services
from riskapi.settings import Settings
from tests.browser.conftest import CHROMIUM, Serving, sign_in
from tests.browser.readers import open_score
from tests.riskapi.console.makers import make_person
from tests.riskapi.makers import bearer, make_key

IMAGES = Path(__file__).parent / "images"
BYTES_MAX = 150_000
COLOURS = 64
POLICY = "lane = 0.0\n[default]\ncapacity = 1.0\nslots_per_hour = 40\n"
ROLES = (Role.REVIEWER, Role.PROTECTION_OFFICER)
WIDE, NARROW = {"width": 1100, "height": 760}, {"width": 360, "height": 740}


def installation(demo: Path, folder: Path) -> Services:
    """A store with the approved models of a demo, where everybody comes to the desk and is read blind first."""
    told = read_settings(demo / "riskapi.env")
    for name in ("riskapi.db", "riskapi-keys.db", "riskapi-log-key.pem", "riskapi-checkpoints.ndjson"):
        shutil.copy(demo / name, folder / name)
    policy = folder / "selection.toml"
    policy.write_text(POLICY)
    settings = Settings(
        secret_key=SecretStr(told["RISKAPI_SECRET_KEY"]),
        trusted_signers=told["RISKAPI_TRUSTED_SIGNERS"],
        database_url=f"sqlite:///{folder / 'riskapi.db'}",
        keys_url=f"sqlite:///{folder / 'riskapi-keys.db'}",
        log_key_file=folder / "riskapi-log-key.pem",
        checkpoint_file=folder / "riskapi-checkpoints.ndjson",
        selection_file=policy,
        time_zone=TIME_ZONE,
        log_level="error",
        writer_process=False,
        monitoring_enabled=False,
        desk_first_view_share=0.5,
        agency_name="Border service",
    )
    return Services(settings)


def travellers() -> list[dict]:
    """The demo's traveller, and three more who differ in where they cross."""
    base = orjson.loads(TRAVELLER.read_bytes())
    made = []
    for number in range(4):
        one = orjson.loads(orjson.dumps(base))
        one["record_id"] = f"{base['record_id']}-{number}"
        one["crossing"]["point"] = ("NBO", "MBA")[number % 2]
        made.append(one)
    return made


def keep(page: Page, name: str, clip: str = "") -> None:
    """Take a picture of a window or of a part of the page, in few colours, and check that it is light."""
    path = IMAGES / f"{name}.png"
    (page.locator(clip) if clip else page).screenshot(path=path)
    with Image.open(path) as taken:
        few = taken.convert("RGB").quantize(COLOURS)
    few.save(path, optimize=True)
    size = path.stat().st_size
    if size > BYTES_MAX:
        sys.exit(f"{path} has more than {BYTES_MAX} bytes")
    print(f"{path.name}: {size // 1000} kB")


def pictures(context: BrowserContext, decision: str) -> None:
    """Walk through the case, and take the pictures on the way."""
    page = context.new_page()
    sign_in(page, Role.REVIEWER)
    page.goto("/console/desk")
    keep(page, "desk-queue")
    page.goto(f"/console/desk/cases/{decision}")
    page.get_by_role("button", name="Take", exact=True).click()
    if page.locator("#own-view").count():
        open_score(page, "look_closer")
    else:
        page.get_by_role("button", name="Show score").click()
    page.wait_for_selector("#reading")
    keep(page, "desk-case", "#document_fraud")
    page.set_viewport_size(NARROW)
    page.locator("#reading").scroll_into_view_if_needed()
    keep(page, "desk-telephone")
    page.set_viewport_size(WIDE)
    page.goto(f"/console/desk/cases/{decision}/letter")
    keep(page, "desk-letter")
    context.clear_cookies(name="riskapi-language")
    page.get_by_role("button", name="العربية").click()
    page.goto("/console/desk")
    keep(page, "desk-arabic")


def main(demo: Path) -> None:
    """Make all pictures."""
    if CHROMIUM is None:
        sys.exit("Chromium is needed: apt-get install chromium (Debian).")
    with TemporaryDirectory() as name, ExitStack() as stack:
        services = installation(demo, Path(name))
        for role in ROLES:
            made = {Role.REVIEWER: "Sahra Nur", Role.PROTECTION_OFFICER: "Mary Achieng"}
            make_person(services, role.value, role, units=("",), name=made[role])
        key = bearer(make_key(services, (Action.SCORE, Action.ENFORCEMENT, Action.PROTECTION)))
        url = stack.enter_context(Serving(services))
        answers = [
            httpx.post(f"{url}/v1/scores", json=one, headers=key, trust_env=False).raise_for_status().json()
            for one in travellers()
        ]
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        pictures(browser.new_context(base_url=url, viewport=WIDE), answers[0]["decision_id"])
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("var/demo"))
