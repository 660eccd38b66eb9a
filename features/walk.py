"""Walks over a record: its blocks with their paths, what came and was dropped, and what of it may be stored."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, get_args

from features.facts import Block
from features.record import Journey, Leg, TravellerRecord


def block_types() -> Iterator[tuple[str, type[Block]]]:
    """Walk the kinds of block of a record with the names of their fields.

    >>> dict(block_types())["booking"].__name__
    'Booking'
    """
    for name, info in TravellerRecord.model_fields.items():
        for found in (info.annotation, *get_args(info.annotation)):
            if isinstance(found, type) and issubclass(found, Block):
                yield name, found
                if found is Journey:
                    yield "journey__legs", Leg


def blocks(record: TravellerRecord) -> Iterator[tuple[str, Block]]:
    """Walk the record and its blocks with their paths, as they were submitted."""
    yield "", record
    for name, value in record.__dict__.items():
        if isinstance(value, Block):
            yield f"{name}.", value
            if isinstance(value, Journey):
                yield from ((f"journey.legs[{place}].", leg) for place, leg in enumerate(value.legs))
        elif name == "documents":
            yield from ((f"documents[{place}].", document) for place, document in enumerate(value))


class Received(NamedTuple):
    """What came of a record.

    Attributes:
        dropped: names of the facts that came and were dropped on receipt, in order of their blocks.
        names: how many facts and blocks were sent, those of every entry of a list and of ``extra`` included.
    """

    dropped: list[str]
    names: int


def received(record: TravellerRecord) -> Received:
    """Look through what came, in one walk.

    >>> record = TravellerRecord.model_validate_json(
    ...     '{"record_id": "1", "meals": "AVML", "traveller": {"religion": "x"},'
    ...     ' "crossing": {"mode": "land", "point": "MANDERA", "direction": "in", "expected_at": "2026-01-10T10:00Z"}}')
    >>> received(record)
    Received(dropped=['meals', 'traveller.religion'], names=9)
    """
    facts = record.__dict__
    sent = [record, *[block for name in _BLOCKS if (block := facts[name]) is not None], *record.documents]
    if record.journey is not None:
        sent += record.journey.legs
    names = len(record.extra)
    clean = True
    for block in sent:
        fields = block.__pydantic_fields_set__
        names += len(fields)
        clean = clean and block.never_stored.isdisjoint(fields)
    return Received([] if clean else _dropped(record), names)


def _dropped(record: TravellerRecord) -> list[str]:
    return [
        path + name for path, block in blocks(record) for name in sorted(block.never_stored & block.model_fields_set)
    ]


_BLOCKS = [name for name, _ in block_types() if name not in {"documents", "journey__legs"}]
"""Names of the blocks that are there once or not at all."""


def dropped_fields(record: TravellerRecord) -> list[str]:
    """Name the facts that came and were dropped on receipt."""
    return received(record).dropped


def stored_form(record: TravellerRecord, hasher: Callable[[str], str]) -> bytes:
    """Write the record as it may be stored: never-stored facts gone, linkage facts replaced by a keyed hash.

    Args:
        record: a validated record.
        hasher: maps a linkage fact (document number, telephone, ...) to its keyed hash.

    Returns:
        JSON that validates as a record again and gives the same feature values.
    """
    return record.model_dump_json(exclude_none=True, exclude_unset=True, context={"hasher": hasher}).encode()
