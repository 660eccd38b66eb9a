import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.access.matrix import Action
from riskapi.decisions import Claim
from tests.riskapi.makers import BOTH, bearer, make_key, scoring_service, services_of, with_facts

REPLAYED = "idempotent-replayed"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A service of its own, since its decisions are counted."""
    with scoring_service(tmp_path_factory.mktemp("service"), waiting_rows_max=1000) as made:
        yield made


def post(client, key, record=EXAMPLE_RECORD, **headers):
    """Send a record with a key."""
    return client.post("/v1/scores", json=record, headers={"Idempotency-Key": key, **headers})


def decisions_in(client):
    """Count the decisions in the store."""
    services = services_of(client)
    with services.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar_one()


def test_r35_request_that_comes_again_is_answered_as_before(client):
    """The same bytes, a header that says so, and no second decision."""
    first = post(client, "once")
    before = decisions_in(client)
    again = post(client, "once")
    assert (again.status_code, again.content) == (200, first.content)
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert decisions_in(client) == before


def test_bodies_with_equal_canonical_form_are_the_same(client):
    """Order of keys, white space and the way a number is written make no difference."""
    first = post(client, "canonical", with_facts(journey={"stay_days": 12}))
    shuffled = dict(reversed(with_facts(journey={"stay_days": 12.0}).items()))
    assert post(client, "canonical", shuffled).content == first.content


@pytest.mark.parametrize(
    "changes",
    [{"journey": {"stay_days": 13}}, {"record_id": "other"}, {"traveller": {"surname": "ÅNGSTRÖM"}}, {"meals": "X"}],
)
def test_key_with_another_body_is_refused(client, changes):
    """Nothing is scored and nothing stored; dropped facts are part of the body."""
    post(client, "one body")
    key = f"key-{min(changes)}"
    post(client, key)
    before = decisions_in(client)
    answer = post(client, key, with_facts(**changes))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:riskapi:problem:key-reused"
    assert decisions_in(client) == before


def test_composed_and_decomposed_letters_are_different_bodies(client):
    """Canonical JSON does not touch text: two spellings that look alike are two bodies."""
    post(client, "nfc", with_facts(traveller={"surname": "\u00c5"}))
    assert post(client, "nfc", with_facts(traveller={"surname": "A\u030a"})).status_code == 422


@pytest.mark.parametrize("key", ["!", "~" * 255, '"quoted"', "8e03978e-40d5-43e8-bc93-6894a57f9324"])
def test_key_may_be_any_printable_word_of_255_characters(client, key):
    """What is just allowed is a key like any other, quotation marks included."""
    first, again = post(client, key), post(client, key)
    assert (first.status_code, again.content, again.headers[REPLAYED]) == (200, first.content, "true")


def test_blanks_around_a_key_are_no_part_of_it(client):
    """As in any header."""
    assert post(client, " around ").content == post(client, "around").content


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a b", "caf\xe9", "tab\tkey", "a\x7f", "key, other"])
def test_key_that_is_none_is_refused(client, key):
    """One printable word of at most 255 characters; what was sent is not repeated."""
    answer = client.post("/v1/scores", json=EXAMPLE_RECORD, headers={b"Idempotency-Key": key.encode("latin-1")})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["place"] == "header idempotency-key"
    assert "caf" not in answer.text


def test_two_keys_in_one_request_are_refused(client):
    """Nobody has to guess which one counts."""
    for second in (b"a", b"b", b""):
        headers = [(b"idempotency-key", b"a"), (b"idempotency-key", second), (b"content-type", b"application/json")]
        assert client.post("/v1/scores", json=EXAMPLE_RECORD, headers=headers).status_code == 422


def test_key_belongs_to_the_principal_that_sends_it(client):
    """The same key of another client is another key; nobody learns what others sent."""
    first = post(client, "shared")
    other = bearer(make_key(services_of(client), (Action.SCORE, *BOTH), "Gateway MBA"))
    theirs = post(client, "shared", with_facts(journey={"stay_days": 1}), **other)
    assert theirs.status_code == 200
    assert REPLAYED not in theirs.headers
    assert theirs.json()["decision_id"] != first.json()["decision_id"]


def test_answer_is_not_shown_to_a_key_that_lost_an_audience(client):
    """A principal whose new key has fewer audiences does not get the old answer by trying again."""
    services = services_of(client)
    wide = bearer(make_key(services, (Action.SCORE, *BOTH), "Gateway KIS"))
    narrow = bearer(make_key(services, (Action.SCORE, Action.ENFORCEMENT), "Gateway KIS"))
    assert post(client, "audiences", **wide).status_code == 200
    refused = post(client, "audiences", **narrow)
    assert refused.status_code == 403
    assert "protection" not in refused.text


def test_key_under_way_is_answered_with_409(client, monkeypatch):
    """The second of two at once is told to come again; once the first is answered, it gets that answer."""
    writer = services_of(client).writer
    append, begun, go_on = writer.append, threading.Event(), threading.Event()

    async def held(rows):
        begun.set()
        await asyncio.to_thread(go_on.wait, 60)
        return await append(rows)

    monkeypatch.setattr(writer, "append", held)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, client, "slow")
        try:
            assert begun.wait(60)
            refused = post(client, "slow")
            assert refused.json()["type"] == "urn:riskapi:problem:still-in-flight"
            assert refused.status_code == 409
        finally:
            go_on.set()
    again = post(client, "slow")
    assert (again.content, again.headers[REPLAYED]) == (first.result().content, "true")


def test_key_that_another_process_stored_meanwhile_is_replayed(client, monkeypatch):
    """Where the key was free when it was looked up and taken when it was stored, the stored answer counts."""
    services = services_of(client)
    first = post(client, "faster")
    looked_up = services.idempotency.answered
    calls = []

    def blind_once(*arguments):
        calls.append(arguments)
        return None if len(calls) == 1 else looked_up(*arguments)

    monkeypatch.setattr(services.idempotency, "answered", blind_once)
    before = decisions_in(client)
    again = post(client, "faster")
    assert (again.content, again.headers[REPLAYED]) == (first.content, "true")
    assert decisions_in(client) == before


def test_refused_record_leaves_its_key_free(client):
    """A record that breaks rules makes no decision; corrected, it may come with the same key."""
    assert post(client, "corrected", {"record_id": "1"}).status_code == 422
    assert post(client, "corrected").status_code == 200


def test_neither_key_nor_body_is_in_the_store(client):
    """What clients put into the header is kept as a keyed hash."""
    post(client, "ZZMARKZZ-KQ416")
    path = services_of(client).settings.database_path
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"ZZMARKZZ" not in stored
    assert services_of(client).decisions.claimed("Gateway NBO", Claim(b"ZZMARKZZ-KQ416", b"")) is None
