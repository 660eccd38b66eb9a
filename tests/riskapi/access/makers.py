"""Makes what the tests of access need: a store of its own, a journal, a clock that stands still, a token issuer."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import jwt
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from pydantic import SecretStr

from riskapi.access.account_store import SqlAccountStore
from riskapi.access.accounts import Accounts
from riskapi.access.matrix import Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.access.sessions import Sessions, SessionTimes
from riskapi.log.entry import Kind
from riskapi.secret import ServiceSecret
from riskapi.storage.access_tables import METADATA
from riskapi.storage.engine import for_writing, open_database

SECRET = "mQ4v8Zt1xW7cJ0sLr5uYb2nKd9eHg3fA"
START = datetime.fromisoformat("2026-03-14T09:00:00+00:00")
PASSWORD = "the ferry was late on tuesday"
KEYS = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
_WRITERS = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


class StillClock:
    """A clock that moves when it is told to."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time at which it stands."""
        return self.now

    def pass_(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def seconds(self) -> float:
        """The same clock, for what counts seconds."""
        return self.now.timestamp()


@dataclass
class ListJournal:
    """A journal that keeps its events in a list, in the transactions of a real database."""

    engine: sa.Engine
    entries: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    connection: sa.Connection | None = None

    def append(self, kind: Kind, body: Any) -> None:
        """Take one event."""
        self.entries.append((kind.value, json.loads(json.dumps(body))))

    @contextmanager
    def transaction(self) -> Iterator["ListJournal"]:
        """Keep events of a transaction that is stored, and no others."""
        before = len(self.entries)
        try:
            with for_writing(self.engine).begin() as self.connection:
                yield self
        except BaseException:
            del self.entries[before:]
            raise


@dataclass
class LocalAccess:
    """Accounts and sessions on a store of their own."""

    store: SqlAccountStore
    journal: ListJournal
    accounts: Accounts
    sessions: Sessions
    clock: StillClock

    def person(self, login: str, *roles: Role, password: str = PASSWORD) -> Principal:
        """Make an account whose roles are confirmed, and whose password is the person's own."""
        once, grant = self.accounts.create(BOSS, login, login.title(), roles)
        self.accounts.confirm(WITNESS, grant.grant_id)
        self.sessions.sign_in(login, once, password)
        account = self.store.account(login)
        return Principal(account.name, PrincipalKind.PERSON, "test", frozenset(account.roles), account.units)


BOSS = Principal("Chief Admin", PrincipalKind.PERSON, "b", frozenset({Role.ADMIN}))
WITNESS = Principal("Second Admin", PrincipalKind.PERSON, "w", frozenset({Role.ADMIN}))
AUDITOR = Principal("Outside Auditor", PrincipalKind.PERSON, "a", frozenset({Role.AUDITOR}))


def local_access(directory: Path, **times: timedelta) -> LocalAccess:
    """Make accounts and sessions with an empty store."""
    engine = open_database(f"sqlite:///{directory / 'access.db'}", "RISKAPI_DATABASE_URL", 10.0)
    METADATA.create_all(engine)
    clock, journal = StillClock(), ListJournal(engine)
    store = SqlAccountStore(engine, journal)
    sessions = Sessions(store, ServiceSecret(SecretStr(SECRET)), clock, SessionTimes(**times))
    return LocalAccess(store, journal, Accounts(store, clock), sessions, clock)


def public_jwk(algorithm: str, key_id: str, key: Any = None, **changes: Any) -> dict[str, Any]:
    """Write a public key as an issuer publishes it."""
    public = (key or KEYS[algorithm]).public_key()
    entry = json.loads(_WRITERS[algorithm].to_jwk(public))
    return {**entry, "kid": key_id, "alg": algorithm, "use": "sig", **changes}


class Issuer:
    """An identity provider on the loopback address: discovery, keys and signed tokens, over real HTTP."""

    def __init__(self) -> None:
        self.keys = [public_jwk(algorithm, f"key-{algorithm}") for algorithm in KEYS]
        self.asked: list[str] = []
        self.fails = False
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                documents = {
                    "/.well-known/openid-configuration": {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"},
                    "/keys": {"keys": issuer.keys},
                }
                found = documents.get(self.path)
                self.send_response(500 if issuer.fails else 200 if found else 404)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def token(self, now: datetime = START, algorithm: str = "RS256", key: Any = None, **changes: Any) -> str:
        """Sign a token; a change of ``None`` leaves a claim out, ``header`` changes the head."""
        header = {"kid": f"key-{algorithm}"} | changes.pop("header", {})
        moment = int(now.timestamp())
        claims = {
            "iss": self.url,
            "aud": "riskapi",
            "sub": "amina.yusuf",
            "iat": moment,
            "exp": moment + 600,
            "roles": ["border-reviewers"],
            "posts": ["NBO"],
        }
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        headers = {name: value for name, value in header.items() if value is not None}
        return jwt.encode(claims, key or KEYS[algorithm], algorithm=algorithm, headers=headers)
