"""API keys of named principals: made, rotated, and recognised at the cost of one hash."""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from riskapi.access.matrix import Grant
from riskapi.access.principal import Principal, PrincipalKind, require_apart
from riskapi.errors import AuthenticationError
from riskapi.secret import ServiceSecret

PREFIX = "rk_"
KEY_DAYS = 365
"""How long a key lasts where nothing else is asked for."""
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key as it is stored: its keyed hash, never the key.

    Attributes:
        scopes: roles and single actions.
        units: places of work; the first is that of the decisions it asks for.
        certificate: subject of the client certificate that the key is bound to, where it is (RFC 4514).
        replaces: id of the key that this one took over from.
        revoked_at: from when on it is refused; may lie ahead, while its successor takes over.
    """

    key_id: str
    key_hash: bytes
    principal: str
    kind: PrincipalKind
    scopes: tuple[Grant, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None
    units: tuple[str, ...] = ("",)
    certificate: str | None = None
    replaces: str | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether the key opens anything now."""
        ends = self.ends_at()
        return ends is None or now < ends

    def require_roles_apart(self) -> None:
        """Check that the key holds no two roles that exclude each other.

        Raises:
            PermissionDeniedError: naming them.
        """
        require_apart(self.scopes)

    def ends_at(self) -> datetime | None:
        """From when on the key is refused, if it ever is."""
        ends = [at for at in (self.expires_at, self.revoked_at) if at is not None]
        return min(ends) if ends else None


def new_key(
    secret: ServiceSecret,
    principal: str,
    kind: PrincipalKind,
    scopes: Iterable[Grant],
    now: datetime,
    *,
    expires_at: datetime | None = None,
    units: Iterable[str] = (),
    certificate: str | None = None,
    replaces: str | None = None,
) -> tuple[str, KeyRow]:
    """Make a key.

    Returns:
        The key, to be shown once, and the row to store.
    """
    key_id = secrets.token_hex(8)
    key = f"{PREFIX}{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    row = KeyRow(
        key_id,
        secret.hash_api_key(key),
        principal,
        kind,
        tuple(dict.fromkeys(scopes)),
        now,
        expires_at,
        units=tuple(units) or ("",),
        certificate=certificate,
        replaces=replaces,
    )
    return key, row


def successor(secret: ServiceSecret, old: KeyRow, now: datetime, days: int = KEY_DAYS) -> tuple[str, KeyRow]:
    """Make the key that takes over from another: the same principal, rights, units and certificate.

    Returns:
        The key, to be shown once, and the row to store.
    """
    return new_key(
        secret,
        old.principal,
        old.kind,
        old.scopes,
        now,
        expires_at=now + timedelta(days=days),
        units=old.units,
        certificate=old.certificate,
        replaces=old.key_id,
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    key_hash: bytes
    principal: Principal
    ends_at: datetime | None
    certificate: str | None


class KeyRing:
    """The keys of the store, held in memory so that a request costs one hash; replaced as a whole on each poll."""

    def __init__(self, secret: ServiceSecret) -> None:
        self._secret = secret
        self._keys: dict[str, _Entry] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def replace(self, rows: Iterable[KeyRow]) -> None:
        """Take the keys as the store holds them now."""
        self._keys = {
            row.key_id: _Entry(
                row.key_hash,
                Principal(row.principal, row.kind, row.key_id, frozenset(row.scopes), row.units),
                row.ends_at(),
                row.certificate,
            )
            for row in rows
        }

    def principal(self, authorization: str | None, now: datetime, certificate: str | None = None) -> Principal:
        """Find out who calls.

        Args:
            authorization: value of the header ``Authorization``: ``Bearer rk_<id>_<secret>``.
            now: the present, for the date of expiry.
            certificate: subject of the client's certificate, where the connection has one.

        Raises:
            AuthenticationError: for no key, or one that is unknown, revoked, past its date or bound to another
                certificate: the text is the same.
        """
        scheme, _, key = (authorization or "").partition(" ")
        parts = key.split("_", 2)
        if scheme.lower() == "bearer" and len(parts) == 3 and parts[0] == "rk" and key.isascii():  # noqa: PLR2004
            digest = self._secret.hash_api_key(key)
            entry = self._keys.get(parts[1])
            known = hmac.compare_digest(digest, entry.key_hash if entry else bytes(len(digest)))
            if (
                known
                and entry
                and (entry.ends_at is None or now < entry.ends_at)
                and (entry.certificate is None or entry.certificate == certificate)
            ):
                return entry.principal
        raise AuthenticationError("Send `Authorization: Bearer rk_<id>_<secret>` with a key that is valid today.")
