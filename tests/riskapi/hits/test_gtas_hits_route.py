"""POST /v1/gtas/pending-hits: stored decisions in the form of GTAS, as far as the caller could read them."""

import json

import pytest

from riskapi.access.matrix import Action, Role
from riskapi.ids import uuid7
from riskapi.routes.gtas_hits import DECISIONS_MAX, PendingHitsAnswer
from tests.riskapi.hits.test_gtas import HIT_FIELDS, MAKERS
from tests.riskapi.makers import bearer, make_key, services_of, with_facts

PATH = "/v1/gtas/pending-hits"
BANDS = ["high", "elevated", "standard", "insufficient_data"]


@pytest.fixture(scope="module")
def decided(client):
    """Answers about three travellers, of whom the last was scored as a test."""
    answers = [client.post("/v1/scores", json=with_facts(record_id=f"G{number}")).json() for number in range(2)]
    test = client.post("/v1/scores", json=with_facts(record_id="G3"), headers={"X-Purpose": "test"}).json()
    return [*answers, test]


def asked(decided, **changes):
    """Ask for hits of decisions."""
    known = [
        {"decision_id": one["decision_id"], "passenger_id": 500 + place, "flight_id": 42}
        for place, one in enumerate(decided)
    ]
    return {"hit_makers": MAKERS, "decisions": known, "bands": BANDS} | changes


def reader(client, *actions, name="GTAS"):
    """The headers of a key that reads decisions."""
    return bearer(make_key(services_of(client), actions or (Action.DECISIONS_READ, Action.ENFORCEMENT), name=name))


def views(client):
    """What the log says of views, by whom."""
    services = services_of(client)
    entries = [entry for writer in services.journal.heads() for entry in services.journal.entries(writer)]
    found = [json.loads(entry.body) for entry in entries if entry.kind == "access"]
    return [(one["by"], one["decision_id"]) for one in found if one.get("what") == "pending_hits"]


def test_stored_decisions_are_told_in_the_form_of_gtas(client, decided):
    """One hit for each traveller and risk of the audience, with the stored number; a test makes none."""
    answered = client.post(PATH, json=asked(decided), headers=reader(client))
    assert answered.status_code == 200, answered.text
    PendingHitsAnswer.model_validate_json(answered.content)
    hits = answered.json()["passengerPendingDetailList"]
    assert {hit["passengerId"] for hit in hits} == {500, 501}
    assert {hit["hitMakerId"] for hit in hits} == {11, 12}
    told = {risk["risk"]: risk["probability"] for risk in decided[0]["risks"]}
    for hit in hits:
        assert set(hit) == HIT_FIELDS
        assert (hit["hitEnum"], hit["flightId"]) == ("EH", 42)
        codes = [one.partition(": ")[0] for one in hit["ruleConditions"].split("$$$")]
        assert all(0 < len(code) <= 8 for code in codes)
    assert {hit["percentage"] for hit in hits if hit["passengerId"] == 500} == {
        told["document_fraud"], told["migrant_smuggling"],
    }  # fmt: skip


def test_only_named_bands_and_risks_are_told(client, decided):
    """Where nothing is said of bands, high alone."""
    headers = reader(client)
    every = client.post(PATH, json=asked(decided), headers=headers).json()["passengerPendingDetailList"]
    body = asked(decided, hit_makers={"document_fraud": 11})
    del body["bands"]
    high = client.post(PATH, json=body, headers=headers).json()["passengerPendingDetailList"]
    assert len(high) < len(every)
    assert all("Band high" in hit["description"] for hit in high)


def test_each_view_is_on_record_before_it_is_answered(client, decided):
    """Who, and of which decision."""
    name = "GTAS on record"
    client.post(PATH, json=asked(decided), headers=reader(client, name=name)).raise_for_status()
    assert [one for by, one in views(client) if by == name] == [one["decision_id"] for one in decided]


def test_r23_protection_is_told_to_protection_alone(client, decided):
    """Another audience is refused; a desk of protection gets its own risk and no other."""
    refused = client.post(PATH, json=asked(decided, audience="protection"), headers=reader(client))
    assert refused.status_code == 403
    headers = bearer(make_key(services_of(client), (Action.DECISIONS_READ, Action.PROTECTION))) | {
        "X-Purpose": "protection"
    }
    told = client.post(PATH, json=asked(decided, audience="protection"), headers=headers).json()
    assert {hit["hitMakerId"] for hit in told["passengerPendingDetailList"]} == {13}


def test_what_the_caller_could_not_read_is_not_found_and_nothing_is_told(client, decided):
    """An unknown id, and a decision of another scorer: the same words with the place, no hit, no view."""
    before = views(client)
    unknown = asked([decided[0], {"decision_id": uuid7()}])
    other = bearer(make_key(services_of(client), (Role.SCORER,), name="Another gateway"))
    answers = [
        client.post(PATH, json=unknown, headers=reader(client)),
        client.post(PATH, json=asked(decided[:1]), headers=other),
    ]
    assert [one.status_code for one in answers] == [404, 404]
    assert [one.json()["detail"][:12] for one in answers] == ["decisions[1]", "decisions[0]"]
    assert views(client) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"hit_makers": {}},
        {"hit_makers": {"document_fraud": -1}},
        {"hit_makers": {"document_fraud": "SECRET4711"}},
        {"decisions": []},
        {"decisions": [{"decision_id": "SECRET4711", "passenger_id": 1, "flight_id": 2**64}]},
        {"decisions": [{"decision_id": "x", "passenger_id": 1, "flight_id": 1}] * (DECISIONS_MAX + 1)},
        {"bands": ["SECRET4711"]},
        {"bands": []},
        {"audience": "everybody"},
        {"SECRET4711": 1},
    ],
)
def test_broken_questions_are_refused_by_place(client, decided, changes):
    """And nothing of them is repeated."""
    answered = client.post(PATH, json=asked(decided[:1], **changes), headers=reader(client))
    assert answered.status_code == 422
    assert answered.json()["errors"]
    assert "SECRET4711" not in answered.text
