"""Who is referred, from the answer to the log: told to the border system, hidden from those who look, checkable."""

import orjson
import pytest

from riskapi.access.matrix import Role
from riskapi.access.principal import PrincipalKind
from riskapi.log.entry import Kind
from riskapi.log.store_source import store_source
from riskapi.log.verify import verify
from riskapi.replay import Outcome, Replayer
from riskapi.schemas import ScoreAnswer, StoredAnswer
from riskapi.storage.log_key import log_key
from tests.makers import random_data
from tests.riskapi.makers import bearer, make_key, scoring_service, services_of, with_facts
from tests.riskapi.privacy.makers import entries_of

CREW = with_facts(traveller={"passenger_type": "C"})
POLICY = """
lane = 0.05
[risk.document_fraud]
capacity = 1.0
[risk.migrant_smuggling]
capacity = 0.0
[risk.trafficking_protection]
capacity = 0.3
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A service that refers nearly everybody for one risk and nobody by score for another."""
    directory = tmp_path_factory.mktemp("service")
    policy = directory / "policy.toml"
    policy.write_text(POLICY)
    with scoring_service(directory, selection_file=policy) as made:
        yield made


@pytest.fixture(scope="module")
def answers(client):
    """Answers about many, the last one of crew."""
    rows = client.post("/v1/scores/batch", json=[*random_data(150, seed=31), CREW]).json()["rows"]
    return [row["answer"] for row in rows]


def test_every_risk_says_whether_somebody_is_asked_to_look(answers):
    """Both arms, their chances; crew by the lane alone, for each audience; what is sent is what is described."""
    for answer in answers:
        ScoreAnswer.model_validate_json(orjson.dumps(answer))
        assert [one["audience"] for one in answer["referrals"]] == (
            ["enforcement", "protection"] if answer["not_scored"] else []
        )
    found = {}
    for answer in answers:
        for risk in answer["risks"]:
            found.setdefault(risk["risk"], []).append((risk["referral"]["arm"], risk["referral"]["probability"]))
    assert set(found["document_fraud"]) <= {("score", 1.0), ("random", 1.0), (None, 0.05), ("random", 0.05)}
    assert ("score", 1.0) in found["document_fraud"]
    assert set(found["migrant_smuggling"]) <= {(None, 0.05), ("random", 0.05)}


def test_r11_selections_are_computed_again_with_the_answers(client, answers):
    """What is stored of each decision gives the bytes of its answer, referrals included."""
    services = services_of(client)
    replayer = Replayer(services.active.open)
    for answer in answers:
        decision = services.decisions.decision(answer["decision_id"])
        assert replayer.replay(decision).outcome is Outcome.SAME
        told = [one["referral"] for one in (*answer["risks"], *answer["referrals"])]
        assert [one.split(":")[2] for one in decision.referrals] == [repr(one["probability"]) for one in told]


def test_draws_of_the_log_hold_against_the_key_that_was_committed_to(client, answers):
    """The whole log verifies, with the month's key and without; a decision names its policy."""
    services = services_of(client)
    [policy] = entries_of(services, Kind.SELECTION_POLICY)
    decisions = entries_of(services, Kind.DECISION)
    assert {one["policy"].partition("/")[0] for one in decisions} == {policy["version"]}
    month = decisions[0]["policy"].partition("/")[2]
    with store_source(services.settings) as source:
        [found] = verify(
            [source],
            [services.settings.checkpoint_file] if services.settings.checkpoint_file.exists() else [],
            [log_key(services.settings.log_key_file).public_key()],
            lane_keys={month: services.secret.lane_key(month)},
        )
    assert [one.line() for one in found.findings] == []
    assert found.draws == len(decisions) >= len(answers)


def test_who_looks_at_travellers_does_not_see_how_they_were_chosen(client, answers):
    """Reviewers and protection officers see whether; auditors and the border system also see how."""
    services = services_of(client)
    readers = {
        role: bearer(make_key(services, [role], f"Reader {role}", PrincipalKind.PERSON)) | {"X-Purpose": purpose}
        for role, purpose in (
            (Role.REVIEWER, "border_control"),
            (Role.PROTECTION_OFFICER, "protection"),
            (Role.AUDITOR, "oversight"),
        )
    }
    for answer in (*answers[:5], answers[-1]):
        for role, headers in readers.items():
            shown = client.get(f"/v1/decisions/{answer['decision_id']}", headers=headers).json()["answer"]
            StoredAnswer.model_validate_json(orjson.dumps(shown))
            audience = "protection" if role is Role.PROTECTION_OFFICER else "enforcement"
            for kind in ("risks", "referrals"):
                sent = [one["referral"] for one in answer[kind] if one["audience"] == audience]
                if role is not Role.AUDITOR:
                    sent = [one | {"arm": None, "probability": None} for one in sent]
                assert [one["referral"] for one in shown[kind]] == sent


def test_outcome_of_somebody_whom_the_service_referred_needs_no_word_of_why(client, answers):
    """Who looked need not know whether by score or by lot; for everybody else the reason is asked for."""
    officer = bearer(make_key(services_of(client), [Role.REVIEWER], "Amina Yusuf", PrincipalKind.PERSON))
    outcome = {
        "outcome_code": "nothing_found",
        "known_at": "2026-11-20T12:00:00Z",
        "evidence_type": "interview",
        "decided_by_role": "officer",
        "rationale": "Papers and story fit together.",
    }
    scored = [answer for answer in answers if not answer["not_scored"]]
    for answer in scored[:40]:
        referred = any(one["referral"]["referred"] for one in answer["risks"] if one["audience"] == "enforcement")
        sent = outcome | {"decision_id": answer["decision_id"]}
        done = client.post("/v1/outcomes", json=sent, headers=officer)
        if done.status_code == 422:
            places = {one["place"] for one in done.json()["errors"]}
            assert places <= {"selection", "known_at"}
            assert ("selection" in places) != referred
        else:
            assert referred
