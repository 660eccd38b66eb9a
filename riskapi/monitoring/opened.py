"""Decisions as watching reads them: opened in bulk, in the order of the log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from riskapi.errors import SealError
from riskapi.log.entry import Kind
from riskapi.privacy.keys import CONTENT, Keys
from riskapi.privacy.seals import Part, unseal
from riskapi.storage import schema
from riskapi.storage.bulk import select_in
from riskapi.storage.guard import storage_errors
from riskapi.storage.head import heads

_COLUMNS = {"decision_id": "text", "subject_id": "text", "input": "bytea", "answer": "bytea"}
_log, _index = schema.log, schema.decisions
_AFTER = (
    sa.select(_log.c.seq, _log.c.at, _log.c.kind, _log.c.body)
    .where(_log.c.writer == sa.bindparam("writer"), _log.c.seq > sa.bindparam("after"))
    .order_by(_log.c.seq)
    .limit(sa.bindparam("most"))
)
_OF = (
    sa.select(_log.c.seq, _log.c.at, _log.c.kind, _log.c.body)
    .join(_index, sa.and_(_log.c.writer == _index.c.writer, _log.c.seq == _index.c.seq))
    .where(_index.c.id.in_(sa.bindparam("ids", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class OpenedDecision:
    """One decision that can still be read.

    Attributes:
        decision_id: which.
        scored_at: when, in UTC (ISO 8601).
        digests: of the bundles that scored, in the order of the risks.
        purpose: why the record was processed, where that was said.
        corrects: whether it is about a corrected record.
        answer: as it was sent, without the sender's id.
        input: the record without identity (JSON).
        subject_id: random name of whom it is about.
        principal: name of the one who asked.
        unit: of the one who asked; empty for none.
        seq: place in its chain.
    """

    decision_id: str
    scored_at: str
    digests: tuple[str, ...]
    purpose: str | None
    corrects: bool
    answer: Mapping[str, Any]
    input: bytes
    subject_id: str
    principal: str = ""
    unit: str = ""
    seq: int = 0

    @property
    def day(self) -> str:
        """Calendar day (UTC)."""
        return self.scored_at[:10]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of one chain.

    Attributes:
        writer: name of the chain.
        last: place of the last row.
        decisions: that could be opened.
        outcomes: bodies of the entries that tell of an outcome.
        unopened: decisions whose contents are gone, or do not open.
    """

    writer: str
    last: int
    decisions: list[OpenedDecision]
    outcomes: list[dict[str, Any]]
    unopened: int


class LogReader:
    """Reads the log and opens what it tells of; changes nothing.

    Args:
        engine: of the store.
        keys: of subjects.
    """

    def __init__(self, engine: sa.Engine, keys: Keys) -> None:
        self._engine = engine
        self._keys = keys

    def heads(self) -> dict[str, int]:
        """Find the place of the last row of each chain."""
        with storage_errors(), self._engine.connect() as connection:
            return {writer: head.seq for writer, head in heads(connection).items()}

    def page(self, writer: str, after: int, most: int) -> Page | None:
        """Read the rows of a chain that follow a place; ``None`` where there are none."""
        with storage_errors(), self._engine.connect() as connection:
            rows = connection.execute(_AFTER, {"writer": writer, "after": after, "most": most}).all()
        if not rows:
            return None
        told = [(row.seq, row.at, orjson.loads(row.body)) for row in rows if row.kind == Kind.DECISION]
        decisions = self._open(told)
        outcomes = [orjson.loads(row.body) for row in rows if row.kind == "outcome"]
        return Page(writer, rows[-1].seq, decisions, outcomes, len(told) - len(decisions))

    def decisions(self, decision_ids: Sequence[str]) -> dict[str, OpenedDecision]:
        """Open decisions by their ids; those that cannot be opened any more are left out."""
        if not decision_ids:
            return {}
        with storage_errors(), self._engine.connect() as connection:
            rows = connection.execute(_OF, {"ids": list(decision_ids)}).all()
        return {one.decision_id: one for one in self._open([(row.seq, row.at, orjson.loads(row.body)) for row in rows])}

    def between(self, start: str, end: str, page_rows: int = 500) -> Iterator[OpenedDecision]:
        """Open the decisions of a span of time, chain by chain.

        Args:
            start: first moment (ISO 8601, UTC).
            end: first moment that is past the span.
            page_rows: rows that are read at once.
        """
        for writer in self.heads():
            after = 0
            while (page := self.page_between(writer, after, (start, end), page_rows)) is not None:
                after = page.last
                yield from page.decisions

    def page_between(self, writer: str, after: int, span: tuple[str, str], most: int) -> Page | None:
        """Read the decisions of a chain that follow a place and lie in a span of time."""
        statement = (
            sa.select(_log.c.seq, _log.c.at, _log.c.body)
            .where(_log.c.writer == writer, _log.c.seq > after, _log.c.kind == Kind.DECISION.value)
            .where(_log.c.at >= span[0], _log.c.at < span[1])
            .order_by(_log.c.seq)
            .limit(most)
        )
        with storage_errors(), self._engine.connect() as connection:
            rows = connection.execute(statement).all()
        if not rows:
            return None
        decisions = self._open([(row.seq, row.at, orjson.loads(row.body)) for row in rows])
        return Page(writer, rows[-1].seq, decisions, [], len(rows) - len(decisions))

    def _open(self, told: Sequence[tuple[int, str, dict[str, Any]]]) -> list[OpenedDecision]:
        ids = [body["decision_id"] for _, _, body in told]
        with storage_errors(), self._engine.connect() as connection:
            rows = select_in(connection, "decision_contents", _COLUMNS, "decision_id", ids)
        sealed = {row[0]: row for row in rows}
        ciphers = self._keys.ciphers({row[1] for row in rows})
        opened = []
        for seq, at, body in told:
            row = sealed.get(body["decision_id"])
            cipher = None if row is None else ciphers.get((row[1], CONTENT))
            if row is None or cipher is None:
                continue
            parts = _parts(cipher, body, {Part.INPUT: bytes(row[2]), Part.ANSWER: bytes(row[3])})
            if parts is None:
                continue  # `riskapi verify` is where this is told
            opened.append(
                OpenedDecision(
                    body["decision_id"],
                    at,
                    tuple(body["digests"]),
                    body["purpose"],
                    "supersedes" in body,
                    orjson.loads(parts[Part.ANSWER]),
                    parts[Part.INPUT],
                    row[1],
                    body["principal"],
                    body["unit"],
                    seq,
                )
            )
        return opened


def _parts(cipher: AESGCM, body: Mapping[str, Any], sealed: Mapping[Part, bytes]) -> dict[Part, bytes] | None:
    """Open parts of a decision; ``None`` where one is not what the log names."""
    parts = {}
    for part, content in sealed.items():
        try:
            parts[part], commitment = unseal(cipher, body["decision_id"], part, content)
        except SealError:
            return None
        if commitment.hex() != body["commit"][part.value]:
            return None
    return parts
