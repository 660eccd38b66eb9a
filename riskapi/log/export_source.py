"""Reads a log from an exported directory, on a machine that has nothing else; trusts nothing of what stands there."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from riskapi.errors import ServiceError
from riskapi.log.checkpoint_file import read_checkpoint_file
from riskapi.log.contents_check import ALL_THERE, BATCH, PARTS, Held, Stored
from riskapi.log.export_format import BUNDLES, CHECKPOINTS, CONTENTS, LEDGER, LOG, read_row_line
from riskapi.log.findings import Findings, Rule
from riskapi.log.genesis_check import Place
from riskapi.log.registry_check import BundleFacts, LedgerFacts
from riskapi.log.source import Row

_LINE_BYTES_MAX = 1 << 26
_CHUNK_BYTES = 1 << 20
_BUNDLE_FIELDS = ("digest", "risk", "name", "version", "manifest", "signature")
_COMMIT_LENGTH = 2 * sha256().digest_size


class ExportSource:
    """An exported directory.

    Args:
        directory: of the export.

    Raises:
        ServiceError: where it holds no log.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.name = str(directory)
        if not (directory / LOG).is_file():
            raise ServiceError(f"{directory} holds no exported log: {LOG} is missing.")
        self.contents = ExportContents(directory / CONTENTS) if (directory / CONTENTS).is_file() else None
        has_registry = (directory / BUNDLES).is_file() and (directory / LEDGER).is_file()
        self.registry = ExportRegistry(directory) if has_registry else None
        self.access = self.found = None

    def row_count(self) -> int:
        """How many lines there are."""
        with (self._directory / LOG).open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK_BYTES), b""))

    def rows(self, findings: Findings) -> Iterator[Row]:
        """Read the rows in the order of the file."""
        with (self._directory / LOG).open("rb") as file:
            for number, line in enumerate(file, start=1):
                row = read_row_line(line)
                if row is not None:
                    yield row
                else:
                    findings.add(Rule.MALFORMED, f"line {number} of {LOG} is no row")

    def hashes(self, places: Collection[Place]) -> dict[Place, list[bytes]]:
        """Find the stored hashes of rows, in one pass over the file."""
        ends = tuple(f'"seq":{seq},"writer":"{writer}"}}\n'.encode() for writer, seq in places)
        found: dict[Place, list[bytes]] = {}
        with (self._directory / LOG).open("rb") as file:
            for line in file:
                if line.endswith(ends) and (row := read_row_line(line)) is not None:
                    found.setdefault(row[:2], []).append(row[5])
        return found

    def checkpoints(self) -> Iterator[tuple[str, str | None, tuple[str, int] | None]]:
        """Read place and note of the checkpoints."""
        path = self._directory / CHECKPOINTS
        if path.is_file():
            for line in read_checkpoint_file(path):
                yield f"{CHECKPOINTS} line {line.number}", line.note, None


class ExportRegistry:
    """Bundles and ledger of an export."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def bundles(self) -> Iterator[BundleFacts]:
        """Read the bundles."""
        for row in _lines(self._directory / BUNDLES):
            digest, risk, name, version, manifest, signature = (str(row.get(field)) for field in _BUNDLE_FIELDS)
            hashes = row.get("hashes")
            told = hashes if isinstance(hashes, dict) else {}
            yield BundleFacts(digest, risk, name, version, manifest.encode(), signature.encode(), told)

    def ledger(self) -> Iterator[LedgerFacts]:
        """Read the ledger."""
        for row in _lines(self._directory / LEDGER):
            yield LedgerFacts(*(str(row.get(name)) for name in ("event", "digest", "risk", "principal", "rationale")))


class ExportContents:
    """Contents of an export: by decision, in a private temporary file, so that memory stays bounded."""

    def __init__(self, path: Path) -> None:
        self._index = sqlite3.connect("")
        self._index.execute(
            "CREATE TABLE contents (id TEXT PRIMARY KEY, writer TEXT, seq INT, answer, identity, input) WITHOUT ROWID"
        )
        marks = "INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?, ?, ?)"
        self._index.executemany(marks, map(_stored, _lines(path)))

    def look_up(self, decision_ids: Sequence[str]) -> dict[str, Stored]:
        """Find what was exported of decisions."""
        found: dict[str, Stored] = {}
        for start in range(0, len(decision_ids), BATCH):
            batch = decision_ids[start : start + BATCH]
            query = f"SELECT * FROM contents WHERE id IN ({', '.join('?' * len(batch))})"  # noqa: S608 - question marks only
            for decision_id, writer, seq, answer, identity, input_ in self._index.execute(query, batch):
                parts = answer, identity, input_
                whole = parts == _WHOLE
                found[decision_id] = Stored(
                    None if writer is None else (writer, seq), ALL_THERE if whole else (answer, identity, input_)
                )
        return found

    def look_again(self, decision_ids: Sequence[str]) -> dict[str, Stored]:
        """Find the same again: files do not change."""
        return self.look_up(decision_ids)

    def count(self) -> int:
        """How many decisions have contents."""
        return int(self._index.execute("SELECT count(*) FROM contents").fetchone()[0])

    def ids(self) -> Iterator[str]:
        """List the decisions that have contents."""
        for (decision_id,) in self._index.execute("SELECT id FROM contents ORDER BY id"):
            yield decision_id


_WHOLE = (1, 1, 1)
"""How :data:`ALL_THERE` comes back from the index."""


def _stored(row: dict[str, Any]) -> tuple[str, str | None, int, Held, Held, Held]:
    parts = row.get("parts")
    if not isinstance(parts, dict):
        parts = {}
    match row.get("place"):
        case [str(writer), int(seq)]:
            place: tuple[str | None, int] = writer, seq
        case _:
            place = None, 0
    answer, identity, input_ = (_held(parts.get(part)) for part in PARTS)
    return str(row.get("decision_id")), *place, answer, identity, input_


def _held(part: Any) -> Held:
    if part is None or part is True:
        return part
    if isinstance(part, dict):
        commit, salt, content = part.get("commit"), part.get("salt"), part.get("content")
        try:
            if isinstance(commit, str) and len(commit) == _COMMIT_LENGTH:
                return bytes.fromhex(commit)
            if isinstance(salt, str) and isinstance(content, str):
                return sha256(bytes.fromhex(salt) + content.encode()).digest()
        except ValueError:
            pass
        if "problem" in part:
            return "could not be opened when it was exported"
    return "has another form than an export"


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    """Read lines of JSON; a line that is no object reads as an empty one, which then agrees with nothing."""
    with path.open("rb") as file:
        while line := file.readline(_LINE_BYTES_MAX):
            try:
                found = orjson.loads(line)
            except orjson.JSONDecodeError:
                found = {}
            yield found if isinstance(found, dict) else {}
