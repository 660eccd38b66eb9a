"""Callers that remember what they were told, so that nothing of it can be lost without being missed."""

import http.client
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

import orjson

from tests.faults.service import LOOPBACK, RECORD, Service

CLIENTS = 8
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller was told about one request: the decision, and the hash of the answer's bytes."""

    decision_id: str
    answer: str


@dataclass
class Memory:
    """What all callers were told, and what they asked.

    Attributes:
        asked: key of each request that may have reached the service.
        told: key -> what was acknowledged.
        contradictions: keys that were told one thing and later another.
        statuses: how often each status came; 0 stands for a connection that broke.
    """

    asked: set[str] = field(default_factory=set)
    told: dict[str, Told] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _names: Iterator[int] = field(default_factory=itertools.count)

    def ask(self, key: str | None = None) -> str:
        """Note that a request is about to be sent; gives its key."""
        with self._lock:
            key = key or f"request-{next(self._names)}"
            self.asked.add(key)
            return key

    def hear(self, key: str, status: int, body: bytes) -> None:
        """Note what came back."""
        with self._lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == http.client.OK:
                found = Told(orjson.loads(body)["decision_id"], sha256(body).hexdigest())
                if self.told.setdefault(key, found) != found:
                    self.contradictions.append(key)

    @property
    def unanswered(self) -> list[str]:
        """Keys of requests of which the callers do not know what became of them."""
        with self._lock:
            return sorted(self.asked - self.told.keys())


class Caller:
    """One connection to a service; a broken one is opened again."""

    def __init__(self, service: Service, memory: Memory, record: bytes = RECORD) -> None:
        self._service = service
        self._memory = memory
        self._record = record
        self._connection: http.client.HTTPConnection | None = None

    def score(self, key: str | None = None) -> tuple[int, http.client.HTTPMessage | None]:
        """Send one record with its key and remember the answer; gives status (0: none came) and headers."""
        key = self._memory.ask(key)
        headers = self._service.headers | {"Idempotency-Key": key}
        status, body, message = 0, b"", None
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(LOOPBACK, self._service.port, timeout=TIMEOUT_SECONDS)
            self._connection.request("POST", "/v1/scores", self._record, headers)
            answer = self._connection.getresponse()
            status, message, body = answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException):
            status = 0
            self.close()
        self._memory.hear(key, status, body)
        return status, message

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def load(service: Service, memory: Memory, clients: int = CLIENTS) -> Iterator[None]:
    """Callers that ask one after another as long as the block lasts, each request again until it is answered."""
    ended = threading.Event()

    def work() -> None:
        key = None
        with Caller(service, memory) as caller:
            while not ended.is_set():
                key = key or memory.ask()
                if caller.score(key)[0] == http.client.OK:
                    key = None
                else:
                    ended.wait(0.1)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(2 * TIMEOUT_SECONDS)


def wait_for_answers(memory: Memory, more: int, seconds: float = 60.0) -> None:
    """Wait until so many more requests were acknowledged."""
    wanted = len(memory.told) + more
    pause = threading.Event()
    for _ in range(round(seconds * 50)):
        if len(memory.told) >= wanted:
            return
        pause.wait(0.02)
    raise AssertionError(f"{len(memory.told)} answers, {wanted} were awaited; {memory.statuses}")


def ask_again(service: Service, memory: Memory) -> None:
    """Send every request again of which nobody knows what became of it, until each is answered."""
    with Caller(service, memory) as caller:
        for key in memory.unanswered:
            for _ in range(50):
                if caller.score(key)[0] == http.client.OK:
                    break
                threading.Event().wait(0.1)
