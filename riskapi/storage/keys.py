"""API keys in SQL: one statement a method, parameters always bound."""

from datetime import datetime

import orjson
import sqlalchemy as sa

from riskapi.auth import KeyRow, PrincipalKind, Scope
from riskapi.log.entry import Kind
from riskapi.storage.guard import storage_errors
from riskapi.storage.journal import Journal

_INSERT = sa.text(
    "INSERT INTO api_keys (id, hash, principal, kind, scopes, created_at, expires_at) "
    "VALUES (:id, :hash, :principal, :kind, :scopes, :created_at, :expires_at)"
)
_REVOKE = sa.text(
    "INSERT INTO key_revocations (key_id, at) "
    "SELECT id, :at FROM api_keys WHERE id = :id AND id NOT IN (SELECT key_id FROM key_revocations)"
)
_SELECT = sa.text(
    "SELECT id, hash, principal, kind, scopes, created_at, expires_at, key_revocations.at AS revoked_at "
    "FROM api_keys LEFT JOIN key_revocations ON key_id = id ORDER BY created_at, id"
)
_SELECT_MARK = sa.text("SELECT (SELECT count(*) FROM api_keys) + (SELECT count(*) FROM key_revocations)")


class SqlKeyStore:
    """The keys of one database; may be called from any thread and any process."""

    def __init__(self, engine: sa.Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal

    def add_key(self, row: KeyRow) -> None:
        """Store a new key."""
        values = {
            "id": row.key_id,
            "hash": row.key_hash,
            "principal": row.principal,
            "kind": row.kind.value,
            "scopes": orjson.dumps(row.scopes).decode(),
            "created_at": row.created_at.isoformat(),
            "expires_at": row.expires_at and row.expires_at.isoformat(),
        }
        with self._journal.transaction() as transaction:
            transaction.connection.execute(_INSERT, values)
            about = {"key_id": row.key_id, "kind": row.kind, "principal": row.principal, "scopes": row.scopes}
            transaction.append(Kind.KEY_CREATED, about | {"expires_at": values["expires_at"]})

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Revoke a key; ``False`` where there is none, or where it was revoked before."""
        with self._journal.transaction() as transaction:
            revoked = transaction.connection.execute(_REVOKE, {"id": key_id, "at": at.isoformat()}).rowcount == 1
            if revoked:
                transaction.append(Kind.KEY_REVOKED, {"key_id": key_id})
        return revoked

    def keys(self) -> list[KeyRow]:
        """List all keys, the oldest first."""
        with storage_errors(), self._engine.connect() as connection:
            rows = connection.execute(_SELECT).all()
        return [
            KeyRow(
                row.id,
                row.hash,
                row.principal,
                PrincipalKind(row.kind),
                tuple(map(Scope, orjson.loads(row.scopes))),
                datetime.fromisoformat(row.created_at),
                datetime.fromisoformat(row.expires_at) if row.expires_at else None,
                datetime.fromisoformat(row.revoked_at) if row.revoked_at else None,
            )
            for row in rows
        ]

    def mark(self) -> int:
        """A number that grows when a key is added or revoked."""
        with storage_errors(), self._engine.connect() as connection:
            return int(connection.execute(_SELECT_MARK).scalar_one())
