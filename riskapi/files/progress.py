"""What is done of a file that is being scored, kept on disk: a run that was stopped goes on where it was."""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from riskapi.errors import ServiceError
from riskapi.files.write import Answer

FORM = 1
"""Of the file; one of another form is not gone on with."""


@dataclass(frozen=True, slots=True)
class Part:
    """What became of some rows: one line of the file."""

    rows: int
    """Rows read, whatever became of them."""
    not_scored: int
    """Travellers without an answer."""
    answers: Sequence[tuple[str, Answer]]
    """Each with the place that its record came from."""
    findings: Sequence[Mapping[str, str]]


class Progress:
    """The parts that are done; a part counts from the moment that its line is on disk.

    Attributes:
        path: of the file.
        rows: rows that are done.
    """

    def __init__(self, path: Path, file: IO[bytes], rows: int) -> None:
        self.path, self._file, self.rows = path, file, rows

    def add(self, part: Part) -> None:
        """Put a part on disk."""
        line = {"rows": part.rows, "not_scored": part.not_scored, "answers": part.answers, "findings": part.findings}
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.rows += part.rows

    def parts(self) -> Iterator[Part]:
        """Read back all parts, those of earlier runs first; one at a time is held."""
        self._file.seek(0)
        self._file.readline()
        for line in self._file:
            read = orjson.loads(line)
            answers = [(source, answer) for source, answer in read["answers"]]
            yield Part(read["rows"], read["not_scored"], answers, read["findings"])


@contextmanager
def open_progress(out: Path, about: Mapping[str, Any], *, restart: bool = False) -> Iterator[Progress]:
    """Begin, or go on with what an earlier run of the same work left.

    The file lies beside the answers. It goes when all is well, or nothing is done; else it stays for the next run.

    Args:
        out: file of the answers.
        about: what is scored and by what; work that differs in anything is other work.
        restart: begin anew, whatever is there.

    Raises:
        ServiceError: other work is unfinished there, or another run is at it, or nothing can be written.
    """
    path = out.with_name(out.name + ".progress")
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    except OSError as error:
        raise ServiceError(f"{path}: cannot be written ({error.strerror}). Check folder and rights.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ServiceError(f"Another run is writing {out}. Wait for it, or give another --out.") from None
        progress = Progress(path, file, _rows_done(path, file, about, restart=restart))
        try:
            yield progress
        except BaseException as error:
            if not progress.rows:
                path.unlink()
            if isinstance(error, OSError):
                raise ServiceError(f"The answers cannot be written ({error.strerror}). Check {out.parent}.") from None
            raise
        path.unlink()


def _rows_done(path: Path, file: IO[bytes], about: Mapping[str, Any], *, restart: bool) -> int:
    """Read how far an earlier run came, and stand behind its last whole line; a torn one is cut off."""
    head = orjson.dumps({"form": FORM, **about}, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS)
    first = b"" if restart else file.readline()
    if first.endswith(b"\n") and first != head:
        raise ServiceError(
            f"{path} holds the progress of other work: other files, another mapping, or scored by something else. "
            "Finish that work first, give another --out, or drop it by --restart."
        )
    if not first.endswith(b"\n"):
        file.seek(0)
        file.truncate()
        file.write(head)
        return 0
    rows, end = 0, file.tell()
    for line in iter(file.readline, b""):
        if not line.endswith(b"\n"):
            break
        rows, end = rows + int(orjson.loads(line)["rows"]), file.tell()
    file.seek(end)
    file.truncate()
    return rows


def sha256_of(path: Path) -> str:
    """Take the digest of a file's bytes.

    Raises:
        ServiceError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ServiceError(f"{path.name}: cannot be read ({error.strerror}). Check path and rights.") from None
