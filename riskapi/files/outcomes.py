"""Outcomes from files: rows of a CSV or lines of JSON whose columns are named as the agency names them."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from features.declared import Problem
from riskapi.access.purpose import Use
from riskapi.body import strict_json
from riskapi.errors import ConflictError, MalformedBodyError, ServiceError
from riskapi.outcome_form import OutcomeRequest
from riskapi.outcomes import Outcomes
from riskapi.problems import problems_of
from riskapi.storage.outcomes import OutcomeRow

CHUNK_ROWS = 200
_LINE_BYTES_MAX = 1 << 16


class Columns(NamedTuple):
    """Where the facts of an outcome stand in a file.

    Attributes:
        of: name of the column for each field that does not stand under its own name.
        fixed: value for each field that is the same in all rows.
    """

    of: Mapping[str, str]
    fixed: Mapping[str, str]

    @classmethod
    def read(cls, columns: Iterable[str], fixed: Iterable[str]) -> "Columns":
        """Read ``field=column`` and ``field=value``.

        Raises:
            ServiceError: for another form, or a field that no outcome has.
        """
        return cls(dict(map(_pair, columns)), dict(map(_pair, fixed)))

    def facts(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Pick the facts of an outcome; blank cells are left out."""
        found: dict[str, Any] = {name: row.get(self.of.get(name, name)) for name in OutcomeRequest.model_fields}
        found.update(self.fixed)
        return {name: value for name, value in found.items() if value is not None and value != ""}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value or name not in OutcomeRequest.model_fields:
        allowed = ", ".join(OutcomeRequest.model_fields)
        raise ServiceError(f"Give FIELD=... with a field of an outcome: {allowed}.")
    return name, value


@dataclass(slots=True)
class Imported:
    """What became of the rows of a file."""

    recorded: int = 0
    """Outcomes that are new."""
    repeated: int = 0
    """Outcomes that were on record before."""
    refused: int = 0
    """Rows that are no outcome; the report says why."""
    report: Path | None = None


Row = tuple[str, Any]
"""Place in the file, and what stands there."""


def import_outcomes(path: Path, columns: Columns, outcomes: Outcomes, use: Use) -> Imported:
    """Record the outcomes of a file; rows that are none go to a report beside it.

    Args:
        path: ``.csv``, ``.ndjson`` or ``.jsonl``.
        columns: what stands where.
        outcomes: takes them, as over HTTP.
        use: who records them, and for what.

    Raises:
        ServiceError: where the file cannot be read or the store fails; rows before are recorded.
    """
    done = Imported()
    report = path.with_name(path.name + ".findings.ndjson")
    try:
        with report.open("wb") as findings:
            rows = _rows(path)
            while chunk := list(islice(rows, CHUNK_ROWS)):
                for source, problem in _record(chunk, columns, outcomes, use, done):
                    line = {"source": source, **problem._asdict()}
                    findings.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise ServiceError(f"{path.name}: cannot be read, or its report not written ({error.strerror}).") from None
    finally:
        with suppress(OSError):
            if not report.stat().st_size:
                report.unlink()
    done.report = report if report.exists() else None
    return done


def _record(
    chunk: Sequence[Row], columns: Columns, outcomes: Outcomes, use: Use, done: Imported
) -> Iterator[tuple[str, Problem]]:
    """Record the rows of a chunk; gives every problem with its place."""
    sources, forms = [], []
    for source, row in chunk:
        found: list[Problem] = []
        if isinstance(row, Problem):
            found = [row]
        else:
            facts = columns.facts(row)
            try:
                forms.append(OutcomeRequest.model_validate(facts))
                sources.append(source)
            except ValidationError as error:
                found = problems_of(error, OutcomeRequest, facts)
        done.refused += bool(found)
        for problem in found:
            yield source, problem
    rows, refusals = outcomes.examine(forms, use.caller)
    for refusal in refusals:
        done.refused += 1
        for problem in refusal.problems:
            yield sources[refusal.place], problem
    for source, text in _keep(sources, rows, outcomes, use, done):
        done.refused += 1
        yield source, Problem("(outcome)", "does not follow the one on record", text)


def _keep(
    sources: Sequence[str], rows: Sequence[OutcomeRow | None], outcomes: Outcomes, use: Use, done: Imported
) -> Iterator[tuple[str, str]]:
    """Store outcomes together; where one conflicts, each on its own."""
    good = [(source, row) for source, row in zip(sources, rows, strict=True) if row is not None]
    try:
        _count(outcomes.keep([row for _, row in good], use, "file"), done)
    except ConflictError:
        for source, row in good:
            try:
                _count(outcomes.keep([row], use, "file"), done)
            except ConflictError as error:
                yield source, str(error).removeprefix("outcomes[0]: ")


def _count(recorded: Sequence[Any], done: Imported) -> None:
    for one in recorded:
        done.repeated += one.repeated
        done.recorded += not one.repeated


def _rows(path: Path) -> Iterator[Row]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv(path)
    if suffix in {".ndjson", ".jsonl"}:
        return _lines(path)
    raise ServiceError(f"{path.name}: outcomes are read from .csv, .ndjson and .jsonl. Convert the file.")


def _csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file, strict=True)
        try:
            for row in table:
                yield f"{path.name} line {table.line_num}", row
        except (csv.Error, UnicodeDecodeError):
            raise ServiceError(f"{path.name}: not readable after line {table.line_num}. Write it as UTF-8.") from None


def _lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LINE_BYTES_MAX):
            number += 1
            source = f"{path.name} line {number}"
            if len(line) == _LINE_BYTES_MAX and not line.endswith(b"\n"):
                raise ServiceError(f"{source}: a line may have {_LINE_BYTES_MAX} bytes. Write one outcome per line.")
            if not line.strip():
                continue
            try:
                row = strict_json(line.removeprefix(b"\xef\xbb\xbf"))
            except MalformedBodyError as error:
                yield source, Problem("(outcome)", "is no strict JSON", str(error))
                continue
            if isinstance(row, dict):
                yield source, row
            else:
                yield source, Problem("(outcome)", "is no object", "Write one JSON object per line.")
