"""The end of a chain, verified before anything is added to it."""

from dataclasses import dataclass

import sqlalchemy as sa

from riskapi.errors import ChainError
from riskapi.log.entry import GENESIS_PREV, entry_hash
from riskapi.storage import schema

_REMEDY = "Nothing is stored. Find out what happened by `riskapi verify`."
_log = schema.log


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain: its place, 0 where there is none, and its hash."""

    seq: int
    hash: bytes


def last_head(connection: sa.Connection, writer: str) -> Head:
    """Read the last entry of a chain and compute its hash again.

    Raises:
        ChainError: where the hash or the entry before it is not what it should be.
    """
    statement = sa.select(_log).where(_log.c.writer == writer).order_by(_log.c.seq.desc()).limit(2)
    rows = connection.execute(statement).all()
    if not rows:
        return Head(0, GENESIS_PREV)
    last, *before = rows
    if bool(before) != (last.seq > 1) or (before and before[0].seq != last.seq - 1):
        raise ChainError(f"Before entry {last.seq} of chain {writer} one is missing. {_REMEDY}")
    prev = bytes(before[0].hash) if before else GENESIS_PREV
    digest = bytes(last.hash)
    if entry_hash(last.writer, last.seq, last.at, last.kind, last.body.encode(), prev=prev) != digest:
        raise ChainError(f"Entry {last.seq} of chain {writer} is not what was written. {_REMEDY}")
    return Head(last.seq, digest)


def acknowledged_is_there(connection: sa.Connection, writer: str, known: Head, last: Head) -> None:
    """Hold a chain against the last entry that was acknowledged.

    Raises:
        ChainError: where the entry is not there, or is another.
    """
    if known.seq == 0 or known == last:
        return
    statement = sa.select(_log.c.hash).where(_log.c.writer == writer, _log.c.seq == known.seq)
    found = connection.execute(statement).scalar_one_or_none()
    if found is None or bytes(found) != known.hash:
        raise ChainError(f"Chain {writer} lacks entry {known.seq}, which was acknowledged. {_REMEDY}")


def heads(connection: sa.Connection) -> dict[str, Head]:
    """Find the last entry of each chain."""
    first = sa.select(sa.func.min(_log.c.writer).label("writer")).cte("writers", recursive=True)
    following = sa.select(sa.func.min(_log.c.writer)).where(_log.c.writer > first.c.writer).scalar_subquery()
    writers = first.union_all(sa.select(following).where(first.c.writer.is_not(None)))  # by the index: one row a chain
    greatest = sa.select(sa.func.max(_log.c.seq)).where(_log.c.writer == writers.c.writer).scalar_subquery()
    last = sa.select(writers.c.writer, greatest.label("seq")).where(writers.c.writer.is_not(None)).subquery()
    statement = (
        sa.select(_log.c.writer, _log.c.seq, _log.c.hash)
        .join(last, sa.and_(_log.c.writer == last.c.writer, _log.c.seq == last.c.seq))
        .order_by(_log.c.writer)
    )
    return {row.writer: Head(row.seq, bytes(row.hash)) for row in connection.execute(statement)}
