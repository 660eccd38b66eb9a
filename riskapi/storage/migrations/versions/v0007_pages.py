"""What pages look up: events by time and by decision, the queue by state, a post's cases, decisions by record."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NO_DECISION = sa.text("kind != 'decision'")
_NOT_CLOSED = sa.text("state != 'closed'")
_HAS_RECORD_KEY = sa.text("record_key IS NOT NULL")
_ABOUT = (
    "CASE WHEN kind = 'rectified' THEN substr(body, {place}(body, '\"corrected\":\"') + 13, 36) "
    'ELSE substr(body, {place}(body, \'"decision_id":"\') + 15, 36) END'
)
"""The decision that an event tells of, as queries say it; ``place`` is the name of a function."""
_MAY = (
    "NEW.identity IS NULL AND NEW.record_key IS NULL AND NEW.decision_id = OLD.decision_id "
    "AND NEW.subject_id = OLD.subject_id AND NEW.month = OLD.month AND NEW.input = OLD.input "
    "AND NEW.answer = OLD.answer"
)


def upgrade() -> None:
    """Make the indexes, and the keyed hash of a record's id, which goes when identity goes.

    Decisions that were stored before have no such hash: their ids are sealed, and no migration has the keys.
    """
    op.drop_index("ix_log_events", "log")
    _index("ix_log_events", "log", ["kind", "at", "writer", "seq"], _NO_DECISION)
    _index("ix_log_latest", "log", ["at", "writer", "seq"], _NO_DECISION)
    op.drop_index("ix_desk_waiting", "desk_cases")
    _index("ix_desk_waiting", "desk_cases", ["audience", "unit", "state", "scored_at", "decision_id"], _NOT_CLOSED)
    op.create_index("ix_desk_point", "desk_cases", ["audience", "point", "scored_at"])
    comment = "keyed hash of the sender's id of the record; null once masked"
    op.add_column("decision_contents", sa.Column("record_key", sa.BigInteger(), comment=comment))
    _index("ix_contents_record", "decision_contents", ["record_key"], _HAS_RECORD_KEY)
    connection = op.get_bind()
    of_server = connection.dialect.name == "postgresql"
    about = _ABOUT.format(place="strpos" if of_server else "instr")
    connection.exec_driver_sql(f"CREATE INDEX ix_log_about ON log (({about})) WHERE kind != 'decision'")
    for statement in _guards(of_server=of_server):
        connection.exec_driver_sql(statement)


def _index(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _guards(*, of_server: bool) -> tuple[str, str]:
    name, table = "decision_contents_no_update", "decision_contents"
    made = f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} "
    if of_server:
        rule = f"FOR EACH ROW WHEN (NOT ({_MAY})) EXECUTE FUNCTION riskapi_refuse()"
        return f"DROP TRIGGER {name} ON {table}", made + rule
    rule = f"WHEN NOT ({_MAY}) BEGIN SELECT RAISE(ABORT, 'decision_contents can only be masked'); END"
    return f"DROP TRIGGER {name}", made + rule
