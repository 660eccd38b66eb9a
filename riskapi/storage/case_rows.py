"""Stored decisions as cases: read in the order of their ids, which is that of time, and opened without identity."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from riskapi.cases import LeftOut, OpenedCase, Window
from riskapi.errors import ChainError
from riskapi.ids import uuid7
from riskapi.moments import iso
from riskapi.privacy.keys import CONTENT, Keys
from riskapi.privacy.seals import Part, unseal
from riskapi.storage import schema
from riskapi.storage.guard import storage_errors

PAGE_ROWS = 500
_SLACK = timedelta(days=1)
"""An id says when it was made; the time on record may be that of another clock."""
_index, _log, _contents, _links = schema.decisions, schema.log, schema.decision_contents, schema.rectifications
_PAGE = (
    sa.select(
        _index.c.id,
        _log.c.at,
        _log.c.body,
        _contents.c.subject_id,
        _contents.c.input,
        _contents.c.identity.is_not(None).label("is_named"),
        sa.exists().where(_links.c.original == _index.c.id).label("is_corrected"),
    )
    .join(_log, sa.and_(_log.c.writer == _index.c.writer, _log.c.seq == _index.c.seq))
    .join(_contents, _contents.c.decision_id == _index.c.id, isouter=True)
    .where(_index.c.id > sa.bindparam("after"), _index.c.id < sa.bindparam("end"))
    .where(_log.c.at >= sa.bindparam("since"), _log.c.at < sa.bindparam("until"))
    .order_by(_index.c.id)
    .limit(PAGE_ROWS)
)


class StoredCases:
    """The decisions of one store as cases.

    Args:
        engine: of the store.
        keys: of the subjects.
    """

    def __init__(self, engine: sa.Engine, keys: Keys) -> None:
        self._engine = engine
        self._keys = keys

    def pages(self, window: Window, left_out: LeftOut) -> Iterator[Sequence[OpenedCase]]:
        """Open the decisions of a window in order; counts those that are left out.

        Raises:
            ChainError: where what is stored is not what the log says.
            SealError: where it does not open.
            StorageError: where the store cannot be read.
        """
        bounds = {"since": iso(window.since), "until": iso(window.until)}
        after, end = (_first_id(window.since - _SLACK), _first_id(window.until + _SLACK))
        while True:
            with storage_errors(), self._engine.connect() as connection:
                rows = connection.execute(_PAGE, bounds | {"after": after, "end": end}).all()
            yield self._open(rows, window, left_out)
            if len(rows) < PAGE_ROWS:
                return
            after = rows[-1].id

    def _open(self, rows: Sequence[Any], window: Window, left_out: LeftOut) -> list[OpenedCase]:
        ciphers = self._keys.ciphers({row.subject_id for row in rows if row.subject_id is not None})
        opened = []
        for row in rows:
            body: dict[str, Any] = orjson.loads(row.body)
            cipher = ciphers.get((row.subject_id, CONTENT))
            if window.audience not in body["audiences"]:
                left_out.other_audience += 1
            elif row.is_corrected:
                left_out.corrected += 1
            elif cipher is None:
                left_out.gone += 1
            elif not row.is_named and not window.masked:
                left_out.masked += 1
            else:
                content, commitment = unseal(cipher, row.id, Part.INPUT, bytes(row.input))
                if commitment.hex() != body["commit"][Part.INPUT]:
                    raise ChainError("The stored input of a decision is not what the log says.")
                told = tuple(body.get("referrals", ()))
                opened.append(OpenedCase(row.id, row.subject_id, row.at, body.get("policy", ""), told, content))
        return opened


def _first_id(moment: datetime) -> str:
    """The least id that could be made at a time."""
    return uuid7(max(0, int(moment.timestamp() * 1000)) * 1_000_000)[:13]
