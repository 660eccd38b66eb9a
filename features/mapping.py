"""How an agency's table becomes traveller records: one TOML file, read whole and checked whole.

The same mapping serves training and scoring: it needs nothing but a row, so the service reads a file through it too.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from features.columns import Cell, CellError, Convert, Layout, Source, Target, is_missing
from features.declared import DeclaredColumns, Problem, plain
from features.errors import FeatureDefinitionError, RecordError
from features.forbidden import why_forbidden
from features.outcome import EVIDENCE, INCONCLUSIVE, NOT_INDEPENDENT, NOTHING_FOUND, ROLES, SELECTIONS
from features.record import Sensitivity, TravellerRecord, sensitivity_of
from features.risk import Risk, read_risk

REQUIRED = ("crossing.mode", "crossing.point", "crossing.direction", "crossing.expected_at")
"""Facts that every record has; a table without them gives constants."""


class RowError(RecordError):
    """A row makes no record; :attr:`problems` holds place, rule and remedy of each thing that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{p.place}: {p.rule} ({p.remedy})" for p in problems))
        self.problems = tuple(problems)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TableEntry(Layout):
    """The ``[table]`` of a mapping file: which files, how they are written, which columns play a part."""

    files: tuple[str, ...] = ()
    """CSV, CSV.gz or Parquet files, relative to the mapping file; read one after the other."""
    entity: str | tuple[str, ...] = ()
    """Columns that say who the case is about; cases of one entity are never on both sides of a split."""
    after_decision: tuple[str, ...] = ()
    """Columns that are known only after the decision: refused as features."""
    ignored: tuple[str, ...] = ()
    """Columns that are left out on purpose, so that the report does not name them."""

    @property
    def entity_columns(self) -> tuple[str, ...]:
        """The entity as a tuple of columns."""
        return (self.entity,) if isinstance(self.entity, str) else self.entity


class AuditEntry(_Part):
    """One column that is kept for the fairness audit alone."""

    column: str
    bands: tuple[float, ...] = ()
    """Edges that make groups of a number: ``[30, 50]`` gives under 30, 30 to 50, 50 and over."""


class OutcomeEntry(_Part):
    """The ``[outcome]`` of a mapping file: what was found, when it was known, and how the case came to be checked."""

    column: str
    positive: tuple[str | int | float | bool, ...] = ()
    negative: tuple[str | int | float | bool, ...] = ()
    inconclusive: tuple[str | int | float | bool, ...] = ()
    code: str | None = None
    """Outcome code of ``positive``; default: the first code of the ``[risk]`` in the same file."""
    codes: dict[str, str] | None = None
    """Instead of ``positive`` and ``negative``: cell -> outcome code."""
    known_at: Source | None = None
    delay_days: Annotated[float, Field(ge=0, le=3650)] | None = None
    """Days from the crossing until an outcome is known, where no column says it."""
    selection: Source
    selection_probability: Source | None = None
    evidence: Source
    decided_by_role: Source = Source(constant="officer")


class EncodingEntry(_Part):
    """The ``[encoding]`` of a mapping file: how rates of past checks are learned."""

    max_levels: Annotated[int, Field(ge=2, le=1000)] = 16
    """A category with more values becomes a rate, unless its entry says otherwise."""
    smoothing: Annotated[float, Field(gt=0, le=1000)] = 2.0
    """Further checks, with the rate of all cases, that each value is given."""
    folds: Annotated[int, Field(ge=2, le=50)] = 10
    """Parts of the training cases; a case sees the rates of the parts that it is not in."""
    order: Literal["folds", "past"] = "folds"
    """"past": a training case sees only outcomes that were known when it came."""


class MappingFile(_Part):
    """The whole file, as TOML spells it."""

    table: TableEntry = TableEntry()
    record: dict[str, Source]
    extra: dict[str, dict[str, Any]] = Field(default_factory=dict)
    audit: dict[str, AuditEntry | str] = Field(default_factory=dict)
    outcome: OutcomeEntry | None = None
    encoding: EncodingEntry = EncodingEntry()
    risk: dict[str, Any] | None = None


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
        file = _read_file(content)
        self.layout: Layout = file.table
        self.files = tuple(folder / name for name in file.table.files)
        self.encoding = file.encoding
        self.outcome, self.entity = file.outcome, file.table.entity_columns
        self.after_decision, self.ignored = file.table.after_decision, file.table.ignored
        self.audit = {
            name: AuditEntry(column=entry) if isinstance(entry, str) else entry for name, entry in file.audit.items()
        }
        self.missing = frozenset(file.table.missing)
        problems: list[str] = []
        self.risk: Risk | None = None
        if file.risk is not None:
            self.risk = _kept(problems, "risk", lambda: read_risk(file.risk or {}))
        sources, entries = _split_extra(file.extra, problems)
        self.declared = _kept(problems, "extra", lambda: DeclaredColumns.from_json(entries)) or DeclaredColumns()
        self._containers = self._slots(file.record, problems)
        self._extra = [
            slot
            for name, source in sources.items()
            if (slot := _slot(f"extra.{name}", name, source, _EXTRA[_kind(file, name)], self.layout, problems))
        ]
        problems += self._refusals(file, sources)
        if problems:
            raise FeatureDefinitionError("Mapping: " + "; ".join(problems))
        self.has_time = "crossing.expected_at" in file.record and file.record["crossing.expected_at"].column is not None
        self.has_record_id = "record_id" in file.record

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
            o = self.outcome
            sources = (o.known_at, o.selection, o.selection_probability, o.evidence, o.decided_by_role)
            names += [o.column, *(source.column for source in sources if source and source.column)]
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
        if found["type"] == "missing":
            rule = "a mandatory fact is missing"
        else:
            rule = plain(found["msg"])
        where = f"column {column!r}" if column else "the mapping's constant"
        return Problem(place, rule, f"correct {where}, or translate its cells by `values`")

    def _slots(
        self, entries: Mapping[str, Source], problems: list[str]
    ) -> list[tuple[tuple[str | int, ...], list[_Slot]]]:
        """Group the mapped facts by the block that holds them."""
        containers: dict[tuple[str | int, ...], list[_Slot]] = {}
        for place, source in entries.items():
            try:
                path, target = _resolve(place)
            except ValueError as error:
                problems.append(f"record.{place}: {error}")
                continue
            slot = _slot(place, str(path[-1]), source, target, self.layout, problems)
            if slot:
                containers.setdefault(path[:-1], []).append(slot)
        for place in REQUIRED:
            if place not in entries:
                problems.append(
                    f"record.{place}: every record has it; name its column, or give a constant where the table has none"
                )
        return list(containers.items())

    def _refusals(self, file: MappingFile, sources: Mapping[str, Source]) -> Iterator[str]:
        """Every column that may not be where the file puts it."""
        after = dict.fromkeys(self.after_decision, "it is known only after the decision (after_decision)")
        if self.outcome:
            after[self.outcome.column] = "it holds the outcome"
            for source in (self.outcome.known_at,):
                if source and source.column:
                    after[source.column] = "it says when the outcome became known"
        audited = {entry.column: "it is kept for the fairness audit alone (audit)" for entry in self.audit.values()}
        for name, source in sources.items():
            if source.column is None:
                continue
            why = after.get(source.column) or audited.get(source.column) or why_forbidden(source.column)
            if why:
                yield f"extra.{name}: column {source.column!r} is refused as a feature: {why}"
        for place, source in file.record.items():
            if source.column is None:
                continue
            if source.column in after:
                yield f"record.{place}: column {source.column!r} is refused: {after[source.column]}"
            elif source.column in audited and _sensitivity(place) is Sensitivity.FEATURE:
                yield f"record.{place}: column {source.column!r} is refused as a feature: {audited[source.column]}"
        for name, entry in self.audit.items():
            for text in (name, entry.column):
                if "never stored" in (why_forbidden(text) or ""):
                    yield f"audit.{name}: {why_forbidden(text)}"
                    break
            if list(entry.bands) != sorted(set(entry.bands)):
                yield f"audit.{name}: bands must rise"
        for each in set(self.entity) & {source.column for source in sources.values()}:
            for name in (name for name, source in sources.items() if source.column == each):
                if len(self.entity) == 1 and _kind(file, name) == "category":
                    yield (
                        f"extra.{name}: column {each!r} is the entity, whose cases never meet across slices, so its "
                        f"values teach nothing; leave one of the two out"
                    )
        if self.outcome:
            yield from _outcome_refusals(self.outcome, self.risk, has_time=_has_time(file))


def _has_time(file: MappingFile) -> bool:
    source = file.record.get("crossing.expected_at")
    return source is not None and source.column is not None


def _kind(file: MappingFile, name: str) -> str:
    return str(file.extra[name].get("kind"))


def _outcome_refusals(outcome: OutcomeEntry, risk: Risk | None, *, has_time: bool) -> Iterator[str]:
    """Every rule that the outcome entry breaks."""
    if outcome.codes is not None and (outcome.positive or outcome.negative or outcome.inconclusive):
        yield "outcome: give either `codes`, or `positive` and `negative`"
    if bool(outcome.positive) != bool(outcome.negative):
        yield "outcome: give both `positive` and `negative`; a cell that is neither is no label"
    if outcome.positive and outcome.code is None and risk is None:
        yield "outcome.code: name the outcome code that `positive` stands for, or add a [risk] table"
    if outcome.known_at is not None and outcome.delay_days is not None:
        yield "outcome: give either `known_at` or `delay_days`"
    if has_time and outcome.known_at is None and outcome.delay_days is None:
        yield (
            "outcome: say when an outcome became known, by `known_at = { column = ... }` or `delay_days = ...`; "
            "a training may only use what was known at its time"
        )
    for name, allowed in (("selection", SELECTIONS), ("evidence", EVIDENCE), ("decided_by_role", ROLES)):
        source: Source = getattr(outcome, name)
        given = [source.constant] if source.column is None else [*(source.values or {}).values(), source.other]
        if any(value not in allowed for value in given if value is not None):
            yield f"outcome.{name}: choose among {', '.join(allowed)}"
        elif source.column is None and (source.constant in NOT_INDEPENDENT or source.constant == "system"):
            yield f"outcome.{name}: labels come from independent outcomes, never from a score, a rule or a system alone"


def label_codes(outcome: OutcomeEntry, risk: Risk | None) -> Mapping[str, str] | None:
    """Map the cells of the outcome column to outcome codes; ``None`` where they are codes already."""
    from features.columns import as_text  # noqa: PLC0415

    if outcome.codes is not None:
        return outcome.codes
    if not outcome.positive:
        return None
    code = outcome.code or (risk.outcome_codes[0] if risk else "")
    table = {as_text(cell): code for cell in outcome.positive}
    table |= {as_text(cell): NOTHING_FOUND for cell in outcome.negative}
    return table | {as_text(cell): min(INCONCLUSIVE) for cell in outcome.inconclusive}


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
        parent = data if len(path) == 2 else data.setdefault(str(path[0]), {})
        name = str(path[-2])
        parent[name] = (*parent.get(name, ()), values)
    else:
        data.setdefault(str(path[0]), {}).update(values)


def _slot(place: str, key: str, source: Source, target: Target, layout: Layout, problems: list[str]) -> _Slot | None:
    try:
        return _Slot(place, key, source, source.converter(target, layout))
    except CellError as error:
        problems.append(f"{place}: constant or `values`: {error.rule}; {error.remedy}")
        return None


def _read_file(content: Mapping[str, Any]) -> MappingFile:
    try:
        return MappingFile.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, found['loc'])) or 'file'}: {_UNKNOWN if found['type'] == 'extra_forbidden' else plain(found['msg'])}"
            for found in error.errors(include_input=False)
        )
        raise FeatureDefinitionError(f"Mapping: {problems}") from None


_UNKNOWN = "not known here; check the spelling, or remove it (docs/agency-columns.md lists all keys)"


def _kept(problems: list[str], place: str, read: Callable[[], Any]) -> Any:
    """Read a part; note what is wrong with it and go on."""
    try:
        return read()
    except FeatureDefinitionError as error:
        problems.append(f"{place}: {error}")
        return None


_SOURCE_KEYS = frozenset(Source.model_fields)
_EXTRA: dict[str, Target] = {"number": "number", "category": "text", "flag": "flag", "date": "date", "None": "text"}


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
    return {name: source for name, source in sources.items() if str(entries[name].get("kind")) in _EXTRA}, declared


def _leaf(annotation: Any) -> tuple[Any, ...]:
    """Walk through unions and annotations to the types of a field."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return tuple(leaf for part in get_args(annotation) for leaf in _leaf(part))
    if origin is Annotated:
        return _leaf(get_args(annotation)[0])
    return (annotation,)


_TARGETS: dict[Any, Target] = {
    bool: "flag",
    int: "integer",
    float: "number",
    str: "text",
    date: "date",
    datetime: "datetime",
    AwareDatetime: "datetime",
}


def _resolve(place: str) -> tuple[tuple[str | int, ...], Target]:
    """Find a fact of the record by its path.

    Returns:
        The path in parts, and the type of the fact.
    """
    path: list[str | int] = []
    block: type[BaseModel] | None = TravellerRecord
    found: Any = None
    for part in place.split("."):
        match = re.fullmatch(r"([a-z_]+)(?:\[(\d)\])?", part)
        if block is None or match is None or match[1] not in block.model_fields or match[1] == "extra":
            raise ValueError(
                "no fact of the record; docs/record.md lists them, and a column of your own goes to [extra]"
            )
        name = match[1]
        if sensitivity_of(block, name) is Sensitivity.NEVER and name != "mrz":
            raise ValueError("never stored, so never mapped; leave it out")
        path += [name] if match[2] is None else [name, int(match[2])]
        found = [leaf for leaf in _leaf(block.model_fields[name].annotation) if leaf is not type(None)]
        inner = get_args(found[0])[0] if get_origin(found[0]) is tuple and match[2] is not None else found[0]
        block = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None
    if (
        block is not None
        or get_origin(found[0]) is tuple
        and isinstance(get_args(found[0])[0], type)
        and issubclass(get_args(found[0])[0], BaseModel)
    ):
        raise ValueError('a whole block; name a fact in it, as in "crossing.mode" or "documents[0].type"')
    if get_origin(found[0]) is tuple:
        return tuple(path), "texts"
    return tuple(path), "text" if get_origin(found[0]) is Literal else _TARGETS[found[0]]


def _sensitivity(place: str) -> Sensitivity | None:
    block: type[BaseModel] = TravellerRecord
    *outer, last = re.sub(r"\[\d\]", "", place).split(".")
    for name in outer:
        leaf = next(leaf for leaf in _leaf(block.model_fields[name].annotation) if leaf is not type(None))
        block = get_args(leaf)[0] if get_origin(leaf) is tuple else leaf
    return sensitivity_of(block, last)
