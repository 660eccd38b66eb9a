"""Files of any kind written as one file of records: the pushes of a booking once, list and booking together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from features.mapping import TableMapping
from features.record import TravellerRecord
from riskapi.errors import ServiceError
from riskapi.files.read import TABLES, Row, rows_of
from riskapi.messages.joining import join
from riskapi.messages.kinds import Crossing
from riskapi.messages.versions import versions_of


@dataclass(slots=True)
class Converted:
    """What became of the rows of all files."""

    records: int = 0
    """Lines written."""
    not_read: int = 0
    """Travellers without a record."""
    joined: int = 0
    """Records of which list and booking were put together."""
    earlier: int = 0
    """Earlier versions and repeated pushes that are not written."""
    findings: int = 0
    report: Path | None = None
    """Where findings and sources of joined records are, if there are any."""


def convert_files(
    paths: Sequence[Path],
    out: Path,
    mapping: TableMapping | None = None,
    crossing: Crossing | None = None,
    country: str | None = None,
) -> Converted:
    """Write the records of files as NDJSON.

    Args:
        paths: files as :func:`riskapi.files.read.rows_of` reads them; messages in the order in which they came.
        out: file to write; findings and the sources of joined records go to a file beside it.
        mapping: how a row of a table becomes a record.
        crossing: for machine-readable zones, which do not say it.
        country: that receives messages, ISO 3166-1 alpha-3.

    Raises:
        ServiceError: a file cannot be read or written.
    """
    done = Converted()
    report = out.with_name(out.name + ".report.ndjson")
    try:
        with out.open("wb") as file, report.open("wb") as told:
            sent = (row for path in _messages(paths) for row in rows_of(path, mapping, crossing, country))
            pushed = list(_records(sent, told, done))
            _write_messages(pushed, file, told, done)
            listed = (row for path in _tables(paths) for row in rows_of(path, mapping))
            for record, _ in _records(listed, told, done):
                _write(record, file, done)
    except OSError as error:
        raise ServiceError(f"{out}: cannot be written ({error.strerror}). Check path and rights.") from None
    if report.stat().st_size:
        done.report = report
    else:
        report.unlink()
    return done


def _messages(paths: Sequence[Path]) -> list[Path]:
    return [path for path in paths if path.suffix.lower() not in TABLES]


def _tables(paths: Sequence[Path]) -> list[Path]:
    return [path for path in paths if path.suffix.lower() in TABLES]


def _records(rows: Iterable[Row], told: IO[bytes], done: Converted) -> Iterator[tuple[TravellerRecord, Row]]:
    for row in rows:
        for problem in row.problems:
            done.findings += 1
            _tell(told, {"source": row.source, **problem._asdict()})
        if row.record is None:
            done.not_read += row.unread
        else:
            yield row.record, row


def _write_messages(
    pushed: list[tuple[TravellerRecord, Row]], file: IO[bytes], told: IO[bytes], done: Converted
) -> None:
    versions = versions_of(pushed)
    done.earlier = len(pushed) - len(versions)
    for version in versions:
        if version.pushes > 1:
            about = {"version": version.version, "pushes": version.pushes, "last": version.source.source}
            _tell(told, {"record_id": version.record.record_id, **about})
    for joined in join([version.record for version in versions]):
        _write(joined.record, file, done)
        if joined.sources:
            done.joined += 1
            _tell(told, {"record_id": joined.record.record_id, "sources": dict(sorted(joined.sources.items()))})


def _write(record: TravellerRecord, file: IO[bytes], done: Converted) -> None:
    """Write a record as the service takes it; of what is never stored, only that it came is counted by the reader."""
    file.write(record.model_dump_json(exclude_none=True, exclude_unset=True).encode() + b"\n")
    done.records += 1


def _tell(told: IO[bytes], about: dict[str, Any]) -> None:
    told.write(orjson.dumps(about, option=orjson.OPT_APPEND_NEWLINE))
