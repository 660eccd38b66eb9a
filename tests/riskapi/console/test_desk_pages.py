"""The desk's pages: a case from the queue to its end, as persons with browsers do it."""

import html
import io
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pypdf import PdfReader

from riskapi.access.matrix import Action, Role
from riskapi.log.entry import Kind
from riskapi.storage.desk import CaseKey
from tests.makers import EXAMPLE_RECORD
from tests.riskapi.console.makers import Browser, make_person
from tests.riskapi.makers import TestClient, bearer, make_key, scoring_service, services_of, with_facts
from tests.riskapi.privacy.makers import entries_of

READERS = {
    "amina": ("Amina Yusuf", Role.REVIEWER),
    "peter": ("Peter Otieno", Role.REVIEWER),
    "grace": ("Grace Njeri", Role.REVIEWER),
    "zahra": ("Zahra Noor", Role.PROTECTION_OFFICER),
}
CONTACTS = "Shelter, day and night: +254 700 000 000"
FOUND = {
    "compliance": "done",
    "outcome_code": "nothing_found",
    "evidence_type": "document_examination",
    "decided_by_role": "officer",
    "rationale": "Every page was looked at under UV light.",
}
FORGED = FOUND | {"outcome_code": "forged_document", "rationale": "Page 2 was exchanged, as UV light shows."}
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "{{ 7 * 7 }}{% include 'base.html' %}",
    "javascript:alert(1)",
    '" autofocus onfocus=alert(1) x="',
    "<a href=javascript:alert(1)>x</a>",
    "<style>@import 'http://evil.example'</style>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<div hx-get='/console' hx-trigger='load'>",
    "--><script>alert(1)</script><!--",
)
_FIELD = re.compile(r'name="(version|form_id)" value="([^"]+)"')


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service that refers everybody, has each case read by two, and the own view noted first."""
    directory = tmp_path_factory.mktemp("desk-pages")
    policy = directory / "selection.toml"
    policy.write_text("lane = 0.0\n[default]\ncapacity = 1.0\nslots_per_hour = 5000\n")
    options = {"desk_first_view_share": 1.0, "desk_second_share": 1.0, "desk_protection_contacts": CONTACTS}
    with scoring_service(directory, selection_file=policy, time_zone="Africa/Nairobi", **options) as made:
        made.base_url = "https://testserver"
        made.key_headers = dict(made.headers)
        made.headers.clear()
        for login, (name, role) in READERS.items():
            make_person(services_of(made), login, role, units=("", "NBO"), name=name)
        yield made


@pytest.fixture
def decision_id(client):
    """A traveller who was referred."""
    return scored(client)


def scored(client, record=EXAMPLE_RECORD) -> str:
    """Have a traveller scored; gives the decision."""
    answer = client.post("/v1/scores", json=record, headers=client.key_headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["decision_id"]


class Reader(Browser):
    """A reader who works on one case."""

    def __init__(self, client, login, decision_id):
        super().__init__(client)
        self.sign_in(login)
        self.page = f"/console/desk/cases/{decision_id}"

    def do(self, act, **fields):
        """Fill in a form of the page as it is now, and send it."""
        hidden = dict(_FIELD.findall(self.form(act)))
        return self.send(f"{self.page}/{act}", self.page, **hidden | fields)

    def form(self, act) -> str:
        """The form of an act on the page."""
        shown = self.open(self.page).text
        found = re.search(rf'<form[^>]*action="{self.page}/{act}".*?</form>', shown, re.DOTALL)
        assert found, f"the page has no form to {act}"
        return found[0]

    def opened(self, view="no_concern"):
        """Take the case, note an own view, have the score shown."""
        assert self.do("claim").status_code == 303
        assert self.do("first-view", view=view).status_code == 303
        assert self.do("open").status_code == 303
        return self.open(self.page).text

    def verdicts(self):
        """A verdict on each reason of the page."""
        form = self.form("reading")
        listed = re.findall(r'name="reason" value="([^"]+)"', form)
        known_at = re.search(r'name="known_at"[^>]*value="([^"]+)"', form)[1]
        return {"reason": listed, "known_at": known_at} | {f"verdict.{one}": "agrees" for one in listed}

    def read(self, found=None, **changes):
        """End the reading."""
        return self.do("reading", **self.verdicts() | {"view": "no_concern"} | (found or FOUND) | changes)


def case_of(client, decision_id):
    """Where a case stands."""
    return services_of(client).desk._store.case(CaseKey(decision_id, "enforcement"))[1]


def test_a_case_from_the_queue_to_its_resolution(client, decision_id):
    """Taken, viewed, opened, read by two who differ, resolved by a third; each page says what comes next."""
    amina = Reader(client, "amina", decision_id)
    queue = amina.open("/console/desk").text
    assert f"/console/desk/cases/{decision_id}/claim" in queue
    assert "own view first" in queue
    before = amina.open(amina.page).text
    assert "WARSAME" in before
    assert "log-odds" not in before
    shown = amina.opened("look_closer")
    assert "Everything else together" in shown
    assert "What no data shows" in shown
    assert amina.read(FORGED, note="Seen at once.").status_code == 303
    assert "Amina Yusuf" not in amina.open("/console/desk?show=held").text.partition("<main")[2]
    peter = Reader(client, "peter", decision_id)
    assert "Seen at once." not in peter.opened()
    assert "What readers found" not in peter.open(peter.page).text
    assert peter.read(FOUND).status_code == 303
    assert case_of(client, decision_id).state == "disputed"
    grace = Reader(client, "grace", decision_id)
    assert decision_id in grace.open("/console/desk?show=disputed").text
    assert grace.do("claim").status_code == 303
    assert "What readers found" not in grace.open(grace.page).text
    assert grace.do("open").status_code == 303
    resolving = grace.open(grace.page).text
    assert "Resolve the case" in resolving
    assert "Seen at once." in resolving
    assert grace.read(FORGED).status_code == 303
    [outcome] = services_of(client).outcome_store.of([decision_id], "enforcement")
    assert outcome.by == "Grace Njeri"
    assert "closed" in grace.open(grace.page).text


def test_a_score_is_steps_from_the_baseline_that_add_up(client, decision_id):
    """What the page lists is what was stored: baseline, each reason, everything else, score."""
    shown = Reader(client, "amina", decision_id).opened()
    table = shown.partition('id="document_fraud"')[2].partition("<table")[2].partition("</table>")[0]
    points = [float(one) for one in re.findall(r'class="number[^"]*">([+-][\d.]+)<', table)]
    assert sum(points[:-1]) == pytest.approx(points[-1], abs=0.01 * len(points))
    assert table.count("<svg") == len(points)


def test_r23_a_case_of_protection_is_unseen_by_enforcement(client, decision_id):
    """The officer has a queue, rules and contacts of her own; reviewers find none of it."""
    zahra, amina = Reader(client, "zahra", decision_id), Reader(client, "amina", decision_id)
    queue = zahra.open("/console/desk").text
    assert "Protection desk" in queue
    assert CONTACTS in queue
    shown = zahra.opened()
    assert "trafficking protection" in shown
    assert "document fraud" not in shown
    for text in (amina.open("/console/desk").text, amina.opened()):
        assert "trafficking" not in text
        assert CONTACTS not in text


def test_the_same_form_twice_is_one_outcome_and_a_stale_page_keeps_what_was_written(client, decision_id):
    """Double submission leads to the same page; a page that is out of date says so and shows the words again."""
    amina = Reader(client, "amina", decision_id)
    amina.opened()
    hidden = dict(_FIELD.findall(amina.form("reading")))
    fields = hidden | amina.verdicts() | FOUND | {"view": "no_concern"}
    stale = amina.send(f"{amina.page}/reading", amina.page, **fields | {"version": "1", "form_id": "x" * 20})
    assert stale.status_code == 409
    assert "out of date" in stale.text
    assert FOUND["rationale"] in stale.text
    for _ in range(2):
        assert amina.send(f"{amina.page}/reading", amina.page, **fields).status_code == 303
    assert len(case_of(client, decision_id).readings) == 1


def test_who_lost_a_case_to_a_colleague_keeps_the_words(client, decision_id):
    """The form is gone, and what was written is shown to be copied."""
    amina, peter = (Reader(client, login, decision_id) for login in ("amina", "peter"))
    amina.opened()
    hidden = dict(_FIELD.findall(amina.form("note")))
    amina.do("release")
    assert peter.do("claim").status_code == 303
    lost = amina.send(f"{amina.page}/note", amina.page, **hidden, note="Said he knows nobody here.")
    assert lost.status_code == 409
    assert "Peter Otieno has it now" in lost.text
    assert "Said he knows nobody here." in lost.text


def test_what_is_missing_is_named_and_the_rest_stays_filled_in(client, decision_id):
    """Each missing verdict and each rule of outcomes; what was chosen stays chosen."""
    amina = Reader(client, "amina", decision_id)
    amina.opened()
    answer = amina.do("reading", view="look_closer", **FORGED | {"rationale": "short"})
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert 'value="look_closer" required checked' in answer.text
    assert "short" in answer.text
    answer = amina.read(FORGED | {"evidence_type": ""})
    assert answer.status_code == 422
    assert "is missing" in answer.text
    assert '<option value="forged_document" selected>' in answer.text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_d1_what_people_write_stays_text(client, payload):
    """In every field of the desk and of a record, on every page that shows it: escaped, never markup."""
    record = with_facts(EXAMPLE_RECORD, traveller={"surname": payload[:200]}, stay={"address": payload[:200]})
    amina, peter = (Reader(client, login, scored(client, record)) for login in ("amina", "peter"))
    peter.page = amina.page
    amina.do("claim")
    amina.do("first-view", view="cannot_tell", note=payload)
    amina.do("open")
    amina.do("note", note=payload)
    again = amina.do("reading", view="cannot_tell", rationale=payload, note=payload, to=payload, supersedes=payload)
    pages = [again, amina.open(amina.page), amina.open(f"{amina.page}/letter")]
    pages.append(amina.open("/console/desk"))
    pages += [
        client.get("/console/desk", params={name: payload[:40]}, headers=amina._headers())
        for name in ("point", "band", "waited_minutes", "mode", "show")
    ]
    pages.append(amina.do("hand-over", to="Peter Otieno", note=payload))
    peter.do("first-view", view="cannot_tell")
    peter.do("open")
    pages.append(peter.open(peter.page))
    escaped = html.escape(payload).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    if escaped != payload:
        assert all(payload not in page.text for page in pages)
    assert escaped in pages[0].text
    assert escaped in pages[-1].text
    assert not any(
        re.search(r"<(script|iframe|style|img|svg)[^>]*alert|alert\(1\)</script", page.text) for page in pages
    )


@pytest.mark.parametrize("act", ["claim", "release", "hand-over", "first-view", "open", "note", "reading", "what-if"])
def test_d4_a_form_without_the_token_of_the_session_changes_nothing(client, decision_id, act):
    """No token, a wrong one, one of another session, or another site: refused, and the case is as before."""
    amina, peter = (Reader(client, login, decision_id) for login in ("amina", "peter"))
    amina.opened()
    before = case_of(client, decision_id).version
    fields = dict(_FIELD.findall(amina.form("note"))) | {"note": "x", "risk": "document_fraud"}
    address = f"{amina.page}/{act}"
    for token, origin in (("", None), ("0" * 64, None), (peter.token(), None), (amina.token(), "https://evil.example")):
        answer = amina.send(address, token=token, origin=origin, **fields)
        assert answer.status_code == 403
    assert amina.open(address).status_code in (404, 405)
    assert case_of(client, decision_id).version == before


def test_what_if_answers_a_whole_page_and_a_part_of_one(client, decision_id):
    """Without a script a page of its own, with one a part; a number that is none is named."""
    amina = Reader(client, "amina", decision_id)
    amina.opened()
    address = f"{amina.page}/what-if"
    whole = amina.send(address, amina.page, risk="document_fraud")
    assert whole.status_code == 200
    assert "The smallest changes that would have given another band" in whole.text
    field = re.search(r'name="(try\.[a-z0-9_]+)" inputmode', whole.text)[1]
    tried = amina.send(address, amina.page, **{"risk": "document_fraud", field: "3"})
    assert "With your values" in tried.text
    assert amina.send(address, amina.page, **{"risk": "document_fraud", field: "ZZ"}).status_code == 422
    headers = amina._headers() | {"HX-Request": "true", "Origin": "https://testserver"}
    data = {"form_token": amina.token(), "risk": "document_fraud"}
    part = client.post(address, data=data, headers=headers)
    assert "<html" not in part.text
    assert "With your values" in part.text


def test_the_letter_tells_the_person_and_hides_what_the_desk_knows(client, decision_id):
    """Plain words, rights and contacts; no points, no reader, no how they came to be chosen."""
    amina = Reader(client, "amina", decision_id)
    amina.opened()
    told = html.unescape(amina.open(f"{amina.page}/letter").text)
    assert "A person decided what happened at the border" in told
    assert "You may ask who decided and why" in told
    assert "log-odds" not in told


def test_counts_ask_for_themselves_a_bounded_number_of_times(client, decision_id):
    """Polling ends, so that a page that nobody looks at lets the session end."""
    amina = Reader(client, "amina", decision_id)
    assert 'hx-get="/console/desk/counts?round=2"' in amina.open("/console/desk/counts?round=1").text
    assert "hx-get" not in amina.open("/console/desk/counts?round=20").text


def test_pages_of_the_queue_follow_each_other(client):
    """Twenty-five to a page; the next page begins after the last case."""
    for _ in range(30):
        scored(client)
    amina = Browser(client)
    amina.sign_in("amina")
    first = amina.open("/console/desk").text
    claims = r"/console/desk/cases/([0-9a-f-]{36})/claim"
    following = html.unescape(re.search(r'href="(/console/desk\?[^"]*after=[^"]+)"', first)[1])
    second = amina.open(following).text
    assert len(re.findall(claims, first)) == 25
    assert not set(re.findall(claims, first)) & set(re.findall(claims, second))
    assert re.findall(claims, second)


def test_r27_two_versions_of_a_record_stand_side_by_side(client):
    """What a correction changed, on the page of either case; the look at the other version is on record."""
    first = scored(client, with_facts(record_id="KQ-VERSIONS"))
    record = with_facts(record_id="KQ-VERSIONS", journey={"stay_days": 91}, traveller={"surname": "WARSAMEH"})
    body = {"reason": "submitted_wrong", "record": record}
    gateway = bearer(make_key(services_of(client), [Role.SCORER, Action.PROTECTION]))
    answered = client.post(f"/v1/decisions/{first}/rectification", json=body, headers=gateway)
    assert answered.status_code == 201, answered.text
    second = answered.json()["decision_id"]
    for decision, other in ((first, second), (second, first)):
        text = Reader(client, "amina", decision).open(f"/console/desk/cases/{decision}?beside={other}").text
        shown = text.partition('id="versions"')[2].partition("</section>")[0]
        rows = {row[0]: row[1:] for row in re.findall(r">([^<]+)</th><td[^>]*>([^<]+)</td><td[^>]*>([^<]+)<", shown)}
        assert rows["Journey: Days at the destination"] == ("12 days", "91 days")
        assert rows["Traveller: Surname or family name as in the document"] == ("WARSAME", "WARSAMEH")
        assert len(rows) == 2
        assert "log-odds" not in shown
    views = [one for one in entries_of(services_of(client), Kind.ACCESS) if one["what"] == "desk_version"]
    assert {one["decision_id"] for one in views} == {first, second}


def test_a_case_is_found_by_the_id_of_its_record(client):
    """One case is opened, several are listed; the id is in no address and not in the log, and the look is."""
    one = scored(client, with_facts(record_id="KQ-FIND-1"))
    two = [scored(client, with_facts(record_id="KQ-FIND-2")) for _ in range(2)]
    amina = Reader(client, "amina", one)
    found = amina.send("/console/desk/find", "/console/desk", record_id="KQ-FIND-1")
    assert found.headers["location"] == f"/console/desk/cases/{one}"
    listed = amina.send("/console/desk/find", "/console/desk", record_id=" KQ-FIND-2 ").text
    assert re.findall(r'href="/console/desk/cases/([0-9a-f-]{36})"', listed) == two[::-1]
    assert "No case of such a record" in amina.send("/console/desk/find", "/console/desk", record_id="KQ-FIND").text
    views = [view for view in entries_of(services_of(client), Kind.ACCESS) if view["what"] == "record_search"]
    assert [view["decision_id"] for view in views] == [one, *two[::-1], ""]
    assert "KQ-FIND" not in str(views)


def test_the_letter_is_the_same_as_pdf_in_the_language_of_the_page(client, decision_id):
    """Every word of the page is in the PDF, which tells its title and language; both looks are on record."""
    amina = Reader(client, "amina", decision_id)
    amina.opened()
    for language in ("en", "ar"):
        page = amina.open(f"{amina.page}/letter", **{"Accept-Language": language}).text
        answer = amina.open(f"{amina.page}/letter.pdf", **{"Accept-Language": language})
        assert answer.headers["content-type"] == "application/pdf"
        made = PdfReader(io.BytesIO(answer.content))
        assert made.root_object["/Lang"] == language
        article = html.unescape(page.partition("<article")[2].partition("</article>")[0])
        assert re.search(r"<h1[^>]*>([^<]+)<", article)[1] == made.metadata.title
        words = re.sub(r"<[^>]+>", " ", article.partition(">")[2]).split()
        text = "".join("".join(sheet.extract_text() for sheet in made.pages).split())
        missing = [word for word in words if word not in text]
        assert len(words) > 200
        assert missing == [] if language == "en" else len(missing) < 10  # words that meet another script


def test_the_service_loads_what_writes_pdfs_only_for_one():
    """What the application imports, all told, has no writer of PDFs."""
    script = "import sys, riskapi.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"fpdf", "uharfbuzz", "PIL"} & set(done.stdout.split())
