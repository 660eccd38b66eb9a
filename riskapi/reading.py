"""From bytes to records: strict JSON, valid in every fact, and what of it may be stored."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import ValidationError

from features.record import TravellerRecord
from features.walk import dropped_fields, received
from riskapi.body import is_plain, strict_json
from riskapi.errors import InvalidBodyError, ServiceError
from riskapi.privacy.sealing import kept_of
from riskapi.problems import problems_of


class SentRecord(NamedTuple):
    """A valid record, and what of it may be stored.

    Attributes:
        record: validated.
        kept: its JSON without the facts that are never stored.
        dropped: names of the facts that came and were dropped on receipt.
    """

    record: TravellerRecord
    kept: bytes
    dropped: list[str]


def sent_as(record: TravellerRecord) -> SentRecord:
    """Treat a record that was made here, from another message, as one that was sent."""
    return SentRecord(record, kept_of(record), dropped_fields(record))


def read_records(sent: Sequence[tuple[bytes, str]]) -> list[SentRecord | ServiceError]:
    """Validate records, each step for all of them before the next.

    Args:
        sent: JSON of each, and its place in something larger.

    Returns:
        In their order, each record or what is wrong with it.
    """
    records = [_validated(*one) for one in sent]
    return [
        record if isinstance(record, ServiceError) else _sent(raw, record)
        for (raw, _), record in zip(sent, records, strict=True)
    ]


def read_record(raw: bytes, prefix: str = "") -> SentRecord:
    """Validate one record.

    Args:
        raw: its JSON.
        prefix: its place in something larger.

    Raises:
        MalformedBodyError: where it is no strict JSON.
        InvalidBodyError: with every problem.
    """
    [found] = read_records([(raw, prefix)])
    if isinstance(found, ServiceError):
        raise found
    return found


def _validated(raw: bytes, prefix: str) -> TravellerRecord | ServiceError:
    try:
        return TravellerRecord.model_validate_json(raw)
    except ValidationError as error:
        try:
            return InvalidBodyError(problems_of(error, TravellerRecord, strict_json(raw), prefix))
        except ServiceError as malformed:
            return malformed


def _sent(raw: bytes, record: TravellerRecord) -> SentRecord | ServiceError:
    dropped, names = received(record)
    if dropped or not is_plain(raw, names):
        try:
            strict_json(raw)
        except ServiceError as error:
            return error
    return SentRecord(record, kept_of(record) if dropped else raw, dropped)
