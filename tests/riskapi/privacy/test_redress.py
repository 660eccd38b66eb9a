"""The person concerned is told what a decision rests on and can have it corrected; nothing of others is shown."""

import json

import orjson
import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.access.matrix import Action, Role
from riskapi.access.principal import PrincipalKind
from riskapi.log.entry import Kind
from riskapi.log.store_source import store_source
from riskapi.log.verify import verify
from riskapi.privacy.letter import markdown
from riskapi.privacy.redress import person_explanation
from riskapi.storage.log_key import log_key
from tests.riskapi.makers import bearer, make_key, scoring_service, services_of, with_facts
from tests.riskapi.privacy.makers import entries_of

CONTACTS = {
    "agency_name": "Kenya border service",
    "agency_contact": "Redress desk, PO Box 30395, Nairobi",
    "data_protection_contact": "dpo@border.example",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A service with contacts set, and its scorer's client."""
    with scoring_service(tmp_path_factory.mktemp("redress"), **CONTACTS) as made:
        key = make_key(services_of(made), (Role.SCORER, Action.PROTECTION))
        made.headers.update(bearer(key))
        yield made


def headers(client, *roles, name, purpose="redress"):
    """The headers of a person with roles."""
    key = make_key(services_of(client), roles, name, PrincipalKind.PERSON)
    return {**bearer(key), "X-Purpose": purpose}


@pytest.fixture(scope="module")
def reviewer(client):
    """Headers of a reviewer who handles redress."""
    return headers(client, Role.REVIEWER, name="Halima Noor")


@pytest.fixture(scope="module")
def officer(client):
    """Headers of a protection officer who handles redress."""
    return headers(client, Role.PROTECTION_OFFICER, name="Grace Achieng")


def scored(client, record=EXAMPLE_RECORD):
    """Score a record; gives the answer."""
    return client.post("/v1/scores", json=record).raise_for_status().json()


def told(client, decision_id, who, form="json"):
    """Ask for the explanation for the person."""
    return client.get(f"/v1/decisions/{decision_id}/person-explanation", params={"form": form}, headers=who)


def test_r26_person_is_told_in_plain_words(client, reviewer):
    """Role of the system, own facts, factors in sentences, asylum, rights, contacts and dates are all there."""
    answer = scored(client)
    found = told(client, answer["decision_id"], reviewer).raise_for_status().json()
    assert "The system does not decide. A person decided" in " ".join(found["role_of_the_system"])
    assert {"fact": "Traveller: Surname or family name as in the document", "value": "WARSAME"} in found[
        "facts_kept_but_not_used"
    ]
    assert {"fact": "Journey: Days at the destination", "value": "12 days"} in found["facts_used"]
    assert "asylum" in found["asylum"]
    assert found["agency"] == CONTACTS["agency_name"]
    assert found["contact"] == CONTACTS["agency_contact"]
    assert found["data_protection_officer"] == CONTACTS["data_protection_contact"]
    assert found["everything_kept_until"] > found["identity_kept_until"] > found["assessed_at"][:10]
    own = [risk for risk in answer["risks"] if risk["audience"] == "enforcement"]
    assert [one["statement"] for one in found["estimates"]] == [risk["statement"] for risk in own]
    assert [one["raised"] for one in found["estimates"]] == [
        [reason["sentence"] for reason in risk["reasons_for"]] for risk in own
    ]


def test_r26_no_number_of_a_score_and_nobody_elses_facts(client, reviewer):
    """The letter has sentences; references of co-travellers and results of other systems are left out."""
    record = with_facts(upstream={"watchlist_hit": True}, booking={"co_traveller_refs": ["SOMEBODYELSE1"]})
    answer = scored(client, record)
    text = told(client, answer["decision_id"], reviewer).text
    assert "SOMEBODYELSE1" not in text
    assert 'atch list"' not in text
    assert all(str(risk[name]) not in text for risk in answer["risks"] for name in ("probability", "log_odds"))


def test_r26_protection_is_told_by_protection_officers_alone(client, reviewer, officer):
    """A reviewer hands out nothing of protection scores, a protection officer nothing of enforcement."""
    answer = scored(client)
    statements = {audience: set() for audience in ("enforcement", "protection")}
    for risk in answer["risks"]:
        statements[risk["audience"]].add(risk["statement"])
    for who, audience in ((reviewer, "enforcement"), (officer, "protection")):
        found = told(client, answer["decision_id"], who).raise_for_status().json()
        assert {one["statement"] for one in found["estimates"]} == statements[audience]


def test_r26_letter_holds_the_same_and_no_markup_of_the_sender(client, reviewer):
    """As Markdown it can be printed; what was submitted cannot add to it."""
    record = with_facts(record_id="R[1](http-x)")
    answer = scored(client, record)
    sent = told(client, answer["decision_id"], reviewer, "markdown")
    assert sent.headers["content-type"].startswith("text/markdown")
    assert "# About an assessment by Kenya border service" in sent.text
    for heading in ("who decides", "Asylum and protection", "What you can do", "How long this is kept"):
        assert heading in sent.text
    assert r"R\[1\](http-x)" in sent.text
    assert "Redress desk" in sent.text


def test_r26_view_is_on_record_with_its_purpose(client, reviewer):
    """Who handed it out, about which decision and why, is in the log before it is answered."""
    answer = scored(client)
    told(client, answer["decision_id"], reviewer).raise_for_status()
    [entry] = [
        one for one in entries_of(services_of(client), Kind.ACCESS) if one["decision_id"] == answer["decision_id"]
    ]
    assert entry["by"] == "Halima Noor"
    assert entry["what"] == "person_explanation"
    assert entry["purpose"] == "redress"


def test_r26_only_roles_of_redress_may(client):
    """A scorer and an auditor are refused; an unknown form is no form."""
    answer = scored(client)
    assert client.get(f"/v1/decisions/{answer['decision_id']}/person-explanation").status_code == 403
    auditor = headers(client, Role.AUDITOR, name="Otieno", purpose="oversight")
    assert told(client, answer["decision_id"], auditor).status_code == 403


def test_masked_decision_is_still_explained(client, reviewer):
    """After masking the letter says so, and no code of a telephone number is passed off as one."""
    answer = scored(client)
    services = services_of(client)
    row = services.decisions.decision(answer["decision_id"])
    masked = type(row)(**{name: getattr(row, name) for name in row.__slots__} | {"identity": None, "note": "Masked."})
    found = person_explanation(masked, orjson.loads(row.answer), services.settings, services.limits)
    values = {one["fact"]: one["value"] for one in found["facts_used"]}
    assert values["Contact: Telephone"] == "masked: no longer kept"
    assert "Masked." in markdown(found)
    assert services.secret.hash_fact(EXAMPLE_RECORD["contact"]["phone"]) not in json.dumps(found)


def test_r27_corrected_record_is_scored_again_and_linked_both_ways(client):
    """The new decision shows the old one and the other way round; the log tells who and why."""
    first = scored(client)
    body = {"reason": "submitted_wrong", "record": with_facts(journey={"stay_days": 90})}
    answered = client.post(f"/v1/decisions/{first['decision_id']}/rectification", json=body)
    assert answered.status_code == 201
    second = answered.json()
    old = client.get(f"/v1/decisions/{first['decision_id']}").raise_for_status().json()
    new = client.get(f"/v1/decisions/{second['decision_id']}").raise_for_status().json()
    assert old["superseded_by"] == [second["decision_id"]]
    assert old["supersedes"] is None
    assert new["supersedes"] == first["decision_id"]
    assert new["input"]["journey"]["stay_days"] == 90
    assert old["input"]["journey"]["stay_days"] == 12
    told_ = entries_of(services_of(client), Kind.RECTIFIED)[-1]
    assert told_["original"] == first["decision_id"]
    assert told_["corrected"] == second["decision_id"]
    assert told_["by"] == "Gateway NBO"
    assert told_["reason"] == "submitted_wrong"


def test_r27_reviewer_may_correct_and_the_log_still_verifies(client, reviewer):
    """A reviewer of the unit corrects a scorer's decision; another scorer does not reach it."""
    first = scored(client)
    path = f"/v1/decisions/{first['decision_id']}/rectification"
    body = {"reason": "contested_by_person", "record": EXAMPLE_RECORD}
    assert client.post(path, json=body, headers={**reviewer, "X-Purpose": "border_control"}).status_code == 201
    other = make_key(services_of(client), [Role.SCORER], name="Gateway MBA")
    assert client.post(path, json=body, headers=bearer(other)).status_code == 404
    services = services_of(client)
    with store_source(services.settings) as source:
        [result] = verify([source], [], [log_key(services.settings.log_key_file).public_key()])
    assert result.holds, result.findings


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"reason": "because", "record": EXAMPLE_RECORD}, "reason"),
        ({"record": EXAMPLE_RECORD}, "(body)"),
        ({"reason": "other", "record": EXAMPLE_RECORD, "more": 1}, "(body)"),
        ([], "(body)"),
        ({"reason": "other", "record": {**EXAMPLE_RECORD, "crossing": None}}, "record.crossing"),
    ],
)
def test_r27_broken_corrections_are_refused_by_place(client, body, place):
    """A correction is a reason by code and a whole record."""
    first = scored(client)
    answered = client.post(f"/v1/decisions/{first['decision_id']}/rectification", json=body)
    assert answered.status_code == 422
    assert answered.json()["errors"][0]["place"] == place


def test_r27_unknown_decision_cannot_be_corrected(client):
    """There is nothing to link to."""
    body = {"reason": "other", "record": EXAMPLE_RECORD}
    assert client.post("/v1/decisions/0/rectification", json=body).status_code == 404
