import dataclasses

import orjson
import pytest

from riskapi.access.matrix import Action
from riskapi.ids import uuid7
from riskapi.schemas import DecisionBody, ExplanationBody
from tests.makers import EXAMPLE_RECORD, random_data
from tests.riskapi.makers import bearer, go_live, make_key, scoring_service, services_of, with_facts


@pytest.fixture(scope="module")
def readers(client):
    """Keys that may read: for both audiences, for each alone, for none."""
    services = services_of(client)
    return {
        name: bearer(make_key(services, (Action.DECISIONS_READ, *scopes)))
        for name, scopes in {
            "both": (Action.ENFORCEMENT, Action.PROTECTION),
            "enforcement": (Action.ENFORCEMENT,),
            "protection": (Action.PROTECTION,),
            "none": (),
        }.items()
    }


def test_decision_is_shown_as_it_was_given(client, readers):
    """The stored answer comes back whole, with the record in its stored form and who it is about apart from it."""
    answer = client.post("/v1/scores", json=EXAMPLE_RECORD).json()
    shown = client.get(f"/v1/decisions/{answer['decision_id']}", headers=readers["both"])
    DecisionBody.model_validate_json(shown.content)
    assert shown.json()["answer"] == answer
    assert shown.json()["identity"]["traveller.surname"] == "WARSAME"
    assert "surname" not in shown.json()["input"]["traveller"]
    assert shown.json()["input"]["documents"][0]["number"] != "A1234567"
    assert shown.json()["principal"] == "Gateway NBO"


@pytest.mark.parametrize("audience", ["enforcement", "protection"])
@pytest.mark.parametrize("route", ["", "/explanation"])
def test_r23_reader_sees_its_own_audience_alone(client, readers, audience, route):
    """Risks of another audience are left out, and no word says that they exist."""
    decision_id = client.post("/v1/scores", json=EXAMPLE_RECORD).json()["decision_id"]
    shown = client.get(f"/v1/decisions/{decision_id}{route}", headers=readers[audience])
    risks = (shown.json()["answer"] if route == "" else shown.json())["risks"]
    names = {risk["risk"] for risk in risks}
    assert names == (
        {"trafficking_protection"} if audience == "protection" else {"document_fraud", "migrant_smuggling"}
    )
    assert ("trafficking" in shown.text) == (audience == "protection")


@pytest.mark.parametrize("route", ["", "/explanation"])
def test_r23_decision_for_another_audience_is_not_found(client, readers, route):
    """A decision of which nothing is for the reader looks like one that does not exist."""
    key = make_key(services_of(client), (Action.SCORE, Action.PROTECTION))
    decision_id = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=bearer(key)).json()["decision_id"]
    hidden = client.get(f"/v1/decisions/{decision_id}{route}", headers=readers["enforcement"])
    unknown = client.get(f"/v1/decisions/{uuid7()}{route}", headers=readers["enforcement"])
    nobody = client.get(f"/v1/decisions/{decision_id}{route}", headers=readers["none"])
    assert {one.status_code for one in (hidden, unknown, nobody)} == {404}
    assert hidden.content == unknown.content == nobody.content
    assert client.get(f"/v1/decisions/{decision_id}{route}", headers=readers["protection"]).status_code == 200


@pytest.mark.parametrize("bad", ["x", "%00", "..%2f..", "01A20CAF-0413-738E-8D4A-C452987A1BD1", "1' OR '1'='1"])
def test_text_that_is_no_id_finds_nothing(client, readers, bad):
    """Whatever stands in the place of the id, nothing is found and nothing is repeated."""
    answer = client.get(f"/v1/decisions/{bad}", headers=readers["both"])
    assert answer.status_code == 404


def test_crew_decision_is_shown_without_scores(client, readers):
    """A record that was not scored can be looked up like any other."""
    answer = client.post("/v1/scores", json=with_facts(traveller={"passenger_type": "C"})).json()
    shown = client.get(f"/v1/decisions/{answer['decision_id']}", headers=readers["enforcement"])
    own = [one for one in answer["referrals"] if one["audience"] == "enforcement"]
    assert len(own) == 1
    assert shown.json()["answer"] == answer | {"referrals": own}
    again = client.get(f"/v1/decisions/{answer['decision_id']}/explanation", headers=readers["enforcement"])
    assert again.json()["risks"] == []


@pytest.mark.parametrize("seed", range(2))
def test_r11_every_contribution_is_computed_again_from_the_stored_record(client, readers, seed):
    """For any record: with the baseline, all contributions add up to the stored log-odds."""
    for record in random_data(15, seed):
        answer = client.post("/v1/scores", json=record).json()
        shown = client.get(f"/v1/decisions/{answer['decision_id']}/explanation", headers=readers["both"])
        assert shown.status_code == 200
        ExplanationBody.model_validate_json(shown.content)
        for risk, explained in zip(answer["risks"], shown.json()["risks"], strict=True):
            total = explained["baseline"] + sum(one["contribution"] for one in explained["contributions"])
            assert explained["log_odds"] == risk["log_odds"]
            assert abs(total - risk["log_odds"]) < 1e-9
            listed = {(r["code"], r["contribution"]) for r in risk["reasons_for"] + risk["reasons_against"]}
            assert listed <= {(one["code"], one["contribution"]) for one in explained["contributions"]}
            assert all(0 <= one["support"] <= 1 for one in explained["contributions"])


@pytest.mark.parametrize("change", ["answer", "input", "digest"])
def test_decision_that_cannot_be_reproduced_is_not_explained(client, readers, monkeypatch, change):
    """A score, a record or a bundle that is not what it was: no explanation, and the log says so."""
    services = services_of(client)
    decision_id = client.post("/v1/scores", json=EXAMPLE_RECORD).json()["decision_id"]
    row = services.decisions.decision(decision_id)
    answer = orjson.loads(row.answer)
    if change == "answer":
        answer["risks"][0]["log_odds"] += 1e-12
    if change == "digest":
        answer["risks"][0]["model"]["digest"] = "sha256:" + "0" * 64
    stored = row.input.replace(b'"stay_days":12', b'"stay_days":400') if change == "input" else row.input
    assert (stored != row.input) == (change == "input")
    tampered = dataclasses.replace(row, answer=orjson.dumps(answer), input=stored)
    monkeypatch.setattr(services.decisions, "decision", lambda _id: tampered)
    shown = client.get(f"/v1/decisions/{decision_id}/explanation", headers=readers["both"])
    assert shown.status_code == 500
    assert shown.json()["type"] == "urn:riskapi:problem:explanation-mismatch"
    assert "contributions" not in shown.text


def test_old_decision_is_explained_by_its_own_model(tmp_path):
    """After another model went live, an earlier decision is explained by the one that made it."""
    with scoring_service(tmp_path, ["document_fraud"]) as client:
        services = services_of(client)
        reader = bearer(make_key(services, (Action.DECISIONS_READ, Action.ENFORCEMENT)))
        answer = client.post("/v1/scores", json=EXAMPLE_RECORD).json()
        newer = go_live(services, "document_fraud", seed=1)
        shown = client.get(f"/v1/decisions/{answer['decision_id']}/explanation", headers=reader).json()
        assert shown["risks"][0]["digest"] == answer["risks"][0]["model"]["digest"] != newer
        assert shown["risks"][0]["log_odds"] == answer["risks"][0]["log_odds"]
