"""Any stored decision is computed again to the same bytes; whatever differs is named by its place."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from riskapi.decisions import StoredDecision
from riskapi.replay import DIFFERENCES_MAX, Outcome, Replayed, Replayer
from riskapi.services import Services
from tests.makers import random_data
from tests.riskapi.makers import TestClient, go_live, scoring_service, services_of, with_facts

RECORDS = 60


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, list[str]]]:
    """A service that scored random records, one of them of crew, and the ids of its decisions."""
    with scoring_service(tmp_path_factory.mktemp("service")) as client:
        crew = with_facts(traveller={"passenger_type": "C"})
        body = [*random_data(RECORDS, seed=11), crew]
        answer = client.post("/v1/scores/batch", json=body).json()
        assert answer["refused"] == 0
        rows = sorted(answer["rows"], key=lambda row: row["answer"]["not_scored"] is not None)  # crew comes last
        yield client, [row["answer"]["decision_id"] for row in rows]


def stored(services: Services, decision_id: str) -> StoredDecision:
    """One decision as it is read again."""
    decision = services.decisions.decision(decision_id)
    assert decision is not None
    return decision


def replayed(services: Services, decision: StoredDecision) -> Replayed:
    """It is computed again."""
    return Replayer(services.active.open).replay(decision)


def test_r11_every_decision_is_computed_again_to_the_same_bytes(scored):
    """Random records and crew: the answer that is stored, byte for byte, by other models being live or not."""
    client, ids = scored
    services = services_of(client)
    go_live(services, "document_fraud", seed=9)  # the model that is live now is not the one that scored
    replayer = Replayer(services.active.open)
    outcomes = [replayer.replay(stored(services, decision_id)) for decision_id in ids]
    assert [one for one in outcomes if one.outcome is not Outcome.SAME] == []
    assert len(outcomes) == RECORDS + 1


def test_r14_masked_decisions_are_computed_again_all_the_same(scored):
    """Identity is not needed: without it the bytes are the same."""
    client, ids = scored
    decision = replace(stored(services_of(client), ids[0]), identity=None)
    assert replayed(services_of(client), decision).outcome is Outcome.SAME


@pytest.mark.parametrize("part", ["input", "answer"])
def test_what_is_no_longer_kept_is_said_to_be_gone(scored, part):
    """Expired and erased decisions are no failure."""
    client, ids = scored
    decision = replace(stored(services_of(client), ids[0]), **{part: None})
    assert replayed(services_of(client), decision) == Replayed(ids[0], Outcome.GONE)


def test_another_score_is_named_with_both_numbers(scored):
    """The place, the stored number and the computed one."""
    client, ids = scored
    decision = stored(services_of(client), ids[1])
    answer = json.loads(decision.answer)
    right = answer["risks"][1]["probability"]
    answer["risks"][1]["probability"] = 0.125
    found = replayed(services_of(client), replace(decision, answer=orjson.dumps(answer)))
    assert found.outcome is Outcome.DIFFERENT
    assert found.differences == (f"risks[1].probability: 0.125 stored, {right!r} computed",)


def test_another_text_is_named_and_not_shown(scored):
    """A sentence may say something about the traveller: its place is enough."""
    client, ids = scored
    decision = stored(services_of(client), ids[2])
    answer = json.loads(decision.answer)
    answer["risks"][0]["statement"] = "Secret statement"
    found = replayed(services_of(client), replace(decision, answer=orjson.dumps(answer)))
    assert found.differences == ("risks[0].statement: another value",)


def test_another_record_gives_other_scores(scored):
    """The answer of one record does not come from the record of another; the list of places is bounded."""
    client, ids = scored
    one, other = (stored(services_of(client), decision_id) for decision_id in ids[3:5])
    found = replayed(services_of(client), replace(one, input=other.input))
    assert found.outcome is Outcome.DIFFERENT
    assert 0 < len(found.differences) <= DIFFERENCES_MAX


@pytest.mark.parametrize(
    "changes",
    [
        {"answer": b"{}"},
        {"answer": b"no json"},
        {"answer": b'{"notice":1,"risks":[]}'},
        {"input": b"{}"},
        {"digests": ("sha256:" + "0" * 64,)},
        {"decision_id": "018e3b2a-0000-7000-8000-000000000000"},
        {"dropped": ("meals",)},
    ],
)
def test_whatever_cannot_be_the_same_is_told_and_not_stumbled_over(scored, changes):
    """An answer of another form, a record that does not validate, an unknown model: different, with a reason."""
    client, ids = scored
    found = replayed(services_of(client), replace(stored(services_of(client), ids[0]), **changes))
    assert found.outcome is Outcome.DIFFERENT
    assert found.differences


def test_crew_is_not_scored_by_any_model(scored):
    """Where nothing was scored, the log names no model."""
    client, ids = scored
    decision = stored(services_of(client), ids[-1])
    assert (decision.digests, replayed(services_of(client), decision).outcome) == ((), Outcome.SAME)
    found = replayed(services_of(client), replace(decision, digests=("sha256:" + "0" * 64,)))
    assert found.differences == ("the log names models that did not score",)


def test_bytes_that_differ_where_values_do_not_are_told(scored):
    """A space in the stored answer is no other value, and still not the same bytes."""
    client, ids = scored
    decision = stored(services_of(client), ids[0])
    found = replayed(services_of(client), replace(decision, answer=decision.answer + b" "))
    assert found.differences == ("the bytes differ, the values do not",)


def test_other_limits_of_reasons_today_are_no_difference(tmp_path: Path):
    """Decisions made with two reasons are computed again by a service that gives five."""
    with scoring_service(tmp_path, ("document_fraud",), reasons_for=1, reasons_against=1) as client:
        decision_id = client.post("/v1/scores", json=random_data(1, seed=4)[0]).json()["decision_id"]
    with scoring_service(tmp_path / "other", ("document_fraud",)) as other:
        opened = services_of(other).active.open
        services = services_of(client)
        assert Replayer(opened).replay(stored(services, decision_id)).outcome is Outcome.SAME
