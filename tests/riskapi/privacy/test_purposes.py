"""Data about travellers is used for a stated, allowed purpose, or not at all; a refusal is on record."""

import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.access.matrix import Action, Purpose, Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.access.purpose import Purposes
from riskapi.errors import PurposeError
from riskapi.log.entry import Kind
from tests.riskapi.makers import scoring_service, services_of, with_facts
from tests.riskapi.privacy.makers import entries_of

SCORER = Principal("Gateway", PrincipalKind.SYSTEM, "0" * 16, frozenset({Role.SCORER}))
ADMIN = Principal("Admin", PrincipalKind.PERSON, "1" * 16, frozenset({Role.ADMIN}))


def test_r32_purpose_of_header_and_record_must_both_be_allowed():
    """The first that is stated counts; one that is not allowed spoils the other."""
    purposes = Purposes()
    assert purposes.check(SCORER, None, "training") is Purpose.TRAINING
    assert purposes.check(SCORER, "test", "border_control") is Purpose.TEST
    for stated in (("redress",), ("border_control", "oversight"), ("",), ("marketing",), (None, None)):
        with pytest.raises(PurposeError, match=r"Allowed here: border_control, test, training\."):
            purposes.check(SCORER, *stated)


def test_r32_installation_can_allow_less_than_the_roles():
    """Where nobody trains, training is no purpose."""
    purposes = Purposes([Purpose.BORDER_CONTROL])
    with pytest.raises(PurposeError, match=r"Allowed here: border_control\."):
        purposes.check(SCORER, "training")
    with pytest.raises(PurposeError, match="No purpose is allowed"):
        purposes.check(ADMIN, "border_control")


def test_unstated_purpose_can_be_taken_for_granted_by_setting():
    """Then the first of the caller's purposes counts, and is what the decision says; an admin still has none."""
    purposes = Purposes(required=False)
    assert purposes.check(SCORER, None) is Purpose.BORDER_CONTROL
    with pytest.raises(PurposeError, match="No purpose is allowed"):
        purposes.check(ADMIN, None)


def test_r32_without_a_purpose_nothing_is_scored_and_the_refusal_is_logged(tmp_path):
    """403, an entry of the log, no decision; with the setting off the same request is answered."""
    bare = with_facts(purpose_code=None)
    del bare["purpose_code"]
    with scoring_service(tmp_path / "strict") as client:
        del client.headers["X-Purpose"]
        assert client.post("/v1/scores", json=bare).status_code == 403
        assert client.post("/v1/scores/batch", json=[bare]).status_code == 403
        assert client.post("/v1/manifests", json={}).status_code == 403
        told = entries_of(services_of(client), Kind.REFUSED_PURPOSE)
        assert [one["stated"] for one in told] == ["none"] * 3
        assert [one["by"] for one in told] == ["Gateway NBO"] * 3
        assert entries_of(services_of(client), Kind.DECISION) == []
    with scoring_service(tmp_path / "lenient", purpose_required=False) as client:
        del client.headers["X-Purpose"]
        client.post("/v1/scores", json=bare).raise_for_status()
        [entry] = entries_of(services_of(client), Kind.DECISION)
        assert entry["purpose"] == "border_control"


@pytest.mark.parametrize("purpose", ["training", "test"])
def test_decisions_for_training_and_tests_are_marked(tmp_path, purpose):
    """Whoever counts decisions about travellers can tell them apart by the log alone."""
    with scoring_service(tmp_path) as client:
        del client.headers["X-Purpose"]
        answer = client.post("/v1/scores", json={**EXAMPLE_RECORD, "purpose_code": purpose}).raise_for_status().json()
        [entry] = entries_of(services_of(client), Kind.DECISION)
        assert entry["purpose"] == purpose
        assert services_of(client).decisions.decision(answer["decision_id"]).purpose == purpose


def test_every_role_that_sees_travellers_has_a_purpose():
    """Nobody with a right to data about travellers is without one, and an admin has none."""
    seeing = {Action.SCORE, Action.DECISIONS_READ, Action.REDRESS, Action.RECTIFY}
    for role in Role:
        principal = Principal("x", PrincipalKind.PERSON, "0" * 16, frozenset({role}))
        assert bool(principal.purposes) or seeing.isdisjoint(principal.rights)
