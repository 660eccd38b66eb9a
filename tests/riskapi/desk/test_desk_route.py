"""The desk over HTTP: who sees which case, what is refused in which words, and that an outcome reaches training."""

from datetime import UTC, datetime, timedelta
from functools import partial

import orjson
import pytest

from features.risk import Audience
from riskapi.access.matrix import Role
from riskapi.access.principal import PrincipalKind
from riskapi.cases import Exported, Sources, Window, cases
from riskapi.desk.bodies import ActAnswer, CaseBody, CountsBody, QueueBody
from riskapi.desk.measures import DeskMeasures
from riskapi.desk.what_if import WhatIfAnswer
from riskapi.storage.case_rows import StoredCases
from riskapi.storage.desk_history import events_of
from tests.makers import EXAMPLE_RECORD
from tests.riskapi.desk.makers import FORGED, FOUND, token
from tests.riskapi.makers import bearer, make_key, scoring_service, services_of

EVERYBODY = "lane = 0.0\n[default]\ncapacity = 1.0\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A service that refers everybody by score, and has an own view noted first."""
    directory = tmp_path_factory.mktemp("desk")
    policy = directory / "selection.toml"
    policy.write_text(EVERYBODY)
    options = {"selection_file": policy, "desk_first_view_share": 1.0, "desk_second_share": 0.0}
    with scoring_service(directory, **options) as made:
        yield made


@pytest.fixture(scope="module")
def people(client):
    """The headers of those who read cases."""
    services = services_of(client)
    roles = {"amina": Role.REVIEWER, "peter": Role.REVIEWER, "zahra": Role.PROTECTION_OFFICER, "otieno": Role.AUDITOR}
    made = {
        name: bearer(make_key(services, [role], name.title(), PrincipalKind.PERSON)) for name, role in roles.items()
    }
    made["machine"] = bearer(make_key(services, [Role.REVIEWER], "Robot", PrincipalKind.SYSTEM))
    made["zahra"]["X-Purpose"] = "protection"
    made["otieno"]["X-Purpose"] = "oversight"
    return made


@pytest.fixture
def decision_id(client):
    """A traveller who was referred."""
    return client.post("/v1/scores", json=EXAMPLE_RECORD).json()["decision_id"]


class Case:
    """One case as one person works on it."""

    def __init__(self, client, headers, decision_id):
        self.client, self.headers, self.id, self.version = client, headers, decision_id, 0

    def do(self, act, **said):
        """Do an act; gives the answer."""
        body = {"token": token(), **said} | ({} if act == "claim" else {"version": self.version})
        answer = self.client.post(f"/v1/desk/cases/{self.id}/{act}", json=body, headers=self.headers)
        if answer.is_success:
            self.version = ActAnswer.model_validate_json(answer.content).version
        return answer

    def show(self):
        """The case as the person sees it."""
        answer = self.client.get(f"/v1/desk/cases/{self.id}", headers=self.headers)
        if answer.is_success:
            CaseBody.model_validate_json(answer.content)
        return answer

    def opened(self):
        """Take it, note an own view, and open the score; gives what is shown."""
        assert self.do("claim").status_code == 200
        assert self.do("first-view", view="look_closer").status_code == 200
        assert self.do("open").status_code == 200
        return self.show().json()

    def read(self, found=None, **changes):
        """End the reading with a verdict on every reason that was shown."""
        verdicts = [
            {"risk": risk["risk"], "code": one["code"], "verdict": "agrees"}
            for risk in self.show().json()["risks"]
            for one in risk["reasons_for"]
        ]
        found = (found or FOUND) | {"known_at": datetime.now(UTC).isoformat()}
        return self.do("reading", **{"view": "no_concern", "reasons": verdicts, "outcome": found} | changes)


def test_a_case_goes_from_the_queue_to_an_outcome_that_reaches_training(client, people, decision_id):
    """Listed, taken, own view, opened, read; then the exported case holds what was found and how it was chosen."""
    amina = people["amina"]
    queue = client.get("/v1/desk/cases", params={"limit": 100}, headers=amina)
    QueueBody.model_validate_json(queue.content)
    assert decision_id in {one["decision_id"] for one in queue.json()["cases"]}
    before = CountsBody.model_validate_json(client.get("/v1/desk/counts", headers=amina).content)
    case = Case(client, amina, decision_id)
    shown = case.opened()
    assert (shown["opened"], shown["first_view"], shown["needs_first_view"]) == (True, "look_closer", False)
    assert case.read(FORGED).json()["state"] == "closed"
    after = CountsBody.model_validate_json(client.get("/v1/desk/counts", headers=amina).content)
    assert after.waiting == before.waiting - 1
    services = services_of(client)
    now = services.clock()
    window = Window(now - timedelta(days=1), now + timedelta(days=1), Audience.ENFORCEMENT)
    sources = Sources(
        StoredCases(services.engine, services.subject_keys),
        services.outcome_store,
        partial(events_of, services.engine, services.subject_keys),
    )
    pages = cases(window, sources, services.secret, Exported())
    [row] = [one for page in pages for one in page if one["outcome_code"] == "forged_document"]
    assert (row["arm"], row["selection"], row["selection_probability"]) == ("score", "score", 1.0)
    assert (row["score_shown"], row["decided_by_role"]) == (True, "forensic_examiner")
    assert (row["recorded_way"], "Amina" in str(row)) == ("desk", False)
    [told] = orjson.loads(row["readings"])
    assert (told["by"], told["own_view"], told["view"]) == (row["recorded_by"], "look_closer", "no_concern")
    assert {one["verdict"] for one in told["verdicts"]} == {"agrees"}


def test_r23_cases_of_protection_are_seen_by_protection_officers_alone(client, people, decision_id):
    """Neither in the queue, nor by id, nor in what is shown; and the other way round."""
    for name, mine, other in (("amina", "enforcement", "protection"), ("zahra", "protection", "enforcement")):
        listed = client.get("/v1/desk/cases", params={"limit": 100}, headers=people[name]).json()["cases"]
        assert {one["audience"] for one in listed} == {mine}
        hidden = client.get(f"/v1/desk/cases/{decision_id}", params={"audience": other}, headers=people[name])
        assert hidden.status_code == 404
        case = Case(client, people[name], decision_id)
        assert {risk["risk"] == "trafficking_protection" for risk in case.opened()["risks"]} == {mine == "protection"}
        assert other not in case.show().text.replace("document", "")
        sent = case.do("note", note="Seen.", audience=other)
        assert sent.status_code == 404


def test_r13_each_view_of_a_case_is_on_record(client, people, decision_id):
    """Who, when and why; a view of the facts alone and one of the score are told apart."""
    case = Case(client, people["peter"], decision_id)
    case.show()
    case.opened()
    services = services_of(client)
    views = [
        body["what"]
        for writer in services.journal.heads()
        for entry in services.journal.entries(writer)
        if entry.kind == "access"
        and (body := orjson.loads(entry.body))["by"] == "Peter"
        and body["decision_id"] == decision_id
    ]
    assert views == ["desk_case", "desk_reasons", "desk_reasons"]


def test_the_score_stays_closed_everywhere_until_the_own_view_is_noted(client, people, decision_id):
    """Whoever has the case cannot read around the desk."""
    case = Case(client, people["amina"], decision_id)
    case.do("claim")
    assert case.show().json()["risks"] is None
    assert case.do("open").status_code == 409
    paths = [f"/v1/decisions/{decision_id}{end}" for end in ("", "/explanation", "/person-explanation")]
    for path in paths:
        answer = client.get(path, headers=people["amina"])
        assert (answer.status_code, "log_odds" in answer.text) == (409, False)
    case.do("first-view", view="cannot_tell", note="Tired, and polite.")
    case.do("open")
    assert [client.get(path, headers=people["amina"]).status_code for path in paths] == [200] * 3


def test_a_reading_needs_a_verdict_on_each_reason_and_a_real_outcome(client, people, decision_id):
    """Every missing verdict and every rule of outcomes is told, with its place; nothing is stored."""
    case = Case(client, people["amina"], decision_id)
    shown = case.opened()
    raising = sum(len(risk["reasons_for"]) for risk in shown["risks"])
    refused = case.read(FOUND | {"evidence_type": "rule_hit"}, reasons=[])
    assert refused.status_code == 422
    places = [one["place"] for one in refused.json()["errors"]]
    assert places.count("reasons") == raising
    assert "outcome.evidence_type" in places
    stranger = {"risk": "document_fraud", "code": "ZZ99", "verdict": "agrees"}
    assert "reasons[0]" in {one["place"] for one in case.read(reasons=[stranger]).json()["errors"]}
    assert services_of(client).outcome_store.of([decision_id], "enforcement") == []
    assert case.show().json()["version"] == case.version


def test_systems_read_no_cases(client, people, decision_id):
    """A key of a system may see the queue, and takes nothing from it."""
    assert client.get("/v1/desk/cases", headers=people["machine"]).status_code == 200
    answer = Case(client, people["machine"], decision_id).do("claim")
    assert (answer.status_code, "read by persons" in answer.text) == (403, True)


@pytest.mark.parametrize("bad", ["x", "2026-03-14T09:40:00.000Z~x", "~", "2026-03-14T09:40:00.000Z"])
def test_what_is_no_place_in_the_queue_is_refused(client, people, bad):
    """A cursor is taken as it was given, or not at all; what was sent is not repeated."""
    answer = client.get("/v1/desk/cases", params={"after": bad}, headers=people["amina"])
    assert [one["place"] for one in answer.json()["errors"]] == ["after"]


@pytest.mark.parametrize(
    "changes", [{"token": "short"}, {"version": 0}, {"note": ""}, {"note": "a\u202eb"}, {"version": None}, {"more": 1}]
)
def test_r37_a_form_that_breaks_rules_is_refused_without_being_repeated(client, people, decision_id, changes):
    """Place and rule, never the value."""
    body = {"token": token(), "version": 1, "note": "ZZMARKZZ"} | changes
    answer = client.post(f"/v1/desk/cases/{decision_id}/note", json=body, headers=people["amina"])
    assert answer.status_code == 422
    assert "ZZMARKZZ" not in answer.text


def test_figures_of_the_desk_name_readers_to_auditors_alone(client, people):
    """Own views, changed minds and verdicts are counted, from ten on; names are for those who audit."""
    for _ in range(10):
        case = Case(client, people["amina"], client.post("/v1/scores", json=EXAMPLE_RECORD).json()["decision_id"])
        case.opened()
        assert case.read().status_code == 200
    told = DeskMeasures.model_validate_json(client.get("/v1/desk/measures", headers=people["otieno"]).content)
    assert told.hidden.hits == told.hidden.of >= 10
    assert told.moved.hits >= 10
    assert told.shown.of == 0
    figures = {one.person: one for one in told.readers}["Amina"]
    assert figures.agrees.share == 1.0
    assert figures.minutes_median is not None
    assert {one.agrees.share for one in told.reasons} == {1.0}
    science = bearer(make_key(services_of(client), [Role.DATA_SCIENTIST], "Njeri", PrincipalKind.PERSON))
    assert client.get("/v1/desk/measures", headers=science).json()["readers"] == []
    assert client.get("/v1/desk/measures", params={"audience": "protection"}, headers=science).status_code == 404


def test_what_if_asks_the_same_model_and_stores_nothing(client, people, decision_id):
    """The stored values give the stored score to the bit, others another one; only that it was asked is on record."""
    case = Case(client, people["amina"], decision_id)
    case.do("claim")
    path = f"/v1/desk/cases/{decision_id}/what-if"
    asked = {"risk": "document_fraud", "changes": []}
    assert client.post(path, json=asked, headers=people["amina"]).status_code == 409
    case.do("first-view", view="cannot_tell")
    case.do("open")
    shown = next(one for one in case.show().json()["risks"] if one["risk"] == "document_fraud")
    same = client.post(path, json=asked, headers=people["amina"]).json()
    WhatIfAnswer.model_validate(same)
    assert same["stored"] == same["changed"] == {name: shown[name] for name in same["stored"]}
    [first, *_] = [one for one in shown["reasons_for"] if "&" not in one["feature"]]
    change = {"feature": first["feature"], "value": None}
    other = client.post(path, json=asked | {"changes": [change]}, headers=people["amina"]).json()
    assert other["changed"]["log_odds"] != shown["log_odds"]
    for one in other["smallest"]:
        assert one["band"] != shown["band"]
    for bad in ({"feature": "nationality", "value": "KEN"}, {"feature": first["feature"], "value": "ZZMARKZZ"}):
        refused = client.post(path, json=asked | {"changes": [bad]}, headers=people["amina"])
        assert (refused.status_code, "ZZMARKZZ" in refused.text) == (422, False)
    assert case.show().json()["version"] == case.version
    hidden = client.post(path, json={"risk": "trafficking_protection"}, headers=people["amina"])
    assert hidden.status_code == 404
