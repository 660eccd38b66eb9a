"""Makes services for tests: a store of its own, approved bundles, keys of any scope."""

import base64
import json
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from features.examples import EXAMPLE_RECORD
from riskapi.access.keys import new_key
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.app import create_app
from riskapi.decisions import AnsweredRecord, DecisionRecord
from riskapi.ids import uuid7
from riskapi.services import Services
from riskapi.settings import Settings
from tests.bundles import RISK_NAMES, TRUSTED, make_bundle

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette announces another HTTP client for its test client
    from fastapi.testclient import TestClient

SECRET = base64.b64encode(sha256(b"of the tests").digest()).decode()
BOTH = (Action.ENFORCEMENT, Action.PROTECTION)
SCORER = (Action.SCORE, *BOTH)
NOW = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
PROPOSER = Principal("Training pipeline", PrincipalKind.SYSTEM, "0" * 16, frozenset({Action.MODELS_PROPOSE}))
APPROVER = Principal("Amina Yusuf", PrincipalKind.PERSON, "1" * 16, frozenset({Action.MODELS_APPROVE}))
RATIONALE = "Card and gates were read and agreed."


def settings(directory: Path, **changes: Any) -> Settings:
    """Settings of a service with a store of its own."""
    values = {
        "secret_key": SECRET,
        "database_url": f"sqlite:///{directory / 'store.db'}",
        "keys_url": f"sqlite:///{directory / 'keys.db'}",
        "log_key_file": directory / "log-key.pem",
        "checkpoint_file": directory / "checkpoints.ndjson",
        "writer_process": False,
        "trusted_signers": TRUSTED,
        "log_level": "error",
        "poll_seconds": 0.05,
        "rate_per_second": 0,
        "refused_per_second": 0,
        "probing_variations": 0,
    }
    return Settings(**(values | changes))


def go_live(services: Services, risk: str, seed: int = 0) -> str:
    """Propose a bundle and have it approved; gives its digest."""
    files, _ = make_bundle(risk, seed)
    event = services.approvals.propose(dict(files), PROPOSER, "")
    services.approvals.approve(event.digest, APPROVER, RATIONALE)
    services.refresh()
    return event.digest


def make_key(
    services: Services,
    scopes: Iterable[Action] = SCORER,
    name: str = "Gateway NBO",
    kind: PrincipalKind = PrincipalKind.SYSTEM,
    lifetime: timedelta | None = None,
) -> str:
    """Make a key and store it."""
    now = services.clock()
    key, row = new_key(
        services.secret, name, kind, scopes, now, expires_at=None if lifetime is None else now + lifetime
    )
    services.keys.add_key(row)
    services.refresh()
    return key


def bearer(key: str) -> dict[str, str]:
    """The headers that carry a key and a purpose."""
    return {"Authorization": f"Bearer {key}", "X-Purpose": "border_control"}


@contextmanager
def serving(services: Services) -> Iterator[TestClient]:
    """A client of a started application."""
    with TestClient(create_app(services=services), raise_server_exceptions=True) as client:
        yield client


@contextmanager
def scoring_service(directory: Path, risks: Iterable[str] = RISK_NAMES, **changes: Any) -> Iterator[TestClient]:
    """A client of a service with approved models, whose key may score for both audiences."""
    services = Services(settings(directory, **changes))
    for risk in risks:
        go_live(services, risk)
    with serving(services) as client:
        client.headers.update(bearer(make_key(services)))
        yield client


def services_of(client: TestClient) -> Services:
    """The services behind a client."""
    return client.app.state.services


def said(risks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was said of each risk, without whether somebody is referred: that is drawn anew for each decision."""
    return [{name: value for name, value in risk.items() if name != "referral"} for risk in risks]


def with_facts(base: Mapping[str, Any] = EXAMPLE_RECORD, **blocks: Any) -> dict[str, Any]:
    """A record as JSON data, with facts added to its blocks."""
    data = json.loads(json.dumps(base))
    for name, value in blocks.items():
        data[name] = {**data.get(name, {}), **value} if isinstance(value, dict) else value
    return data


def _made(principal: str) -> dict[str, Any]:
    """What every answer has."""
    return {
        "decision_id": uuid7(),
        "scored_at": "2026-03-14T09:00:00.000Z",
        "principal": principal,
        "unit": "",
        "key_id": "0" * 16,
        "audiences": ("enforcement", "protection"),
        "digests": ("sha256:" + "0" * 64,),
        "dropped": ("meals",),
        "purpose": "border_control",
    }


def row(principal: str = "Gateway", subject: bytes = b"somebody", **changes: Any) -> DecisionRecord:
    """A decision to store, about nobody."""
    values = _made(principal) | {
        "subject": sha256(subject).digest(),
        "input": b'{"record_id":"x"}',
        "identity": b'{"record_id":"r1"}',
        "answer": b'{"record_id":null,"risks":[]}',
    }
    return DecisionRecord(**(values | changes))


def answered(principal: str = "Gateway", **changes: Any) -> AnsweredRecord:
    """An answer with its record, about nobody, to hand to a writer."""
    values = _made(principal) | {
        "record": b'{"record_id":"r1","traveller":{"surname":"ABDI"}}',
        "age_years": None,
        "answer": b'{"record_id":"r1","risks":[]}',
    }
    return AnsweredRecord(**(values | changes))


def written_until(captured: Any, sign: str) -> tuple[str, str]:
    """What was written to standard output and error until a sign came: the line of a request follows its answer."""
    out, err = "", ""
    for _ in range(500):
        more_out, more_err = (text.decode() if isinstance(text, bytes) else text for text in captured.readouterr())
        out, err = out + more_out, err + more_err
        if sign in out:
            break
        time.sleep(0.01)
    return out, err
