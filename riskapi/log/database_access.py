"""Reads API keys, accounts and grants of roles from a database, for verification alone."""

from collections.abc import Iterator
from hashlib import sha256

import orjson
import sqlalchemy as sa

from riskapi.log.access_check import KeyFacts, RevocationFacts
from riskapi.log.account_check import AccountFacts, GrantFacts
from riskapi.log.bodies import texts
from riskapi.storage.guard import storage_errors

_KEYS = sa.text(
    "SELECT id, kind, principal, scopes, units, expires_at, replaces, hash, certificate FROM api_keys ORDER BY id"
)
_REVOCATIONS = sa.text("SELECT key_id, at FROM key_revocations ORDER BY key_id, at")
_ACCOUNTS = sa.text(
    "SELECT login, name, password_hash, must_change, roles, units, disabled, created_by FROM accounts ORDER BY login"
)
_GRANTS = sa.text("SELECT id, login, roles, asked_by, decided_by, confirmed FROM role_grants ORDER BY id")


class DatabaseAccess:
    """Who may do what, as a database has it."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def api_keys(self) -> Iterator[KeyFacts]:
        """Read the keys."""
        with storage_errors():
            for row in self._connection.execute(_KEYS):
                key_id, kind, principal, scopes, units, expires_at, replaces, digest, certificate = row
                held = bytes(digest).hex() if isinstance(digest, bytes | memoryview) else None
                yield KeyFacts(
                    key_id, kind, principal, _listed(scopes), _listed(units), expires_at, replaces, held, certificate
                )

    def revocations(self) -> Iterator[RevocationFacts]:
        """Read the revocations."""
        with storage_errors():
            for key_id, at in self._connection.execute(_REVOCATIONS):
                yield RevocationFacts(key_id, at)

    def accounts(self) -> Iterator[AccountFacts]:
        """Read the accounts."""
        with storage_errors():
            for login, name, password, must_change, roles, units, disabled, by in self._connection.execute(_ACCOUNTS):
                facts = {
                    "name": name,
                    "password": sha256(str(password).encode()).hexdigest(),
                    "must_change": bool(must_change),
                    "roles": _listed(roles),
                    "units": _listed(units),
                    "disabled": bool(disabled),
                    "created_by": by,
                }
                yield AccountFacts(str(login), facts)

    def grants(self) -> Iterator[GrantFacts]:
        """Read the grants of roles."""
        with storage_errors():
            for grant_id, login, roles, asked_by, decided_by, confirmed in self._connection.execute(_GRANTS):
                decided = None if confirmed is None else bool(confirmed)
                listed = tuple(sorted(_listed(roles) or ()))
                yield GrantFacts(str(grant_id), str(login), listed, str(asked_by), decided_by, decided)


def _listed(text: object) -> tuple[str, ...] | None:
    try:
        return texts(orjson.loads(str(text)))
    except orjson.JSONDecodeError:
        return None
