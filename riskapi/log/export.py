"""Writes a log out for people who do not have the database: everything that `riskapi verify` needs, nobody's data."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from features.risk import Audience
from riskapi.errors import ServiceError
from riskapi.log.contents_check import BATCH, PARTS
from riskapi.log.database_source import DatabaseSource, Opened
from riskapi.log.export_format import (
    BUNDLES,
    CHECKPOINTS,
    CONTENTS,
    FORMAT,
    LEDGER,
    LOG,
    PUBLIC_KEY,
    SALT_BYTES,
    SUMMARY,
    row_line,
)
from riskapi.log.findings import Findings
from riskapi.log.keys import write_public
from riskapi.privacy.sealing import Part

_FILE_MODE = 0o600
_PERSONAL_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        rows: of the log.
        heads: last row number of each writer.
        contents: decisions whose contents or commitments were written.
    """

    rows: int
    heads: dict[str, int]
    contents: int


def export_log(
    source: DatabaseSource,
    out: Path,
    public: Sequence[Ed25519PublicKey],
    *,
    contents_for: frozenset[Audience] | None = None,
    progress: Callable[[int], None] = lambda _rows: None,
) -> Exported:
    """Write a log to a new directory.

    Args:
        source: snapshot of the database.
        out: directory; it must not exist, or be empty.
        public: keys of the log, for convenience; who verifies should have them from elsewhere.
        contents_for: write record and answer of each decision, opened, for these audiences: data about persons. An
            answer that is for others too stays a commitment, as identity always does.
        progress: told of rows as they are written.

    Raises:
        ServiceError: where the directory holds something, the log has malformed rows, or contents cannot be opened.
        StorageError: where the database cannot be read.
    """
    if out.exists() and any(out.iterdir()):
        raise ServiceError(f"{out} holds something already: choose a new directory.")
    out.mkdir(parents=True, exist_ok=True, mode=_PERSONAL_MODE)
    findings = Findings(source.name)
    heads: dict[str, int] = {}
    rows = 0
    with _new_file(out / LOG) as file:
        for writer, seq, at, kind, body, row_hash in source.rows(findings):
            file.write(row_line(writer, seq, at, kind, body, row_hash=row_hash))
            heads[writer] = seq
            rows += 1
            if not rows % BATCH:
                progress(BATCH)
    progress(rows % BATCH)
    if findings.total:
        raise ServiceError("The log has rows that are none: run `riskapi verify` on the database.")
    _write_lines(out / CHECKPOINTS, ({"note": note} for _, note, _ in source.checkpoints()))
    _write_lines(out / BUNDLES, map(_bundle, source.registry.bundles()))
    _write_lines(out / LEDGER, map(_plain, source.registry.ledger()))
    contents = _write_lines(out / CONTENTS, _contents(source, contents_for))
    with _new_file(out / PUBLIC_KEY) as file:
        file.write("".join(f"{write_public(key)}\n" for key in public).encode())
    summary = {
        "format": FORMAT,
        "rows": rows,
        "heads": heads,
        "contents": contents,
        "personal": contents_for is not None,
    }
    _write_lines(out / SUMMARY, [summary])
    return Exported(rows, heads, contents)


def _contents(source: DatabaseSource, contents_for: frozenset[Audience] | None) -> Iterator[dict[str, Any]]:
    waiting: list[str] = []
    for decision_id in source.contents.ids():
        waiting.append(decision_id)
        if len(waiting) == BATCH:
            yield from _contents_of(source, waiting, contents_for)
            waiting = []
    if waiting:
        yield from _contents_of(source, waiting, contents_for)


def _contents_of(
    source: DatabaseSource, ids: Sequence[str], contents_for: frozenset[Audience] | None
) -> Iterator[dict[str, Any]]:
    """Where contents can be opened, their commitments are computed anew; else it is said which parts are there."""
    if source.contents.can_open:
        for decision_id, place, opened in source.contents.opened(ids):
            yield {
                "decision_id": decision_id,
                "place": place,
                "parts": {
                    part: _part(one, shown=contents_for is not None and _may_be_shown(part, one, contents_for))
                    for part, one in zip(PARTS, opened, strict=True)
                },
            }
        return
    if contents_for is not None:
        raise ServiceError("Contents cannot be opened: the secret and the keys database are needed.")
    for decision_id, stored in source.contents.look_up(ids).items():
        yield {"decision_id": decision_id, "place": stored.place, "parts": dict(zip(PARTS, stored.parts, strict=True))}


def _part(opened: Opened, *, shown: bool) -> dict[str, str] | bool | None:
    if not opened:  # gone, or its key is
        return None
    if isinstance(opened, str):
        return {"problem": opened}
    if not shown:
        return {"commit": sha256(opened).hexdigest()}
    return {"salt": opened[:SALT_BYTES].hex(), "content": opened[SALT_BYTES:].decode()}


def _may_be_shown(part: str, opened: Opened, audiences: frozenset[Audience]) -> bool:
    """Identity never is; an answer to those who may see all of its risks; the record without identity to all."""
    if part == Part.IDENTITY or not isinstance(opened, bytes):
        return False
    if part == Part.INPUT:
        return True
    return {risk.get("audience") for risk in orjson.loads(opened[SALT_BYTES:])["risks"]} <= audiences


def _bundle(row: Any) -> dict[str, Any]:
    return {
        **_plain(row),
        "manifest": row.manifest.decode(errors="replace"),
        "signature": row.signature.decode(errors="replace"),
    }


def _plain(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def _write_lines(path: Path, lines: Any) -> int:
    count = 0
    with _new_file(path) as file:
        for line in lines:
            file.write(orjson.dumps(line) + b"\n")
            count += 1
    return count


def _new_file(path: Path) -> BinaryIO:
    """Open a file that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb")
