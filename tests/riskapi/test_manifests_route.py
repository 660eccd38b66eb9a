"""POST /v1/manifests: everybody on the list is scored and stored, in order, or nobody is."""

import json

import orjson
import pytest
from fastapi.testclient import TestClient

from riskapi.access.matrix import Action
from riskapi.errors import StorageError
from riskapi.privacy.sealing import with_record_id
from riskapi.routes.manifests import ManifestAnswer
from tests.riskapi.makers import bearer, make_key, said, scoring_service, services_of

PATH = "/v1/manifests"


def manifest(size=3, **changes):
    """Make a manifest with as many travellers as asked for, each a little different."""
    passengers = [
        {
            "PoavKey": f"{place:032x}",
            "PersonType": "C" if place == 1 else "P",
            "Age": str(place % 90),
            "NationalityCountryCode": ("KEN", "UGA", "")[place % 3],
            "DocumentType": ("P", "V", "I", "")[place % 4],
            "DocumentIssuingCountryCode": "KEN",
            "DocumentLevel": ("Primary", "Secondary")[place % 2],
            "InTransitFlag": "NY"[place % 2],
            "DisembarkationPortCode": ("NBO", "JNB")[place % 2],
            "DisembarkationPortCountryCode": ("KEN", "ZAF")[place % 2],
            "NationalityCountryEEAFlag": "",
        }
        for place in range(size)
    ]
    return {
        "EventCode": "CI",
        "VoyageKey": "0f" * 16,
        "CarrierCode": "ZZ",
        "CarrierType": "AIR",
        "VoyageNumber": "0416",
        "DeparturePortCode": "MGQ",
        "ArrivalPortCode": "NBO",
        "ScheduledDateOfDeparture": "2026-03-14",
        "ScheduledTimeOfDeparture": "07:50:00",
        "ScheduledDateOfArrival": "2026-03-14",
        "ScheduledTimeOfArrival": "09:40:00",
        "PassengerList": passengers,
    } | changes


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A service with three approved models."""
    with scoring_service(tmp_path_factory.mktemp("service")) as started:
        yield started


def test_every_entry_is_answered_in_order(client: TestClient):
    """A full flight: one row for each entry, crew without scores, everything as documented."""
    answered = client.post(PATH, json=manifest(276))
    assert answered.status_code == 200
    body = ManifestAnswer.model_validate_json(answered.content)
    assert body.entries == body.scored == len(body.rows) == 276
    assert [row.entry for row in body.rows] == list(range(276))
    assert body.findings == []
    assert [row.entry for row in body.rows if row.answer.not_scored == "crew"] == [1]
    assert {len(row.answer.risks) for row in body.rows if row.entry != 1} == {3}
    assert body.voyage.number == "ZZ0416"
    assert len({row.answer.record_id for row in body.rows}) == 276


def test_every_decision_of_a_list_is_on_record(client: TestClient):
    """What was answered is what the store holds."""
    rows = client.post(PATH, json=manifest()).json()["rows"]
    store = services_of(client).decisions
    for row in rows:
        kept = store.decision(row["answer"]["decision_id"])
        assert orjson.loads(with_record_id(kept.answer, row["answer"]["record_id"])) == row["answer"]


def test_a_passenger_gets_the_score_that_its_record_gets(client: TestClient):
    """The list is another way in, not another scorer."""
    row = client.post(PATH, json=manifest(1)).json()["rows"][0]
    kept = services_of(client).decisions.decision(row["answer"]["decision_id"])
    alone = client.post("/v1/scores", content=kept.input, headers={"content-type": "application/json"}).json()
    assert said(alone["risks"]) == said(row["answer"]["risks"])


def test_broken_entries_are_told_and_the_others_scored(client: TestClient):
    """Rows keep the place of their entry in the list."""
    sent = manifest(4)
    sent["PassengerList"][2] = "broken"
    sent["PassengerList"][3]["Age"] = "old"
    body = client.post(PATH, json=sent).json()
    assert [row["entry"] for row in body["rows"]] == [0, 1, 3]
    assert (body["entries"], body["scored"]) == (4, 3)
    assert [finding["place"] for finding in body["findings"]] == ["PassengerList[2]", "PassengerList[3].Age"]


def test_an_empty_list_is_answered(client: TestClient):
    """Nobody on board is no error."""
    body = client.post(PATH, json=manifest(0)).json()
    assert (body["entries"], body["rows"]) == (0, [])


def test_a_byte_order_mark_is_read_over(client: TestClient):
    """Files that an office machine saved are taken as they are."""
    raw = b"\xef\xbb\xbf" + json.dumps(manifest(1)).encode()
    answered = client.post(PATH, content=raw, headers={"content-type": "application/json"})
    assert answered.json()["scored"] == 1


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 400, "malformed-body"),
        (b"[]", 422, "invalid-body"),
        (b'{"PassengerList": [{"Age": "SECRET 4711"}], "CarrierType": "SECRET 4711"}', 422, "invalid-body"),
    ],
)
def test_r37_what_is_no_manifest_is_one_problem_without_its_text(client: TestClient, body, status, kind):
    """The answer is a problem document that repeats nothing."""
    answered = client.post(PATH, content=body, headers={"content-type": "application/json"})
    assert answered.status_code == status
    assert answered.json()["type"].endswith(kind)
    assert "4711" not in answered.text


def test_a_key_without_the_scope_scores_nobody(client: TestClient):
    """The same rule as for one record: the scope, and an audience."""
    services = services_of(client)
    for scopes in ((Action.ENFORCEMENT,), (Action.SCORE,)):
        key = make_key(services, scopes)
        assert client.post(PATH, json=manifest(1), headers=bearer(key)).status_code == 403


def test_r23_a_key_sees_the_risks_of_its_audience_only(client: TestClient):
    """A list is answered for the audiences of the key."""
    key = make_key(services_of(client), (Action.SCORE, Action.PROTECTION))
    row = client.post(PATH, json=manifest(1), headers=bearer(key)).json()["rows"][0]
    assert {risk["audience"] for risk in row["answer"]["risks"]} == {"protection"}


def test_no_answer_leaves_when_the_store_does_not_take_it(client: TestClient, monkeypatch):
    """All of a list is stored, or nobody hears a score."""

    async def fails(_rows):
        raise StorageError("The disk is full.")

    monkeypatch.setattr(services_of(client).writer, "append", fails)
    answered = client.post(PATH, json=manifest(2, VoyageKey="never seen"))
    assert answered.status_code == 503
    assert "risks" not in answered.text
