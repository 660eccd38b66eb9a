"""The counts in the store: added to in one transaction with how far the log was counted, and read by windows."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from riskapi.monitoring.tally import DAY, HOUR, SHADOW, Counts, Place, Tally
from riskapi.storage.bulk import put_rows
from riskapi.storage.engine import for_writing, is_embedded
from riskapi.storage.guard import storage_errors
from riskapi.storage.monitoring_tables import counts as _counts
from riskapi.storage.monitoring_tables import cursors as _cursors
from riskapi.storage.monitoring_tables import disagreements as _disagreements
from riskapi.storage.monitoring_tables import reports as _reports

KEPT_DAYS = {HOUR: 14, DAY: 800, SHADOW: 400}
"""How long counts are kept: days long enough for the season of last year to be there."""
DISAGREEMENTS_KEPT = 1000
"""Of each challenger, the latest."""


_FIND = sa.select(_counts.c.counts).where(
    *(_counts.c[name] == sa.bindparam(name) for name in ("grain", "start", "part", "risk", "digest"))
)


class StoredReport(NamedTuple):
    """The last report about one risk, ready to be sent."""

    risk: str
    audience: str
    at: str
    body: bytes


class Disagreement(NamedTuple):
    """A decision on whose band a challenger differs."""

    digest: str
    decision_id: str
    at: str
    live_band: str
    challenger_band: str
    difference: float


class MonitoringBook:
    """The counts of one store; one process at a time adds to them, anybody may read."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    def cursors(self) -> dict[str, int]:
        """Find the last row of each chain that was counted."""
        with storage_errors(), self._engine.connect() as connection:
            return {row.writer: row.seq for row in connection.execute(sa.select(_cursors))}

    def add(self, tally: Tally, cursors: Mapping[str, int], disagreements: Iterable[Disagreement] = ()) -> None:
        """Add counts, and note how far the log was counted; both or neither.

        Sums are made before the write lock is taken, since nobody else adds; then an embedded store is locked for about
        a millisecond, and not flushed: what a power cut takes is counted again, with its place in the log.
        """
        with storage_errors():
            with self._engine.connect() as connection:
                rows = [_merged(connection, place, found) for place, found in tally.places.items()]
            with self._writing.connect() as connection:
                unflushed = is_embedded(self._engine)
                if unflushed:
                    _set_flushing(connection, "NORMAL")
                try:
                    with connection.begin():
                        put_rows(connection, _counts, rows)
                        put_rows(connection, _cursors, [{"writer": one, "seq": seq} for one, seq in cursors.items()])
                        put_rows(connection, _disagreements, [one._asdict() for one in disagreements])
                finally:
                    if unflushed:
                        _set_flushing(connection, "FULL")

    def days(self, risk: str, start: str, end: str, grain: str = DAY) -> list[tuple[Place, Counts]]:
        """Read counts of a risk.

        Args:
            risk: name.
            start: first day or hour.
            end: first one that is past the span.
            grain: of the counts.
        """
        statement = sa.select(_counts).where(
            _counts.c.grain == grain, _counts.c.start >= start, _counts.c.start < end, _counts.c.risk == risk
        )
        with storage_errors(), self._engine.connect() as connection:
            rows = connection.execute(statement.order_by(*_counts.primary_key)).all()
        return [(Place(row.grain, row.start, row.part, row.risk, row.digest), orjson.loads(row.counts)) for row in rows]

    def put_report(self, report: StoredReport) -> None:
        """Keep the last report about a risk."""
        with storage_errors(), self._writing.begin() as connection:
            put_rows(connection, _reports, [report._asdict() | {"body": report.body.decode()}])

    def reports(self) -> list[StoredReport]:
        """Read the last report about each risk."""
        with storage_errors(), self._engine.connect() as connection:
            rows = connection.execute(sa.select(_reports).order_by(_reports.c.risk)).all()
        return [StoredReport(row.risk, row.audience, row.at, row.body.encode()) for row in rows]

    def disagreements(self, digest: str, most: int) -> list[Disagreement]:
        """List the latest decisions on which a challenger differs, the latest first."""
        statement = sa.select(_disagreements).where(_disagreements.c.digest == digest)
        statement = statement.order_by(_disagreements.c.at.desc(), _disagreements.c.decision_id.desc()).limit(most)
        with storage_errors(), self._engine.connect() as connection:
            rows = connection.execute(statement).all()
        names = Disagreement._fields
        return [Disagreement(*(getattr(row, name) for name in names)) for row in rows]

    def tidy(self, oldest: Mapping[str, str]) -> None:
        """Delete what is past its time.

        Args:
            oldest: by grain, the first day that stays.
        """
        with storage_errors(), self._writing.begin() as connection:
            for grain, start in oldest.items():
                connection.execute(sa.delete(_counts).where(_counts.c.grain == grain, _counts.c.start < start))
            for (digest,) in connection.execute(sa.select(_disagreements.c.digest).distinct()).all():
                own = _disagreements.c.digest == digest
                limit = (
                    sa.select(_disagreements.c.at)
                    .where(own)
                    .order_by(_disagreements.c.at.desc())
                    .offset(DISAGREEMENTS_KEPT)
                    .limit(1)
                    .scalar_subquery()
                )
                connection.execute(sa.delete(_disagreements).where(own, _disagreements.c.at <= limit))


def _merged(connection: sa.Connection, place: Place, found: Counts) -> dict[str, Any]:
    """Add counts to those that are stored."""
    key = place._asdict()
    row = connection.execute(_FIND, key).one_or_none()
    merged: Counts = orjson.loads(row.counts) if row is not None else {}
    for name, number in found.items():
        merged[name] = merged.get(name, 0.0) + number
    return key | {"counts": _text(merged)}


def _text(found: Counts) -> str:
    kept = {name: int(number) if number == int(number) else number for name, number in found.items() if number}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode()


def _set_flushing(connection: sa.Connection, how: str) -> None:
    """Say when the embedded database flushes, for this connection; it can be said outside of a transaction only."""
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.execute(f"PRAGMA synchronous = {how}")  # SQLite's own driver
