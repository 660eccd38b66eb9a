"""What the service remembers: read before records are scored, written with their decisions, shown in what is stored."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson
import sqlalchemy as sa

from features.memory.events import keys_read
from features.memory.facts import FACTS, Facts, look, remembered_of
from features.memory.keys import crossing_of
from features.memory.own import OwnKeys
from features.memory.table import MemoryTable
from features.memory.trace import Trace
from features.record import History, TravellerRecord
from riskapi.reading import SentRecord
from riskapi.storage import memory
from riskapi.storage.guard import storage_errors

_NAMES = frozenset(fact.name for fact in FACTS)


class Seen(NamedTuple):
    """A record as it is scored, and what of it is remembered.

    Attributes:
        sent: the record with the facts of the memory, in place of any that were sent.
        trace: to store with the decision; empty where nothing is remembered.
    """

    sent: SentRecord
    trace: bytes


class Memory:
    """Remembers crossings of one store.

    Records that come together see each other in their order; what another request still waits to store is not seen.

    Args:
        engine: of the store.
        hasher: keyed hash of what links records.
        clock: the present, in UTC.
    """

    def __init__(self, engine: sa.Engine, hasher: Callable[[str], str], clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._hasher = hasher
        self._clock = clock

    def see(self, sent: Sequence[SentRecord], own: Sequence[OwnKeys]) -> list[Seen]:
        """Add to records what is remembered of earlier ones, by one look into the store for all of them.

        Args:
            sent: records that came together.
            own: an agency's own keys that each may have.

        Raises:
            StorageError: where the store cannot be read.
        """
        at = int(self._clock().timestamp())
        crossings = [
            crossing_of(one.record, at, self._hasher, mine.texts(one.record.extra) if mine else {})
            for one, mine in zip(sent, own, strict=True)
        ]
        asked = [None if crossing is None else keys_read(crossing) for crossing in crossings]
        table = self._table([key for keys in asked if keys is not None for key in keys.values()], at)
        seen = []
        for one, mine, crossing, keys in zip(sent, own, crossings, asked, strict=True):
            if crossing is None or keys is None:
                seen.append(Seen(_with(one, {}, mine), b""))
                continue
            rows = table.read(keys.values(), at)
            facts = look(crossing, keys, rows, mine.facts)
            remembered = remembered_of(crossing, keys, rows, facts)
            table.write(remembered, at)
            seen.append(Seen(_with(one, facts, mine), Trace.of(crossing, remembered).to_bytes()))
        return seen

    def _table(self, keys: Iterable[int], at: int) -> MemoryTable:
        with storage_errors(), self._engine.connect() as connection:
            return MemoryTable.holding(memory.read(connection, set(keys), at), at)


def unseen(sent: Sequence[SentRecord], own: Sequence[OwnKeys]) -> list[Seen]:
    """What a service without a memory makes of records: the values of an agency's own keys go, all else stays."""
    return [Seen(_own(one, None, mine) if mine else one, b"") for one, mine in zip(sent, own, strict=True)]


def _own(sent: SentRecord, facts: Facts | None, own: OwnKeys) -> SentRecord:
    """Put what is known of an agency's own keys in their place."""
    extra = own.told(sent.record.extra, facts)
    if extra == sent.record.extra:
        return sent
    record: TravellerRecord = sent.record.model_copy(update={"extra": extra})
    return SentRecord(record, orjson.dumps(orjson.loads(sent.kept) | {"extra": extra}), sent.dropped)


def _with(sent: SentRecord, facts: Facts, own: OwnKeys) -> SentRecord:
    """Put the facts into a record and into what of it is stored; those that were sent go."""
    if own:
        sent = _own(sent, facts, own)
    old = sent.record.history
    known = {name: value for name, value in facts.items() if value is not None and name in _NAMES}
    if not known and (old is None or all(getattr(old, name) is None for name in _NAMES)):
        return sent
    stored = orjson.loads(sent.kept)
    told = {name: value for name, value in (stored.get("history") or {}).items() if name not in _NAMES}
    stored["history"] = {**told, **known}
    history = History.model_validate(stored["history"])
    record: TravellerRecord = sent.record.model_copy(update={"history": history})
    return SentRecord(record, orjson.dumps(stored), sent.dropped)
