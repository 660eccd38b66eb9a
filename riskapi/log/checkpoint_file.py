"""The file of checkpoints: append-only, flushed line by line, meant to lie out of reach of the database's owner."""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

TORN = b" torn"
"""Ends a line whose writing was cut short by a crash; a later writer adds it before its own line."""
_LINE_BYTES_MAX = 64 * 1024
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
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        line = orjson.dumps({"note": note}) + b"\n"
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
    """Read the notes in order; lines torn by a crash are passed over, anything else that is no note is told.

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
                yield FileLine(number, _note(line))


def _note(line: bytes) -> str | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    match found:
        case {"note": str(note)} if len(found) == 1:
            return note
        case _:
            return None


def _sync_directory(path: Path) -> None:
    """Make the name of a new file durable too."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
