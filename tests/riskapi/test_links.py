"""A service with a memory: what it has seen shows in the next answer, is stored with it, and goes when it must."""

import orjson
import pytest
import sqlalchemy as sa

from features.memory.facts import FACTS
from riskapi.privacy.subjects import Wanted
from riskapi.replay import Outcome, Replayer
from riskapi.storage import schema
from tests.riskapi.makers import BOTH, bearer, make_key, scoring_service, services_of, with_facts
from tests.riskapi.privacy.makers import ADMIN, AUDITOR

NAMES = {fact.name for fact in FACTS}


def somebody(number, **blocks):
    """Another person on another booking, with the same telephone and agency."""
    return with_facts(
        record_id=f"R-{number}",
        traveller={"surname": "ABDI", "given_names": f"HASSAN {chr(65 + number)}", "date_of_birth": "1980-01-01"},
        documents=[{"type": "P", "number": f"B000000{number}", "issuing_country": "SOM"}],
        booking={"locator": f"LOC{number:03d}"},
        **blocks,
    )


def history_of(client, decision_id):
    """The history in the stored record of a decision."""
    return orjson.loads(services_of(client).decisions.decision(decision_id).input)["history"]


def score(client, record):
    """Score one record; gives the id of its decision."""
    answer = client.post("/v1/scores", json=record)
    assert answer.status_code == 200, answer.text
    return answer.json()["decision_id"]


def rows(client, table):
    """How many rows a table has."""
    with services_of(client).engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


@pytest.fixture
def client(tmp_path):
    """A service that remembers."""
    with scoring_service(tmp_path, memory=True) as made:
        yield made


def test_what_was_seen_before_shows_in_the_next_decision(client):
    """Three bookings with one telephone, each a request of its own; each sees those before it."""
    seen = [history_of(client, score(client, somebody(number)))["phone_unrelated_bookings"] for number in range(3)]
    assert seen == [0, 1, 2]
    again = history_of(client, score(client, somebody(0)))
    assert again["phone_unrelated_bookings"] == 2
    assert again["document_other_identities"] == 0


def test_records_that_come_together_see_each_other_in_their_order(client):
    """One batch of three; and the store holds the same as after three requests."""
    answer = client.post("/v1/scores/batch", json=[somebody(number) for number in range(3)]).json()
    ids = [row["answer"]["decision_id"] for row in answer["rows"]]
    assert [history_of(client, one)["phone_unrelated_bookings"] for one in ids] == [0, 1, 2]
    assert history_of(client, score(client, somebody(3)))["phone_unrelated_bookings"] == 3


def test_decisions_with_memory_are_computed_again_to_the_same_bytes(client):
    """What was remembered then is part of the stored record, whatever is remembered now."""
    ids = [score(client, somebody(number)) for number in range(4)]
    services = services_of(client)
    replayer = Replayer(services.active.open)
    for one in ids:
        assert replayer.replay(services.decisions.decision(one)).outcome is Outcome.SAME


def test_memory_holds_no_raw_value_and_facts_that_were_sent_do_not_count(client):
    """Numbers alone are kept; a sender cannot say what the service itself remembers."""
    sent = somebody(1, history={"earlier_benign_checks": 9, "crossings_12_months": 4})
    history = history_of(client, score(client, sent))
    assert (history["earlier_benign_checks"], history["crossings_12_months"]) == (0, 4)
    with services_of(client).engine.connect() as connection:
        kept = [bytes(one) for one in connection.execute(sa.select(schema.memory_traces.c.trace)).scalars()]
    assert all(set(one) <= set(b'[]{},:"0123456789-_abcdefghijklmnopqrstuvwxyz') for one in kept)
    assert not any(b"254700000000" in one or b"abdi" in one for one in kept)


def test_independent_findings_count_once_they_are_known_and_the_services_own_choice_never_does(client):
    """A check that an officer chose is remembered of the traveller; one that the score chose is not."""
    services = services_of(client)
    decision_id = score(client, somebody(1))
    key = make_key(services, scopes=(*BOTH, "outcomes:record"), name="Desk")
    told = {
        "decision_id": decision_id,
        "outcome_code": "nothing_found",
        "known_at": services.clock().isoformat(),
        "evidence_type": "interview",
        "decided_by_role": "officer",
        "rationale": "Questions were answered.",
        "selection": "officer",
        "audience": "enforcement",
    }
    before = rows(client, schema.memory)
    answer = client.post("/v1/outcomes", json=told, headers=bearer(key))
    assert answer.status_code in {200, 201}, answer.text
    assert rows(client, schema.memory) > before


def test_erasure_takes_a_person_out_of_the_memory_and_leaves_the_others(client):
    """Rows and trace are gone; who comes next is told of the others alone."""
    score(client, somebody(1))
    before = rows(client, schema.memory)
    score(client, somebody(2))
    services = services_of(client)
    subjects = services.subjects.find(Wanted(document="B0000002", country="SOM"))
    services.erasure.erase(subjects, ADMIN, AUDITOR, "Act s.40")
    assert (rows(client, schema.memory), rows(client, schema.memory_traces)) == (before, 1)
    assert history_of(client, score(client, somebody(3)))["phone_unrelated_bookings"] == 1


def test_a_service_without_memory_stores_and_answers_as_before(tmp_path):
    """Nothing is written, nothing is added, and facts that were sent stay."""
    with scoring_service(tmp_path) as client:
        decision_id = score(client, somebody(1, history={"phone_unrelated_bookings": 7}))
        assert history_of(client, decision_id)["phone_unrelated_bookings"] == 7
        assert (rows(client, schema.memory), rows(client, schema.memory_traces)) == (0, 0)
