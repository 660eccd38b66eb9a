"""API keys in the store: added, revoked, listed; never changed."""

from datetime import datetime

import orjson
import sqlalchemy as sa

from riskapi.access.journal import Journal
from riskapi.access.keys import KeyRow
from riskapi.access.matrix import grant
from riskapi.access.principal import PrincipalKind
from riskapi.log.entry import Kind
from riskapi.storage.access_tables import api_keys, key_revocations
from riskapi.storage.guard import storage_errors


class SqlKeyStore:
    """The keys of one database; may be called from any thread and any process.

    Args:
        engine: of the store.
        journal: the log of the same store; keys are stored together with their entries there.
    """

    def __init__(self, engine: sa.Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal

    def add_key(self, row: KeyRow, old_until: datetime | None = None) -> None:
        """Store a new key.

        Args:
            row: the key.
            old_until: from when on the key that it replaces is refused; both are stored together.
        """
        values = {
            "id": row.key_id,
            "hash": row.key_hash,
            "principal": row.principal,
            "kind": row.kind.value,
            "scopes": orjson.dumps(row.scopes).decode(),
            "created_at": row.created_at.isoformat(),
            "expires_at": row.expires_at and row.expires_at.isoformat(),
            "units": orjson.dumps(row.units).decode(),
            "certificate": row.certificate,
            "replaces": row.replaces,
        }
        about = {
            "key_id": row.key_id,
            "kind": row.kind,
            "principal": row.principal,
            "scopes": list(row.scopes),
            "units": list(row.units),
            "expires_at": values["expires_at"],
            "hash": row.key_hash.hex(),
            "certificate": row.certificate,
        }
        with storage_errors(), self._journal.transaction() as change:
            change.connection.execute(sa.insert(api_keys), values)
            change.append(Kind.KEY_CREATED, about | ({"replaces": row.replaces} if row.replaces else {}))
            if row.replaces is not None and old_until is not None:
                ends = {"key_id": row.replaces, "at": old_until.isoformat()}
                change.connection.execute(sa.insert(key_revocations), ends)
                change.append(Kind.KEY_REVOKED, ends)

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Revoke a key; ``False`` where there is none, or where it is revoked by then."""
        with storage_errors(), self._journal.transaction() as change:
            connection = change.connection
            if connection.execute(sa.select(api_keys.c.id).where(api_keys.c.id == key_id)).first() is None:
                return False
            ends = connection.execute(
                sa.select(sa.func.min(key_revocations.c.at)).where(key_revocations.c.key_id == key_id)
            ).scalar_one()
            if ends is not None and datetime.fromisoformat(ends) <= at:
                return False
            connection.execute(sa.insert(key_revocations), {"key_id": key_id, "at": at.isoformat()})
            change.append(Kind.KEY_REVOKED, {"key_id": key_id, "at": at.isoformat()})
            return True

    def keys(self) -> list[KeyRow]:
        """List all keys, the oldest first."""
        revoked = (
            sa.select(key_revocations.c.key_id, sa.func.min(key_revocations.c.at).label("revoked_at"))
            .group_by(key_revocations.c.key_id)
            .subquery()
        )
        query = (
            sa.select(api_keys, revoked.c.revoked_at)
            .outerjoin(revoked, revoked.c.key_id == api_keys.c.id)
            .order_by(api_keys.c.created_at, api_keys.c.id)
        )
        with storage_errors(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [
            KeyRow(
                row.id,
                row.hash,
                row.principal,
                PrincipalKind(row.kind),
                tuple(map(grant, orjson.loads(row.scopes))),
                datetime.fromisoformat(row.created_at),
                _time(row.expires_at),
                _time(row.revoked_at),
                tuple(orjson.loads(row.units)),
                row.certificate,
                row.replaces,
            )
            for row in rows
        ]

    def mark(self) -> int:
        """A number that grows when a key is added or revoked."""
        counts = [sa.select(sa.func.count()).select_from(t).scalar_subquery() for t in (api_keys, key_revocations)]
        with storage_errors(), self._engine.connect() as connection:
            return int(connection.execute(sa.select(counts[0] + counts[1])).scalar_one())


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
