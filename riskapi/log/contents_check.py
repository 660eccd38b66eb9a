"""Holds what is stored of each decision against the log: the same bytes, or gone by a rule that the log tells of."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from riskapi.log.bodies import texts
from riskapi.log.entry import Kind
from riskapi.log.findings import Findings, Rule

PARTS = ("answer", "identity", "input")
BATCH = 1000
ALL_THERE = (True, True, True)
"""This very tuple stands for contents that are whole and cannot be opened, so that one look tells."""


Held = bytes | bool | str | None
"""What is known of a stored part: its commitment, computed anew; ``True`` where it is there but cannot be opened from
here; ``None`` where it is not there; ``False`` where it is, but its key is gone; a text says why it does not open."""


class Stored(NamedTuple):
    """What is stored of one decision.

    Attributes:
        place: writer and row by which the index of decisions finds it; ``None`` where there is no index.
        parts: in the order of :data:`PARTS`.
    """

    place: tuple[str, int] | None
    parts: tuple[Held, Held, Held]


class ContentsLookup(Protocol):
    """Finds stored contents."""

    def look_up(self, decision_ids: Sequence[str]) -> Mapping[str, Stored]:
        """Find what is stored of decisions; those of which nothing is stored are left out."""

    def look_again(self, decision_ids: Sequence[str]) -> Mapping[str, Stored]:
        """Find what is stored by now, where that may be less: keys are in no snapshot, and go when contents do."""

    def count(self) -> int:
        """How many decisions have contents."""

    def ids(self) -> Iterator[str]:
        """List the decisions that have contents."""


class ContentsCheck:
    """Follows the decisions of a log, and what became of them.

    Memory stays bounded: what has to be remembered until the end goes to a private temporary file.
    """

    def __init__(self, lookup: ContentsLookup | None, findings: Findings) -> None:
        self._lookup = lookup
        self._findings = findings
        self._waiting: list[tuple[str, str, int, Mapping[str, Any]]] = []
        self._present = 0
        self.compared: int | None = None if lookup is None else 0
        """Decisions that were compared; ``None`` where contents cannot be seen from here."""
        self._notes = sqlite3.connect("")
        self._notes.execute(
            "CREATE TABLE gone (id TEXT, identity_only INT, PRIMARY KEY (id, identity_only)) WITHOUT ROWID"
        )
        self._notes.execute("CREATE TABLE absent (id TEXT, writer TEXT, seq INT, identity_only INT, keyless INT)")

    def watched(self) -> dict[str, Callable[[str, int, Mapping[str, Any]], None]]:
        """What to call for which kind of row."""
        if self._lookup is None:
            return {}
        return {
            Kind.DECISION: self._decision,
            Kind.MASKED: self._masked,
            Kind.EXPIRED: self._deleted,
            Kind.ERASED: self._deleted,
        }

    def finish(self, read_again: Callable[[], Iterable[str]]) -> None:
        """Take the end of the log.

        Args:
            read_again: gives the ids of the log's decisions; called only where there are more contents than decisions.
        """
        if self._lookup is not None:
            self._flush()
            self._unexplained()
            self._kept()
            if self._lookup.count() != self._present:
                self._unlogged(read_again)
        self._notes.close()

    def _decision(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        decision_id, commit = body.get("decision_id"), body.get("commit")
        if not isinstance(decision_id, str) or not isinstance(commit, dict):
            self._findings.add(Rule.MALFORMED, "a decision names its id and its commitments", writer, seq)
            return
        self._waiting.append((decision_id, writer, seq, commit))
        if len(self._waiting) >= BATCH:
            self._flush()

    def _masked(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        self._gone(writer, seq, body, identity_only=True)

    def _deleted(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        self._gone(writer, seq, body, identity_only=False)

    def _gone(self, writer: str, seq: int, body: Mapping[str, Any], *, identity_only: bool) -> None:
        ids = texts(body.get("decision_ids"))
        if ids is None:
            self._findings.add(Rule.MALFORMED, "what became of decisions is told by their ids", writer, seq)
            return
        rows = [(one, identity_only) for one in ids]
        self._notes.executemany("INSERT OR IGNORE INTO gone VALUES (?, ?)", rows)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        assert self._lookup is not None
        assert self.compared is not None
        stored = self._lookup.look_up([one[0] for one in waiting])
        absent = []
        for decision_id, writer, seq, commit in waiting:
            found = stored.get(decision_id)
            if found is None:
                absent.append((decision_id, writer, seq, 0, 0))
                continue
            self._present += 1
            place, parts = found
            if parts is not ALL_THERE or place != (writer, seq):
                self._compare(writer, seq, commit, found)
            answer, identity, input_ = parts
            if not answer or not input_:
                absent.append((decision_id, writer, seq, 0, answer is False or input_ is False))
            elif not identity:
                absent.append((decision_id, writer, seq, 1, identity is False))
        self.compared += len(waiting)
        self._notes.executemany("INSERT INTO absent VALUES (?, ?, ?, ?, ?)", absent)

    def _compare(self, writer: str, seq: int, commit: Mapping[str, Any], found: Stored) -> None:
        if found.place is not None and found.place != (writer, seq):
            text = "the index of decisions does not find the decision of this row here"
            self._findings.add(Rule.CONTENTS_CHANGED, text, writer, seq)
        for part, held in zip(PARTS, found.parts):  # noqa: B905 - three of each; `strict` costs a tenth of the check
            if held.__class__ is bytes:
                if held.hex() != commit.get(part):
                    text = f"the stored {part} is not the one that this row commits to"
                    self._findings.add(Rule.CONTENTS_CHANGED, text, writer, seq)
            elif held.__class__ is str:
                self._findings.add(Rule.CONTENTS_CHANGED, f"the stored {part} {held}", writer, seq)

    def _unexplained(self) -> None:
        query = (
            "SELECT id, writer, seq, identity_only, keyless FROM absent AS a WHERE NOT EXISTS "
            "(SELECT 1 FROM gone AS g WHERE g.id = a.id AND g.identity_only <= a.identity_only) ORDER BY writer, seq"
        )
        rows = self._notes.execute(query)
        while batch := rows.fetchmany(BATCH):
            keyless = [row[0] for row in batch if row[4]]
            assert self._lookup is not None
            now = self._lookup.look_again(keyless) if keyless else {}
            for decision_id, writer, seq, identity_only, without_key in batch:
                if without_key and (decision_id not in now or (identity_only and not now[decision_id].parts[1])):
                    continue  # it went by the rules while this was running
                what = "the identity part" if identity_only else "what was stored"
                state = "cannot be read, since its key is gone" if without_key else "is gone"
                text = f"{what} of this decision {state}, and no row of the log tells of masking, expiry or erasure"
                self._findings.add(Rule.CONTENTS_MISSING, text, writer, seq)

    def _kept(self) -> None:
        """What the log says is gone must not be there: an older copy of the contents would bring it back."""
        assert self._lookup is not None
        rows = self._notes.execute("SELECT id, identity_only FROM gone ORDER BY id")
        while batch := rows.fetchmany(BATCH):
            stored = self._lookup.look_up([one[0] for one in batch])
            for decision_id, identity_only in batch:
                found = stored.get(decision_id)
                if found is None or (identity_only and not found.parts[1]):
                    continue
                what = "the identity part" if identity_only else "what was stored"
                writer, seq = found.place or ("", 0)
                text = f"{what} of decision {decision_id} is there, while the log says that it is gone"
                self._findings.add(Rule.CONTENTS_KEPT, text, writer, seq)

    def _unlogged(self, read_again: Callable[[], Iterable[str]]) -> None:
        assert self._lookup is not None
        notes = self._notes
        notes.execute("CREATE TABLE logged (id TEXT PRIMARY KEY) WITHOUT ROWID")
        notes.executemany("INSERT OR IGNORE INTO logged VALUES (?)", ((one,) for one in read_again()))
        for decision_id in self._lookup.ids():
            if notes.execute("SELECT 1 FROM logged WHERE id = ?", (decision_id,)).fetchone() is None:
                text = f"contents of decision {decision_id} are stored, of which no row of the log tells"
                self._findings.add(Rule.CONTENTS_UNLOGGED, text)
