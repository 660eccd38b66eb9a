"""The tables of hits that go out: how far each receiver was told, what it refused, and whether it takes any."""

import sqlalchemy as sa

METADATA = sa.MetaData()

cursors = sa.Table(
    "hit_cursors",
    METADATA,
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("writer", sa.Text, primary_key=True, comment="empty for the row that says that it has begun"),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="last row of this chain that was dealt with"),
)

refused = sa.Table(
    "hits_refused",
    METADATA,
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("decision_id", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("told", sa.Text, nullable=False, comment="status, no word of the receiver"),
)

states = sa.Table(
    "hit_states",
    METADATA,
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("failing_since", sa.Text, nullable=True),
    sa.Column("failure", sa.Text, nullable=True),
)
