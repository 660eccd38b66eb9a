"""Whole files scored: rows in, answers out, findings beside them, in chunks so that memory stays small."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import orjson

from features.declared import Problem
from features.mapping import TableMapping
from features.record import TravellerRecord
from riskapi.files.read import Row, rows_of
from riskapi.files.scorers import Scorer
from riskapi.files.write import Answer, open_writer

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


def score_files(
    paths: Sequence[Path],
    scorer: Scorer,
    out: Path,
    mapping: TableMapping | None = None,
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> Summary:
    """Score files and write the answers.

    Args:
        paths: files as :func:`riskapi.files.read.rows_of` reads them.
        scorer: the service, or bundles on this machine.
        out: ``.ndjson``, ``.jsonl``, ``.csv`` or ``.parquet``; appears when everything is written. Findings go to a
            file beside it.
        mapping: how a row of a table becomes a record.
        on_progress: told the number of rows that are done, after each chunk.

    Raises:
        ServiceError: a file cannot be read or written, or the service does not answer.
    """
    summary = Summary()
    with open_writer(out) as writer, _report(out) as (findings_path, findings):
        rows = (row for path in paths for row in rows_of(path, mapping))
        for chunk in _chunks(rows):
            answers, problems = _score(chunk, scorer)
            writer.write(answers)
            findings.writelines(_report_lines(problems))
            summary.scored += len(answers)
            summary.not_scored += sum(1 if row.record else row.unread for row, _ in problems)
            summary.findings += sum(len(found) for _, found in problems)
            on_progress(len(chunk))
    summary.findings_path = findings_path if summary.findings else None
    return summary


@contextmanager
def _report(out: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Open the report of findings; one that stays empty is removed."""
    path = out.with_name(out.name + ".findings.ndjson")
    try:
        with path.open("wb") as file:
            yield path, file
    finally:
        if path.exists() and not path.stat().st_size:
            path.unlink()


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK_ROWS)):
        yield chunk


def _score(
    chunk: Sequence[Row], scorer: Scorer
) -> tuple[list[tuple[str, Answer]], list[tuple[Row, tuple[Problem, ...]]]]:
    """Score the readable rows of a chunk, and gather what is wrong with the others."""
    problems = [(row, row.problems) for row in chunk if row.problems]
    readable: list[tuple[Row, TravellerRecord]] = [(row, row.record) for row in chunk if row.record is not None]
    answers: list[tuple[str, Answer]] = []
    results = scorer.score([record for _, record in readable]) if readable else []
    for (row, _), result in zip(readable, results, strict=True):
        if isinstance(result, tuple):
            problems.append((row, result))
        else:
            answers.append((row.source, result))
    return answers, problems


def _report_lines(problems: Sequence[tuple[Row, tuple[Problem, ...]]]) -> Iterator[bytes]:
    for row, found in problems:
        for problem in found:
            line = {"source": row.source, **problem._asdict()}
            yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
