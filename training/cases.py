"""Cases: what was known of each traveller, what was found later, and how it came to be looked for.

Nothing is dropped silently: a row is accepted, or it stands in the table of rejected rows with place, rule and remedy.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from joblib import Parallel, delayed

from features.columns import Layout
from features.declared import DeclaredColumns, Problem
from features.mapping import TableMapping
from features.mapping_file import EncodingEntry
from features.risk import Risk
from training.errors import CaseTableError
from training.labels import COLUMNS, problems_of
from training.outcomes import Outcomes, RowProblem, add_delay, mapped_outcomes, own_outcomes
from training.records import Converted, records_of_json, records_of_rows
from training.tables import Table, read_tables

Progress = Callable[[int, int], None]
"""Told after each step: rows done, rows in all."""

NEEDED = ("record", "entity", *COLUMNS)
"""Columns of the project's own case table."""
_CHUNK = 4_000
_SERIAL_BELOW = 60_000


@dataclass(frozen=True)
class Cases:
    """The rows of a case table, each either accepted or rejected.

    Attributes:
        accepted: one row per case in canonical order (time, record id): ``record`` (JSON of a TravellerRecord, bytes),
            ``record_id``, ``entity``, ``time``, ``known_at`` (UTC), ``outcome_code``, ``selection``,
            ``selection_probability``, ``decided_by_role``, ``evidence_type``, ``mode``, ``point``, and audit columns
            with the prefix ``audit_``.
        rejected: ``file``, ``row``, ``place``, ``rule``, ``remedy``: every problem of every rejected row, no values.
        read: rows read; accepted and rejected rows add up to it.
        sha256: digest of the accepted content, whatever the order of rows, columns or files.
        declared: the agency's own columns.
        encoding: how rates of past checks are learned of them.
        audit: names of the audit columns, without prefix.
        has_time: whether the crossings have times of their own; without, a split over time has no meaning.
        unused_columns: columns that the mapping neither reads nor lists: they are not used.
        risk: the risk that the mapping file defines, or ``None``.
        memory: whether the records hold what a memory of earlier crossings knew of them.
    """

    accepted: pd.DataFrame
    rejected: pd.DataFrame
    read: int
    sha256: str
    declared: DeclaredColumns
    encoding: EncodingEntry
    audit: tuple[str, ...]
    has_time: bool
    unused_columns: tuple[str, ...]
    risk: Risk | None
    memory: bool = False

    @property
    def rejected_rows(self) -> int:
        """Number of rows with at least one problem."""
        return self.read - len(self.accepted)

    def summary(self) -> dict[str, Any]:
        """Count what was read, ready for a report: rows, outcomes, rules that rejected rows, columns left aside."""
        codes = self.accepted["outcome_code"].fillna("(not inspected)").value_counts()
        return {
            "read": self.read,
            "accepted": len(self.accepted),
            "rejected": self.rejected_rows,
            "entities": int(self.accepted["entity"].nunique()),
            "outcomes": {str(code): int(number) for code, number in codes.sort_index().items()},
            "rejected_by_rule": {str(k): int(v) for k, v in self.rejected["rule"].value_counts().sort_index().items()},
            "unused_columns": list(self.unused_columns),
            "sha256": self.sha256,
        }


def load(
    paths: Path | str | Sequence[Path | str] = (),
    mapping: TableMapping | Path | str | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Cases:
    """Read case tables, the project's own or an agency's through its mapping.

    Args:
        paths: files, read one after the other; with a mapping, default: the files that it names.
        mapping: a mapping or its TOML file; ``None`` for the project's own case table.
        workers: processes; default: the machine's cores, one for small tables.
        progress: called as rows are done.

    Returns:
        Accepted and rejected rows; together they are all rows.

    Raises:
        CaseTableError: where a table cannot be used at all.
        FeatureDefinitionError: where the mapping breaks a rule.
    """
    files = [Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths)]
    if mapping is None:
        return own_cases(read_tables(files, Layout(), NEEDED), workers=workers, progress=progress)
    mapping = mapping if isinstance(mapping, TableMapping) else TableMapping.from_toml(mapping)
    if mapping.outcome is None:
        raise CaseTableError(
            "The mapping has no [outcome]: it can score a table, but nothing can be learned from it. Add one."
        )
    table = read_tables(files or list(mapping.files), mapping.layout, mapping.columns)
    outcomes = mapped_outcomes(table.frame, mapping)
    chunks = _row_chunks(table.frame, mapping)
    records = _in_parallel(partial(records_of_rows, mapping), chunks, len(table.frame), workers, progress)
    listed = {*mapping.columns, *mapping.after_decision, *mapping.ignored}
    unused = tuple(str(name) for name in table.frame.columns if name not in listed)
    about = _About(mapping.declared, mapping.encoding, mapping.has_time, unused, mapping.risk)
    frame = _together(outcomes, records)
    add_delay(frame, mapping)
    return _checked(frame, table, outcomes, records, about)


def own_cases(table: Table, *, workers: int | None = None, progress: Progress | None = None) -> Cases:
    """Check the rows of the project's own case table; see :func:`load`.

    Args:
        table: with the columns in :data:`NEEDED`.
        workers: processes; default: the machine's cores, one for small tables.
        progress: called as rows are done.
    """
    outcomes = own_outcomes(table.frame)
    records = _in_parallel(records_of_json, _text_chunks(table.frame["record"]), len(table.frame), workers, progress)
    return _checked(_together(outcomes, records), table, outcomes, records, _About())


def _together(outcomes: Outcomes, records: "_Records") -> pd.DataFrame:
    """Put outcomes, records and audit columns side by side."""
    frame = outcomes.frame.assign(**records.columns)
    frame["entity"] = frame["entity"].where(frame["entity"].notna(), frame["record_id"])
    for name, values in outcomes.audit.items():
        frame[f"audit_{name}"] = values
    return frame


def _checked(frame: pd.DataFrame, table: Table, outcomes: Outcomes, records: "_Records", about: "_About") -> Cases:
    """Find every problem of every row, and part the rows."""
    problems = [*outcomes.problems, *records.problems]
    whole = frame[frame["record"].notna()]
    found = problems_of(whole).itertuples(index=False, name=None)
    problems += [(int(at), Problem(place, rule, remedy)) for at, place, rule, remedy in found]
    frame["digest"] = _digests(frame)
    problems += _repeats(frame)
    accepted, rejected, sha256 = _part(frame, table, problems)
    return Cases(
        accepted=accepted,
        rejected=rejected,
        read=len(frame),
        sha256=sha256,
        audit=tuple(outcomes.audit),
        **about._asdict(),
    )


class _About(NamedTuple):
    """What a mapping says beside the rows; the defaults are those of the project's own case table."""

    declared: DeclaredColumns = DeclaredColumns()
    encoding: EncodingEntry = EncodingEntry()
    has_time: bool = True
    unused_columns: tuple[str, ...] = ()
    risk: Risk | None = None


def _part(frame: pd.DataFrame, table: Table, problems: list[RowProblem]) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Part the rows, put the accepted ones into canonical order, and take their digest."""
    problems = sorted(set(problems))
    at = [index for index, _ in problems]
    rejected = pd.DataFrame(
        {
            "file": table.files.iloc[at].to_numpy(),
            "row": table.rows.iloc[at].to_numpy(),
            "place": [problem.place for _, problem in problems],
            "rule": [problem.rule for _, problem in problems],
            "remedy": [problem.remedy for _, problem in problems],
        }
    )
    accepted = frame.drop(index=sorted(set(at))).sort_values(["time", "record_id"], kind="stable", ignore_index=True)
    digest = hashlib.sha256(b"".join(sorted(accepted.pop("digest")))).hexdigest()
    return accepted, rejected, digest


def _text_chunks(texts: pd.Series) -> Iterator[list[Any]]:
    for at in range(0, len(texts), _CHUNK):
        yield texts.iloc[at : at + _CHUNK].tolist()


@dataclass
class _Records:
    columns: dict[str, Any]
    problems: list[RowProblem]


def _row_chunks(frame: pd.DataFrame, mapping: TableMapping) -> Iterator[tuple[dict[str, list[Any]], list[str]]]:
    columns = list(mapping.record_columns)
    row_ids = _row_ids(frame)
    for at in range(0, len(frame), _CHUNK):
        part = frame[columns].iloc[at : at + _CHUNK]
        yield {name: part[name].tolist() for name in columns}, row_ids[at : at + _CHUNK]


def _row_ids(frame: pd.DataFrame) -> list[str]:
    """Name rows by what they hold, so that their order and that of the columns change nothing; copies are counted.

    >>> _row_ids(pd.DataFrame({"a": ["x", "x"]}))[1].endswith("-2")
    True
    """
    texts = frame[sorted(frame.columns)].astype(str)
    hashes = pd.util.hash_pandas_object(texts, index=False)
    copies = hashes.groupby(hashes).cumcount()
    return [
        f"row-{number:016x}" + (f"-{copy + 1}" if copy else "")
        for number, copy in zip(hashes.tolist(), copies.tolist(), strict=True)
    ]


def processes(rows: int, workers: int | None) -> int:
    """Choose how many processes a table of this size is worth: starting one costs about a second."""
    if rows < _SERIAL_BELOW:
        return 1
    return workers or min(os.cpu_count() or 1, 8)


def _in_parallel(
    convert: Callable[[int, Any], Converted],
    chunks: Iterator[Any],
    rows: int,
    workers: int | None,
    progress: Progress | None,
) -> _Records:
    """Convert chunks in several processes, in order."""
    jobs = (delayed(convert)(place * _CHUNK, chunk) for place, chunk in enumerate(chunks))
    found: list[tuple[Any, ...]] = []
    problems: list[RowProblem] = []
    for part, wrong in Parallel(n_jobs=processes(rows, workers), return_as="generator")(jobs):
        found += part
        problems += wrong
        if progress is not None:
            progress(len(found), rows)
    record, record_id, time, mode, point = zip(*found, strict=True) if found else ((),) * 5
    columns = {
        "record": pd.Series(record, dtype=object),
        "record_id": pd.Series(record_id, dtype=object),
        "time": pd.to_datetime(pd.Series(time, dtype=object), utc=True),
        "mode": pd.Series(mode, dtype=object),
        "point": pd.Series(point, dtype=object),
    }
    return _Records(columns, problems)


def _digests(frame: pd.DataFrame) -> list[bytes]:
    """Digest each row's content: its record, then every other column by name."""
    names = sorted(name for name in frame.columns if name != "record")
    columns = [frame["record"].tolist()]
    for name in names:
        values = frame[name]
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            columns.append(values.dt.as_unit("us").astype("int64").where(values.notna(), -1).tolist())
        else:
            columns.append(values.where(values.notna(), None).tolist())
    return [
        hashlib.sha256(b"" if record is None else record + repr(rest).encode()).digest()
        for record, *rest in zip(*columns, strict=True)
    ]


def _repeats(frame: pd.DataFrame) -> list[RowProblem]:
    """Find rows that repeat a record id: one of exact copies is kept, of conflicting rows none."""
    repeated = frame[frame["record_id"].notna() & frame["record_id"].duplicated(keep=False)]
    problems: list[RowProblem] = []
    for _, rows in repeated.groupby("record_id", sort=False):
        if len(set(rows["digest"])) == 1:
            copy = Problem("record_id", "an exact copy of another row", "remove the copy; one of them was kept")
            problems += [(int(at), copy) for at in rows.index[1:]]
        else:
            rival = Problem(
                "record_id", "a record id that rows with other content share", "give each record an id of its own"
            )
            problems += [(int(at), rival) for at in rows.index]
    return problems
