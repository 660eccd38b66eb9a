"""Reading the tables that cases come in: CSV, Parquet, NDJSON, one file or several, columns as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import pandas as pd

from features.columns import Layout
from training.errors import CaseTableError

TRUTH = "truth_"
"""Prefix of the simulator's columns that no agency could know; a case table never has one."""


@dataclass(frozen=True)
class Table:
    """The rows of one or more files, with where each row came from.

    Attributes:
        frame: one row per line, a fresh index; blank cells are ``None`` or "".
        files: name of the file of each row.
        rows: number of each row in its file, the first after the header being 1.
    """

    frame: pd.DataFrame
    files: pd.Series
    rows: pd.Series


def read_tables(paths: Sequence[Path], layout: Layout, needed: Sequence[str]) -> Table:
    """Read files one after the other.

    Args:
        paths: files; all must have the columns in ``needed``.
        layout: how a CSV is written.
        needed: columns that must be there.

    Raises:
        CaseTableError: where a file cannot be read, lacks a column, or has a column of the simulator's truth.
    """
    if not paths:
        raise CaseTableError("No case table is named. Give at least one CSV, Parquet or NDJSON file.")
    frames = []
    for path in paths:
        frame = _read(path, layout)
        names = [str(name) for name in frame.columns]
        if truths := [name for name in names if name.lower().startswith(TRUTH)]:
            raise CaseTableError(
                f"{path.name}: column {truths[0]!r} holds what no agency can know (prefix {TRUTH!r}). "
                f"Train on the feed of the simulator, never on its world."
            )
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise CaseTableError(f"{path.name}: column {repeated[0]!r} occurs twice. Give each column its own name.")
        if lacking := [name for name in needed if name not in names]:
            raise CaseTableError(
                f"{path.name}: no column {', '.join(map(repr, lacking))}. "
                f"Correct the header or the mapping; the file has {len(names)} columns."
            )
        frames.append(frame)
    names_of = [path.name for path, frame in zip(paths, frames, strict=True) for _ in range(len(frame))]
    numbers = [number for frame in frames for number in range(1, len(frame) + 1)]
    whole = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    if whole.empty:
        raise CaseTableError(f"{paths[0].name}: no rows. Give a table with at least one case.")
    return Table(whole.reset_index(drop=True), pd.Series(names_of, dtype=object), pd.Series(numbers, dtype="int64"))


def _read(path: Path, layout: Layout) -> pd.DataFrame:
    name = path.name.lower()
    try:
        if name.endswith((".csv", ".csv.gz", ".tsv", ".txt")):
            # everything stays text: "NA" may be a country and "007" a code; the mapping says what a cell is
            return pd.read_csv(
                path, sep=layout.separator, encoding=layout.encoding, dtype=str, keep_default_na=False, na_filter=False
            )
        if name.endswith((".parquet", ".pq")):
            return pd.read_parquet(path)
        if name.endswith((".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")):
            return _read_lines(path)
    except FileNotFoundError:
        raise CaseTableError(f"{path}: no such file. Check the path; paths in a mapping are relative to it.") from None
    except (OSError, ValueError, LookupError) as error:  # a damaged file, a wrong separator, an unknown encoding
        raise CaseTableError(f"{path.name}: not readable: {type(error).__name__}. Check format and encoding.") from None
    raise CaseTableError(f"{path.name}: not a kind of file that is read. Give .csv, .csv.gz, .parquet or .ndjson.")


def _read_lines(path: Path) -> pd.DataFrame:
    """Read one JSON object per line; an object under ``record`` becomes its text again."""
    lines = path.read_bytes().splitlines() if path.suffix != ".gz" else _unzipped(path).splitlines()
    rows = [orjson.loads(line) for line in lines if line.strip()]
    for row in rows:
        if isinstance(row.get("record"), dict):
            row["record"] = orjson.dumps(row["record"]).decode()
    return pd.DataFrame(rows, dtype=object)


def _unzipped(path: Path) -> bytes:
    import gzip  # noqa: PLC0415  # rarely needed

    return gzip.decompress(path.read_bytes())
