"""Whole files scored: rows in, answers out, findings beside them, in chunks so that memory stays small.

What is done is on disk after each chunk, so a run that was stopped, or whose service went away, is started again with
the same words and goes on where it was: the answers hold each record once.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson

from features.declared import Problem
from features.mapping import TableMapping
from features.record import TravellerRecord
from riskapi.files.progress import Part, open_progress, sha256_of
from riskapi.files.read import Row, rows_of
from riskapi.files.scorers import Scorer
from riskapi.files.write import Answer, check_writable, open_writer
from riskapi.messages.sources import sources_of_reasons

CHUNK_ROWS = 500
"""Records scored together: one request and one durable transaction of the service."""


@dataclass(slots=True)
class Summary:
    """What became of the rows of all files."""

    scored: int = 0
    """Records with an answer, those of crew included."""
    not_scored: int = 0
    """Rows without an answer."""
    findings: int = 0
    """Lines of the report of findings."""
    findings_path: Path | None = None
    """Where that report is, if there is anything to report."""
    resumed_after: int = 0
    """Rows that an earlier run, which was stopped, had done."""


def score_files(
    paths: Sequence[Path],
    scorer: Scorer,
    out: Path,
    mapping: TableMapping | None = None,
    on_progress: Callable[[int], None] = lambda _rows: None,
    *,
    restart: bool = False,
    country: str | None = None,
) -> Summary:
    """Score files and write the answers.

    Args:
        paths: files as :func:`riskapi.files.read.rows_of` reads them.
        scorer: the service, or bundles on this machine.
        out: ``.ndjson``, ``.jsonl``, ``.csv`` or ``.parquet``; appears when everything is written. Findings go to a
            file beside it.
        mapping: how a row of a table becomes a record.
        on_progress: told the number of rows that are done, after each chunk, and at the start where rows were done
            before.
        restart: forget what an earlier run that was stopped had done.
        country: that receives messages, ISO 3166-1 alpha-3.

    Raises:
        ServiceError: a file cannot be read or written, the service does not answer, or ``out`` has unfinished answers
            of other work.
    """
    check_writable(out)
    with open_progress(out, _about(paths, scorer, mapping, country), restart=restart) as progress:
        summary = Summary(resumed_after=progress.rows)
        if progress.rows:
            on_progress(progress.rows)
        rows = (row for path in paths for row in rows_of(path, mapping, country=country))
        for chunk in _chunks(islice(rows, progress.rows, None)):
            progress.add(_score(chunk, scorer))
            on_progress(len(chunk))
        with open_writer(out) as writer, _report(out) as (findings_path, findings):
            for part in progress.parts():
                writer.write(part.answers)
                findings.writelines(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in part.findings)
                summary.scored += len(part.answers)
                summary.not_scored += part.not_scored
                summary.findings += len(part.findings)
    summary.findings_path = findings_path if summary.findings else None
    return summary


def _about(paths: Sequence[Path], scorer: Scorer, mapping: TableMapping | None, country: str | None) -> dict[str, Any]:
    """Say what work this is, so that only the same work is gone on with."""
    described = None if mapping is None else orjson.dumps(mapping.to_json(), option=orjson.OPT_SORT_KEYS)
    return {
        "files": [[path.name, sha256_of(path)] for path in paths],
        "mapping": None if described is None else sha256(described).hexdigest(),
        "scored_by": scorer.about,
    } | ({} if country is None else {"country": country})


@contextmanager
def _report(out: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Open the report of findings; one that stays empty is removed."""
    path = out.with_name(out.name + ".findings.ndjson")
    try:
        with path.open("wb") as file:
            yield path, file
            file.flush()
            os.fsync(file.fileno())
    finally:
        if path.exists() and not path.stat().st_size:
            path.unlink()


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK_ROWS)):
        yield chunk


def _score(chunk: Sequence[Row], scorer: Scorer) -> Part:
    """Score the readable rows of a chunk, and gather what is wrong with the others."""
    problems: list[tuple[Row, tuple[Problem, ...]]] = [(row, row.problems) for row in chunk if row.problems]
    readable: list[tuple[Row, TravellerRecord]] = [(row, row.record) for row in chunk if row.record is not None]
    answers: list[tuple[str, Answer]] = []
    results = scorer.score([record for _, record in readable], [row.source for row, _ in readable]) if readable else []
    for (row, _), result in zip(readable, results, strict=True):
        if isinstance(result, tuple):
            problems.append((row, result))
        else:
            more = {"sources": sources_of_reasons(result, row.sources)} if row.sources else {}
            answers.append((row.source, {**result, **more}))
    return Part(
        rows=len(chunk),
        not_scored=sum(1 if row.record else row.unread for row, _ in problems),
        answers=answers,
        findings=[{"source": row.source, **problem._asdict()} for row, found in problems for problem in found],
    )
