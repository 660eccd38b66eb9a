"""Rows to validated records, chunk by chunk.

Worker processes import this module: it stays free of pandas and of estimators, so that they start at once.
"""

from typing import Any

from pydantic import ValidationError

from features.declared import Problem, plain
from features.mapping import RowError, TableMapping
from features.record import TravellerRecord

Converted = tuple[list[tuple[Any, ...]], list[tuple[int, Problem]]]
"""Per row: JSON (bytes), record id, time, mode and point of the crossing, or ``None`` five times; and the problems."""
_EMPTY = (None, None, None, None, None)


def _of(record: TravellerRecord) -> tuple[Any, ...]:
    """What a case keeps of a record; facts that are never stored are gone."""
    crossing = record.crossing
    text = record.model_dump_json(exclude_none=True, exclude_unset=True).encode()
    return text, record.record_id, crossing.expected_at, crossing.mode, crossing.point


def records_of_json(start: int, texts: list[Any]) -> Converted:
    """Validate records that are JSON already.

    Args:
        start: place of the first row in the table.
        texts: one JSON text per row.
    """
    rows, problems = [], []
    for at, text in enumerate(texts, start):
        try:
            rows.append(_of(TravellerRecord.model_validate_json(text)))
        except ValidationError as error:
            rows.append(_EMPTY)
            for found in error.errors(include_input=False, include_url=False):
                place = ".".join(("record", *map(str, found["loc"])))
                problems.append(
                    (at, Problem(place, plain(found["msg"]), "correct the record; docs/record.md describes it"))
                )
    return rows, problems


def records_of_rows(mapping: TableMapping, start: int, chunk: tuple[dict[str, list[Any]], list[str]]) -> Converted:
    """Make records of the rows of an agency's table.

    Args:
        mapping: how a row becomes a record.
        start: place of the first row in the table.
        chunk: column -> cells, one per row; and for each row a record id, used where the table has none.
    """
    rows, problems = [], []
    cells, row_ids = chunk
    names = list(cells)
    for at, (row, row_id) in enumerate(zip(zip(*cells.values(), strict=True), row_ids, strict=True), start):
        try:
            rows.append(_of(mapping.row_to_record(dict(zip(names, row, strict=True)), row_id)))
        except RowError as error:
            rows.append(_EMPTY)
            problems += [(at, problem) for problem in error.problems]
    return rows, problems
