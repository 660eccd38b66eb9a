"""Outcomes over HTTP: what is taken, from whom, and with which words the rest is refused."""

from datetime import timedelta

import pytest

from features.outcome import NOT_INDEPENDENT
from riskapi.access.matrix import Action, Role
from riskapi.access.principal import PrincipalKind
from riskapi.ids import uuid7
from riskapi.outcome_form import OutcomeRequest, OutcomesAnswer
from tests.makers import EXAMPLE_RECORD
from tests.riskapi.makers import bearer, make_key, services_of

FOUND = {
    "outcome_code": "forged_document",
    "known_at": "2026-03-14T12:00:00Z",
    "evidence_type": "document_examination",
    "decided_by_role": "forensic_examiner",
    "selection": "officer",
    "inspection_depth": "full",
    "score_shown": True,
    "officer_id": "KE-4711",
    "rationale": "Page 2 was exchanged; confirmed under UV light.",
}
NOT_LOOKED = {"compliance": "not_done", "rationale": "The desk was closed for an hour."}


@pytest.fixture(scope="module")
def officers(client):
    """The headers of those who record outcomes."""
    services = services_of(client)
    made = {}
    for name, grants in {
        "reviewer": [Role.REVIEWER],
        "protection": [Role.PROTECTION_OFFICER],
        "both": [Action.OUTCOMES_RECORD, Action.ENFORCEMENT, Action.PROTECTION],
    }.items():
        made[name] = bearer(make_key(services, grants, f"Officer {name}", PrincipalKind.PERSON))
    made["protection"]["X-Purpose"] = "protection"
    return made


@pytest.fixture
def decision_id(client):
    """A decision that has no outcome yet."""
    return client.post("/v1/scores", json=EXAMPLE_RECORD).json()["decision_id"]


def send(client, headers, *outcomes):
    """Send one outcome, or a list of them."""
    return client.post("/v1/outcomes", json=outcomes[0] if len(outcomes) == 1 else list(outcomes), headers=headers)


def problems(answer):
    """The places and rules of a refusal."""
    assert answer.status_code == 422, answer.text
    return {problem["place"]: problem["rule"] for problem in answer.json()["errors"]}


def test_outcome_is_recorded_and_sent_again_it_is_the_same(client, officers, decision_id):
    """201 for what is new, 200 for what was on record; one id for both."""
    sent = {"decision_id": decision_id, **FOUND}
    first = send(client, officers["reviewer"], sent)
    assert first.status_code == 201
    OutcomesAnswer.model_validate_json(first.content)
    again = send(client, officers["reviewer"], sent)
    assert again.status_code == 200
    [one], [other] = (answer.json()["outcomes"] for answer in (first, again))
    assert one == {**other, "repeated": False}
    assert (other["version"], again.json()["recorded"], again.json()["repeated"]) == (1, 0, 1)


def test_correction_names_what_it_corrects_and_both_are_kept(client, officers, decision_id):
    """Another outcome is refused until it says which one it supersedes; the later one counts."""
    first = {"decision_id": decision_id, **FOUND}
    [made] = send(client, officers["reviewer"], first).json()["outcomes"]
    later = first | {"outcome_code": "overturned", "rationale": "The laboratory found the page to be genuine."}
    assert problems(send(client, officers["reviewer"], later)) == {"supersedes": "is missing"}
    corrected = first | {"outcome_code": "nothing_found"}
    refused = send(client, officers["reviewer"], corrected)
    assert refused.status_code == 409
    assert made["outcome_id"] in refused.json()["detail"]
    assert send(client, officers["reviewer"], later | {"supersedes": uuid7()}).status_code == 409
    taken = send(client, officers["reviewer"], later | {"supersedes": made["outcome_id"]})
    assert taken.json()["outcomes"][0]["version"] == 2
    store = services_of(client).outcome_store
    assert [one.version for one in store.of([decision_id], "enforcement")] == [1, 2]
    assert b'"overturned"' in store.latest([decision_id], "enforcement")[decision_id].content
    assert store.of([decision_id], "protection") == []


@pytest.mark.parametrize("evidence", sorted(NOT_INDEPENDENT))
def test_r18_what_rests_on_no_evidence_of_a_person_is_no_outcome(client, officers, decision_id, evidence):
    """The service's own score, a rule's hit and nothing at all are refused with that reason."""
    sent = {"decision_id": decision_id, **FOUND, "evidence_type": evidence}
    assert problems(send(client, officers["reviewer"], sent)) == {
        "evidence_type": "a score, a rule or no evidence makes no outcome"
    }
    system = {"decision_id": decision_id, **FOUND, "decided_by_role": "system"}
    assert problems(send(client, officers["reviewer"], system)) == {
        "decided_by_role": "what a system decided is no outcome"
    }


@pytest.mark.parametrize("name", ["outcome_code", "known_at", "evidence_type", "decided_by_role", "selection"])
def test_r18_an_outcome_says_how_it_came_about(client, officers, decision_id, name):
    """What, when, on what evidence, decided by whom, and why this traveller: each is asked for by name."""
    sent = {"decision_id": decision_id, **FOUND}
    del sent[name]
    assert problems(send(client, officers["reviewer"], sent)) == {name: "is missing"}


@pytest.mark.parametrize("rationale", [None, "", "too short", "   \n          "])
def test_r8_an_outcome_needs_a_rationale(client, officers, decision_id, rationale):
    """Without reasons nothing is recorded, whatever else was sent."""
    sent = {"decision_id": decision_id, **FOUND, "rationale": rationale}
    if rationale is None:
        del sent["rationale"]
    assert list(problems(send(client, officers["reviewer"], sent))) == ["rationale"]


def test_r8_an_outcome_has_a_named_reviewer(client, officers, decision_id):
    """Who recorded it stands in the log; without a caller, or with one who may not, nothing does."""
    sent = {"decision_id": decision_id, **FOUND}
    assert send(client, {"Authorization": ""}, sent).status_code == 401
    assert send(client, {}, sent).status_code == 403
    send(client, officers["reviewer"], sent)
    stored = services_of(client).outcome_store.latest([decision_id], "enforcement")[decision_id]
    assert stored.by == "Officer reviewer"


def test_not_inspected_is_a_state_of_its_own(client, officers, decision_id):
    """Who was not looked at has no outcome: a code beside it is refused, and no code is made up."""
    sent = {"decision_id": decision_id, **NOT_LOOKED}
    assert problems(send(client, officers["reviewer"], sent | {"outcome_code": "nothing_found"})) == {
        "outcome_code": "stands where nobody looked"
    }
    assert send(client, officers["reviewer"], sent).status_code == 201
    content = services_of(client).outcome_store.latest([decision_id], "enforcement")[decision_id].content
    assert b'"outcome_code":null' in content


def test_r23_outcomes_of_protection_are_recorded_by_protection_alone(client, officers, decision_id):
    """A code of the other audience is refused either way; each audience has outcomes of its own."""
    victim = {"decision_id": decision_id, **FOUND, "outcome_code": "presumed_victim", "evidence_type": "interview"}
    victim["decided_by_role"] = "protection_officer"
    assert problems(send(client, officers["reviewer"], victim)) == {"outcome_code": "belongs to another audience"}
    forged = {"decision_id": decision_id, **FOUND}
    assert problems(send(client, officers["protection"], forged)) == {"outcome_code": "belongs to another audience"}
    assert send(client, officers["protection"], victim).status_code == 201
    assert send(client, officers["reviewer"], forged).status_code == 201
    store = services_of(client).outcome_store
    assert b"presumed_victim" not in store.latest([decision_id], "enforcement")[decision_id].content
    assert b"presumed_victim" in store.latest([decision_id], "protection")[decision_id].content


def test_a_code_of_no_risk_is_of_the_callers_audience_and_asked_for_where_it_has_two(client, officers, decision_id):
    """To have found nothing says nothing of whose search it was."""
    nothing = {"decision_id": decision_id, **FOUND, "outcome_code": "nothing_found"}
    assert problems(send(client, officers["both"], nothing)) == {"audience": "does not follow from the code"}
    assert send(client, officers["both"], nothing | {"audience": "protection"}).status_code == 201
    assert problems(send(client, officers["reviewer"], nothing | {"audience": "protection"})) == {
        "audience": "does not follow from the code"
    }
    assert send(client, officers["reviewer"], nothing).status_code == 201


def test_a_decision_out_of_reach_is_like_one_that_does_not_exist(client, officers):
    """Another unit's decision, one for the other audience, and none at all: one answer."""
    key = make_key(services_of(client), (Action.SCORE, Action.PROTECTION))
    hidden = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=bearer(key)).json()["decision_id"]
    for unknown in (hidden, uuid7()):
        found = problems(send(client, officers["reviewer"], {"decision_id": unknown, **FOUND}))
        assert found == {"decision_id": "no decision with this id that this key may see"}


def test_of_a_list_all_are_recorded_or_none(client, officers, decision_id):
    """Every problem is told with the place of its outcome, and nothing is stored where there is one."""
    good = {"decision_id": decision_id, **FOUND}
    bad = {"decision_id": uuid7(), **FOUND, "known_at": "2026-03-01T00:00:00Z", "evidence_type": "rule_hit"}
    found = problems(send(client, officers["reviewer"], good, bad))
    assert set(found) == {"outcomes[1].decision_id", "outcomes[1].evidence_type"}
    assert set(problems(send(client, officers["reviewer"], good, {"rationale": 1}))) >= {"outcomes[1].rationale"}
    assert services_of(client).outcome_store.of([decision_id], "enforcement") == []
    taken = send(client, officers["reviewer"], good, good)
    assert [one["repeated"] for one in taken.json()["outcomes"]] == [False, True]
    assert send(client, officers["reviewer"], *[good] * 1001).status_code == 413
    assert client.post("/v1/outcomes", json=[], headers=officers["reviewer"]).status_code == 422


def test_times_that_cannot_be_are_refused(client, officers, decision_id):
    """Nothing is known long before the crossing, nor later than now."""
    now = services_of(client).clock()
    for moment, rule in (
        ("2026-03-13T09:00:00Z", "lies over a day before the crossing"),
        ((now + timedelta(hours=1)).isoformat(), "lies in the future"),
    ):
        sent = {"decision_id": decision_id, **FOUND, "known_at": moment}
        assert problems(send(client, officers["reviewer"], sent)) == {"known_at": rule}
    sent = {"decision_id": decision_id, **FOUND, "known_at": "2026-03-14T12:00:00"}
    assert list(problems(send(client, officers["reviewer"], sent))) == ["known_at"]


def test_r37_a_refusal_repeats_nothing_of_what_was_sent(client, officers, decision_id):
    """Codes, ids and reasons of the sender are in no answer."""
    for changes in (
        {"outcome_code": "zzmarkzz"},
        {"selection": "ZZMARKZZ"},
        {"ZZMARKZZ": 1},
        {"rationale": "ZZMARKZZ"},
    ):
        answer = send(client, officers["reviewer"], {"decision_id": decision_id, **FOUND, **changes})
        assert answer.status_code == 422
        assert "zzmarkzz" not in answer.text.casefold()


def test_every_example_of_the_form_is_valid():
    """What the page shows can be sent."""
    schema = OutcomeRequest.model_json_schema()
    examples = {name: one["examples"][0] for name, one in schema["properties"].items() if "examples" in one}
    assert OutcomeRequest(**(NOT_LOOKED | {"decision_id": uuid7()} | examples)).rationale == examples["rationale"]
