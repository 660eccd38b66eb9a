import gzip
import io
import json
import logging
import time

import pytest
import structlog

from riskapi.schemas import ProblemBody
from riskapi.telemetry import configure_logging
from tests.makers import EXAMPLE_RECORD
from tests.riskapi.makers import bearer, make_key, services_of, with_facts
from tests.riskapi.test_scores import decisions_in

MARK = "ZZSECRETZZ"
TEXT = json.dumps(EXAMPLE_RECORD)
NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "1E400",
    "01",
    "+1",
    ".5",
    "1.",
    "0x10",
    "9" * 5000,
    "--1",
]
LOW = MARK.lower()


def raw(text):
    """The bytes of a text, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def replaced(old, new):
    """The example record with something else in one place."""
    assert old in TEXT
    return raw(TEXT.replace(old, new, 1))


BODIES = {
    "empty": b"",
    "blank": b" \n ",
    "null": b"null",
    "number": b"1",
    "text": raw(f'"{MARK}"'),
    "list": raw(f'["{MARK}"]'),
    "empty object": b"{}",
    "cut": raw(TEXT[:-1]),
    "two values": raw(TEXT + TEXT),
    "trailing text": raw(TEXT + MARK),
    "trailing comma": raw(TEXT[:-1] + ",}"),
    "comment": raw(f"/* {MARK} */" + TEXT),
    "single quotes": raw(TEXT.replace('"', "'")),
    "byte order mark": b"\xef\xbb\xbf" + raw(TEXT),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16 without mark": TEXT.encode("utf-16-le"),
    "utf-32": TEXT.encode("utf-32"),
    "invalid utf-8": replaced("WARSAME", "\udcff\udcfe").replace(b"\xed\xb3\xbf", b"\xff"),
    "overlong utf-8": raw(TEXT).replace(b"WARSAME", b"WAR\xc0\x80SAME"),
    "utf-8 surrogate": raw(TEXT).replace(b"WARSAME", b"WAR\xed\xa0\x80SAME"),
    "lone high surrogate": replaced("WARSAME", f"{MARK}\\ud800"),
    "lone low surrogate": replaced("WARSAME", f"{MARK}\\udc00"),
    "swapped surrogates": replaced("WARSAME", f"{MARK}\\udc00\\ud800"),
    "raw NUL": replaced("WARSAME", f"{MARK}\x00"),
    "raw line break": replaced("WARSAME", f"{MARK}\n"),
    "broken escape": replaced("WARSAME", f"{MARK}\\x41"),
    "duplicate key": raw(TEXT[:-1] + f', "record_id": "{MARK}"}}'),
    "duplicate key, nested": replaced('"surname": "WARSAME"', f'"surname": "WARSAME", "surname": "{MARK}"'),
    "duplicate key, escaped": replaced('"surname": "WARSAME"', f'"surname": "A", "\\u0073urname": "{MARK}"'),
    "duplicate unknown key": raw(TEXT[:-1] + f', "{MARK}": 1, "{MARK}": 2}}'),
    "deep list": b"[" * 60_000,
    "deep object": b'{"a":' * 10_000,
    "deep extra": replaced('"booking": {', '"booking": {"x": ' + "[" * 500 + "]" * 500 + ", "),
    "unknown field": raw(TEXT[:-1] + f', "{MARK}": 1}}'),
    "unknown field that looks like a name": raw(TEXT[:-1] + f', "{LOW}": 1}}'),
    "unknown nested field": replaced('"booking": {', f'"booking": {{"{MARK}": "{MARK}", '),
    "unknown field in a list": replaced('"type": "P"', f'"{LOW}": "{MARK}"'),
    "empty key": raw(TEXT[:-1] + ', "": 1}'),
    "prototype": raw(TEXT[:-1] + f', "__proto__": {{"{MARK}": 1}}}}'),
    "wrong type": replaced('"WARSAME"', "7"),
    "object for text": replaced('"WARSAME"', f'{{"{MARK}": 1}}'),
    "list for text": replaced('"WARSAME"', f'["{MARK}"]'),
    "text for block": json.dumps({**EXAMPLE_RECORD, "booking": MARK}).encode(),
    "list for block": json.dumps({**EXAMPLE_RECORD, "booking": [MARK]}).encode(),
    "object for list": json.dumps({**EXAMPLE_RECORD, "documents": {MARK: 1}}).encode(),
    "text for number": json.dumps(with_facts(baggage={"count": MARK})).encode(),
    "digits for number": json.dumps(with_facts(baggage={"count": "1"})).encode(),
    "flag for number": json.dumps(with_facts(baggage={"count": True})).encode(),
    "number for flag": json.dumps(with_facts(baggage={"is_pooled": 1})).encode(),
    "text for flag": json.dumps(with_facts(baggage={"is_pooled": "yes"})).encode(),
    "fraction for count": json.dumps(with_facts(baggage={"count": 1.5})).encode(),
    "huge whole number": json.dumps(with_facts(baggage={"count": 2**70})).encode(),
    "beyond bounds": json.dumps(with_facts(baggage={"weight_kg": 1e300})).encode(),
    "negative": json.dumps(with_facts(baggage={"count": -1})).encode(),
    "unknown code": json.dumps(with_facts(booking={"payment_method": MARK})).encode(),
    "unknown mode": json.dumps(with_facts(crossing={"mode": MARK})).encode(),
    "country": json.dumps(with_facts(traveller={"nationality": MARK})).encode(),
    "no such day": json.dumps(with_facts(traveller={"date_of_birth": "1999-02-30"})).encode(),
    "text for date": json.dumps(with_facts(traveller={"date_of_birth": MARK})).encode(),
    "number for date": json.dumps(with_facts(traveller={"date_of_birth": 12345})).encode(),
    "time without zone": json.dumps(with_facts(crossing={"expected_at": "2026-03-14T09:40:00"})).encode(),
    "text for time": json.dumps(with_facts(crossing={"expected_at": MARK})).encode(),
    "long text": json.dumps(with_facts(traveller={"surname": MARK * 100})).encode(),
    "empty text": json.dumps(with_facts(traveller={"surname": ""})).encode(),
    "long id": json.dumps({**EXAMPLE_RECORD, "record_id": MARK * 20}).encode(),
    "many documents": json.dumps({**EXAMPLE_RECORD, "documents": [{"number": MARK}] * 11}).encode(),
    "many problems": json.dumps({**EXAMPLE_RECORD, "documents": [{"type": MARK, "number": ""}] * 500}).encode(),
    "missing crossing": json.dumps({k: v for k, v in EXAMPLE_RECORD.items() if k != "crossing"}).encode(),
    "extra: bad name": json.dumps({**EXAMPLE_RECORD, "extra": {MARK: 1}}).encode(),
    "extra: undeclared": json.dumps({**EXAMPLE_RECORD, "extra": {LOW: 1}}).encode(),
    "extra: list": json.dumps({**EXAMPLE_RECORD, "extra": {"tax": [MARK]}}).encode(),
    "extra: object": json.dumps({**EXAMPLE_RECORD, "extra": {LOW: {MARK: 1}}}).encode(),
    "extra: long": json.dumps({**EXAMPLE_RECORD, "extra": {"tax": MARK * 30}}).encode(),
    "extra: no object": json.dumps({**EXAMPLE_RECORD, "extra": MARK}).encode(),
    **{f"number {text[:12]}": replaced('"weight_kg": 21.5', f'"weight_kg": {text}') for text in NUMBERS},
    **{f"other schema {v}": json.dumps({**EXAMPLE_RECORD, "schema_version": v}).encode() for v in ("2.0", MARK)},
}


@pytest.fixture
def log(client):
    """All that the service logs, at the most talkative level."""
    file = io.BytesIO()
    configure_logging("debug", file=file)
    services = services_of(client)
    before, services.log = services.log, structlog.get_logger()
    yield file
    services.log = before
    structlog.reset_defaults()
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


def lines_of_one_request(file):
    """The lines until that of the request, which may be written after its answer."""
    for _ in range(500):
        lines = [json.loads(line) for line in file.getvalue().splitlines()]
        if any(line["event"] == "request" for line in lines):
            break
        time.sleep(0.01)
    return lines


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_r37_hostile_body_is_refused_and_never_repeated(client, body, log, capfd):
    """Any such body gets a problem with 4xx; neither answer nor log holds what was sent; nothing is stored."""
    before = decisions_in(services_of(client))
    answer = client.post("/v1/scores", content=body, headers={"content-type": "application/json"})
    lines = lines_of_one_request(log)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = ProblemBody.model_validate_json(answer.content)
    assert problem.status == answer.status_code
    assert len(problem.errors) <= 50
    assert (answer.status_code == 422) == bool(problem.errors)
    assert len(answer.content) < 20_000
    requests = [(line["route"], line["status"]) for line in lines if line["event"] == "request"]
    assert requests == [("/v1/scores", answer.status_code)]
    for text in (answer.text, str(answer.headers), log.getvalue().decode(), *capfd.readouterr()):
        assert MARK not in text.upper()
    assert decisions_in(services_of(client)) == before


ONE_LINE = {name: body for name, body in BODIES.items() if b"\n" not in body}


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
