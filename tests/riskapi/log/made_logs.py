"""Makes real logs for tests: a store with approved models, decisions in two chains, checkpoints in table and file."""

import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from features.risk import Audience
from models.bundle import digest_of
from models.signing import load_key
from riskapi.decisions import DecisionRecord
from riskapi.log.database_source import DatabaseSource, database_source
from riskapi.log.entry import Kind
from riskapi.log.export import export_log
from riskapi.log.export_source import ExportSource
from riskapi.log.findings import Findings
from riskapi.log.opener import opener
from riskapi.log.source import Row
from riskapi.log.verify import Verification, verify
from riskapi.privacy.keys import Keys
from riskapi.secret import ServiceSecret
from riskapi.settings import Settings
from riskapi.storage.base import Act, BundleRow, Event
from riskapi.storage.checkpoints import CheckpointBook
from riskapi.storage.decisions import SqlDecisionStore
from riskapi.storage.engine import open_database, open_engine
from riskapi.storage.journal import Journal
from riskapi.storage.ledger import SqlLedger
from riskapi.storage.log_key import log_key
from riskapi.storage.parts import lease_for
from tests.bundles import make_bundle

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
ALL = tuple(Audience)
RISKS = ("document_fraud", "migrant_smuggling")


class Clock:
    """Goes on by a tenth of a second at each look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Tell the time."""
        self.now += timedelta(milliseconds=100)
        return self.now


class Interrupted:
    """A source during whose reading something happens."""

    def __init__(self, source: DatabaseSource, meanwhile: Callable[[str], None]) -> None:
        self._source = source
        self._meanwhile = meanwhile
        self.name, self.contents, self.found = source.name, source.contents, source.found
        self.registry, self.access, self.hashes = source.registry, source.access, source.hashes

    def row_count(self) -> int:
        """Count, then let it happen."""
        count = self._source.row_count()
        self._meanwhile("row_count")
        return count

    def checkpoints(self) -> Iterator[tuple[str, str | None, tuple[str, int] | None]]:
        """Read, then let it happen."""
        yield from self._source.checkpoints()
        self._meanwhile("checkpoints")

    def rows(self, findings: Findings) -> Iterator[Row]:
        """Let it happen after the first row."""
        for number, row in enumerate(self._source.rows(findings)):
            yield row
            if not number:
                self._meanwhile("rows")


@dataclass(frozen=True)
class MadeLog:
    """Files of a store that nobody has open."""

    directory: Path
    database_url: str = ""
    """Left out, an embedded database in the directory."""

    @cached_property
    def settings(self) -> Settings:
        """Settings of its service."""
        return log_settings(self.directory, self.database_url)

    @cached_property
    def key(self) -> Ed25519PrivateKey:
        """Key of the log."""
        return load_key(self.settings.log_key_file)

    def copy(self, directory: Path) -> "MadeLog":
        """Copy all of its files."""
        shutil.copytree(self.directory, directory)
        return MadeLog(directory)

    @contextmanager
    def as_intruder(self) -> Iterator[sqlite3.Connection]:
        """Open the database as somebody who may do anything to it: no trigger, no foreign key, no trace."""
        with closing(sqlite3.connect(self.settings.database_path)) as connection, connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            yield connection

    def verify(
        self, *, with_file: bool = True, with_keys: bool = True, meanwhile: Callable[[str], None] | None = None
    ) -> Verification:
        """Verify the database, with the public key, and with the file of checkpoints or without.

        Args:
            with_file: use the file elsewhere.
            with_keys: open contents.
            meanwhile: called with the name of each step of reading, after it.
        """
        engine = open_database(self.settings.database_url, "RISKAPI_DATABASE_URL", 5)
        keys_engine = open_database(self.settings.keys_url, "RISKAPI_KEYS_URL", 5)
        keys = Keys(keys_engine, ServiceSecret(self.settings.secret_key))
        files = [self.settings.checkpoint_file] if with_file else []
        try:
            with database_source(engine, "store", opener(keys) if with_keys else None) as source:
                read = source if meanwhile is None else Interrupted(source, meanwhile)
                return verify([read], files, [self.key.public_key()])[0]
        finally:
            keys.close()
            engine.dispose()

    def export(self, out: Path, *, with_contents: bool = False, audiences: Collection[Audience] = ALL) -> Path:
        """Export the database."""
        engine = open_database(self.settings.database_url, "RISKAPI_DATABASE_URL", 5)
        keys = Keys(
            open_database(self.settings.keys_url, "RISKAPI_KEYS_URL", 5), ServiceSecret(self.settings.secret_key)
        )
        try:
            with database_source(engine, "store", opener(keys)) as source:
                export_log(
                    source, out, [self.key.public_key()], contents_for=frozenset(audiences) if with_contents else None
                )
        finally:
            keys.close()
            engine.dispose()
        return out

    def verify_exports(self, *directories: Path, with_file: bool = True) -> list[Verification]:
        """Verify exports of it, with the public key."""
        files = [self.settings.checkpoint_file] if with_file else []
        return verify(list(map(ExportSource, directories)), files, [self.key.public_key()])


def log_settings(directory: Path, database_url: str = "") -> Settings:
    """Settings of a service all of whose files lie in one directory."""
    return Settings(
        secret_key=SecretStr("kX9mQ2vL7tR4wZ8yB3nF6hJ1sD5gA0pC"),
        database_url=database_url or f"sqlite:///{directory / 'store.db'}",
        keys_url=f"sqlite:///{directory / 'keys.db'}",
        log_key_file=directory / "log-key.pem",
        checkpoint_file=directory / "elsewhere" / "checkpoints.ndjson",
    )


@contextmanager
def writing(made: MadeLog, clock: Clock) -> Iterator[tuple[Journal, SqlDecisionStore, SqlLedger]]:
    """Open what writes a log."""
    chosen = made.settings
    engine = open_engine(chosen)
    keys = Keys(open_database(chosen.keys_url, "RISKAPI_KEYS_URL", 5), ServiceSecret(chosen.secret_key))
    journal = Journal(engine, clock, CheckpointBook(log_key(chosen.log_key_file), chosen.checkpoint_file))
    try:
        yield journal, SqlDecisionStore(engine, journal, keys), SqlLedger(engine, journal)
    finally:
        journal.close()
        keys.close()
        engine.dispose()


def make_log(directory: Path, decisions: int = 600, batch: int = 7, database_url: str = "") -> MadeLog:
    """Make a log: two approved models in the chain of commands, decisions and views of them in chain 1.

    Args:
        directory: new.
        decisions: how many.
        batch: decisions in one transaction.
        database_url: of a database with the tables in it; left out, an embedded one.
    """
    directory.mkdir(parents=True)
    made = MadeLog(directory, database_url)
    clock = Clock()
    with writing(made, clock) as (_, _, ledger):
        for risk in RISKS:
            files, _ = make_bundle(risk)
            digest = digest_of(files)
            row = BundleRow(digest, risk, risk.replace("_", "-"), "1.0.0", dict(files))
            ledger.propose(row, Act("Training pipeline", "A first model.", clock()), lambda _events: None)
            ledger.decide(digest, Event.APPROVED, Act("Amina Yusuf", "Card read.", clock()), lambda _events: None)
    continue_log(made, range(decisions), batch, clock)
    return made


def continue_log(made: MadeLog, numbers: range, batch: int = 7, clock: Clock | None = None) -> None:
    """Take the chain of a log, as a service does when it starts, and store decisions, and a view after each batch."""
    if clock is None:
        clock = Clock()
        clock.now += timedelta(days=1)
    with writing(made, clock) as (journal, store, ledger):
        digests = [event.digest for event in ledger.live().values()]
        journal.lead(lease_for(journal._engine, made.settings, 1))
        for start in numbers[::batch]:
            rows = [_decision(clock(), number, digests) for number in range(start, min(start + batch, numbers.stop))]
            store.append(rows)
            journal.append(Kind.ACCESS, {"decision_id": rows[0].decision_id, "principal": "Amina Yusuf"})


def _decision(at: datetime, number: int, digests: Sequence[str]) -> DecisionRecord:
    decision_id = f"018e3b2a-0000-7000-8000-{number:012x}"
    risk = {"audience": "protection" if number % 10 == 9 else "enforcement", "score": number}
    answer = {"decision_id": decision_id, "record_id": None, "scored_at": at.isoformat(), "risks": [risk]}
    return DecisionRecord(
        decision_id,
        f"{at.isoformat(timespec='milliseconds')[:23]}Z",
        "Gateway NBO",
        "",
        "0" * 16,
        tuple(sorted(Audience)),
        tuple(digests),
        ("meal_preference",),
        None,
        f"subject {number % 50}".encode(),
        orjson.dumps({"record_id": "x", "party_size": number}),
        orjson.dumps({"record_id": f"KQ-{number}", "traveller.surname": "ABDI"}),
        orjson.dumps(answer),
    )


def rows_of(connection: sqlite3.Connection, writer: str) -> int:
    """How many rows a chain has."""
    return int(connection.execute("SELECT max(seq) FROM log WHERE writer = ?", (writer,)).fetchone()[0])


__all__ = ["START", "Clock", "MadeLog", "continue_log", "log_settings", "make_log", "rows_of"]
