"""The tables of watching, and the trigger that keeps what was decided about challengers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them."""
    _counts()
    _challengers()
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "CREATE TRIGGER challengers_no_change BEFORE UPDATE OR DELETE ON challengers "
            "FOR EACH ROW EXECUTE FUNCTION riskapi_refuse()"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER challengers_no_truncate BEFORE TRUNCATE ON challengers "
            "FOR EACH STATEMENT EXECUTE FUNCTION riskapi_refuse()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        connection.exec_driver_sql(
            f"CREATE TRIGGER challengers_no_{verb.lower()} BEFORE {verb} ON challengers "
            "BEGIN SELECT RAISE(ABORT, 'challengers is append-only'); END"
        )


def _counts() -> None:
    op.create_table(
        "monitoring_counts",
        sa.Column("grain", sa.Text(), nullable=False, comment="hour or day; shadow for a day of a challenger"),
        sa.Column("start", sa.Text(), nullable=False, comment="YYYY-MM-DD or YYYY-MM-DDTHH, UTC"),
        sa.Column(
            "part", sa.Text(), nullable=False, comment="crossing point, empty for all; of a shadow the live digest"
        ),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="bundle that scored"),
        sa.Column("counts", sa.Text(), nullable=False, comment="JSON object of numbers; about nobody alone"),
        sa.PrimaryKeyConstraint("grain", "start", "part", "risk", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "monitoring_cursors",
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="last row of this chain that was counted"),
        sa.PrimaryKeyConstraint("writer"),
    )
    op.create_table(
        "monitoring_reports",
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("risk"),
    )


def _challengers() -> None:
    op.create_table(
        "challengers",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.CheckConstraint("event IN ('named', 'withdrawn')", name="event_is_known"),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_challengers_risk", "challengers", ["risk"])
    op.create_table(
        "challenger_disagreements",
        sa.Column("digest", sa.Text(), nullable=False, comment="of the challenger"),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("live_band", sa.Text(), nullable=False),
        sa.Column("challenger_band", sa.Text(), nullable=False),
        sa.Column(
            "difference", sa.Float(), nullable=False, comment="log-odds of the challenger less those of the live one"
        ),
        sa.PrimaryKeyConstraint("digest", "decision_id"),
    )
    op.create_index("ix_challenger_disagreements_at", "challenger_disagreements", ["at"])
