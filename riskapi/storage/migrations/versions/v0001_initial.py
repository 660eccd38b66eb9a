"""The tables of the first version, with the triggers that guard them.

Steps are never changed once they were released: they say again what the tables were, whatever the program knows since.
"""

import secrets

import sqlalchemy as sa
from alembic import op

from riskapi.storage import schema

revision = "0001"
down_revision = None

_APPEND_ONLY = (
    "instance",
    "log",
    "checkpoints",
    "decisions",
    "idempotency_keys",
    "rectifications",
    "bundles",
    "bundle_files",
    "ledger",
)
_ID_BYTES = 8


def upgrade() -> None:
    """Make everything."""
    _store()
    _access()
    connection = op.get_bind()
    for statement in schema.guards(connection.dialect.name, _APPEND_ONLY):
        connection.exec_driver_sql(statement)
    connection.execute(sa.insert(schema.instance).values(id=secrets.token_hex(_ID_BYTES)))


def _store() -> None:
    op.create_table(
        "bundles",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column(
            "size", sa.BigInteger(), autoincrement=False, nullable=False, comment="rows of the chain that it covers"
        ),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, comment="signed (C2SP tlog-checkpoint)"),
        sa.Column("subtrees", sa.LargeBinary(), nullable=False, comment="hashes from which the tree grows on"),
        sa.PrimaryKeyConstraint("writer", "size"),
    )
    op.create_table(
        "decision_contents",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False, comment="YYYY-MM"),
        sa.Column("input", sa.LargeBinary(), nullable=False, comment="sealed by the subject's content key"),
        sa.Column("identity", sa.LargeBinary(), comment="sealed by the subject's key of the month; null once masked"),
        sa.Column("answer", sa.LargeBinary(), nullable=False, comment="sealed by the subject's content key"),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index(
        "ix_contents_unmasked",
        "decision_contents",
        ["month"],
        sqlite_where=sa.text("identity IS NOT NULL"),
        postgresql_where=sa.text("identity IS NOT NULL"),
    )
    op.create_index("ix_decision_contents_month", "decision_contents", ["month"])
    op.create_index("ix_decision_contents_subject_id", "decision_contents", ["subject_id"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="where the log tells of it"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False, comment="keyed hash of the header"),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False, comment="keyed hash of the canonical body"),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "instance",
        sa.Column(
            "id", sa.Text(), nullable=False, comment="made with the tables; the name of this store in its checkpoints"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "log",
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False, comment="from 1, without gaps"),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="canonical JSON; nothing that identifies a traveller"),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of this entry and of the hash before it"),
        sa.PrimaryKeyConstraint("writer", "seq"),
    )
    op.create_index(
        "ix_log_events",
        "log",
        ["kind"],
        sqlite_where=sa.text("kind != 'decision'"),
        postgresql_where=sa.text("kind != 'decision'"),
    )
    op.create_table(
        "rectifications",
        sa.Column("corrected", sa.Text(), nullable=False, comment="decision about the corrected record"),
        sa.Column("original", sa.Text(), nullable=False, comment="decision that it corrects"),
        sa.PrimaryKeyConstraint("corrected"),
    )
    op.create_index("ix_rectifications_original", "rectifications", ["original"])
    op.create_table(
        "bundle_files",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["bundles.digest"]),
        sa.PrimaryKeyConstraint("digest", "name"),
    )
    op.create_table(
        "ledger",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.CheckConstraint("event IN ('proposed', 'approved', 'rejected')", name="event_is_known"),
        sa.ForeignKeyConstraint(["digest"], ["bundles.digest"]),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ledger_digest", "ledger", ["digest"])


def _access() -> None:
    op.create_table(
        "accounts",
        sa.Column("login", sa.Text(), nullable=False, comment="in small letters"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id"),
        sa.Column("must_change", sa.Boolean(), nullable=False, comment="the password is one for once"),
        sa.Column("roles", sa.Text(), nullable=False, comment="JSON list"),
        sa.Column("units", sa.Text(), nullable=False, comment="JSON list; the first is its own"),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("login"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="keyed hash; the key itself is nowhere"),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False, comment="JSON list of roles and actions"),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text()),
        sa.Column("units", sa.Text(), server_default='[""]', nullable=False, comment="JSON list; the first is its own"),
        sa.Column("certificate", sa.Text(), comment="subject of the client certificate that must come with it"),
        sa.Column("replaces", sa.Text(), comment="the key that this one took over from"),
        sa.ForeignKeyConstraint(["replaces"], ["api_keys.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("login_hash", sa.Text(), nullable=False, comment="keyed: logins that do not exist are counted too"),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.Text()),
        sa.PrimaryKeyConstraint("login_hash"),
    )
    op.create_table(
        "key_revocations",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False, comment="from when on it is refused; the earliest counts"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"]),
        sa.PrimaryKeyConstraint("key_id", "at"),
    )
    op.create_table(
        "role_grants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False, comment="JSON list: all that the account holds afterwards"),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", sa.Text()),
        sa.Column("confirmed", sa.Boolean()),
        sa.ForeignKeyConstraint(["login"], ["accounts.login"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_role_grants_login", "role_grants", ["login"])
    op.create_table(
        "sessions",
        sa.Column("id_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the cookie's 256 random bits"),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("began_at", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["login"], ["accounts.login"]),
        sa.PrimaryKeyConstraint("id_hash"),
    )
    op.create_index("ix_sessions_login", "sessions", ["login"])
