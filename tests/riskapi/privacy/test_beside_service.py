"""Erasure beside a service that goes on storing decisions about the very same persons."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.errors import NotFoundError
from riskapi.log.entry import Kind
from riskapi.privacy.subjects import Wanted
from riskapi.services import Services
from tests.faults.service import Service
from tests.riskapi.privacy.makers import ADMIN, AUDITOR, entries_of, verified

PERSONS = 3
ROUNDS = 4


@pytest.mark.slow
def test_nothing_is_sealed_by_a_key_that_goes(tmp_path):
    """However erasures fall between decisions, each content can be read or is gone by a line of the log."""
    service = Service(tmp_path, {"busy_timeout_seconds": 20.0}).prepare()
    stopped, acknowledged = threading.Event(), []

    def send(number):
        with httpx.Client(base_url=service.url, headers=service.headers, timeout=30, trust_env=False) as client:
            count = 0
            while not stopped.is_set():
                document = {"type": "P", "number": f"DOC{count % PERSONS}", "issuing_country": "KEN"}
                record = {**EXAMPLE_RECORD, "record_id": f"{number}-{count}", "documents": [document]}
                answer = client.post("/v1/scores", content=json.dumps(record)).raise_for_status()
                acknowledged.append(answer.json()["decision_id"])
                count += 1

    with service, ThreadPoolExecutor(4) as pool:
        running = [pool.submit(send, number) for number in range(4)]
        beside = Services(service.settings)
        try:
            for _ in range(ROUNDS):
                goal = len(acknowledged) + 30
                while len(acknowledged) < goal and not any(one.done() for one in running):
                    stopped.wait(0.01)
                erase_all(beside)
        finally:
            stopped.set()
            beside.close()
        for one in running:
            one.result()
    services = Services(service.settings)
    try:
        found = [services.decisions.decision(one) for one in acknowledged]
        assert verified(services) == []
        gone = {one for body in entries_of(services, Kind.ERASED) for one in body["decision_ids"]}
    finally:
        services.close()
    assert all((one.answer is None) == (one.decision_id in gone) for one in found)
    assert len(gone) > ROUNDS * PERSONS
    assert len(gone) < len(found)


def erase_all(services):
    """Erase every person of the load, as a command beside the service does."""
    for number in range(PERSONS):
        wanted = Wanted(document=f"DOC{number}", country="KEN")
        try:
            services.erasure.erase(services.subjects.find(wanted), ADMIN, AUDITOR, "Case 1")
        except NotFoundError:
            continue
