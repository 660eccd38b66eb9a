"""What a log is read from: an export or a database; verification knows nothing else of either."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol

from riskapi.log.access_check import AccessRows
from riskapi.log.contents_check import ContentsLookup
from riskapi.log.findings import Findings
from riskapi.log.found_check import FoundRows
from riskapi.log.genesis_check import Place
from riskapi.log.registry_check import RegistryRows

Row = tuple[str, int, str, str, bytes, bytes]
"""Writer, seq, at, kind, body, hash."""


class LogSource(Protocol):
    """Where a log is read from: an export or a database."""

    name: str
    """For findings."""

    @property
    def contents(self) -> ContentsLookup | None:
        """What is stored of the decisions, where that can be seen from here."""

    @property
    def found(self) -> FoundRows | None:
        """What is stored of outcomes and acts of the desk, where that can be seen from here."""

    @property
    def registry(self) -> RegistryRows | None:
        """Bundles and the ledger, where they are there."""

    @property
    def access(self) -> AccessRows | None:
        """API keys and accounts, where they can be seen from here."""

    def row_count(self) -> int:
        """How many rows there are, for a progress bar."""

    def rows(self, findings: Findings) -> Iterator[Row]:
        """Read the rows; those of one writer in their order."""

    def hashes(self, places: Collection[Place]) -> Mapping[Place, Collection[bytes]]:
        """Find the stored hashes of rows; those that are not there are left out."""

    def checkpoints(self) -> Iterable[tuple[str, str | None, tuple[str, int] | None]]:
        """Read place, note and columns (writer and size, where its row has them) of the checkpoints that it has."""
