"""Several pushes about one traveller as versions of one record: the last counts, and how often it changed is known."""

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from features.record import TravellerRecord

T = TypeVar("T")


class Versioned(NamedTuple, Generic[T]):
    """The last version of a record.

    Attributes:
        record: as the last push says it.
        source: of that push.
        version: from 1; a push that says the same makes none.
        pushes: how often the record came.
    """

    record: TravellerRecord
    source: T
    version: int
    pushes: int


def versions_of(pushed: Iterable[tuple[TravellerRecord, T]]) -> list[Versioned[T]]:
    """Gather pushes by the id of their record.

    Args:
        pushed: records with their sources, in the order in which they came.

    Returns:
        The last version of each record, in the order in which records came first.
    """
    found: dict[str, Versioned[T]] = {}
    for record, source in pushed:
        known = found.get(record.record_id)
        if known is None:
            found[record.record_id] = Versioned(record, source, 1, 1)
        else:
            version = known.version + (record != known.record)
            found[record.record_id] = Versioned(record, source, version, known.pushes + 1)
    return list(found.values())
