"""The tables of watching: counts of what was answered, how far the log was counted, reports, and challengers."""

import sqlalchemy as sa

METADATA = sa.MetaData()

counts = sa.Table(
    "monitoring_counts",
    METADATA,
    sa.Column("grain", sa.Text, primary_key=True, comment="hour or day; shadow for a day of a challenger"),
    sa.Column("start", sa.Text, primary_key=True, comment="YYYY-MM-DD or YYYY-MM-DDTHH, UTC"),
    sa.Column("part", sa.Text, primary_key=True, comment="crossing point, empty for all; of a shadow the live digest"),
    sa.Column("risk", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True, comment="bundle that scored"),
    sa.Column("counts", sa.Text, nullable=False, comment="JSON object of numbers; about nobody alone"),
    sqlite_with_rowid=False,
)

cursors = sa.Table(
    "monitoring_cursors",
    METADATA,
    sa.Column("writer", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="last row of this chain that was counted"),
)

reports = sa.Table(
    "monitoring_reports",
    METADATA,
    sa.Column("risk", sa.Text, primary_key=True),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="JSON"),
)

challengers = sa.Table(
    "challengers",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column(
        "event", sa.Text, sa.CheckConstraint("event IN ('named', 'withdrawn')", name="event_is_known"), nullable=False
    ),
    sa.Column("risk", sa.Text, nullable=False, index=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("rationale", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

disagreements = sa.Table(
    "challenger_disagreements",
    METADATA,
    sa.Column("digest", sa.Text, primary_key=True, comment="of the challenger"),
    sa.Column("decision_id", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, nullable=False, index=True),
    sa.Column("live_band", sa.Text, nullable=False),
    sa.Column("challenger_band", sa.Text, nullable=False),
    sa.Column("difference", sa.Float, nullable=False, comment="log-odds of the challenger less those of the live one"),
)
