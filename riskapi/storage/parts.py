"""How the parts of the store are put together: for the service, and for the process that writes for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from riskapi.desk.arrival import Arrivals, DeskPolicy
from riskapi.log.writers import FileLease, Lease, ServerLease
from riskapi.privacy.keys import Keys
from riskapi.secret import ServiceSecret
from riskapi.settings import Settings
from riskapi.storage.checkpoints import CheckpointBook
from riskapi.storage.decisions import SqlDecisionStore
from riskapi.storage.dividing import DividingSink
from riskapi.storage.engine import is_embedded, open_database, open_engine
from riskapi.storage.journal import Journal
from riskapi.storage.log_key import log_key

SERVICE, WRITER = 1, 2
"""Chains of an embedded store; on a server each process takes the first that is free."""


def lease_for(engine: sa.Engine, settings: Settings, number: int) -> Lease:
    """The right to write a chain of a store."""
    if is_embedded(engine):
        return FileLease(Path(f"{settings.database_path}.writer-{number}"), number, settings.busy_timeout_seconds)
    return ServerLease(settings.busy_timeout_seconds)


def open_keys(settings: Settings, secret: ServiceSecret) -> Keys:
    """The keys of subjects."""
    return Keys(open_database(settings.keys_url, "RISKAPI_KEYS_URL", settings.busy_timeout_seconds), secret)


def open_decisions(
    engine: sa.Engine, journal: Journal, keys: Keys, settings: Settings, secret: ServiceSecret
) -> SqlDecisionStore:
    """The decisions, and with them the cases that come to the desk."""
    policy = DeskPolicy(settings.desk_first_view_share, settings.desk_second_share, settings.desk_second_bands)
    return SqlDecisionStore(engine, journal, keys, Arrivals(policy, secret.desk_key))


def open_journal(
    engine: sa.Engine,
    settings: Settings,
    clock: Callable[[], datetime],
    gate: AbstractContextManager[Any] | None = None,
) -> Journal:
    """The log."""
    book = CheckpointBook(log_key(settings.log_key_file), settings.checkpoint_file)
    return Journal(engine, clock, book, gate)


def open_writer(settings: Settings) -> tuple[DividingSink, Journal]:
    """What stores answers as decisions, with a chain of its own."""
    engine = open_engine(settings)
    journal = open_journal(engine, settings, lambda: datetime.now(UTC))
    journal.lead(lease_for(engine, settings, WRITER))
    secret = ServiceSecret(settings.secret_key)
    decisions = open_decisions(engine, journal, open_keys(settings, secret), settings, secret)
    return DividingSink(decisions, secret), journal
