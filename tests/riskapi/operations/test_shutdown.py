"""A service that is told to end finishes what it accepted: every acknowledged decision is on disk, and none is cut."""

import json
import os
import signal
import socket
import threading
import time

import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.log.entry import Kind
from riskapi.services import Services
from tests.faults.service import LOOPBACK, Service
from tests.riskapi.privacy.makers import entries_of, verified

CLIENTS = 12


class Client(threading.Thread):
    """One connection that sends a request as soon as the last one is answered, byte by byte in the open."""

    def __init__(self, service, number):
        super().__init__(daemon=True)
        self._service, self._number = service, number
        self.acknowledged, self.cut, self.refused = [], [], 0

    def run(self):
        """Send until the service takes no more."""
        count = 0
        while self._connection(count):
            count += 1000

    def _connection(self, start):
        try:
            connection = socket.create_connection((LOOPBACK, self._service.port), timeout=20)
        except OSError:
            return False
        with connection, connection.makefile("rb") as answers:
            for count in range(start, start + 1000):
                try:
                    connection.sendall(self._request(count))
                    status = answers.readline()
                except OSError:
                    status = b""
                if not status:
                    return True  # closed while idle: the store must hold nothing of this request
                try:
                    self._read(status, answers)
                except (OSError, ValueError) as error:
                    self.cut.append(repr(error))
                    return True
        return True

    def _read(self, status, answers):
        length = 0
        while line := answers.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = answers.read(length)
        if len(body) != length:
            raise ValueError("cut in the middle of an answer")
        if b" 200 " in status:
            self.acknowledged.append(json.loads(body)["decision_id"])
        else:
            self.refused += 1

    def _request(self, count):
        body = json.dumps({**EXAMPLE_RECORD, "record_id": f"{self._number}-{count}"}).encode()
        fields = [f"{name}: {value}" for name, value in self._service.headers.items()]
        head = ["POST /v1/scores HTTP/1.1", f"Host: {LOOPBACK}", *fields, f"Content-Length: {len(body)}"]
        return "\r\n".join([*head, "", ""]).encode() + body


@pytest.mark.slow
@pytest.mark.parametrize("writer_process", [False, True], ids=["one process", "a writer of its own"])
def test_sigterm_under_load_loses_and_cuts_nothing(tmp_path, writer_process):
    """The process ends by itself, in time; what it acknowledged is stored, and nothing else; no answer was cut."""
    service = Service(tmp_path, {"writer_process": writer_process}).prepare()
    with service:
        clients = [Client(service, number) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        while sum(len(client.acknowledged) for client in clients) < 10 * CLIENTS:
            time.sleep(0.01)
        os.kill(service.pid, signal.SIGTERM)
        assert service.wait(25) in {0, -signal.SIGTERM}
        for client in clients:
            client.join(20)
    assert not any(client.is_alive() for client in clients)
    assert [cut for client in clients for cut in client.cut] == []
    assert sum(client.refused for client in clients) == 0
    services = Services(service.settings)
    try:
        stored = {one["decision_id"] for one in entries_of(services, Kind.DECISION)}
        assert stored == {one for client in clients for one in client.acknowledged}
        assert verified(services) == []
    finally:
        services.close()
