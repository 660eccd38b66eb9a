"""Hard checks in answers: beside the scores, for their audience, stored, computed again, and part of no score."""

from dataclasses import replace

import orjson
import pytest

from features.checks import CHECKS
from features.record import TravellerRecord
from features.risk import Audience
from riskapi.access.matrix import Action, Role
from riskapi.replay import Outcome, Replayer
from riskapi.schemas import DecisionBody, ExplanationBody, ScoreAnswer
from riskapi.scoring import assess
from tests.features.test_checks import CASES, hostile_records, record_of
from tests.makers import EXAMPLE_RECORD
from tests.riskapi.makers import NOW, bearer, go_live, make_key, said, services_of, with_facts

RECORDS = 60
BIRTH = {"traveller": {"date_of_birth": "2026-11-01"}, "crossing": {"expected_at": "2026-03-14T09:40:00Z"}}
HIT = {"upstream": {"watchlist_hit": True, "visa_ok": False, "document_ok": True}}


def scored(client, record, **headers):
    """Answer of the service, held against its description."""
    answered = client.post("/v1/scores", json=record, **({"headers": headers} if headers else {}))
    ScoreAnswer.model_validate_json(answered.content)
    return answered.json()


def codes(answer):
    """Codes of the checks that failed."""
    return [one["code"] for one in answer["checks"]]


def stored(client, decision_id):
    """A decision as it is read again."""
    return services_of(client).decisions.decision(decision_id)


def test_answer_tells_what_failed_beside_the_scores(client):
    """Code, version and sentence; nothing where nothing fails."""
    assert scored(client, EXAMPLE_RECORD)["checks"] == []
    answer = scored(client, with_facts(documents=[{"expiry_date": "2026-03-13"}]))
    assert answer["checks"] == [
        {
            "code": "CK03",
            "version": 1,
            "sentence": "The document expires before the crossing",
            "audiences": ["enforcement", "protection"],
        }
    ]
    assert answer["risks"]


@pytest.mark.parametrize("code", sorted(CASES))
def test_a_check_never_changes_a_score(services, monkeypatch, code):
    """The record that fails a check has the same scores, bit for bit, whether checks exist or not."""
    for risk in ("document_fraud", "trafficking_protection"):
        go_live(services, risk)
    record = record_of(CASES[code][1])
    monkeypatch.setattr("riskapi.scoring.failed_checks", lambda _record, _day: [CHECKS[0].failure])
    with_checks = assess(record, services.active.live, frozenset(Audience), NOW)
    monkeypatch.setattr("riskapi.scoring.failed_checks", lambda _record, _day: [])
    assert with_checks.checks
    assert with_checks.risks == assess(record, services.active.live, frozenset(Audience), NOW).risks


@pytest.mark.parametrize("code", ["CK11", "CK12", "CK13", "CK14", "CK15", "CK16"])
def test_r1_findings_of_other_systems_reach_no_score(client, code):
    """Passed, failed or absent: the same scores and the same reasons."""
    found = []
    for changes in CASES[code]:
        record = orjson.loads(record_of(changes).model_dump_json(exclude_none=True))
        found.append(scored(client, record))
    assert [code in codes(one) for one in found] == [False, True, False]
    first, *others = [said(one["risks"]) for one in found]
    assert all(other == first for other in others)


def test_r11_decisions_with_failed_checks_are_computed_again_to_the_same_bytes(client):
    """Hostile records, births that cannot be right among them, with identity and after it was masked."""
    kept = [one for one in hostile_records(2 * RECORDS, seed=3) if one["crossing"]["direction"] != "transit"]
    records = [
        *kept[:RECORDS],
        with_facts(**BIRTH),
        with_facts(traveller={"date_of_birth": "2021-03-01"}),
        with_facts(**HIT),
    ]
    rows = client.post("/v1/scores/batch", json=records).json()["rows"]
    answers = [row["answer"] for row in rows]
    replayer = Replayer(services_of(client).active.open)
    for answer in answers:
        decision = stored(client, answer["decision_id"])
        for row in (decision, replace(decision, identity=None)):
            assert replayer.replay(row).outcome is Outcome.SAME
    told = {code for answer in answers for code in codes(answer)}
    assert told >= {"CK05", "CK08", "CK13"}


def test_date_of_birth_leaves_what_it_contradicts(client):
    """It is kept apart; what is kept of it in the record says which checks it fails, and no date."""
    answer = scored(client, with_facts(**BIRTH))
    assert codes(answer) == ["CK05", "CK08"]
    kept = orjson.loads(stored(client, answer["decision_id"]).input)
    assert kept["traveller"]["birth_contradicts"] == ["issue", "crossing"]
    assert "date_of_birth" not in kept["traveller"]
    TravellerRecord.model_validate_json(orjson.dumps(kept))


def test_sent_contradictions_are_not_believed_beside_a_date_of_birth(client):
    """A corrected record that was made from a stored one is checked by its date."""
    answer = scored(client, with_facts(traveller={"birth_contradicts": ["issue", "crossing"]}))
    assert codes(answer) == []
    assert "birth_contradicts" not in orjson.loads(stored(client, answer["decision_id"]).input)["traveller"]


def test_r23_findings_of_other_systems_are_for_enforcement_alone(client):
    """Neither the answer nor the stored decision shows them to a protection officer; what fails for all is shown."""
    services = services_of(client)
    officer = bearer(make_key(services, (Action.SCORE, Action.PROTECTION)))
    record = with_facts(**HIT, documents=[{"expiry_date": "2026-03-13"}])
    assert codes(scored(client, record, **officer)) == ["CK03"]
    answer = scored(client, record)
    assert codes(answer) == ["CK03", "CK13", "CK14"]
    for scope, expected in ((Action.PROTECTION, ["CK03"]), (Action.ENFORCEMENT, ["CK03", "CK13", "CK14"])):
        reader = bearer(make_key(services, (Action.DECISIONS_READ, scope)))
        path = f"/v1/decisions/{answer['decision_id']}"
        shown = client.get(path, headers=reader)
        DecisionBody.model_validate_json(shown.content)
        assert codes(shown.json()["answer"]) == expected
        explained = client.get(f"{path}/explanation", headers=reader)
        ExplanationBody.model_validate_json(explained.content)
        assert [one["code"] for one in explained.json()["checks"] if one["result"] == "failed"] == expected


def test_reader_for_more_audiences_sees_what_was_answered(client):
    """A decision that was answered for protection alone is explained to a reader for both."""
    officer = bearer(make_key(services_of(client), (Action.SCORE, Action.PROTECTION)))
    answer = scored(client, with_facts(**HIT), **officer)
    explained = client.get(f"/v1/decisions/{answer['decision_id']}/explanation", headers=reader_of(client))
    assert explained.status_code == 200
    assert {"CK13", "CK11"}.isdisjoint(one["code"] for one in explained.json()["checks"])


def test_explanation_tells_every_result(client):
    """Passed, failed and not checked, each with its facts, its standard and its days."""
    answer = scored(client, with_facts(**HIT))
    shown = client.get(f"/v1/decisions/{answer['decision_id']}/explanation", headers=reader_of(client)).json()
    results = {one["code"]: one for one in shown["checks"]}
    assert list(results) == [check.code for check in CHECKS]
    assert {code: results[code]["result"] for code in ("CK01", "CK05", "CK11", "CK13", "CK15")} == {
        "CK01": "passed",
        "CK05": "passed",
        "CK11": "not_checked",
        "CK13": "failed",
        "CK15": "passed",
    }
    assert results["CK13"]["sentence"] == "Another system reports a hit on a watch list"
    assert results["CK01"]["sentence"] is None
    assert results["CK01"]["standard"].startswith("ICAO Doc 9303")


def reader_of(client):
    """The headers of a key that reads for both audiences."""
    return bearer(make_key(services_of(client), (Action.DECISIONS_READ, Action.ENFORCEMENT, Action.PROTECTION)))


def test_other_checks_than_were_told_are_not_explained(client, monkeypatch):
    """Where a rule was changed without a new version, nothing is shown."""
    answer = scored(client, with_facts(documents=[{"expiry_date": "2026-03-13"}]))
    monkeypatch.setattr("riskapi.audit.checked", lambda _record, _day: [])
    explained = client.get(f"/v1/decisions/{answer['decision_id']}/explanation", headers=reader_of(client))
    assert explained.status_code == 500
    assert "expires" not in explained.text


def test_crew_is_checked_and_not_scored(client):
    """A document that was reported is reported, whoever shows it."""
    record = with_facts(traveller={"passenger_type": "C"}, documents=[{"sltd_hit": True}])
    answer = scored(client, record)
    assert (answer["risks"], answer["not_scored"], codes(answer)) == ([], "crew", ["CK11"])


def test_person_concerned_is_told_of_their_own_facts_alone(client):
    """What does not fit in a document is in the letter; what another system found is asked for there."""
    answer = scored(client, with_facts(**HIT, documents=[{"expiry_date": "2026-03-13"}]))
    reviewer = bearer(make_key(services_of(client), (Role.REVIEWER,))) | {"X-Purpose": "redress"}
    path = f"/v1/decisions/{answer['decision_id']}/person-explanation"
    told = client.get(path, headers=reviewer)
    assert told.json()["checks"] == ["The document expires before the crossing"]
    assert "watch list" not in str(told.json()["checks"])


def test_failed_checks_are_counted_by_code(client):
    """The metric tells how often each fails."""
    registry = services_of(client).metrics.registry
    before = registry.get_sample_value("riskapi_failed_checks_total", {"code": "CK06"}) or 0
    scored(client, with_facts(documents=[{"issue_date": "2026-03-16"}]))
    assert registry.get_sample_value("riskapi_failed_checks_total", {"code": "CK06"}) == before + 1
