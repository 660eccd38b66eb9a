import gzip
import json

import pytest

from tests.hostile.bodies import GROUPS, MARK
from tests.makers import EXAMPLE_RECORD
from tests.riskapi.makers import bearer, make_key, services_of, with_facts

TEXT = json.dumps(EXAMPLE_RECORD)
ONE_LINE = {name: body for name, body in GROUPS["structures"].items() if b"\n" not in body}


@pytest.mark.parametrize("body", ONE_LINE.values(), ids=ONE_LINE)
def test_r37_batch_with_a_hostile_body_is_answered_without_repeating_it(client, body):
    """In a batch by lines such a body spoils its own row at most, and is not repeated either."""
    lines = b"\n".join([TEXT.encode(), body, TEXT.encode()])
    answer = client.post("/v1/scores/batch", content=lines, headers={"content-type": "application/x-ndjson"})
    assert answer.status_code == 200
    rows = [json.loads(line) for line in answer.content.splitlines()]
    assert rows[0]["answer"] is not None
    assert rows[-1]["answer"] is not None
    assert all(row["problem"]["status"] in (400, 422) for row in rows[1:-1])
    assert MARK not in answer.text.upper()


def test_place_and_rule_are_named_for_every_problem(client):
    """All problems come at once, each with place, rule and remedy, and a misspelt field with its nearest name."""
    body = with_facts(booking={"party_size": "two", "payment_method": "GOLD", "party_sise": 2}, baggage={"count": -1})
    errors = client.post("/v1/scores", json=body).json()["errors"]
    assert [error["place"] for error in errors] == [
        "booking.party_size",
        "booking.payment_method",
        "booking",
        "baggage.count",
    ]
    by_place = {error["place"]: error for error in errors}
    assert by_place["booking.party_size"]["rule"] == "a whole number is expected"
    assert by_place["booking.payment_method"]["rule"].startswith("must be 'CC', 'CA'")
    assert "Did you mean party_size?" in by_place["booking"]["remedy"]
    assert by_place["baggage.count"]["rule"] == "must be 0 or more"


def test_malformed_body_is_located(client):
    """A body that is no JSON is answered with line and column."""
    answer = client.post("/v1/scores", content=b'{\n "a": NaN}', headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Line 2, column ")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/jsonx"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": "application/json", "content-encoding": "br"},
        {"content-type": "application/json", "content-encoding": "identity, gzip"},
        {"content-type": "application/x-ndjson"},
    ],
)
def test_other_types_and_encodings_are_not_read(client, headers):
    """A body of another type, character set or compression is refused before it is read."""
    body = gzip.compress(TEXT.encode()) if "content-encoding" in headers else TEXT.encode()
    answer = client.post("/v1/scores", content=body, headers=headers)
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'],
)
def test_json_in_utf_8_is_read(client, content_type):
    """The usual ways to announce JSON are understood."""
    answer = client.post(
        "/v1/scores", content=TEXT, headers={"content-type": content_type, "content-encoding": "identity"}
    )
    assert answer.status_code == 200


def test_large_body_is_refused_by_its_announced_length(client):
    """Ten megabytes are refused by their length alone."""
    body = json.dumps({**EXAMPLE_RECORD, "free_text": MARK * 1_000_000}).encode()
    answer = client.post("/v1/scores", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert MARK not in answer.text


def test_large_body_without_a_length_is_cut_off(client):
    """A body in pieces is refused once it passes the limit; the rest is not asked for."""
    asked = 0

    def pieces():
        nonlocal asked
        for _ in range(1000):
            asked += 1
            yield b" " * 10_000

    answer = client.post("/v1/scores", content=pieces(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_body_within_the_limit_may_come_in_pieces(client):
    """A body in pieces is read like one that came whole."""
    pieces = (TEXT.encode()[start : start + 100] for start in range(0, len(TEXT), 100))
    answer = client.post("/v1/scores", content=pieces, headers={"content-type": "application/json"})
    assert answer.status_code == 200


def test_limit_is_exact(client):
    """A body of exactly the limit is read, one byte more is not."""
    limit = services_of(client).settings.body_limit_bytes
    for size, status in ((limit, 200), (limit + 1, 413)):
        body = TEXT.encode().ljust(size)
        assert (
            client.post("/v1/scores", content=body, headers={"content-type": "application/json"}).status_code == status
        )


def test_caller_is_checked_before_the_body(client):
    """Without a valid key nothing of a body is looked at."""
    answer = client.post("/v1/scores", content=b"\xff", headers={"Authorization": "Bearer rk_0_0"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert make_key(services_of(client))
    assert client.post("/v1/scores", content=b"\xff", headers=bearer("x")).status_code == 401
