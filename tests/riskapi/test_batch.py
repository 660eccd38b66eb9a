import json

import pytest

from riskapi.schemas import BatchAnswer, BatchRow
from tests.makers import EXAMPLE_LAND_RECORD, EXAMPLE_RECORD, random_data
from tests.riskapi.makers import said, services_of, with_facts
from tests.riskapi.test_scores import decisions_in

NDJSON = {"content-type": "application/x-ndjson"}


def without_identity(answer):
    """An answer without what differs between two askings."""
    own = ("decision_id", "scored_at", "referrals")
    return {name: value for name, value in answer.items() if name not in own} | {"risks": said(answer["risks"])}


def test_each_row_is_answered_like_a_single_record(client):
    """A batch says of each record, in order, what POST /v1/scores says of it."""
    records = random_data(12, seed=3)
    body = client.post("/v1/scores/batch", json=records).json()
    BatchAnswer.model_validate_json(json.dumps(body))
    assert [row["row"] for row in body["rows"]] == list(range(12))
    assert (body["scored"], body["refused"]) == (12, 0)
    for record, row in zip(records, body["rows"], strict=True):
        single = client.post("/v1/scores", json=record).json()
        assert without_identity(row["answer"]) == without_identity(single)


def test_bad_row_spoils_no_other(client):
    """A row with problems gets them with its place; the others are scored and stored."""
    before = decisions_in(services_of(client))
    bad = with_facts(booking={"party_size": "two"})
    body = client.post("/v1/scores/batch", json=[EXAMPLE_RECORD, bad, 7, {}, EXAMPLE_LAND_RECORD]).json()
    assert [row["problem"] is None for row in body["rows"]] == [True, False, False, False, True]
    assert body["rows"][1]["problem"]["errors"][0]["place"] == "records[1].booking.party_size"
    assert body["rows"][2]["problem"]["errors"][0]["place"] == "records[2]"
    assert (body["scored"], body["refused"]) == (2, 3)
    assert decisions_in(services_of(client)) == before + 2


def test_lines_are_answered_by_lines(client):
    """One record a line gives one answer a line; blank lines count for nothing."""
    lines = "\n".join([json.dumps(EXAMPLE_RECORD), "", "{broken", json.dumps(EXAMPLE_LAND_RECORD), ""])
    answer = client.post("/v1/scores/batch", content=lines, headers=NDJSON)
    assert answer.headers["content-type"] == "application/x-ndjson"
    rows = [BatchRow.model_validate_json(line) for line in answer.content.splitlines()]
    assert [(row.row, row.problem is None) for row in rows] == [(0, True), (1, False), (2, True)]
    assert rows[1].problem.errors[0].rule == "is no strict JSON"
    assert rows[1].problem.errors[0].remedy.startswith("Line 1, column 2")


def test_number_beyond_all_bounds_is_refused_in_a_batch_too(client):
    """1e999 is valid JSON and no number: it never becomes a missing value."""
    text = json.dumps([EXAMPLE_RECORD, EXAMPLE_RECORD]).replace('"weight_kg": 21.5', '"weight_kg": 1e999', 1)
    body = client.post("/v1/scores/batch", content=text, headers={"content-type": "application/json"}).json()
    assert body["rows"][0]["problem"]["errors"][0]["rule"] == "has a number that is too large"
    assert body["rows"][1]["answer"] is not None


@pytest.mark.parametrize("body", ["{}", "7", "null", '"text"'])
def test_batch_is_a_list(client, body):
    """Anything but a list is refused as a whole."""
    answer = client.post("/v1/scores/batch", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["place"] == "(body)"


def test_empty_batch_is_answered_empty(client):
    """No records, no rows."""
    assert client.post("/v1/scores/batch", json=[]).json() == {"scored": 0, "refused": 0, "rows": []}
    assert client.post("/v1/scores/batch", content=b"\n\n", headers=NDJSON).content == b""


def test_too_many_rows_are_refused_before_any_is_scored(client):
    """One row too many, and nothing is stored."""
    before = decisions_in(services_of(client))
    limit = services_of(client).settings.batch_limit_rows
    answer = client.post("/v1/scores/batch", json=[{}] * (limit + 1))
    assert answer.status_code == 413
    assert str(limit) in answer.json()["detail"]
    assert decisions_in(services_of(client)) == before


def test_decisions_of_a_batch_are_one_transaction(client, monkeypatch):
    """All rows of a batch are stored together."""
    store, sizes = services_of(client).decisions.append, []

    def count(rows):
        sizes.append(len(rows))
        store(rows)

    monkeypatch.setattr(services_of(client).decisions, "append", count)
    client.post("/v1/scores/batch", json=random_data(150, seed=4))
    assert sizes == [150]


def test_malformed_list_is_refused_as_a_whole(client):
    """Where the list itself is no JSON, no row can be told from another."""
    answer = client.post("/v1/scores/batch", content=b"[{},", headers={"content-type": "application/json"})
    assert answer.status_code == 400
