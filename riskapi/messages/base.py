"""What every reader of messages answers: the records it could make, and what it noticed on the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from features.declared import Problem
from features.record import TravellerRecord
from riskapi.errors import InvalidBodyError


def unreadable(place: str, rule: str, remedy: str) -> InvalidBodyError:
    """Make the error for a message that cannot be read at all."""
    return InvalidBodyError([Problem(place, rule, remedy)])


@dataclass(slots=True)
class Findings:
    """What a reader met and did not use, without the values; the list stays short, however broken a message is."""

    limit: int = 200
    """How many are kept; the rest are counted."""
    kept: list[Problem] = field(default_factory=list)
    left_out: int = 0

    def add(self, place: str, rule: str, remedy: str) -> None:
        """Keep a finding, or count it where the list is full."""
        if len(self.kept) < self.limit:
            self.kept.append(Problem(place, rule, remedy))
        else:
            self.left_out += 1

    def all(self) -> tuple[Problem, ...]:
        """Return what was kept, and one line for what was not.

        >>> findings = Findings(limit=1)
        >>> findings.add("Age", "a whole number of years from 0 to 130", "The traveller is scored without it.")
        >>> findings.add("Age", "a whole number of years from 0 to 130", "The traveller is scored without it.")
        >>> findings.all()[1].remedy
        '1 more were left out; correct the listed ones first.'
        """
        if not self.left_out:
            return tuple(self.kept)
        more = Problem(
            "message",
            f"at most {self.limit} findings are listed",
            f"{self.left_out} more were left out; correct the listed ones first.",
        )
        return (*self.kept, more)


@dataclass(frozen=True, slots=True)
class Voyage:
    """The flight, sailing or drive that travellers are on when they cross the border."""

    carrier: str | None
    number: str | None
    origin: str | None
    destination: str
    departs_at: datetime | None
    arrives_at: datetime


class Entry(NamedTuple):
    """One traveller of a message.

    Attributes:
        record: as it could be read.
        number: among the persons of the message, read or not, from 0.
        place: where the message tells of this traveller.
        booking: which of the message's bookings the traveller is on, from 0; ``None`` where there are none.
        sources: of the facts, where list and booking were joined: ``API``, ``PNR`` or ``API+PNR``.
    """

    record: TravellerRecord
    number: int
    place: str
    booking: int | None = None
    sources: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Message:
    """What was read from one body or file, whatever its kind."""

    kind: str
    voyages: tuple[Voyage, ...]
    entries: tuple[Entry, ...]
    """One for each traveller who can be scored, in the order of the message."""
    persons: int
    """Of the message, read or not."""
    bookings: int
    """Of the message; 0 for lists without booking data."""
    findings: tuple[Problem, ...]

    @property
    def records(self) -> tuple[TravellerRecord, ...]:
        """The records alone."""
        return tuple(entry.record for entry in self.entries)


def distinct(voyages: Iterable[Voyage]) -> tuple[Voyage, ...]:
    """Leave out voyages that were told before."""
    return tuple(dict.fromkeys(voyages))
