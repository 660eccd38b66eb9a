"""Bundles and what persons decided about them, in SQL: one statement a step, parameters always bound."""

from datetime import datetime

import sqlalchemy as sa

from riskapi.log.entry import Kind
from riskapi.storage.base import Act, BundleRow, Event, LedgerEvent, Rule
from riskapi.storage.guard import storage_errors
from riskapi.storage.journal import Journal, Transaction

_INSERT_BUNDLE = sa.text("INSERT INTO bundles (digest, risk, name, version) VALUES (:digest, :risk, :name, :version)")
_INSERT_FILE = sa.text("INSERT INTO bundle_files (digest, name, content) VALUES (:digest, :name, :content)")
_INSERT_EVENT = sa.text(
    "INSERT INTO ledger (at, event, digest, risk, principal, rationale) "
    "VALUES (:at, :event, :digest, :risk, :principal, :rationale) "
    "RETURNING seq, at, event, digest, risk, principal, rationale"
)
_SELECT_EVENTS = sa.text("SELECT seq, at, event, digest, risk, principal, rationale FROM ledger ORDER BY seq")
_SELECT_EVENTS_OF = sa.text(
    "SELECT seq, at, event, digest, risk, principal, rationale FROM ledger WHERE digest = :digest ORDER BY seq"
)
_SELECT_LIVE = sa.text(
    "SELECT seq, at, event, digest, risk, principal, rationale FROM ledger "
    "WHERE seq IN (SELECT max(seq) FROM ledger WHERE event = 'approved' GROUP BY risk) ORDER BY seq"
)
_SELECT_BUNDLE = sa.text("SELECT digest, risk, name, version FROM bundles WHERE digest = :digest")
_SELECT_BUNDLES = sa.text("SELECT digest, risk, name, version FROM bundles")
_SELECT_FILES = sa.text("SELECT name, content FROM bundle_files WHERE digest = :digest ORDER BY name")
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1818518629)"  # "lede": of two decisions at once one comes first
_SELECT_MARK = sa.text("SELECT coalesce(max(seq), 0) FROM ledger")


class SqlLedger:
    """The ledger of one database; may be called from any thread and any process."""

    def __init__(self, engine: sa.Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal

    def propose(self, bundle: BundleRow, act: Act, rule: Rule) -> LedgerEvent:
        """Store a bundle with the event that proposes it, if the rule lets it."""
        with self._journal.transaction() as transaction:
            connection = transaction.connection
            rule(_all_events(connection))
            if connection.execute(_SELECT_BUNDLE, {"digest": bundle.digest}).one_or_none() is None:
                about = {"digest": bundle.digest, "risk": bundle.risk, "name": bundle.name, "version": bundle.version}
                connection.execute(_INSERT_BUNDLE, about)
                files = [{"digest": bundle.digest, "name": name, "content": raw} for name, raw in bundle.files.items()]
                connection.execute(_INSERT_FILE, files)
            return _append(transaction, Event.PROPOSED, bundle, act)

    def decide(self, digest: str, event: Event, act: Act, rule: Rule) -> LedgerEvent:
        """Add an event about a known bundle, if the rule lets it; of two at once, one comes first."""
        with self._journal.transaction() as transaction:
            connection = transaction.connection
            rule(_all_events(connection))
            row = connection.execute(_SELECT_BUNDLE, {"digest": digest}).one()
            return _append(transaction, event, BundleRow(row.digest, row.risk, row.name, row.version, {}), act)

    def events(self, digest: str | None = None) -> list[LedgerEvent]:
        """List the events in order, of one bundle or of all."""
        with storage_errors(), self._engine.connect() as connection:
            return _events(connection, digest)

    def live(self) -> dict[str, LedgerEvent]:
        """Find the last approval of each risk."""
        with storage_errors(), self._engine.connect() as connection:
            return {event.risk: event for event in map(_event, connection.execute(_SELECT_LIVE))}

    def bundle(self, digest: str) -> BundleRow | None:
        """Find one bundle with its files."""
        with storage_errors(), self._engine.connect() as connection:
            row = connection.execute(_SELECT_BUNDLE, {"digest": digest}).one_or_none()
            if row is None:
                return None
            files = {name: bytes(content) for name, content in connection.execute(_SELECT_FILES, {"digest": digest})}
        return BundleRow(row.digest, row.risk, row.name, row.version, files)

    def bundles(self) -> dict[str, BundleRow]:
        """List the bundles by digest, without their files."""
        with storage_errors(), self._engine.connect() as connection:
            return {
                row.digest: BundleRow(row.digest, row.risk, row.name, row.version, {})
                for row in connection.execute(_SELECT_BUNDLES)
            }

    def mark(self) -> int:
        """The place of the last event: it grows when anything happens."""
        with storage_errors(), self._engine.connect() as connection:
            return int(connection.execute(_SELECT_MARK).scalar_one())


def _append(transaction: Transaction, event: Event, bundle: BundleRow, act: Act) -> LedgerEvent:
    row = {
        "at": act.at.isoformat(),
        "event": event.value,
        "digest": bundle.digest,
        "risk": bundle.risk,
        "principal": act.principal,
        "rationale": act.rationale,
    }
    stored = _event(transaction.connection.execute(_INSERT_EVENT, row).one())
    body = {name: value for name, value in row.items() if name not in {"at", "event"}}
    transaction.append(Kind(event.value), body | {"name": bundle.name, "version": bundle.version})
    return stored


def _all_events(connection: sa.Connection) -> list[LedgerEvent]:
    """Read all events within a transaction that may add one, keeping out others that might."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_ONE_AT_A_TIME)
    return _events(connection, None)


def _events(connection: sa.Connection, digest: str | None) -> list[LedgerEvent]:
    if digest is None:
        return list(map(_event, connection.execute(_SELECT_EVENTS)))
    return list(map(_event, connection.execute(_SELECT_EVENTS_OF, {"digest": digest})))


def _event(row: sa.Row[tuple[int, str, str, str, str, str, str]]) -> LedgerEvent:
    return LedgerEvent(
        row.seq,
        datetime.fromisoformat(row.at),
        Event(row.event),
        row.digest,
        row.risk,
        row.principal,
        row.rationale,
    )
