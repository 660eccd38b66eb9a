"""The tables of the review desk: what happened at it, which is never changed, and the queue that follows from it."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NOT_CLOSED = sa.text("state != 'closed'")
_FIXED = (
    "decision_id",
    "audience",
    "unit",
    "principal",
    "scored_at",
    "crossing_at",
    "point",
    "mode",
    "band",
    "first_view",
    "by_score",
    "readings",
)
"""What is settled when a case comes in: nobody decides later that one reader is enough."""


def upgrade() -> None:
    """Make the tables, and the triggers that guard them."""
    _cases()
    _events()
    connection = op.get_bind()
    for statement in _guards(connection.dialect.name):
        connection.exec_driver_sql(statement)


def _cases() -> None:
    op.create_table(
        "desk_cases",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False, comment="who had it scored"),
        sa.Column("scored_at", sa.Text(), nullable=False),
        sa.Column("crossing_at", sa.Text(), nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("band", sa.Text(), comment="as the queue shows it; null where the reader's own view comes first"),
        sa.Column("first_view", sa.Text(), nullable=False, comment="none; lane or arm: why the own view comes first"),
        sa.Column("by_score", sa.Boolean(), nullable=False, comment="whether its score alone would have referred it"),
        sa.Column("readings", sa.Integer(), nullable=False, comment="how many persons have to read it"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False, comment="who has it now; empty for nobody"),
        sa.Column("held_until", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="number of its last event"),
        sa.PrimaryKeyConstraint("decision_id", "audience"),
    )
    op.create_index(
        "ix_desk_waiting",
        "desk_cases",
        ["audience", "unit", "scored_at", "decision_id"],
        sqlite_where=_NOT_CLOSED,
        postgresql_where=_NOT_CLOSED,
    )
    op.create_index("ix_desk_held", "desk_cases", ["held_by"], sqlite_where=_NOT_CLOSED, postgresql_where=_NOT_CLOSED)
    op.create_index("ix_desk_scored", "desk_cases", ["audience", "scored_at"])


def _events() -> None:
    op.create_table(
        "desk_events",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False, comment="from 1, without gaps"),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False, comment="who did it"),
        sa.Column(
            "token", sa.LargeBinary(), nullable=False, comment="keyed hash of the form's token: a form counts once"
        ),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="where the log tells of it"),
        sa.PrimaryKeyConstraint("decision_id", "audience", "version"),
        sa.UniqueConstraint("decision_id", "audience", "token"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "desk_contents",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False, comment="goes when the contents of this one go"),
        sa.Column(
            "fingerprint", sa.LargeBinary(), nullable=False, comment="keyed hash: tells a form that is sent again"
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="sealed by the subject's content key"),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("ix_desk_contents_decision_id", "desk_contents", ["decision_id"])


def _guards(dialect: str) -> Iterator[str]:
    fixed = ", ".join(_FIXED)
    if dialect == "postgresql":  # by the function that the first step made
        for table, name, event in (
            ("desk_events", "change", "UPDATE OR DELETE"),
            ("desk_contents", "update", "UPDATE"),
            ("desk_cases", "update", f"UPDATE OF {fixed}"),
        ):
            yield (
                f"CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION riskapi_refuse()"
            )
        for table in ("desk_events", "desk_contents", "desk_cases"):
            yield (
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION riskapi_refuse()"
            )
        return
    for table, name, event in (
        ("desk_events", "update", "UPDATE"),
        ("desk_events", "delete", "DELETE"),
        ("desk_contents", "update", "UPDATE"),
        ("desk_cases", "update", f"UPDATE OF {fixed}"),
    ):
        yield (
            f"CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
