"""POST /v1/gtas/score: the form of GTAS, one risk of the caller's own audience, every decision stored."""

import json
from typing import Any

import pytest

from riskapi.access.matrix import Action
from riskapi.routes.gtas import _EXAMPLE, GtasAnswer
from tests.riskapi.hits.test_gtas import PREDICTION_FIELDS
from tests.riskapi.makers import bearer, make_key, services_of

PATH = "/v1/gtas/score"


def asked(client, body: Any = _EXAMPLE, **query):
    """Ask as GTAS does."""
    return client.post(PATH, json=body, params={"risk": "document_fraud"} | query)


def test_profile_is_answered_in_the_form_of_gtas(client):
    """Its own fields come back, the chances are those of the stored decision."""
    answered = asked(client, category=4)
    GtasAnswer.model_validate_json(answered.content)
    [one] = answered.json()["predictions"]
    assert set(one) == PREDICTION_FIELDS
    assert (one["passenger_num"], one["carrier"]) == (587, "KQ")
    assert one["cat4_prob"] == one["label_any_prob"]
    assert one["cat6_prob"] == [1.0, 0.0]


def test_reasons_are_added_where_they_are_asked_for(client):
    """With the id of the decision, which can be read; a profile that comes again has the one that it had."""
    first, again = (asked(client, reasons="true").json()["predictions"][0] for _ in range(2))
    assert first == again
    assert first["reasons"]
    reader = bearer(make_key(services_of(client), (Action.DECISIONS_READ, Action.ENFORCEMENT)))
    shown = client.get(f"/v1/decisions/{first['decision_id']}", headers=reader).json()
    risks = {risk["risk"]: risk for risk in shown["answer"]["risks"]}
    assert risks["document_fraud"]["probability"] == first["label_any_prob"][1]


def test_r23_a_risk_of_another_audience_is_not_found(client):
    """Like one that does not exist."""
    enforcement = bearer(make_key(services_of(client), (Action.SCORE, Action.ENFORCEMENT)))
    answers = [
        client.post(PATH, json=_EXAMPLE, params={"risk": risk}, headers=enforcement)
        for risk in ("trafficking_protection", "no_such_risk")
    ]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    "query", ["", "risk=", "risk=a&risk=b", "risk=document_fraud&x=1", "risk=document_fraud&category=7",
              "risk=document_fraud&category=two", "risk=document_fraud&reasons=yes"],
)  # fmt: skip
def test_broken_questions_are_refused_by_place(client, query):
    """And nothing of them is repeated."""
    answered = client.post(f"{PATH}?{query}", json=_EXAMPLE)
    assert answered.status_code == 422
    assert answered.json()["errors"]


@pytest.mark.parametrize("body", [{}, [], {"profiles": [{"carrier": "ZZMARKZZ"}]}, {"profiles": "ZZMARKZZ"}])
def test_r37_what_is_no_profile_is_refused_and_not_repeated(client, body):
    """The rule is told."""
    answered = asked(client, body)
    assert answered.status_code == 422
    assert "ZZMARKZZ" not in answered.text


def test_nobody_is_no_error(client):
    """A flight that nobody is on."""
    assert asked(client, {"profiles": []}).json()["predictions"] == []
    assert json.loads(asked(client, {"profiles": []}).content)["status"] == "SUCCESS"
