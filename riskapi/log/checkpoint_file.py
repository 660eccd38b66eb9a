"""The file of checkpoints: append-only, flushed line by line, meant to lie out of reach of the database's owner."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

TORN = b" torn"
"""Ends a line whose writing was cut short by a crash; a later writer adds it before its own line."""
_LINE_BYTES_MAX = 64 * 1024
_ACT_FIELDS = 2
_MODE = 0o644


@dataclass(frozen=True, slots=True)
class FileLine:
    """One line: a note, or ``None`` where the line holds none."""

    number: int
    note: str | None


def append_checkpoint(path: Path, note: str) -> None:
    """Add a note and flush it to disk; several processes may do so at once.

    Raises:
        OSError: where that is not certain to have happened.
    """
    append_line(path, {"note": note})


def append_line(path: Path, data: Mapping[str, Any]) -> None:
    """Add a line of JSON and flush it to disk; several processes may do so at once.

    Raises:
        OSError: where that is not certain to have happened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        line = orjson.dumps(data) + b"\n"
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = TORN + b"\n" + line
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        _sync_directory(path.parent)


def read_checkpoint_file(path: Path) -> Iterator[FileLine]:
    """Read the notes in order; acts and lines torn by a crash are passed over, anything else that is no note is told.

    Raises:
        OSError: where the file cannot be read.
    """
    for number, found in read_lines(path):
        match found:
            case {"note": str(note)} if len(found) == 1:
                yield FileLine(number, note)
            case {"act": _, "signature": _} if len(found) == _ACT_FIELDS:
                pass  # of another kind: see riskapi.log.acts
            case _:
                yield FileLine(number, None)


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Read the lines with their numbers; lines torn by a crash are passed over, one that is no JSON reads as ``None``.

    Raises:
        OSError: where the file cannot be read.
    """
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LINE_BYTES_MAX):
            number += 1
            if not line.endswith(b"\n") and len(line) < _LINE_BYTES_MAX:
                return  # the last one, being written or torn
            if not line.endswith(TORN + b"\n"):
                try:
                    yield number, orjson.loads(line)
                except orjson.JSONDecodeError:
                    yield number, None


def _sync_directory(path: Path) -> None:
    """Make the name of a new file durable too."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
