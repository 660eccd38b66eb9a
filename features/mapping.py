"""How an agency's table becomes traveller records: one TOML file, read whole and checked whole.

The same mapping serves training and scoring: it needs nothing but a row, so the service reads a file through it too.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from features.columns import Cell, CellError, Convert, Layout, Source, Target, is_missing
from features.declared import DeclaredColumns, Problem, plain
from features.errors import FeatureDefinitionError, RecordError
from features.mapping_file import AuditEntry, MappingFile, read_file
from features.mapping_rules import clashes, has_time, refusals
from features.places import fact_at, parts
from features.record import TravellerRecord
from features.risk import Risk, read_risk


class RowError(RecordError):
    """A row makes no record; :attr:`problems` holds place, rule and remedy of each thing that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{p.place}: {p.rule} ({p.remedy})" for p in problems))
        self.problems = tuple(problems)


class _Slot:
    """One value of a record: its column, how to read it, where it goes."""

    __slots__ = ("column", "constant", "convert", "key", "place")

    def __init__(self, place: str, key: str, source: Source, convert: Convert) -> None:
        self.place, self.key, self.column, self.convert = place, key, source.column or "", convert
        self.constant = None if source.column else convert(source.constant)


class TableMapping:
    """A checked mapping file.

    Attributes:
        files: the tables, as absolute or relative paths.
        layout: how cells are written.
        declared: the agency's own columns.
        encoding: how rates of past checks are learned.
        outcome: the outcome entry, or ``None`` where the table is only scored.
        audit: name -> audit entry.
        entity: columns of the entity.
        risk: the risk that the file defines, or ``None``.
        has_time: whether the time of the crossing comes from a column.
    """

    def __init__(self, content: Mapping[str, Any], folder: Path = Path()) -> None:
        self._content, self._folder = content, folder
        file = self._file = read_file(content)
        self.layout: Layout = file.table
        self.files = tuple(folder / name for name in file.table.files)
        self.encoding, self.outcome, self.entity = file.encoding, file.outcome, file.table.entity_columns
        self.after_decision, self.ignored = file.table.after_decision, file.table.ignored
        self.missing, self.has_time = frozenset(file.table.missing), has_time(file)
        self.audit = {
            name: AuditEntry(column=entry) if isinstance(entry, str) else entry for name, entry in file.audit.items()
        }
        problems: list[str] = []
        self.risk: Risk | None = None
        if file.risk is not None:
            self.risk = _kept(problems, "risk", lambda: read_risk(file.risk or {}))
        sources, entries = _split_extra(file.extra, problems)
        self.declared = _kept(problems, "extra", lambda: DeclaredColumns.from_json(entries)) or DeclaredColumns()
        self._containers = self._slots(file.record, problems)
        self._extra = self._extra_slots(file, sources, problems)
        problems += refusals(file, sources, self.audit, self.risk)
        problems += clashes(self.declared)
        if problems:
            raise FeatureDefinitionError("Mapping: " + "; ".join(problems))

    def __reduce__(self) -> tuple[Any, ...]:
        return (TableMapping, (self._content, self._folder))  # converters are closures: made again in each process

    @classmethod
    def from_toml(cls, path: Path | str) -> "TableMapping":
        """Read a mapping file; the tables it names are relative to it.

        Raises:
            FeatureDefinitionError: naming every problem with its place and remedy.
        """
        path = Path(path)
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise FeatureDefinitionError(
                f"Mapping {path.name}: not readable ({error.strerror}); check the path"
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FeatureDefinitionError(f"Mapping {path.name}: not TOML: {error}") from None
        return cls(content, path.parent)

    def to_json(self) -> dict[str, Any]:
        """Write all that shapes records and labels as JSON values; where files lie is left out."""
        return self._file.model_dump(mode="json", exclude={"table": {"files"}, "training": True}, exclude_defaults=True)

    @property
    def record_columns(self) -> tuple[str, ...]:
        """Columns that a row needs to become a record."""
        slots = [slot for _, inner in self._containers for slot in inner] + self._extra
        return tuple(dict.fromkeys(slot.column for slot in slots if slot.column))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the mapping reads, outcome, entity and audit included."""
        names = [*self.record_columns, *self.entity, *(entry.column for entry in self.audit.values())]
        if self.outcome:
            names += [self.outcome.column, *(source.column for source in self.outcome.sources if source.column)]
        return tuple(dict.fromkeys(names))

    def row_to_record(self, row: Mapping[str, Cell], row_id: str | None = None) -> TravellerRecord:
        """Make a record of one row.

        Args:
            row: column -> cell; text, numbers and dates are all understood, blank is missing.
            row_id: record id where no column is mapped to ``record_id``.

        Raises:
            RowError: with every problem of the row; no text holds a cell.
        """
        problems: list[Problem] = []
        missing = self.missing
        data: dict[str, Any] = {}
        for path, slots in self._containers:
            values = _read_slots(slots, row, missing, problems)
            if values:
                _put(data, path, values)
        extra = _read_slots(self._extra, row, missing, problems)
        if extra:
            data["extra"] = extra
        if row_id is not None and "record_id" not in data:
            data["record_id"] = row_id
        if problems:
            raise RowError(problems)
        try:
            return TravellerRecord.model_validate(data)
        except ValidationError as error:
            raise RowError([self._problem(each) for each in error.errors(include_input=False)]) from None

    def _problem(self, found: Any) -> Problem:
        """Name the column behind a place that the record refuses."""
        place = re.sub(r"\.(\d+)", r"[\1]", ".".join(str(part) for part in found["loc"]))
        slots = [slot for _, inner in self._containers for slot in inner] + self._extra
        column = next((slot.column for slot in slots if slot.place == place), "")
        rule = "a mandatory fact is missing" if found["type"] == "missing" else plain(found["msg"])
        where = f"column {column!r}" if column else "the mapping's constant"
        return Problem(place, rule, f"correct {where}, or translate its cells by `values`")

    def _slots(
        self, entries: Mapping[str, Source], problems: list[str]
    ) -> list[tuple[tuple[str | int, ...], list[_Slot]]]:
        """Group the mapped facts by the block that holds them."""
        containers: dict[tuple[str | int, ...], list[_Slot]] = {}
        for place, source in entries.items():
            *container, key = parts(place)
            try:
                target = fact_at(place).target
            except ValueError:
                continue  # named among the refusals
            slot = _slot(place, str(key), source, target, layout=self.layout, problems=problems)
            if slot:
                containers.setdefault(tuple(container), []).append(slot)
        return list(containers.items())

    def _extra_slots(self, file: MappingFile, sources: Mapping[str, Source], problems: list[str]) -> list[_Slot]:
        """Make the slots of the agency's own columns."""
        slots = (
            _slot(f"extra.{name}", name, source, _EXTRA[_kind(file.extra[name])], layout=self.layout, problems=problems)
            for name, source in sources.items()
        )
        return [slot for slot in slots if slot is not None]


def _read_slots(
    slots: list[_Slot], row: Mapping[str, Cell], missing: frozenset[str], problems: list[Problem]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for slot in slots:
        if not slot.column:
            values[slot.key] = slot.constant
            continue
        cell = row.get(slot.column)
        if type(cell) is str and not missing:  # most cells of most tables: the short way
            if not cell or cell.isspace():
                continue
        elif is_missing(cell, missing):
            continue
        try:
            values[slot.key] = slot.convert(cell)
        except CellError as error:
            problems.append(Problem(slot.place, error.rule, f"column {slot.column!r}: {error.remedy}"))
    return values


def _put(data: dict[str, Any], path: tuple[str | int, ...], values: dict[str, Any]) -> None:
    """Put the facts of one block where the record has it."""
    if not path:
        data.update(values)
    elif isinstance(path[-1], int):  # documents and legs are tuples, in the order of the mapping
        *outer, name, _ = map(str, path)
        parent = data.setdefault(outer[0], {}) if outer else data
        parent[name] = (*parent.get(name, ()), values)
    else:
        data.setdefault(str(path[0]), {}).update(values)


def _slot(place: str, key: str, source: Source, target: Target, *, layout: Layout, problems: list[str]) -> _Slot | None:
    """Make a slot; note what is wrong with its constant or its translation."""
    try:
        return _Slot(place, key, source, source.converter(target, layout))
    except CellError as error:
        problems.append(f"{place}: constant or `values`: {error.rule}; {error.remedy}")
        return None


def _kept(problems: list[str], place: str, read: Callable[[], Any]) -> Any:
    """Read a part; note what is wrong with it and go on."""
    try:
        return read()
    except FeatureDefinitionError as error:
        problems.append(f"{place}: {error}")
        return None


_SOURCE_KEYS = frozenset(Source.model_fields)
_EXTRA: dict[str, Target] = {"number": "number", "category": "text", "flag": "flag", "date": "day", "key": "text"}


def _split_extra(
    entries: Mapping[str, Mapping[str, Any]], problems: list[str]
) -> tuple[dict[str, Source], list[dict[str, Any]]]:
    """Part each entry into where the value comes from and what it means."""
    sources, declared = {}, []
    for name, entry in entries.items():
        meaning = {key: value for key, value in entry.items() if key not in _SOURCE_KEYS}
        source = {key: value for key, value in entry.items() if key in _SOURCE_KEYS}
        declared.append({"name": name, **meaning})
        if "of" in entry or "ratio" in entry:
            if source:
                problems.append(
                    f"extra.{name}: computed from other columns, so {', '.join(sorted(source))} has no place"
                )
            continue
        if "constant" not in source:
            source.setdefault("column", name)
        try:
            sources[name] = Source.model_validate(source)
        except ValidationError as error:
            problems += [f"extra.{name}: {plain(found['msg'])}" for found in error.errors(include_input=False)]
    return {name: source for name, source in sources.items() if _kind(entries[name]) in _EXTRA}, declared


def _kind(entry: Mapping[str, Any]) -> str:
    return str(entry.get("kind"))
