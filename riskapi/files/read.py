"""Files of travellers as records: messages, NDJSON, and tables; streamed, so that no table is held whole."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import ValidationError

from features.declared import Problem
from features.errors import RecordError
from features.mapping import RowError, TableMapping
from features.record import TravellerRecord
from riskapi.body import strict_json
from riskapi.errors import InvalidBodyError, MalformedBodyError, ServiceError
from riskapi.messages.edifact.text import MAX_BYTES
from riskapi.messages.kinds import Crossing, read_message
from riskapi.problems import problems_of

LINE_BYTES_MAX = 1 << 20
"""Longest line of an NDJSON file; a record has a few kilobytes."""
ROWS_AT_A_TIME = 1000
RECORD_COLUMN = "record"
"""Column that holds a whole record as JSON; a table that has it needs no mapping."""


@dataclass(frozen=True, slots=True)
class Row:
    """One traveller of a file: a record to score, or nothing but problems; a scored row may have problems too."""

    source: str
    """File and place in it."""
    record: TravellerRecord | None
    problems: tuple[Problem, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    """Message of each fact, where a list and a booking were joined."""
    unread: int = 1
    """Travellers who are not scored because of these problems, where there is no record."""


def rows_of(
    path: Path, mapping: TableMapping | None = None, crossing: Crossing | None = None, country: str | None = None
) -> Iterator[Row]:
    """Read a file by its suffix.

    Args:
        path: ``.ndjson`` or ``.jsonl`` (a record per line), ``.csv``, ``.csv.gz`` or ``.parquet``; any other file is
            read as a message, of the kind that it holds.
        mapping: how a row of a table becomes a record; not needed where a column ``record`` holds it as JSON.
        crossing: mode, point, direction and time, for machine-readable zones, which do not say them.
        country: that receives messages, ISO 3166-1 alpha-3.

    Raises:
        ServiceError: the file cannot be read at all; the text says what to do.
    """
    reader = TABLES.get(path.suffix.lower())
    try:
        yield from reader(path, mapping) if reader is not None else _message(path, crossing, country)
    except OSError as error:
        raise ServiceError(f"{path.name}: cannot be read ({error.strerror}). Check path and rights.") from None


def rows_in(path: Path) -> int:
    """Count about how many rows a file has, for a progress bar; 0 where it cannot be told cheaply."""
    if not path.is_file():
        return 0
    if path.suffix.lower() == ".parquet":
        try:
            return int(pq.read_metadata(path).num_rows)
        except ValueError:
            return 0
    if path.suffix.lower() not in TABLES or path.suffix.lower() == ".gz":
        return 0
    with path.open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))


def _message(path: Path, crossing: Crossing | None, country: str | None) -> Iterator[Row]:
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    try:
        message = read_message(raw, crossing=crossing, country=country)
    except InvalidBodyError as error:
        yield Row(path.name, None, error.problems)
        return
    except MalformedBodyError as error:
        yield Row(path.name, None, (Problem("message", "is no strict JSON", str(error)),))
        return
    if message.findings:
        yield Row(path.name, None, message.findings, unread=message.persons - len(message.entries))
    for entry in message.entries:
        yield Row(f"{path.name} {entry.place}", entry.record, sources=entry.sources)


def _lines(path: Path, _mapping: TableMapping | None) -> Iterator[Row]:
    with path.open("rb") as file:
        for number in count(1):
            line = file.readline(LINE_BYTES_MAX)
            if not line:
                return
            source = f"{path.name} line {number}"
            if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
                raise ServiceError(f"{source}: a line may have {LINE_BYTES_MAX} bytes. Write one record per line.")
            if line.strip():
                yield _from_json(source, line.removeprefix(b"\xef\xbb\xbf"))


def _csv(path: Path, mapping: TableMapping | None) -> Iterator[Row]:
    encoding = "utf-8-sig" if mapping is None or mapping.layout.encoding == "utf-8" else mapping.layout.encoding
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding=encoding, newline="") as file:
        table = csv.DictReader(file, delimiter=mapping.layout.separator if mapping else ",", strict=True)
        try:
            read = _row_reader(path, tuple(table.fieldnames or ()), mapping)
            for row in table:
                yield read(f"{path.name} line {table.line_num}", row)
        except (csv.Error, UnicodeDecodeError, EOFError, zlib.error):
            raise ServiceError(
                f"{path.name}: not readable after line {table.line_num}. Check the mapping's separator and encoding."
            ) from None


def _parquet(path: Path, mapping: TableMapping | None) -> Iterator[Row]:
    try:
        table = pq.ParquetFile(path)
    except ValueError:
        raise ServiceError(f"{path.name}: no Parquet file. Check that it was copied whole.") from None
    with table:
        columns = tuple(table.schema_arrow.names)
        read = _row_reader(path, columns, mapping)
        wanted = [RECORD_COLUMN] if mapping is None else [name for name in mapping.record_columns if name in columns]
        number = 0
        batches = table.iter_batches(ROWS_AT_A_TIME, columns=wanted)
        try:
            while (batch := next(batches, None)) is not None:
                for row in batch.to_pylist():
                    yield read(f"{path.name} row {number}", row)
                    number += 1
        except ValueError:
            raise ServiceError(
                f"{path.name}: not readable after row {number}. Check that it was copied whole."
            ) from None


def _row_reader(
    path: Path, columns: tuple[str, ...], mapping: TableMapping | None
) -> Callable[[str, dict[str, Any]], Row]:
    """Choose how a row becomes a record, and check that the table has the columns for it."""
    if mapping is None:
        if RECORD_COLUMN not in columns:
            raise ServiceError(f"{path.name}: has no column {RECORD_COLUMN!r}. Say by --mapping what its columns mean.")
        return lambda source, row: _from_json(source, str(row[RECORD_COLUMN] or "").encode())
    missing = sorted(set(mapping.record_columns) - set(columns))
    if missing:
        raise ServiceError(
            f"{path.name}: lacks the mapped columns {', '.join(missing)}. Correct the table or the mapping."
        )
    return lambda source, row: _from_row(source, row, mapping)


def _from_row(source: str, row: dict[str, Any], mapping: TableMapping) -> Row:
    try:
        return Row(source, mapping.row_to_record(row, row_id=source[-40:]))
    except RowError as error:
        return Row(source, None, error.problems)


def _from_json(source: str, text: bytes) -> Row:
    try:
        body = strict_json(text)
        return Row(source, TravellerRecord.model_validate_json(text))
    except MalformedBodyError as error:
        return Row(source, None, (Problem("(record)", "is no strict JSON", str(error)),))
    except ValidationError as error:
        return Row(source, None, tuple(problems_of(error, TravellerRecord, body)))
    except RecordError as error:
        return Row(source, None, (Problem("(record)", "breaks a rule of the record", str(error)),))


Reader = Callable[[Path, TableMapping | None], Iterator[Row]]
TABLES: dict[str, Reader] = {
    ".ndjson": _lines,
    ".jsonl": _lines,
    ".csv": _csv,
    ".gz": _csv,
    ".parquet": _parquet,
}
"""What a file's suffix says about its form; what is not here is a message."""
