"""Telling subscribers as a process of its own, behind the service: what a slow receiver holds up is nobody's score."""

import sys

from riskapi.access.principal import utc_now
from riskapi.access.store import SqlKeyStore
from riskapi.errors import ServiceError, StorageError
from riskapi.hits.courier import Courier
from riskapi.hits.outbox import Outbox
from riskapi.hits.subscription import read_subscriptions
from riskapi.monitoring.opened import LogReader
from riskapi.operations.companion import only_one, received_settings, service_is_gone
from riskapi.secret import ServiceSecret
from riskapi.settings import Settings
from riskapi.storage.engine import open_engine
from riskapi.storage.parts import open_journal, open_keys

PAUSE_SECONDS = 1.0
NICE = 10
WORK = "hits"


def deliver(settings: Settings, pause_seconds: float = PAUSE_SECONDS) -> None:
    """Tell all subscribers, turn by turn, until the service is gone.

    Args:
        settings: of the service.
        pause_seconds: between two looks at the log.
    """
    subscriptions = read_subscriptions(settings.hits_file, settings.hits_hosts)
    engine = open_engine(settings)
    keys = open_keys(settings, ServiceSecret(settings.secret_key))
    journal = open_journal(engine, settings, utc_now)
    rows = SqlKeyStore(engine, journal)
    courier = Courier(LogReader(engine, keys), Outbox(engine), journal, keys=rows.keys, clock=utc_now)
    try:
        while not service_is_gone(pause_seconds):
            try:
                courier.turn(subscriptions, lambda: service_is_gone(0.0))
            except StorageError as error:
                sys.stderr.write(f"{error}\n")  # the store is busy or not well: the next turn goes on from there
    finally:
        journal.close()
        keys.close()
        engine.dispose()


def main() -> None:
    """Run the process, as long as the service runs."""
    settings = received_settings(NICE)
    if settings is None:
        return
    try:
        with only_one(settings, WORK) as is_ours:
            if is_ours:
                deliver(settings)
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
