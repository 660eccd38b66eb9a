"""The tables of outcomes: what is never changed, and the sealed contents that go with those of their decisions."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make both tables, and the triggers that guard them."""
    op.create_table(
        "outcomes",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False, comment="from 1; the last one counts"),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="where the log tells of it"),
        sa.PrimaryKeyConstraint("decision_id", "audience", "version"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "outcome_contents",
        sa.Column("outcome_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False, comment="goes when the contents of this one go"),
        sa.Column(
            "fingerprint",
            sa.LargeBinary(),
            nullable=False,
            comment="keyed hash: tells an outcome that is sent again",
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="sealed by the subject's content key"),
        sa.PrimaryKeyConstraint("outcome_id"),
    )
    op.create_index("ix_outcome_contents_decision_id", "outcome_contents", ["decision_id"])
    connection = op.get_bind()
    for statement in _guards(connection.dialect.name):
        connection.exec_driver_sql(statement)


def _guards(dialect: str) -> Iterator[str]:
    if dialect == "postgresql":  # by the function that the first step made
        yield (
            "CREATE TRIGGER outcomes_no_change BEFORE UPDATE OR DELETE ON outcomes "
            "FOR EACH ROW EXECUTE FUNCTION riskapi_refuse()"
        )
        yield (
            "CREATE TRIGGER outcome_contents_no_update BEFORE UPDATE ON outcome_contents "
            "FOR EACH ROW EXECUTE FUNCTION riskapi_refuse()"
        )
        for table in ("outcomes", "outcome_contents"):
            yield (
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION riskapi_refuse()"
            )
        return
    for table, verb in (("outcomes", "UPDATE"), ("outcomes", "DELETE"), ("outcome_contents", "UPDATE")):
        yield (
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
