"""A folder through which a post exchanges files: what appears in it is scored, and answers appear beside it.

Every step is a rename on one file system, with what it rests on flushed before, so that whatever is killed, and when,
the next run finds how far it came by what lies where:

- A file that has settled is *claimed*: moved to a folder of its own under ``.riskapi``. Until then nothing was done.
- It is scored there, its progress kept beside it (:mod:`riskapi.score_file`).
- Once its answers are whole, it moves to ``done``; then findings and answers move out. Until it has moved, it is gone
  on with; once it has, only what is left is moved out.
- A file of which nothing can be read moves to ``rejected``, after what is wrong with it.
"""

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import orjson

from features.mapping import TableMapping
from riskapi.errors import ServiceError
from riskapi.files.read import rows_of
from riskapi.files.scorers import Scorer
from riskapi.files.whole import flush, move
from riskapi.files.write import WRITERS
from riskapi.score_file import Summary, score_files

WORK, DONE, REJECTED = ".riskapi", "done", "rejected"
ANSWERS, FINDINGS = ".answers", ".findings.ndjson"
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload")
"""Ends of names that are given while a file is written; it is renamed when it is whole."""
FINDINGS_MAX = 200
"""Of a file of which nothing can be read."""
_SOURCE = "source"

Signature = tuple[int, int, int]
Finding = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Job:
    """One file that was claimed.

    Attributes:
        directory: holds it, and what is made of it; its name is free beside all others.
    """

    directory: Path

    @property
    def name(self) -> str:
        """By which the file, its answers and its findings leave."""
        return self.directory.name

    @property
    def source(self) -> Path | None:
        """The file, under the name with which it came; ``None`` once it has left."""
        return next(iter(sorted((self.directory / _SOURCE).glob("*"))), None)

    def out(self, form: str) -> Path:
        """Where answers are written: as they were begun, else in a form."""
        begun = [self.directory / f"{self.name}{ANSWERS}{suffix}" for suffix in WRITERS]
        started = [one for one in begun if one.exists() or _progress_of(one).exists()]
        return started[0] if started else self.directory / f"{self.name}{ANSWERS}{form}"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one file.

    Attributes:
        name: by which it left.
        summary: of its rows, where they were scored now.
        rejected: whether nothing of it could be scored.
    """

    name: str
    summary: Summary | None = None
    rejected: bool = False


class Folder:
    """The folder and what lies where in it; readable by its owner alone, since its files tell of travellers.

    Args:
        path: of the folder, which exists.

    Raises:
        ServiceError: it is no folder, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise ServiceError(f"{path} is no folder: make it first.")
        self.path = path
        try:
            for name in (WORK, DONE, REJECTED):
                (path / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise ServiceError(f"{path} cannot be written ({error.strerror}). Check its rights.") from None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other watchers out.

        Raises:
            ServiceError: where another one is at it.
        """
        with (self.path / WORK / ".lock").open("a", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ServiceError(f"Another watcher is at {self.path}. One is enough.") from None
            yield

    def arrived(self) -> dict[Path, Signature]:
        """Find the files that may be meant for scoring, with what changes while they are written."""
        found = {}
        for entry in sorted(os.scandir(self.path), key=lambda one: one.name):
            name = entry.name
            if name.startswith(".") or name.endswith((*UNFINISHED, FINDINGS)) or ANSWERS in name:
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                found[Path(entry.path)] = _signature(status)
        return found

    def jobs(self) -> list[Job]:
        """Find what was claimed, in order of name; what was claimed and never moved is tidied away."""
        found = []
        for directory in sorted(one for one in (self.path / WORK).iterdir() if one.is_dir()):
            job = Job(directory)
            if job.source is None and not any(one.is_file() for one in directory.iterdir()):
                _remove(job)
            else:
                found.append(job)
        return found

    def claim(self, path: Path) -> Job:
        """Move a file out of reach of others, to a folder with a name that nothing else has."""
        directory = self.path / WORK / self._free(path.name)
        (directory / _SOURCE).mkdir(mode=0o700, parents=True)
        flush(self.path / WORK)
        flush(directory)
        move(path, directory / _SOURCE / path.name)
        return Job(directory)

    def finish(self, job: Job, out: Path | None) -> None:
        """Move out what a job has made; begun again, it goes on where it was.

        Args:
            job: whose answers are whole.
            out: its answers; ``None`` where the file has left and what is there is all that is left.
        """
        if (source := job.source) is not None:
            assert out is not None, "there is no file without answers"
            flush(source)
            move(source, self.path / DONE / job.name)
        for left in sorted(one for one in job.directory.iterdir() if one.is_file()):
            if left.name.endswith(FINDINGS):
                move(left, self.path / f"{job.name}{FINDINGS}")
        for left in sorted(one for one in job.directory.iterdir() if one.is_file()):
            move(left, self.path / left.name)
        _remove(job)

    def reject(self, job: Job, source: Path, findings: Sequence[Finding]) -> None:
        """Move a file to where broken ones are, after what is wrong with it."""
        told = self.path / REJECTED / f"{job.name}{FINDINGS}"
        part = told.with_name(f"{told.name}.part")
        part.write_bytes(b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in findings))
        flush(part)
        move(part, told)
        move(source, self.path / REJECTED / job.name)
        _remove(job)

    def _free(self, name: str) -> str:
        """Make a name that neither files nor answers of earlier files have.

        ``today.csv`` becomes ``today~2.csv`` where there is one.
        """
        head, dot, tail = name.partition(".")
        for number in count(1):
            free = name if number == 1 else f"{head}~{number}{dot}{tail}"
            made = [f"{free}{FINDINGS}", *(f"{free}{ANSWERS}{suffix}" for suffix in WRITERS)]
            places = [
                *(self.path / place / free for place in (WORK, DONE, REJECTED)),
                *(self.path / one for one in made),
            ]
            if not any(place.exists() for place in places):
                return free
        raise AssertionError("numbers do not end")


class Watcher:
    """Scores what appears in a folder.

    Args:
        folder: held by this process.
        scorer: makes who scores one file.
        form: suffix of the answers.
        mapping: what the columns of tables mean.
        country: that receives messages, ISO 3166-1 alpha-3.
        settle_seconds: how long a file must not have changed before it is taken.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        folder: Folder,
        scorer: Callable[[], Scorer],
        *,
        form: str = ".ndjson",
        mapping: TableMapping | None = None,
        country: str | None = None,
        settle_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._scorer, self._form, self._mapping = folder, scorer, form, mapping
        self._country, self._settle_seconds, self._clock = country, settle_seconds, clock
        self._seen: dict[Path, tuple[Signature, float]] = {}

    def turn(self, *, restart: bool = False) -> Iterator[Done]:
        """Go on with what was begun, then take every file that has settled, one after the other.

        Args:
            restart: begin anew what was begun by another mapping or other models.

        Yields:
            What became of each file.

        Raises:
            ServiceError: nothing can be scored now; the next turn goes on.
        """
        for job in self._folder.jobs():
            yield self._run(job, restart=restart)
        for path in self._settled():
            try:
                job = self._folder.claim(path)
            except FileNotFoundError:  # its sender took it back
                continue
            yield self._run(job)

    def _settled(self) -> list[Path]:
        now, arrived = self._clock(), self._folder.arrived()
        seen = self._seen
        self._seen = {
            path: seen[path] if path in seen and seen[path][0] == signature else (signature, now)
            for path, signature in arrived.items()
        }
        return [path for path, (_, since) in self._seen.items() if now - since >= self._settle_seconds]

    def _run(self, job: Job, *, restart: bool = False) -> Done:
        source = job.source
        if source is None:
            self._folder.finish(job, None)
            return Done(job.name)
        out = job.out(self._form)
        if out.exists() and not _progress_of(out).exists():  # whole: it was stopped before it moved out
            self._folder.finish(job, out)
            return Done(job.name)
        if findings := _why_rejected(source, self._mapping):
            self._folder.reject(job, source, findings)
            return Done(job.name, rejected=True)
        before = _signature(source.stat())
        summary = score_files([source], self._scorer(), out, self._mapping, restart=restart, country=self._country)
        if _signature(source.stat()) != before:
            out.unlink()
            raise ServiceError(
                f"{source.name} was still being written and is scored again. Have its sender name it {UNFINISHED[0]} "
                "until it is whole."
            )
        self._folder.finish(job, out)
        return Done(job.name, summary)


def _why_rejected(path: Path, mapping: TableMapping | None) -> list[Finding]:
    """Read a file through before anything of it is scored; gives what is wrong where it has to be rejected."""
    findings: list[Finding] = []
    rows = records = 0
    try:
        for row in rows_of(path, mapping):
            rows += 1
            records += row.record is not None
            if len(findings) < FINDINGS_MAX:
                findings += [{"source": row.source, **problem._asdict()} for problem in row.problems]
    except ServiceError as error:
        return [_finding(path, "cannot be read to its end", str(error))]
    if records:
        return []
    if not rows:
        return [_finding(path, "holds no record", "Send it again when it is written.")]
    return findings[:FINDINGS_MAX]


def _signature(status: os.stat_result) -> Signature:
    """What of a file changes while it is written."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def _finding(path: Path, rule: str, remedy: str) -> Finding:
    return {"source": path.name, "place": "file", "rule": rule, "remedy": remedy}


def _progress_of(out: Path) -> Path:
    return out.with_name(f"{out.name}.progress")


def _remove(job: Job) -> None:
    for directory in (job.directory / _SOURCE, job.directory):
        if directory.is_dir():
            directory.rmdir()
