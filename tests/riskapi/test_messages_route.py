"""POST /v1/messages: everybody in a message is scored and stored once for each version of what it says."""

import json

import orjson
import pytest
from fastapi.testclient import TestClient

from riskapi.access.matrix import Action
from riskapi.errors import StorageError
from riskapi.privacy.sealing import with_record_id
from riskapi.routes.messages import MessageAnswer
from tests.riskapi.makers import bearer, make_key, scoring_service, services_of
from tests.riskapi.messages.test_gtas import summary
from tests.riskapi.messages.wire import (
    MARKED,
    SPECIMEN,
    Pushed,
    as_telex,
    list_segments,
    person,
    push_segments,
    replace,
    written,
)

PATH = "/v1/messages"
EDIFACT = {"content-type": "application/edifact"}
TEXT = {"content-type": "text/plain; charset=utf-8"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A service with three approved models."""
    with scoring_service(tmp_path_factory.mktemp("service")) as started:
        yield started


def push(client: TestClient, *bookings, **headers):
    """Send a push of bookings."""
    return client.post(PATH, content=written(push_segments(*bookings)), headers=EDIFACT | headers)


@pytest.mark.parametrize("headers", [EDIFACT, TEXT, {"content-type": "application/octet-stream"}])
def test_a_list_as_telex_left_it_is_scored(client: TestClient, headers):
    """One row for each traveller; the type of the body may be any that carries EDIFACT."""
    raw = as_telex(written(list_segments(people=12))).encode()
    answered = client.post(PATH, content=raw, headers=headers)
    assert answered.status_code == 200
    body = MessageAnswer.model_validate_json(answered.content)
    assert (body.kind, body.persons, body.scored, body.findings) == ("paxlst", 12, 12, [])
    assert [row.person for row in body.rows] == list(range(12))
    assert all(len(row.answer.risks) == 3 for row in body.rows)
    assert body.voyages[0].number == "KQ416"


def test_every_kind_of_json_is_scored(client: TestClient):
    """The content says which it is."""
    crossing = {"mode": "land", "point": "LIBOI", "direction": "in", "expected_at": "2026-03-14T09:40:00Z"}
    kinds = [
        client.post(PATH, json=body).json()["kind"]
        for body in (
            {"messageSummaryList": [summary()]},
            {"crossing": crossing, "zones": [SPECIMEN["TD3"]]},
        )
    ]
    assert kinds == ["gtas-summaries", "zones"]


def test_r2_what_was_dropped_is_named_and_stored_nowhere(client: TestClient):
    """The answer says what came; neither answer nor store holds it."""
    rows = push(client, Pushed(locator="DROPPED")).json()["rows"]
    dropped = rows[0]["answer"]["dropped_fields"]
    assert {"meals", "assistance", "osi", "free_text", "booking.card_number"} <= set(dropped)
    kept = services_of(client).decisions.decision(rows[0]["answer"]["decision_id"])
    assert MARKED.encode() not in kept.input + kept.identity + kept.answer


def test_r35_the_same_push_gets_the_same_answers(client: TestClient):
    """Decisions are made once; the second time the first answers come again."""
    first, again = (push(client, Pushed(locator="AGAIN")).json() for _ in range(2))
    assert [row["answer"] for row in first["rows"]] == [row["answer"] for row in again["rows"]]
    assert [row["replayed"] for row in first["rows"] + again["rows"]] == [False, False, True, True]
    assert len({row["version"] for row in first["rows"] + again["rows"]}) == 2


def test_r35_what_changed_is_a_new_version_linked_to_the_first(client: TestClient):
    """The record keeps its id; each version is decided once, and points to the decision about the first."""
    booking = Pushed(locator="CHANGES")
    pushes = [push(client, replace(booking, payment=payment)).json()["rows"][0] for payment in ("CA", "CC", "GR", "CC")]
    assert len({row["answer"]["record_id"] for row in pushes}) == 1
    first, second, third, second_again = pushes
    original = first["answer"]["decision_id"]
    assert first["supersedes"] is None
    assert {row["supersedes"] for row in (second, third, second_again)} == {original}
    assert len({row["answer"]["decision_id"] for row in pushes}) == 3
    assert second_again["replayed"]
    assert second_again["answer"] == second["answer"]
    store = services_of(client).decisions
    assert store.decision(second["answer"]["decision_id"]).supersedes == original


def test_versions_are_of_the_caller(client: TestClient):
    """Another key gets its own decision about the same message."""
    booking = Pushed(locator="CALLERS")
    key = make_key(services_of(client), (Action.SCORE, Action.ENFORCEMENT))
    mine, theirs = push(client, booking).json()["rows"][0], push(client, booking, **bearer(key)).json()["rows"][0]
    assert not theirs["replayed"]
    assert mine["answer"]["decision_id"] != theirs["answer"]["decision_id"]
    assert mine["version"] == theirs["version"]


def test_every_decision_of_a_message_is_on_record(client: TestClient):
    """What was answered is what the store holds."""
    store = services_of(client).decisions
    for row in push(client, Pushed(locator="STORED")).json()["rows"]:
        kept = store.decision(row["answer"]["decision_id"])
        assert orjson.loads(with_record_id(kept.answer, row["answer"]["record_id"])) == row["answer"]


def test_list_and_booking_of_one_body_are_one_row(client: TestClient):
    """And the other traveller of the booking has a row alone."""
    listed = person(0, surname="WARSAME", given="AMINA", document="A12345671", locator="K7X2QP")
    raw = written(list_segments(persons=[listed])) + "\n" + written(push_segments())
    body = client.post(PATH, content=raw, headers=EDIFACT).json()
    assert (body["kind"], body["persons"], body["scored"]) == ("paxlst+pnrgov", 3, 2)
    assert " and " in body["rows"][0]["place"]


def test_what_cannot_be_used_is_told_and_the_others_scored(client: TestClient):
    """A finding names place, rule and what was done."""
    broken = [*person(0), *person(1)]
    broken[broken.index("DTM+329:910502")] = f"DTM+329:{MARKED}"
    body = client.post(PATH, content=written(list_segments(persons=[broken[:18], broken[18:]])), headers=EDIFACT).json()
    assert body["scored"] == 2
    assert len(body["findings"]) == 1
    assert "(DTM)" in body["findings"][0]["place"]
    assert MARKED not in json.dumps(body)


@pytest.mark.parametrize(
    ("content", "headers", "status", "kind"),
    [
        (b"UNA:+.?'UNB+UNOA:4'", EDIFACT, 422, "invalid-body"),
        (b"hello SECRET4711", TEXT, 422, "invalid-body"),
        (b"{", {"content-type": "application/json"}, 400, "malformed-body"),
        (b"<xml/>", {"content-type": "application/xml"}, 415, "media-type"),
        (SPECIMEN["TD3"].encode(), TEXT, 422, "invalid-body"),
    ],
)
def test_r37_what_is_no_message_is_one_problem_without_its_text(client: TestClient, content, headers, status, kind):
    """The answer is a problem document that repeats nothing."""
    answered = client.post(PATH, content=content, headers=headers)
    assert (answered.status_code, answered.json()["type"].rpartition(":")[2]) == (status, kind)
    assert "4711" not in answered.text


def test_a_key_without_the_scope_scores_nobody(client: TestClient):
    """The same rule as for one record: the scope, and an audience."""
    for scopes in ((Action.ENFORCEMENT,), (Action.SCORE,)):
        key = make_key(services_of(client), scopes)
        assert push(client, **bearer(key)).status_code == 403


def test_no_answer_leaves_when_the_store_does_not_take_it(client: TestClient, monkeypatch):
    """All of a message is stored, or nobody hears a score."""

    async def fails(_rows):
        raise StorageError("The disk is full.")

    monkeypatch.setattr(services_of(client).writer, "append", fails)
    answered = push(client, Pushed(locator="NOTSTORED"))
    assert answered.status_code == 503
    assert "risks" not in answered.text


def test_a_message_that_another_request_is_storing_is_to_be_sent_again(client: TestClient, monkeypatch):
    """Two processes got the same push at once: one answers, the other says so."""
    writer = services_of(client).writer

    async def too_late(rows):
        return [row.decision_id for row in rows]

    monkeypatch.setattr(writer, "append", too_late)
    assert push(client, Pushed(locator="ATONCE")).status_code == 409


def test_r35_a_manifest_sent_again_gets_the_same_answers(client: TestClient):
    """Lists in JSON keep their own route and the same rule."""
    manifest = {
        "CarrierType": "AIR",
        "ArrivalPortCode": "NBO",
        "ScheduledDateOfArrival": "2026-03-14",
        "ScheduledTimeOfArrival": "09:40:00",
        "PassengerList": [{"PoavKey": "again", "Age": "34"}],
    }
    first, again = (client.post("/v1/manifests", json=manifest).json() for _ in range(2))
    through = client.post(PATH, json=manifest).json()
    assert first == again
    assert through["rows"][0]["answer"] == first["rows"][0]["answer"]
    assert through["rows"][0]["replayed"]
