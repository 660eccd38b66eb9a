"""Makes persons, decisions about them in any month, and services whose clock a test sets."""

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import orjson

from features.examples import traveller
from riskapi.access.matrix import Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.log.store_source import store_source
from riskapi.log.verify import verify
from riskapi.privacy.sealing import SUBJECT, age_of, kept_of, record_key, split
from riskapi.services import Services
from riskapi.storage.log_key import log_key
from tests.riskapi.makers import row, settings

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
ADMIN = Principal("Njeri Mwangi", PrincipalKind.PERSON, "a" * 16, frozenset({Role.ADMIN}))
AUDITOR = Principal("Otieno Odhiambo", PrincipalKind.PERSON, "b" * 16, frozenset({Role.AUDITOR}))


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime = START
    started: datetime = field(default=START)

    def __call__(self) -> datetime:
        """What it shows."""
        return self.now


@contextmanager
def dated_services(directory, clock, **changes):
    """Services whose present is the clock's."""
    made = Services(settings(directory, **changes), clock)
    try:
        yield made
    finally:
        made.close()


def record_of(number, **changes):
    """The record of a person with a document of their own."""
    facts = {"record_id": f"REC-{number}", "surname": f"SURNAME{number}", "email": f"person{number}@example.org"}
    facts |= {"document__number": f"DOC{number:06}", "phone": f"+25470{number:07}"}
    return traveller(**(facts | changes))


def decided(services, number=1, at=None, **changes):
    """Store a decision about a person at a moment; gives its id."""
    record = record_of(number, **changes)
    parts = split(kept_of(record), age_of(record), services.secret.hash_fact)
    moment = (at or services.clock()).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    made = replace(
        row(),
        scored_at=moment,
        digests=(),
        subject=services.secret.hash_subject(SUBJECT, parts.subject),
        input=parts.input,
        identity=parts.identity,
        record_key=record_key(parts.record_id, services.secret),
    )
    services.decisions.append([made])
    return made.decision_id


def verified(services):
    """Verify the log of services against their own checkpoints, with contents; gives the findings as lines."""
    with store_source(services.settings) as source:
        files = [services.settings.checkpoint_file] if services.settings.checkpoint_file.exists() else []
        key = log_key(services.settings.log_key_file).public_key()
        [found] = verify([source], files, [key])
    return [one.line() for one in found.findings]


def bytes_on_disk(services):
    """Everything in the files of both databases, their write-ahead logs included, and in the file of checkpoints."""
    directory = services.settings.database_path.parent
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.suffix != ".pem"}


def sealed_parts(services):
    """The sealed bytes of each decision: identity, input, answer."""
    with sqlite3.connect(services.settings.database_path) as store:
        rows = store.execute("SELECT decision_id, identity, input, answer FROM decision_contents").fetchall()
    return {one[0]: one[1:] for one in rows}


def wrapped_keys(services):
    """The wrapped keys by subject and epoch."""
    path = services.settings.keys_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as keys:
        return {one[:2]: one[2] for one in keys.execute("SELECT subject_id, epoch, wrapped FROM subject_keys")}


def entries_of(services, kind):
    """The bodies of all entries of a kind, of all chains."""
    return [
        orjson.loads(entry.body)
        for writer in services.journal.heads()
        for entry in services.journal.entries(writer)
        if entry.kind == kind
    ]
