"""A thousand people go through every door of a real service, and stand in clear nowhere outside their own answers."""

import base64
import hashlib
import itertools
import json
import sqlite3

import httpx
import pytest

from tests.faults.service import Service
from tests.riskapi.privacy.seeded import PEOPLE, leaks

BATCH = 50


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A running service with all three models, and what came of sending everybody: problems and metrics."""
    service = Service(tmp_path_factory.mktemp("seeded"), {"log_level": "debug", "metrics_open": True}).prepare(
        ("document_fraud", "migrant_smuggling", "trafficking_protection")
    )
    with service, httpx.Client(base_url=service.url, headers=service.headers, timeout=30, trust_env=False) as client:
        problems = dict(send_everybody(client))
        problems["metrics"] = client.get("/metrics").raise_for_status().content
        problems |= {f"live: {name}": content for name, content in files(service).items()}
        service.stop()
    return service, problems


def files(service):
    """Every file that the service wrote: databases, write-ahead logs, checkpoints, the lines of its log."""
    found = {path.name: path.read_bytes() for path in service.directory.iterdir() if path.is_file()}
    return found | {"service.log": service.log_path.read_bytes()}


def send_everybody(client):
    """Send each person through one of the doors; gives the answers of errors, head and body."""
    doors = itertools.cycle((well_formed, in_a_batch, on_a_manifest, corrected, broken, misplaced))
    groups = [PEOPLE[start : start + BATCH] for start in range(0, len(PEOPLE), BATCH)]
    for place, (group, door) in enumerate(zip(groups, doors, strict=False)):
        for number, answer in enumerate(door(client, group)):
            head = "".join(f"{name}: {value}\n" for name, value in answer.headers.items()).encode()
            body = answer.content if answer.is_error else b""
            yield f"{door.__name__} {place}.{number} {answer.status_code}", head + body


def well_formed(client, group):
    """One by one, each with an idempotency key that names them; then read and explained, in their own answers."""
    for person in group:
        answer = client.post("/v1/scores", json=person.record, headers={"Idempotency-Key": person.facts["number"]})
        yield answer.raise_for_status()
        changed = {**person.record, "history": {"crossings_12_months": 9}}
        yield client.post("/v1/scores", json=changed, headers={"Idempotency-Key": person.facts["number"]})
    for path in ("", "/explanation"):
        yield client.get(f"/v1/decisions/{answer.json()['decision_id']}{path}").raise_for_status()


def in_a_batch(client, group):
    """All at once, every other one with a fact of the wrong kind."""
    rows = [person.record for person in group]
    for row, person in zip(rows[::2], group[::2], strict=True):
        row["crossing"]["mode"] = person.facts["surname"]
    answer = client.post("/v1/scores/batch", json=rows).raise_for_status()
    yield answer
    told = [row["problem"] for row in answer.json()["rows"] if row["problem"]]
    assert len(told) == len(rows) / 2
    yield httpx.Response(422, content=json.dumps(told))


def on_a_manifest(client, group):
    """As a carrier's list, with names in fields that are read and in some that are not."""
    entries = [
        {
            "PoavKey": person.facts["record_id"],
            "PersonType": "P",
            "Age": person.facts["phone"],
            "DocumentType": "P",
            "DocumentNumber": person.facts["number"],
            "Surname": person.facts["surname"],
            person.facts["given_names"]: person.facts["email"],
        }
        for person in group
    ]
    voyage = {
        "CarrierType": "AIR",
        "ArrivalPortCode": "NBO",
        "ScheduledDateOfArrival": "2026-03-14",
        "ScheduledTimeOfArrival": "09:40:00",
        "PassengerList": entries,
    }
    yield client.post("/v1/manifests", json=voyage).raise_for_status()
    yield client.post("/v1/manifests", json=voyage | {"ScheduledDateOfArrival": group[0].facts["surname"]})


def corrected(client, group):
    """Scored, then corrected, once with a reason that names them."""
    for person in group:
        first = client.post("/v1/scores", json=person.record).raise_for_status().json()["decision_id"]
        path = f"/v1/decisions/{first}/rectification"
        yield client.post(path, json={"reason": "outdated", "record": person.record}).raise_for_status()
        yield client.post(path, json={"reason": person.facts["surname"], "record": person.record})


def broken(client, group):
    """Bodies that break a rule each, around their facts; the next person meets the next rule."""
    for person in group:
        told, record = person.facts, person.record
        bodies = (
            json.dumps(record)[:-1],
            json.dumps(record | {told["surname"]: 1}),
            json.dumps(record | {"crossing": told["email"]}),
            json.dumps(record | {"extra": {told["surname"].lower(): told["phone"]}}),
            json.dumps([told["number"]]),
            f'{{"record_id": "{told["record_id"]}", "record_id": "{told["other"]}"}}',
            told["address"],
        )
        answer = client.post("/v1/scores", content=bodies[person.number % len(bodies)])
        assert answer.is_error
        yield answer


def misplaced(client, group):
    """Facts where none belong: in paths, queries, headers, keys and kinds of content; another place for each person."""
    for person in group:
        told, record = person.facts, person.record
        number, name = told["number"], told["surname"]
        sends = (
            lambda number=number: client.get(f"/v1/decisions/{number}"),
            lambda number=number, name=name: client.get(
                f"/v1/decisions/{number}/person-explanation", params={"form": name}
            ),
            lambda name=name, told=told: client.get(f"/{name}", params={"name": told["given_names"]}),
            lambda record=record, name=name: post(client, record, f"?name={name}", {"X-Purpose": name}),
            lambda record=record, number=number: post(client, record, "", {"Authorization": f"Bearer rk_{number}_x"}),
            lambda record=record, number=number: post(client, record, "", {"Content-Type": f"text/{number}"}),
            lambda record=record, told=told: post(client, record, "", {"Idempotency-Key": told["email"] * 40}),
            lambda name=name: client.request(name, "/v1/scores"),
        )
        answer = sends[person.number % len(sends)]()
        assert answer.is_error
        yield answer
    yield client.post("/v1/sessions", json={"login": told["email"], "password": name})


def post(client, record, query, headers):
    """Send a record with something added."""
    return client.post(f"/v1/scores{query}", json=record, headers=headers)


def test_r37_nobody_stands_in_clear_in_answers_of_errors_or_metrics(served):
    """Whatever was refused, the refusal does not repeat it; metrics count and name nobody."""
    _, problems = served
    refused = [name for name in problems if name.startswith(("broken", "misplaced"))]
    assert len(refused) > len(PEOPLE) / 4
    assert {name[-3:] for name in refused} >= {"400", "401", "403", "404", "415", "422"}
    assert leaks(problems) == []


def test_r37_nobody_stands_in_clear_in_any_file(served):
    """Not in the lines of the log, the two databases, their write-ahead logs or the file of checkpoints."""
    service, _ = served
    written = files(service)
    assert {"store.db", "keys.db", "checkpoints.ndjson", "service.log"} <= set(written)
    assert len(service.lines()) > len(PEOPLE) / 2
    with sqlite3.connect(service.directory / "store.db") as store:
        [count] = store.execute("SELECT count(*) FROM decision_contents").fetchone()
    assert count > len(PEOPLE) / 2
    assert leaks(written) == []


@pytest.mark.parametrize(
    "leak",
    [
        lambda person: f'{{"event": "stub", "note": "{person.facts["surname"]}"}}'.encode(),
        lambda person: person.facts["phone"].encode(),
        lambda person: person.facts["email"].upper().encode(),
        lambda person: b"\0" + base64.b64encode(f"x {person.facts['number']}".encode()) + b"\0",
        lambda person: person.facts["locator"].encode("utf-16-le"),
        lambda person: hashlib.sha256(person.facts["number"].encode()).hexdigest().encode(),
    ],
    ids=["in clear", "digits", "other case", "base64", "utf-16", "unkeyed hash"],
)
def test_search_finds_a_leak_that_is_there(served, leak):
    """A stub that leaks one person, in any of the ways that are searched for, is found among all the files."""
    service, _ = served
    written = files(service)
    written["service.log"] += leak(PEOPLE[417]) + b"\n"
    assert [one.split(":")[0] for one in leaks(written)] == ["service.log"]
