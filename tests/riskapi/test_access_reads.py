"""Who may look back at what: units, owners, audiences, masks; and every view on record."""

import json
import uuid

import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.access.keys import new_key
from riskapi.access.matrix import PURPOSES, Action, Role
from riskapi.access.principal import PrincipalKind
from riskapi.errors import StorageError
from tests.riskapi.makers import bearer, make_key, services_of

IDENTIFYING = ("traveller.surname", "traveller.given_names", "traveller.date_of_birth", "documents[0].number")
PROTECTED = ("traveller.gender", "traveller.nationality", "documents[0].issuing_country")


def key_of(client, *grants, name="Reader", units=()):
    """The headers of a person with some grants."""
    services = services_of(client)
    key, row = new_key(services.secret, name, PrincipalKind.PERSON, grants, services.clock(), units=units)
    services.keys.add_key(row)
    services.refresh()
    purposes = [purpose for one in grants if isinstance(one, Role) for purpose in sorted(PURPOSES[one])]
    return {"Authorization": f"Bearer {key}", "X-Purpose": purposes[0] if purposes else "border_control"}


def decide(client, headers=None):
    """Score the example; gives the decision's id."""
    answer = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return answer.json()["decision_id"]


def look(client, decision_id, headers, what=""):
    """Look at a decision."""
    return client.get(f"/v1/decisions/{decision_id}{what}", headers=headers)


def views(client):
    """What the log says about views."""
    journal = services_of(client).journal
    entries = [entry for writer in journal.heads() for entry in journal.entries(writer)]
    return [json.loads(entry.body) for entry in entries if entry.kind == "access"]


def test_e2_a_reviewer_sees_the_own_unit_and_nothing_of_others(client):
    """Another unit's decisions are not found: the answer is that of an id which does not exist."""
    here = decide(client, key_of(client, Role.SCORER, name="Gateway NBO", units=["NBO"]))
    there = decide(client, key_of(client, Role.SCORER, name="Gateway MBA", units=["MBA"]))
    nowhere = decide(client, key_of(client, Role.SCORER, name="Gateway"))
    reviewer = key_of(client, Role.REVIEWER, units=["NBO"])
    assert look(client, here, reviewer).status_code == 200
    missing = look(client, str(uuid.uuid4()), reviewer)
    for other in (there, nowhere):
        answer = look(client, other, reviewer)
        assert (answer.status_code, answer.content) == (404, missing.content)
        assert look(client, other, reviewer, "/explanation").content == missing.content
    both = key_of(client, Role.REVIEWER, units=["KIS", "NBO", "MBA"])
    assert [look(client, one, both).status_code for one in (here, there, nowhere)] == [200, 200, 404]


def test_e2_ids_that_are_guessed_lead_nowhere(client):
    """Two hundred random ids, and ids of other shapes, are all answered alike."""
    reviewer = key_of(client, Role.REVIEWER, units=["NBO"])
    ids = [str(uuid.uuid4()) for _ in range(200)] + ["x", "0", "..", "1 OR 1=1", "%00", "a" * 500]
    answers = [look(client, one, reviewer) for one in ids]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers[:200]}) == 1


def test_a_scorer_sees_its_own_decisions_alone(client):
    """A gateway reads back what it asked for, not what others asked for in the same unit."""
    own = key_of(client, Role.SCORER, name="Gateway A", units=["NBO"])
    decision_id = decide(client, own)
    assert look(client, decision_id, own).status_code == 200
    assert look(client, decision_id, key_of(client, Role.SCORER, name="Gateway B", units=["NBO"])).status_code == 404


def test_an_auditor_sees_all_units_without_who_it_is(client):
    """The auditor's view has the case, its reasons and the protected facts, and nothing that names anybody."""
    decision_id = decide(client, key_of(client, Role.SCORER, name="Gateway NBO", units=["NBO"]))
    shown = look(client, decision_id, key_of(client, Role.AUDITOR))
    assert shown.status_code == 200
    body = shown.json()
    assert body["answer"]["risks"]
    assert body["record_id"] is None
    assert not set(IDENTIFYING) & set(body["identity"])
    assert set(PROTECTED) <= set(body["identity"])
    for fact in ("WARSAME", EXAMPLE_RECORD["record_id"], EXAMPLE_RECORD["traveller"]["date_of_birth"]):
        assert fact not in shown.text


def test_e3_reviewers_never_see_facts_that_are_for_audits(client):
    """Whoever decides about a person is not shown protected facts beside the score."""
    decision_id = decide(client, key_of(client, Role.SCORER, name="Gateway NBO", units=["NBO"]))
    identity = look(client, decision_id, key_of(client, Role.REVIEWER, units=["NBO"])).json()["identity"]
    assert not set(PROTECTED) & set(identity)
    assert set(IDENTIFYING) <= set(identity)


def test_r23_enforcement_sees_no_protection_assessment_nor_that_there_is_one(client):
    """A decision for protection alone is not found; of one for both, enforcement gets its own part and no trace."""
    alone = decide(client, bearer(make_key(services_of(client), [Action.SCORE, Action.PROTECTION], "Protection desk")))
    both = decide(client)
    reviewer, officer = key_of(client, Role.REVIEWER), key_of(client, Role.PROTECTION_OFFICER)
    missing = look(client, str(uuid.uuid4()), reviewer)
    assert look(client, alone, reviewer).content == missing.content
    shown = look(client, both, reviewer)
    assert "protection" not in shown.text.replace('"purpose":"protection"', "")
    assert len(shown.json()["digests"]) == len(shown.json()["answer"]["risks"]) == 2
    assert [risk["audience"] for risk in look(client, both, officer).json()["answer"]["risks"]] == ["protection"]
    assert look(client, alone, officer).status_code == 200


def test_r13_every_view_is_on_record_before_it_is_answered(client):
    """Who, what, when and why; not who it is about. What was not found was not seen."""
    decision_id = decide(client)
    before = len(views(client))
    reviewer = key_of(client, Role.REVIEWER, name="Amina Yusuf")
    look(client, decision_id, reviewer)
    look(client, decision_id, reviewer, "/explanation")
    look(client, str(uuid.uuid4()), reviewer)
    found = views(client)[before:]
    assert [(one["by"], one["decision_id"], one["purpose"], one["what"]) for one in found] == [
        ("Amina Yusuf", decision_id, "border_control", "decision"),
        ("Amina Yusuf", decision_id, "border_control", "explanation"),
    ]
    assert EXAMPLE_RECORD["record_id"] not in str(found)


@pytest.mark.parametrize("what", ["", "/explanation"])
def test_r13_what_cannot_be_put_on_record_is_not_shown(client, monkeypatch, what):
    """Where the log fails, the answer is 503 without a word of the decision."""
    decision_id, reviewer = decide(client), key_of(client, Role.REVIEWER)

    def fail(*_arguments):
        raise StorageError("The store did not take the request (Test). Nothing was stored.")

    monkeypatch.setattr(services_of(client).journal, "append", fail)
    answer = look(client, decision_id, reviewer, what)
    assert answer.status_code == 503
    assert "risks" not in answer.text


def test_r32_a_view_states_its_purpose(client):
    """Without one, or with another role's, nothing is shown and no view is on record."""
    decision_id = decide(client)
    reviewer = key_of(client, Role.REVIEWER)
    before = len(views(client))
    for stated in ("oversight", "curiosity", ""):
        answer = look(client, decision_id, reviewer | {"X-Purpose": stated})
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:riskapi:problem:purpose"
    assert len(views(client)) == before
    assert look(client, decision_id, reviewer | {"X-Purpose": "redress"}).status_code == 200
