"""The tables of hits that go out: ids of decisions, places in the log, and nothing of anybody."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "hit_cursors",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False, comment="empty for the row that says that it has begun"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="last row of this chain that was dealt with"),
        sa.PrimaryKeyConstraint("subscription", "writer"),
    )
    op.create_table(
        "hits_refused",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False, comment="status, no word of the receiver"),
        sa.PrimaryKeyConstraint("subscription", "decision_id"),
    )
    op.create_table(
        "hit_states",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("failing_since", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("subscription"),
    )
