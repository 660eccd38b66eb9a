"""Reading what was found of each case: outcome, evidence, selection, times, entity, and the columns for the audit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from features.columns import CellError, Layout, Source, Target, as_text, is_missing
from features.declared import JOINT, Problem
from features.mapping import TableMapping
from features.mapping_file import AuditEntry
from training.labels import COLUMNS
from training.readings import problems_of_readings

AUDIT_COLUMNS = ("inspection_depth", "officer_id")
"""Columns of a case table that are kept for audits where they are present; never a feature."""
DRAWN: dict[str, Target] = {
    "draw": "flag",
    "arm": "text",
    "compliance": "text",
    "score_shown": "flag",
    "policy_version": "text",
}
"""Columns that tell how the system's own selection went, where they are present: whether the random lane drew the
traveller, by what the system referred them, whether the inspection was done, whether the score was seen before it, and
under which policy."""
PROVENANCE: dict[str, Target] = {
    "recorded_at": "datetime",
    "recorded_by": "text",
    "recorded_way": "text",
    "readings": "text",
}
"""Columns that tell who recorded the outcome, when and by which way, and what readers at the desk thought of reasons,
where they are present. They are evidence about cases and reasons: no label and no feature is made of them."""
_TEXTS = ("entity", *(name for name in COLUMNS if name not in {"known_at", "selection_probability"}))

RowProblem = tuple[int, Problem]
"""A problem and the place of its row in the table."""


@dataclass
class Outcomes:
    """What the outcome columns of a table hold, row by row.

    Attributes:
        frame: ``entity`` and :data:`training.labels.COLUMNS`; missing where nobody looked.
        audit: audit column -> its groups.
        problems: cells that could not be read.
    """

    frame: pd.DataFrame
    audit: dict[str, pd.Series]
    problems: list[RowProblem]


@dataclass
class _Reader:
    """Reads columns of one table and collects what cannot be read."""

    table: pd.DataFrame
    layout: Layout = field(default_factory=Layout)
    missing: frozenset[str] = frozenset()
    problems: list[RowProblem] = field(default_factory=list)

    def read(self, source: Source | None, target: Target, place: str) -> pd.Series:
        """Convert a column; each different cell once, since there are few of them."""
        if source is None or source.column is None:
            value = None if source is None else source.constant
            return pd.Series([value] * len(self.table), dtype=object)
        convert = source.converter(target, self.layout)
        places, cells = pd.factorize(self.table[source.column].astype(object), use_na_sentinel=True)
        found = np.empty(len(cells) + 1, dtype=object)  # the last one, place -1, is what is missing
        for number, cell in enumerate(cells):
            try:
                found[number] = None if is_missing(cell, self.missing) else convert(cell)
            except CellError as error:
                problem = Problem(place, error.rule, f"column {source.column!r}: {error.remedy}")
                self.problems += [(int(at), problem) for at in np.flatnonzero(places == number)]
        return pd.Series(found[places], dtype=object)

    def times(self, source: Source | None, place: str) -> pd.Series:
        """Convert a column of times, in UTC."""
        return pd.to_datetime(self.read(source, "datetime", place), utc=True)


def own_outcomes(table: pd.DataFrame) -> Outcomes:
    """Read the outcome columns of the project's own case table."""
    reader = _Reader(table)
    frame = pd.DataFrame({name: reader.read(Source(column=name), "text", name) for name in _TEXTS})
    frame["known_at"] = reader.times(Source(column="known_at"), "known_at")
    probability = Source(column="selection_probability")
    frame["selection_probability"] = reader.read(probability, "number", "selection_probability").astype("float64")
    told = [name for name in DRAWN if name in table.columns]
    told += [name for name in PROVENANCE if name in table.columns and table[name].notna().any()]
    for name in told:
        frame[name] = reader.read(Source(column=name), (DRAWN | PROVENANCE)[name], name)
    if "readings" in frame:
        reader.problems += problems_of_readings(frame["readings"])
    if "compliance" in frame:  # the time is then that at which somebody said why nobody looked
        frame["known_at"] = frame["known_at"].where(frame["outcome_code"].notna() | frame["compliance"].isna())
    audit = {name: reader.read(Source(column=name), "text", name) for name in AUDIT_COLUMNS if name in table.columns}
    return Outcomes(frame, audit, reader.problems)


def mapped_outcomes(table: pd.DataFrame, mapping: TableMapping) -> Outcomes:
    """Read the outcome columns of an agency's table as its mapping says."""
    entry = mapping.outcome
    assert entry is not None, "the caller has checked that the mapping has an [outcome]"
    reader = _Reader(table, mapping.layout, mapping.missing)
    translation = entry.translation(mapping.risk)
    found = reader.read(Source(column=entry.column, values=translation), "text", "outcome_code")
    frame = pd.DataFrame({"outcome_code": found})
    for name, source in (
        ("selection", entry.selection),
        ("evidence_type", entry.evidence),
        ("decided_by_role", entry.decided_by_role),
    ):
        frame[name] = reader.read(source, "text", name).where(found.notna(), None)
    chance = reader.read(entry.selection_probability, "number", "selection_probability")
    frame["selection_probability"] = chance.astype("float64")
    frame["known_at"] = reader.times(entry.known_at, "known_at")
    frame["entity"] = _entities(table, mapping)
    audit = {name: _groups(table[audited.column], audited, mapping) for name, audited in mapping.audit.items()}
    return Outcomes(frame, audit, reader.problems)


def add_delay(frame: pd.DataFrame, mapping: TableMapping) -> None:
    """Where no column says when an outcome became known, it became known the stated delay after the crossing."""
    if mapping.outcome is not None and mapping.outcome.known_at is None:
        delay = pd.Timedelta(days=mapping.outcome.delay_days or 0)
        frame["known_at"] = (frame["time"] + delay).where(frame["outcome_code"].notna())


def _entities(table: pd.DataFrame, mapping: TableMapping) -> pd.Series:
    """Join the entity's columns; a row without any of them has none."""
    if not mapping.entity:
        return pd.Series([None] * len(table), dtype=object)
    parts = [
        ["" if is_missing(cell, mapping.missing) else as_text(cell) for cell in table[name].tolist()]
        for name in mapping.entity
    ]
    joined = [JOINT.join(cells) if any(cells) else None for cells in zip(*parts, strict=True)]
    return pd.Series(joined, dtype=object)


def _groups(cells: pd.Series, entry: AuditEntry, mapping: TableMapping) -> pd.Series:
    """Write an audit column as groups: its texts, or the bands of its numbers; what cannot be read has no group."""
    number = Source(column=entry.column).converter("number", mapping.layout)
    edges = [as_text(edge) for edge in entry.bands]
    names = [f"{low} to {high}" for low, high in pairwise(edges)]
    names = [f"under {edges[0]}", *names, f"{edges[-1]} and over"] if edges else []

    def group(cell: Any) -> str | None:
        if is_missing(cell, mapping.missing):
            return None
        if not names:
            return as_text(cell)
        try:
            return names[int(np.searchsorted(entry.bands, number(cell), side="right"))]
        except CellError:
            return None

    table: Mapping[Any, str | None] = {cell: group(cell) for cell in cells.unique()}
    return pd.Series([table.get(cell) for cell in cells.tolist()], dtype=object)
