"""Holds outcomes and acts of the review desk against the log: index and contents are those that it tells of."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from riskapi.log.bodies import text_or_none
from riskapi.log.contents_check import BATCH, Held
from riskapi.log.entry import Kind
from riskapi.log.findings import Findings, Rule

IDS: Mapping[str, str] = {Kind.OUTCOME: "outcome_id", Kind.DESK: "event_id"}
"""Kinds of rows, each with how its body names what is stored."""
_FACTS: Mapping[str, Sequence[str]] = {
    Kind.OUTCOME: ("decision_id", "version"),
    Kind.DESK: ("decision_id", "version", "audience", "act", "by"),
}
"""What body and index both say, in the order of :attr:`StoredFound.facts`."""
_WORDS: Mapping[str, str] = {Kind.OUTCOME: "outcome", Kind.DESK: "act of the desk"}


class StoredFound(NamedTuple):
    """What is stored of one outcome or act.

    Attributes:
        place: writer and row by which the index finds it.
        facts: what the index says of it.
        held: its contents, as of a part of a decision.
        is_kept: whether contents of its decision are there: then its own have to be.
    """

    place: tuple[str, int]
    facts: tuple[Any, ...]
    held: Held
    is_kept: bool


class FoundRows(Protocol):
    """Reads what is stored of outcomes and acts."""

    def look_up(self, kind: str, ids: Sequence[str]) -> Mapping[str, StoredFound]:
        """Find what is stored; those of which the index has nothing are left out."""

    def still_there(self, kind: str, ids: Sequence[str]) -> frozenset[str]:
        """Find those whose contents are there by now: keys are in no snapshot, and go when contents do."""

    def ids(self, kind: str) -> Iterator[str]:
        """List what the index has."""


class FoundCheck:
    """Follows the outcomes and acts that a log tells of; what has to be remembered goes to a private temporary file.

    Args:
        rows: what is stored; ``None`` where that cannot be seen from here.
        findings: where to note what does not hold.
    """

    def __init__(self, rows: FoundRows | None, findings: Findings) -> None:
        self._rows = rows
        self._findings = findings
        self._waiting: dict[str, list[tuple[str, str, int, Mapping[str, Any]]]] = {kind: [] for kind in IDS}
        self._told = sqlite3.connect("")
        self._told.execute("CREATE TABLE told (kind TEXT, id TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID")

    def watched(self) -> dict[str, Callable[[str, int, Mapping[str, Any]], None]]:
        """What to call for which kind of row."""
        if self._rows is None:
            return {}
        return {Kind.OUTCOME: self._outcome, Kind.DESK: self._act}

    def finish(self) -> None:
        """Take the end of the log."""
        for kind in IDS if self._rows is not None else ():
            self._flush(kind)
            self._unlogged(kind)
        self._told.close()

    def _outcome(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        self._take(Kind.OUTCOME, writer, seq, body)

    def _act(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        self._take(Kind.DESK, writer, seq, body)

    def _take(self, kind: str, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        one = text_or_none(body.get(IDS[kind]))
        if one is None:
            self._findings.add(Rule.MALFORMED, f"this {_WORDS[kind]} has no id", writer, seq)
            return
        self._waiting[kind].append((one, writer, seq, body))
        if len(self._waiting[kind]) >= BATCH:
            self._flush(kind)

    def _flush(self, kind: str) -> None:
        assert self._rows is not None
        waiting, self._waiting[kind] = self._waiting[kind], []
        if not waiting:
            return
        stored = self._rows.look_up(kind, [one[0] for one in waiting])
        self._told.executemany("INSERT OR IGNORE INTO told VALUES (?, ?)", ((kind, one[0]) for one in waiting))
        keyless = [one[0] for one in waiting if one[0] in stored and stored[one[0]].held is False]
        there = self._rows.still_there(kind, keyless) if keyless else frozenset()
        for one, writer, seq, body in waiting:
            found = stored.get(one)
            if found is None:
                text = f"the index does not have this {_WORDS[kind]}: whoever reads the store does not see it"
                self._findings.add(Rule.CONTENTS_MISSING, text, writer, seq)
            elif found.held is not False or one in there:
                self._compare(kind, (writer, seq), body, found)

    def _compare(self, kind: str, place: tuple[str, int], body: Mapping[str, Any], found: StoredFound) -> None:
        word = _WORDS[kind]
        if found.place != place or found.facts != tuple(body.get(name) for name in _FACTS[kind]):
            text = f"the index says something else of this {word} than this row does"
            self._findings.add(Rule.CONTENTS_CHANGED, text, *place)
        held = found.held
        if isinstance(held, bytes) and held.hex() != body.get("commit"):
            text = f"the stored {word} is not the one that this row commits to"
            self._findings.add(Rule.CONTENTS_CHANGED, text, *place)
        elif isinstance(held, str):
            self._findings.add(Rule.CONTENTS_CHANGED, f"the stored {word} {held}", *place)
        elif held is False or (held is None and found.is_kept):
            state = "is gone" if held is None else "cannot be read, since its key is gone"
            text = f"what was stored of this {word} {state}, while its decision is kept"
            self._findings.add(Rule.CONTENTS_MISSING, text, *place)

    def _unlogged(self, kind: str) -> None:
        assert self._rows is not None
        query = "SELECT 1 FROM told WHERE kind = ? AND id = ?"
        for one in self._rows.ids(kind):
            if self._told.execute(query, (kind, one)).fetchone() is None:
                text = f"the index has {_WORDS[kind]} {one}, of which no row of the log tells"
                self._findings.add(Rule.CONTENTS_UNLOGGED, text)
