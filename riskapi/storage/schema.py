"""The tables of the store, and the triggers by which the database itself refuses to change what was written."""

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Versions of the tables, the oldest first; a program refuses a store that it does not know."""
VERSION_TABLE = "riskapi_version"

METADATA = sa.MetaData()

instance = sa.Table(
    "instance",
    METADATA,
    sa.Column(
        "id", sa.Text, primary_key=True, comment="made with the tables; the name of this store in its checkpoints"
    ),
)

log = sa.Table(
    "log",
    METADATA,
    sa.Column("writer", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False, comment="from 1, without gaps"),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="canonical JSON; nothing that identifies a traveller"),
    sa.Column("hash", sa.LargeBinary, nullable=False, comment="SHA-256 of this entry and of the hash before it"),
)

NO_DECISION = log.c.kind != sa.literal_column("'decision'")
"""What the indexes of events cover; a query has to say it in these words to be answered by them."""
for _name, _columns in {"ix_log_events": (log.c.kind, log.c.at), "ix_log_latest": (log.c.at,)}.items():
    sa.Index(_name, *_columns, log.c.writer, log.c.seq, sqlite_where=NO_DECISION, postgresql_where=NO_DECISION)

checkpoints = sa.Table(
    "checkpoints",
    METADATA,
    sa.Column("writer", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False, comment="rows of the chain that it covers"),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False, comment="signed (C2SP tlog-checkpoint)"),
    sa.Column("subtrees", sa.LargeBinary, nullable=False, comment="hashes from which the tree grows on"),
)

decisions = sa.Table(
    "decisions",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("writer", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="where the log tells of it"),
    sqlite_with_rowid=False,
)

decision_contents = sa.Table(
    "decision_contents",
    METADATA,
    sa.Column("decision_id", sa.Text, primary_key=True),
    sa.Column("subject_id", sa.Text, nullable=False, index=True),
    sa.Column("month", sa.Text, nullable=False, index=True, comment="YYYY-MM"),
    sa.Column("input", sa.LargeBinary, nullable=False, comment="sealed by the subject's content key"),
    sa.Column("identity", sa.LargeBinary, comment="sealed by the subject's key of the month; null once masked"),
    sa.Column("answer", sa.LargeBinary, nullable=False, comment="sealed by the subject's content key"),
    sa.Column("record_key", sa.BigInteger, comment="keyed hash of the sender's id of the record; null once masked"),
)
_HAS_RECORD_KEY = decision_contents.c.record_key.is_not(None)
sa.Index(
    "ix_contents_record",
    decision_contents.c.record_key,
    sqlite_where=_HAS_RECORD_KEY,
    postgresql_where=_HAS_RECORD_KEY,
)

_NOT_MASKED = decision_contents.c.identity.is_not(None)
sa.Index("ix_contents_unmasked", decision_contents.c.month, sqlite_where=_NOT_MASKED, postgresql_where=_NOT_MASKED)

rectifications = sa.Table(
    "rectifications",
    METADATA,
    sa.Column("corrected", sa.Text, primary_key=True, comment="decision about the corrected record"),
    sa.Column("original", sa.Text, nullable=False, index=True, comment="decision that it corrects"),
)

outcomes = sa.Table(
    "outcomes",
    METADATA,
    sa.Column("decision_id", sa.Text, primary_key=True),
    sa.Column("audience", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, comment="from 1; the last one counts"),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("writer", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="where the log tells of it"),
)

outcome_contents = sa.Table(
    "outcome_contents",
    METADATA,
    sa.Column("outcome_id", sa.Text, primary_key=True),
    sa.Column("decision_id", sa.Text, nullable=False, index=True, comment="goes when the contents of this one go"),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False, comment="keyed hash: tells an outcome that is sent again"),
    sa.Column("sealed", sa.LargeBinary, nullable=False, comment="sealed by the subject's content key"),
)

memory = sa.Table(
    "memory",
    METADATA,
    sa.Column(
        "key", sa.BigInteger, primary_key=True, autoincrement=False, comment="keyed hash of what links crossings"
    ),
    sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False, comment="seconds since 1970"),
    sa.Column("link", sa.BigInteger, primary_key=True, autoincrement=False, comment="keyed hash of the booking"),
    sa.Column("who", sa.BigInteger, primary_key=True, autoincrement=False, comment="keyed hash of the person"),
    sa.Column("flags", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

memory_traces = sa.Table(
    "memory_traces",
    METADATA,
    sa.Column("decision_id", sa.Text, primary_key=True, comment="goes when the contents of this one go"),
    sa.Column("at", sa.BigInteger, nullable=False, index=True, comment="of the crossing, seconds since 1970"),
    sa.Column("trace", sa.LargeBinary, nullable=False, comment="what is remembered of it: keyed hashes"),
    sqlite_with_rowid=False,
)

desk_cases = sa.Table(
    "desk_cases",
    METADATA,
    sa.Column("decision_id", sa.Text, primary_key=True),
    sa.Column("audience", sa.Text, primary_key=True),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False, comment="who had it scored"),
    sa.Column("scored_at", sa.Text, nullable=False),
    sa.Column("crossing_at", sa.Text, nullable=False),
    sa.Column("point", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("band", sa.Text, comment="as the queue shows it; null where the reader's own view comes first"),
    sa.Column("first_view", sa.Text, nullable=False, comment="none; lane or arm: why the own view comes first"),
    sa.Column("by_score", sa.Boolean, nullable=False, comment="whether its score alone would have referred it"),
    sa.Column("readings", sa.Integer, nullable=False, comment="how many persons have to read it"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("held_by", sa.Text, nullable=False, comment="who has it now; empty for nobody"),
    sa.Column("held_until", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, comment="number of its last event"),
)

DESK_NOT_CLOSED = desk_cases.c.state != sa.literal_column("'closed'")
"""What the indexes of the queue cover; a query has to say it in these words to be answered by them."""
sa.Index(
    "ix_desk_waiting",
    desk_cases.c.audience,
    desk_cases.c.unit,
    desk_cases.c.state,
    desk_cases.c.scored_at,
    desk_cases.c.decision_id,
    sqlite_where=DESK_NOT_CLOSED,
    postgresql_where=DESK_NOT_CLOSED,
)
sa.Index("ix_desk_held", desk_cases.c.held_by, sqlite_where=DESK_NOT_CLOSED, postgresql_where=DESK_NOT_CLOSED)
sa.Index("ix_desk_scored", desk_cases.c.audience, desk_cases.c.scored_at)
sa.Index("ix_desk_point", desk_cases.c.audience, desk_cases.c.point, desk_cases.c.scored_at)

desk_events = sa.Table(
    "desk_events",
    METADATA,
    sa.Column("decision_id", sa.Text, primary_key=True),
    sa.Column("audience", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, comment="from 1, without gaps"),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False, comment="who did it"),
    sa.Column("token", sa.LargeBinary, nullable=False, comment="keyed hash of the form's token: a form counts once"),
    sa.Column("writer", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="where the log tells of it"),
    sa.UniqueConstraint("decision_id", "audience", "token"),
)

desk_contents = sa.Table(
    "desk_contents",
    METADATA,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("decision_id", sa.Text, nullable=False, index=True, comment="goes when the contents of this one go"),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False, comment="keyed hash: tells a form that is sent again"),
    sa.Column("sealed", sa.LargeBinary, nullable=False, comment="sealed by the subject's content key"),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    METADATA,
    sa.Column("principal", sa.Text, primary_key=True),
    sa.Column("key", sa.LargeBinary, primary_key=True, comment="keyed hash of the header"),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False, comment="keyed hash of the canonical body"),
    sa.Column("decision_id", sa.Text, nullable=False),
    sqlite_with_rowid=False,
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
    sa.Column(
        "event",
        sa.Text,
        sa.CheckConstraint("event IN ('proposed', 'approved', 'rejected')", name="event_is_known"),
        nullable=False,
    ),
    sa.Column("digest", sa.Text, sa.ForeignKey("bundles.digest"), nullable=False, index=True),
    sa.Column("risk", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("rationale", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

APPEND_ONLY = (
    "instance",
    "log",
    "checkpoints",
    "decisions",
    "rectifications",
    "outcomes",
    "desk_events",
    "idempotency_keys",
    "bundles",
    "bundle_files",
    "ledger",
)
"""What was written here stays. Contents of decisions, outcomes and desk may go, identity may become null, a case at the
desk may change hands; nothing else."""
_CONTENTS_MAY = (
    "NEW.identity IS NULL AND NEW.decision_id = OLD.decision_id AND NEW.subject_id = OLD.subject_id "
    "AND NEW.month = OLD.month AND NEW.input = OLD.input AND NEW.answer = OLD.answer"
)


def guards(dialect: str, append_only: Iterable[str] = APPEND_ONLY) -> Iterator[str]:
    """Write the statements that make the database refuse changes.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        append_only: names of tables whose rows stay as they are.
    """
    yield from _postgresql_guards(append_only) if dialect == "postgresql" else _sqlite_guards(append_only)


def _sqlite_guards(append_only: Iterable[str]) -> Iterator[str]:
    for table in append_only:
        for verb in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    yield (
        "CREATE TRIGGER decision_contents_no_update BEFORE UPDATE ON decision_contents "
        f"WHEN NOT ({_CONTENTS_MAY}) BEGIN SELECT RAISE(ABORT, 'decision_contents can only be masked'); END"
    )


def _postgresql_guards(append_only: Iterable[str]) -> Iterator[str]:
    yield (
        "CREATE FUNCTION riskapi_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', "
        "ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    for table in append_only:
        yield (
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION riskapi_refuse()"
        )
    for table in (*append_only, "decision_contents"):
        yield (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION riskapi_refuse()"
        )
    yield (
        "CREATE TRIGGER decision_contents_no_update BEFORE UPDATE ON decision_contents "
        f"FOR EACH ROW WHEN (NOT ({_CONTENTS_MAY})) EXECUTE FUNCTION riskapi_refuse()"
    )
