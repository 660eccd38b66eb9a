import json
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import orjson
import pytest
import rfc8785

from riskapi import idempotency
from riskapi.services import Services
from tests.faults.broken import CRASH_BEFORE_ANSWER, KEYS_NOT_HELD, KEYS_NOT_STORED, place_of
from tests.faults.clients import Caller, Memory
from tests.faults.mutations import BASE, equal_forms, is_record, other_bodies
from tests.faults.service import Service, free_port
from tests.faults.stored import compare, count_decisions, verify
from tests.riskapi.makers import scoring_service, services_of, settings

STORES = ("sqlite", "postgresql")
REPLAYED = "Idempotent-Replayed"
IN_FLIGHT = 409


@pytest.fixture
def addresses(request):
    """Gives the settings of an empty store of a kind."""

    def make(kind):
        if kind == "sqlite":
            return {}
        server = request.getfixturevalue("postgres_server")
        return {"database_url": server.new_store(), "keys_url": server.new_database()}

    return make


def race(services, threads, keys):
    """Send every key from every thread at once, to one service or to several in turn; gives what came back.

    Returns:
        What the callers were told, and (key, status, whether it was a repeat) of each request but those that were told
        to come again.
    """
    memory, barrier = Memory(), threading.Barrier(threads)

    def send(caller, key):
        status, headers = caller.score(key)
        return key, status, headers is not None and headers[REPLAYED] == "true"

    def work(number):
        found = []
        with Caller(services[number % len(services)], memory) as caller:
            for key in keys:
                barrier.wait(120)
                found.append(send(caller, key))
            draw = random.Random(number)
            while again := [key for key, status, _ in found if status == IN_FLIGHT]:
                time.sleep(0.02)
                found = [one for one in found if one[1] != IN_FLIGHT]
                found += [send(caller, key) for key in draw.sample(again, len(again))]
        return found

    with ThreadPoolExecutor(threads) as pool:
        return memory, [one for found in pool.map(work, range(threads)) for one in found]


def what_is_wrong(service, memory, answers, threads, keys):
    """Everything that should be otherwise after a race, by name; to be asked once the services have stopped."""
    reading = Services(settings(service.directory, **(service.changes | {"writer_process": False})))
    try:
        decisions = count_decisions(reading)
    finally:
        reading.close()
    first = Counter(key for key, _, repeated in answers if not repeated)
    findings = {
        "not answered": Counter(status for _, status, _ in answers if status != 200),
        "answers missing": threads * len(keys) - len(answers),
        "decisions too many": decisions - len(keys),
        "keys without one first answer": [key for key in keys if first[key] != 1],
    }
    return compare(service, memory) | {name: found for name, found in findings.items() if found}


@pytest.mark.parametrize("kind", STORES)
def test_r35_keys_that_come_from_many_threads_make_one_decision_each(kind, addresses, tmp_path, full, figures):
    """Fifty threads, twenty keys: twenty decisions, equal bytes for all; on PostgreSQL over two services at once."""
    shared = kind == "postgresql"
    threads, number = (50, 20) if full or not shared else (12, 5)
    keys = [f"race-{one}" for one in range(number)]
    first = Service(tmp_path, addresses(kind) | {"writer_process": full or not shared}).prepare()
    services = [first, replace(first, port=free_port())] if shared else [first]
    try:
        for service in services:
            service.start()
        for service in services:
            service.wait_ready()
        memory, answers = race(services, threads, keys)
        assert [service.stop() for service in services] == [-signal.SIGTERM] * len(services)
    finally:
        for service in services:
            service.kill()
    assert what_is_wrong(first, memory, answers, threads, keys) == {}
    if full:
        assert verify(first) == ""
    figures(
        f"{kind}: {threads} threads, {number} keys, {len(services)} service(s): {len(answers)} equal answers, "
        f"{number} decisions, {memory.statuses.get(IN_FLIGHT, 0)} told to come again"
    )


def test_race_finds_a_service_that_looks_first_and_stores_later(tmp_path, figures):
    """The control: keys that are looked up and not held make more decisions than one, and different answers."""
    places = [place_of(tmp_path, KEYS_NOT_HELD)]
    keys = [f"race-{one}" for one in range(4)]
    with Service(tmp_path, {"writer_process": False}, places=places).prepare() as service:
        memory, answers = race([service], 25, keys)
        service.stop()
    found = what_is_wrong(service, memory, answers, 25, keys)
    assert {"decisions too many", "keys without one first answer", "told otherwise"} <= found.keys()
    figures(f"control without holding keys: {found['decisions too many']} decisions too many of {len(keys)} keys")


def crash_between_commit_and_answer(service, memory, rounds):
    """Let a service crash at its answer, start it again, send the request again; gives keys that are not replayed."""
    wrong = []
    try:
        for number in range(rounds):
            service.start().wait_ready()
            with Caller(service, memory) as caller:
                (service.places[0] / "armed").touch()
                assert caller.score(f"crash-{number}")[0] == 0
            assert service.wait() == -signal.SIGKILL
            service.start().wait_ready()
            with Caller(service, memory) as caller:
                for _ in range(2):
                    status, headers = caller.score(f"crash-{number}")
                    if status != 200 or headers[REPLAYED] != "true":
                        wrong.append(f"crash-{number}")
            service.stop()
    finally:
        service.kill()
    return wrong


@pytest.mark.parametrize("kind", STORES)
def test_r35_key_whose_answer_was_lost_in_a_crash_is_answered(kind, addresses, tmp_path, full, figures):
    """The service dies after the commit and before the answer: sent again, the request gets that decision's answer."""
    if kind == "postgresql" and not full:
        pytest.skip("runs with RISKAPI_FAULTS=full")
    rounds = 10 if full else 1
    changes = addresses(kind) | {"writer_process": full}
    service = Service(tmp_path, changes, places=[place_of(tmp_path, CRASH_BEFORE_ANSWER)]).prepare()
    memory = Memory()
    assert crash_between_commit_and_answer(service, memory, rounds) == []
    assert compare(service, memory) == {}
    assert len(memory.told) == rounds
    figures(f"{kind}: {rounds} crashes between commit and answer: {rounds} decisions, each answered to its key")


@pytest.mark.usefixtures("only_full")
def test_crash_finds_a_service_that_forgets_keys(tmp_path):
    """The control: where the key is not stored with its decision, the second request is a second decision."""
    places = [place_of(tmp_path, CRASH_BEFORE_ANSWER + KEYS_NOT_STORED)]
    service = Service(tmp_path, {"writer_process": False}, places=places).prepare()
    memory = Memory()
    assert crash_between_commit_and_answer(service, memory, 1) == ["crash-0"] * 2
    assert {"two decisions of one request", "told otherwise"} <= compare(service, memory).keys()


@pytest.fixture
def client(request, addresses, tmp_path):
    """A service in this process, with a store of a kind."""
    with scoring_service(tmp_path, ["document_fraud"], **addresses(request.param)) as made:
        yield made


def send(client, key, raw):
    """Send a body with a key."""
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    return client.post("/v1/scores", content=raw, headers=headers)


def judge(client, key, bodies, counts):
    """Send bodies with the key of the usual one; gives those that are not answered as they should be, and counts."""
    canonical = rfc8785.dumps(BASE)
    first = send(client, key, json.dumps(BASE).encode())
    assert (first.status_code, REPLAYED in first.headers) == (200, False)
    before = count_decisions(services_of(client))
    for name, raw in bodies:
        answer = send(client, key, raw)
        kind = answer.json().get("type", "").rpartition(":")[2] if answer.status_code == 422 else ""
        if not is_record(raw):
            expected, is_right = "refused", kind not in ("", "key-reused")
        elif rfc8785.dumps(json.loads(raw)) == canonical:
            is_right = (answer.status_code, answer.content, answer.headers.get(REPLAYED)) == (
                200,
                first.content,
                "true",
            )
            expected = "replayed"
        else:
            expected, is_right = "another body", kind == "key-reused"
        counts[expected] += 1
        if not is_right:
            yield f"{name}: {expected} expected, {answer.status_code} {kind}"
    if count_decisions(services_of(client)) != before:
        yield "there are more decisions"


def some_bodies(full):
    """Every way to write the record, and records that are almost it: two hundred, or all."""
    others = list(other_bodies())
    return [*equal_forms(), *(others if full else random.Random(20261124).sample(others, 200))]


@pytest.mark.parametrize("client", STORES, indirect=True)
def test_r35_only_the_same_record_is_answered_to_a_key_that_came_before(client, full, figures):
    """However it is written, the record gets its answer again; one that differs gets 422 and no decision."""
    counts = Counter()
    assert list(judge(client, "mutated", some_bodies(full), counts)) == []
    assert counts["another body"] > 100
    assert counts["replayed"] > 25
    figures(f"one key, {counts.total()} bodies: " + ", ".join(f"{count} {name}" for name, count in counts.items()))


class Fingerprint:
    """Stands in for the library of canonical JSON."""

    CanonicalizationError = rfc8785.CanonicalizationError

    def __init__(self, dumps):
        self.dumps = dumps


WRONG_FINGERPRINTS = {
    "of nothing": lambda _body: b"",
    "of keys in order": orjson.dumps,
    "of few facts": lambda body: rfc8785.dumps({name: part for name, part in body.items() if name != "seat"}),
    "of text made alike": lambda body: rfc8785.dumps(json.loads(json.dumps(body).lower())),
}


@pytest.mark.parametrize("client", ["sqlite"], indirect=True)
def test_mutations_find_what_takes_other_bodies_for_the_same(client, monkeypatch):
    """The control: fingerprints that see less, or more, than canonical JSON are each found out."""
    bodies = some_bodies(full=False)
    for name, fingerprint in WRONG_FINGERPRINTS.items():
        with monkeypatch.context() as change:
            change.setattr(idempotency, "rfc8785", Fingerprint(fingerprint))
            assert next(judge(client, name.replace(" ", "-"), bodies, Counter()), None), name
