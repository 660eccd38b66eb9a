"""The tables of the store, and the triggers by which the database itself refuses to change what was written."""

import sqlalchemy as sa

VERSION = 1
"""Grows with every change of the tables; a program refuses a store that is newer than itself."""

METADATA = sa.MetaData()

decisions = sa.Table(
    "decisions",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("scored_at", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("record_id", sa.Text, nullable=False, index=True),
    sa.Column("audiences", sa.Text, nullable=False, comment="JSON list"),
    sa.Column("digests", sa.Text, nullable=False, comment="JSON list, in the order of the risks"),
    sa.Column("dropped", sa.Text, nullable=False, comment="JSON list of names"),
    sa.Column("input", sa.LargeBinary, nullable=False, comment="JSON: the record in its stored form"),
    sa.Column("answer", sa.LargeBinary, nullable=False, comment="JSON: the answer exactly as sent"),
    sqlite_autoincrement=True,
)

bundles = sa.Table(
    "bundles",
    METADATA,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("risk", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
)

bundle_files = sa.Table(
    "bundle_files",
    METADATA,
    sa.Column("digest", sa.Text, sa.ForeignKey("bundles.digest"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

ledger = sa.Table(
    "ledger",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("event", sa.Text, sa.CheckConstraint("event IN ('proposed', 'approved', 'rejected')"), nullable=False),
    sa.Column("digest", sa.Text, sa.ForeignKey("bundles.digest"), nullable=False, index=True),
    sa.Column("risk", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("rationale", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

api_keys = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False, comment="JSON list"),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text),
)

key_revocations = sa.Table(
    "key_revocations",
    METADATA,
    sa.Column("key_id", sa.Text, sa.ForeignKey("api_keys.id"), primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
)

APPEND_ONLY = tuple(METADATA.tables)
"""All of them: what was written stays."""


def append_only_triggers() -> list[str]:
    """Write the statements that make the database refuse updates and deletions."""
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in APPEND_ONLY
        for verb in ("UPDATE", "DELETE")
    ]
