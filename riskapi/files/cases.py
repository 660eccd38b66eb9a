"""Tables of cases as files: Parquet or NDJSON, readable by their owner alone, complete or not there."""

import os
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from riskapi.cases import Case
from riskapi.errors import ServiceError
from riskapi.files.whole import WholeFile

_TIME = pa.timestamp("us", tz="UTC")
COLUMNS = pa.schema(
    [
        ("record", pa.string()),
        ("entity", pa.string()),
        ("time", _TIME),
        ("scored_at", _TIME),
        ("known_at", _TIME),
        ("outcome_code", pa.string()),
        ("selection", pa.string()),
        ("selection_probability", pa.float64()),
        ("decided_by_role", pa.string()),
        ("evidence_type", pa.string()),
        ("inspection_depth", pa.string()),
        ("officer_id", pa.string()),
        ("policy_version", pa.string()),
        ("arm", pa.string()),
        ("draw", pa.bool_()),
        ("compliance", pa.string()),
        ("score_shown", pa.bool_()),
        ("recorded_at", _TIME),
        ("recorded_by", pa.string()),
        ("recorded_way", pa.string()),
        ("readings", pa.string()),
    ]
)
"""The columns of a table of cases, in order."""


class CaseFile(WholeFile):
    """A table that is being written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file: IO[bytes] = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    @abstractmethod
    def write(self, rows: Sequence[Case]) -> None:
        """Write rows."""

    def close(self) -> None:
        """Put everything on disk."""
        self._file.close()


class _Lines(CaseFile):
    def write(self, rows: Sequence[Case]) -> None:
        self._file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


class _Parquet(CaseFile):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer = pq.ParquetWriter(self._file, COLUMNS)

    def write(self, rows: Sequence[Case]) -> None:
        if rows:
            self._writer.write_table(pa.Table.from_pylist(list(rows), schema=COLUMNS))

    def close(self) -> None:
        self._writer.close()
        super().close()


FILES: dict[str, type[CaseFile]] = {".parquet": _Parquet, ".ndjson": _Lines, ".jsonl": _Lines}
"""What a file's suffix says about its form."""


def open_cases(path: Path) -> CaseFile:
    """Open a table of cases; it appears under its name when the last row is in it.

    Raises:
        ServiceError: the suffix is none of those known, or the file cannot be written.
    """
    kind = FILES.get(path.suffix.lower())
    if kind is None:
        raise ServiceError(f"Cases are written as {', '.join(FILES)}: give --out one of these suffixes.")
    try:
        return kind(path)
    except OSError as error:
        raise ServiceError(f"{path.name}: cannot be written ({error.strerror}). Check folder and rights.") from None
