"""What access needs of the log: events stored alone, or in one transaction with what they tell of."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

import sqlalchemy as sa

from riskapi.log.entry import Body, Kind


class JournalTransaction(Protocol):
    """One transaction of the store's database that holds changes and the events about them."""

    @property
    def connection(self) -> sa.Connection:
        """Takes the changes."""

    def append(self, kind: Kind, body: Body, /) -> Any:
        """Add an event."""


class Journal(Protocol):
    """Takes events; what it took is on disk when the call returns."""

    def append(self, kind: Kind, body: Body, /) -> Any:
        """Store one event.

        Raises:
            StorageError: where it is not stored; what it tells of must then not happen.
        """

    def transaction(self) -> AbstractContextManager[JournalTransaction]:
        """Begin a transaction; it is stored as a whole at the end of the block, or not at all."""
