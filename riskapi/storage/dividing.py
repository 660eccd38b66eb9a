"""Between the writer and the store: what identifies is parted from the rest, off the service's event loop."""

from collections.abc import Sequence

from riskapi.decisions import AnsweredRecord, Refused
from riskapi.privacy.sealing import divide
from riskapi.secret import ServiceSecret
from riskapi.storage.base import DecisionStore


class DividingSink:
    """Takes answers with their records, and stores them as decisions.

    Args:
        store: where to.
        secret: for the keyed hashes.
    """

    def __init__(self, store: DecisionStore, secret: ServiceSecret) -> None:
        self._store = store
        self._secret = secret

    def append(self, rows: Sequence[AnsweredRecord]) -> Refused:
        """Store rows in one durable transaction; gives the ids of those whose idempotency key is taken.

        Raises:
            StorageError: the outcome is unknown.
        """
        return self._store.append([divide(row, self._secret) for row in rows])

    def tick(self) -> None:
        """See to what is due while nothing is stored; an error says that the store is not well."""
        self._store.tick()
