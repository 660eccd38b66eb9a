"""The tables of the memory: rows by key, and what each decision left in them, so that it can be taken out again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make both tables; what is forgotten leaves them, so no trigger guards them."""
    op.create_table(
        "memory",
        sa.Column(
            "key", sa.BigInteger(), autoincrement=False, nullable=False, comment="keyed hash of what links crossings"
        ),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False, comment="seconds since 1970"),
        sa.Column("link", sa.BigInteger(), autoincrement=False, nullable=False, comment="keyed hash of the booking"),
        sa.Column("who", sa.BigInteger(), autoincrement=False, nullable=False, comment="keyed hash of the person"),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "at", "link", "who"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "memory_traces",
        sa.Column("decision_id", sa.Text(), nullable=False, comment="goes when the contents of this one go"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="of the crossing, seconds since 1970"),
        sa.Column("trace", sa.LargeBinary(), nullable=False, comment="what is remembered of it: keyed hashes"),
        sa.PrimaryKeyConstraint("decision_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_memory_traces_at", "memory_traces", ["at"])
