"""Models that change under load: who was told what and when, held against what was live at that time."""

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import orjson
import sqlalchemy as sa

from riskapi.access.matrix import Action
from riskapi.access.principal import PrincipalKind
from riskapi.services import Services
from riskapi.storage import schema
from tests.bundles import make_bundle
from tests.faults.service import LOOPBACK, RECORD, Service
from tests.riskapi.makers import PROPOSER, RATIONALE, bearer, make_key, settings

RISKS = ("document_fraud", "trafficking_protection")
VERSIONS = 3
CLIENTS = 16
BATCH = b"[" + b",".join([RECORD] * 30) + b"]"
TIMEOUT_SECONDS = 60.0
OTHERS_FOLLOW_SECONDS = 5.0
"""How long a second service may take to see what the first one was told: it looks every 50 ms, on a busy machine."""

Digests = frozenset[str]


@dataclass(frozen=True)
class Told:
    """One decision: which models were named, in which request, and when that was under way."""

    decision_id: str
    digests: Digests
    request: int
    sent: float
    heard: float
    place: int
    """Of the service that was asked: 0 for the one where models are approved."""


@dataclass
class Promotions:
    """What was live when.

    Attributes:
        steps: (when the approval was asked for, when it was answered, what is live from then on), in order.
    """

    steps: list[tuple[float, float, Digests]]

    def allow(self, told: Told) -> bool:
        """Whether the models of a decision were all live together at some time of its request."""
        late = OTHERS_FOLLOW_SECONDS if told.place else 0.0
        ends = [ended for _, ended, _ in self.steps[1:]] + [float("inf")]
        return any(
            digests == told.digests and began <= told.heard and told.sent <= end + late
            for (began, _, digests), end in zip(self.steps, ends, strict=True)
        )


@dataclass
class Scene:
    """A service with several bundles of each risk, all proposed, one of each live, and a person who approves."""

    service: Service
    bundles: dict[str, list[str]]
    approver: str
    decided: list[Told] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    promotions: Promotions = field(default_factory=lambda: Promotions([]))

    def promote(self, number: int, pause: float, seed: int = 0) -> None:
        """Approve one bundle after another, new ones and ones that were live before, while others ask."""
        draw, live = random.Random(seed), {risk: digests[0] for risk, digests in self.bundles.items()}
        headers = {**bearer(self.approver), "Content-Type": "application/json"}
        body = orjson.dumps({"rationale": RATIONALE})
        for _ in range(number):
            time.sleep(draw.uniform(0.0, 2 * pause))
            risk = draw.choice(RISKS)
            digest = draw.choice([one for one in self.bundles[risk] if one != live[risk]])
            began = time.monotonic()
            status, answer = _ask(self.service.port, f"/v1/proposals/{digest}/approve", body, headers)
            if status != http.client.OK:
                self.failed[f"approval: {status} {answer[:200]!r}"] += 1
                continue
            live[risk] = digest
            self.promotions.steps.append((began, time.monotonic(), frozenset(live.values())))

    @contextmanager
    def load(self, services: Sequence[Service]) -> Iterator[None]:
        """Clients that ask for single records, every fourth for batches, as long as the block lasts."""
        ended, numbers = threading.Event(), iter(range(10**9))

        def work(number: int) -> None:
            place = number % len(services)
            path, body = ("/v1/scores/batch", BATCH) if number % 4 == 0 else ("/v1/scores", RECORD)
            with closing(http.client.HTTPConnection(LOOPBACK, services[place].port, timeout=TIMEOUT_SECONDS)) as wire:
                while not ended.is_set():
                    sent = time.monotonic()
                    try:
                        wire.request("POST", path, body, services[place].headers)
                        answer = wire.getresponse()
                        status, content = answer.status, answer.read()
                    except (OSError, http.client.HTTPException) as error:
                        self.failed[type(error).__name__] += 1
                        wire.close()
                        continue
                    if status == http.client.OK:
                        self._hear(content, next(numbers), sent, time.monotonic(), place)
                    else:
                        self.failed[f"{path}: {status} {content[:200]!r}"] += 1

        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join(2 * TIMEOUT_SECONDS)

    def _hear(self, content: bytes, request: int, sent: float, heard: float, place: int) -> None:
        body = orjson.loads(content)
        for answer in [row["answer"] for row in body["rows"]] if "rows" in body else [body]:
            digests = frozenset(risk["model"]["digest"] for risk in answer["risks"])
            self.decided.append(Told(answer["decision_id"], digests, request, sent, heard, place))

    def what_is_wrong(self) -> dict[str, object]:
        """Everything that should be otherwise, by name; to be asked once the services have stopped."""
        requests: dict[int, set[Digests]] = {}
        for told in self.decided:
            requests.setdefault(told.request, set()).add(told.digests)
        logged = _logged(self.service)
        findings = {
            "failed": dict(self.failed),
            "not live then": sum(1 for told in self.decided if not self.promotions.allow(told)),
            "requests with several sets of models": sum(1 for found in requests.values() if len(found) > 1),
            "logged otherwise": sum(1 for told in self.decided if logged.get(told.decision_id) != told.digests),
            "logged and not answered": len(logged) - len(self.decided),
        }
        return {name: found for name, found in findings.items() if found}


def scene_of(service: Service) -> Scene:
    """Prepare a service: its store, its key, several bundles of each risk, and an approver's key."""
    service.prepare(RISKS)
    services = Services(settings(service.directory, **(service.changes | {"writer_process": False})))
    try:
        bundles = {risk: [service.digests[risk]] for risk in RISKS}
        for risk in RISKS:
            for seed in range(1, VERSIONS):
                files, _ = make_bundle(risk, seed)
                bundles[risk].append(services.approvals.propose(dict(files), PROPOSER, "").digest)
        approver = make_key(services, [Action.MODELS_APPROVE], "Amina Yusuf", PrincipalKind.PERSON)
    finally:
        services.close()
    first = frozenset(digests[0] for digests in bundles.values())
    return Scene(service, bundles, approver, promotions=Promotions([(0.0, 0.0, first)]))


def _ask(port: int, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_SECONDS)) as wire:
        wire.request("POST", path, body, headers)
        answer = wire.getresponse()
        return answer.status, answer.read()


def _logged(service: Service) -> dict[str, Digests]:
    """Which models the log names for each decision."""
    reading = Services(settings(service.directory, **(service.changes | {"writer_process": False})))
    try:
        with reading.engine.connect() as connection:
            rows = connection.execute(sa.select(schema.log.c.body).where(schema.log.c.kind == "decision")).scalars()
            bodies = [orjson.loads(row) for row in rows]
    finally:
        reading.close()
    return {body["decision_id"]: frozenset(body["digests"]) for body in bodies}
