"""Who calls: API keys of named principals, each with its scopes."""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from features.risk import Audience
from riskapi.errors import AuthenticationError, PermissionDeniedError
from riskapi.secret import ServiceSecret

PREFIX = "rk_"
_SECRET_BYTES = 32


class Scope(StrEnum):
    """What a key may do."""

    SCORE = "score"
    DECISIONS_READ = "decisions:read"
    ENFORCEMENT = "audience:enforcement"
    PROTECTION = "audience:protection"
    MODELS_READ = "models:read"
    MODELS_PROPOSE = "models:propose"
    MODELS_APPROVE = "models:approve"
    METRICS_READ = "metrics:read"


class PrincipalKind(StrEnum):
    """Whether a key belongs to a person or to a system; only a person approves."""

    PERSON = "person"
    SYSTEM = "system"


AUDIENCE_SCOPES = {Scope.ENFORCEMENT: Audience.ENFORCEMENT, Scope.PROTECTION: Audience.PROTECTION}


@dataclass(frozen=True, slots=True)
class Principal:
    """The named person or system behind a request.

    Attributes:
        audiences: whose scores the key is answered with and may read.
        audience_names: the same, in order, for the record of a decision.
    """

    name: str
    kind: PrincipalKind
    key_id: str
    scopes: frozenset[Scope]
    audiences: frozenset[Audience] = field(init=False)
    audience_names: tuple[Audience, ...] = field(init=False)

    def __post_init__(self) -> None:
        audiences = frozenset(AUDIENCE_SCOPES[scope] for scope in self.scopes if scope in AUDIENCE_SCOPES)
        object.__setattr__(self, "audiences", audiences)
        object.__setattr__(self, "audience_names", tuple(sorted(audiences)))

    def require(self, scope: Scope) -> None:
        """Check one scope.

        Raises:
            PermissionDeniedError: naming the scope that is needed.
        """
        if scope not in self.scopes:
            raise PermissionDeniedError(f"This needs a key with the scope {scope.value!r}; ask the operator for one.")

    def require_audience(self) -> None:
        """Check that the key has an audience at all.

        Raises:
            PermissionDeniedError: naming the scopes that give one.
        """
        if not self.audiences:
            allowed = " or ".join(repr(scope.value) for scope in AUDIENCE_SCOPES)
            raise PermissionDeniedError(f"This needs a key with the scope {allowed}; ask the operator for one.")


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key as it is stored: its keyed hash, never the key."""

    key_id: str
    key_hash: bytes
    principal: str
    kind: PrincipalKind
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None


def new_key(
    secret: ServiceSecret,
    principal: str,
    kind: PrincipalKind,
    scopes: Iterable[Scope],
    now: datetime,
    *,
    expires_at: datetime | None = None,
) -> tuple[str, KeyRow]:
    """Make a key.

    Returns:
        The key, to be shown once, and the row to store.
    """
    key_id = secrets.token_hex(8)
    key = f"{PREFIX}{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    return key, KeyRow(key_id, secret.hash_api_key(key), principal, kind, tuple(scopes), now, expires_at)


class KeyRing:
    """The keys of the store, held in memory so that a request costs one hash; replaced as a whole on each poll."""

    def __init__(self, secret: ServiceSecret) -> None:
        self._secret = secret
        self._keys: dict[str, tuple[KeyRow, Principal]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def replace(self, rows: Iterable[KeyRow]) -> None:
        """Take the keys as the store holds them now; revoked ones are left out."""
        self._keys = {
            row.key_id: (row, Principal(row.principal, row.kind, row.key_id, frozenset(row.scopes)))
            for row in rows
            if row.revoked_at is None
        }

    def principal(self, authorization: str | None, now: datetime) -> Principal:
        """Find out who calls.

        Args:
            authorization: value of the header ``Authorization``: ``Bearer rk_<id>_<secret>``.
            now: the present, for the date of expiry.

        Raises:
            AuthenticationError: for no key, or one that is unknown, revoked or past its date: the text is the same.
        """
        scheme, _, key = (authorization or "").partition(" ")
        parts = key.split("_", 2)
        if scheme.lower() == "bearer" and len(parts) == 3 and parts[0] == "rk" and key.isascii():  # noqa: PLR2004
            digest = self._secret.hash_api_key(key)
            row, principal = self._keys.get(parts[1], (None, None))
            known = hmac.compare_digest(digest, row.key_hash if row else bytes(len(digest)))
            if known and row and principal and (row.expires_at is None or now < row.expires_at):
                return principal
        raise AuthenticationError("Send `Authorization: Bearer rk_<id>_<secret>` with a key that is valid today.")


def utc_now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)
