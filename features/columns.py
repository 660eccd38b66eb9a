"""How one column of a table becomes one typed value of the record."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

Cell = Any
"""What a table holds: text, a number, true or false, a date or time, or nothing."""
Target = Literal["text", "number", "integer", "flag", "date", "day", "datetime", "texts"]
"""What a cell becomes; a "day" is a date as ISO text, as dates travel in declared columns."""
Convert = Callable[[Cell], Any]

_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")


class CellError(ValueError):
    """A cell cannot be read; carries rule and remedy, never the cell."""

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(rule)
        self.rule, self.remedy = rule, remedy


class Layout(BaseModel):
    """How a whole table writes things."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    missing: tuple[str, ...] = ()
    """Texts that mean missing, beside a blank cell. None by default: "NA" is also a country."""
    timezone: str = "UTC"
    """Place whose clock the times without an offset show."""

    @model_validator(mode="after")
    def _holds(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same character: one must differ")
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise ValueError('timezone: give a name of the IANA list, as in "Africa/Nairobi"') from None
        return self


class Source(BaseModel):
    """Where a value comes from: a column or a constant, and how to read it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: Annotated[str, Field(min_length=1)] | None = None
    constant: Any = None
    format: str | None = None
    """Format of a date or time (strftime letters); default: ISO 8601."""
    values: dict[str, Any] | None = None
    """Translation of the cells; a cell that it does not hold is a problem, unless ``other`` is given."""
    other: Any = None
    width: Annotated[int, Field(ge=1, le=40)] | None = None
    """Digits of a code whose leading zeros were lost: they are put back."""
    true: tuple[str | int, ...] = ()
    false: tuple[str | int, ...] = ()
    """Cells of a flag; default: true/false, yes/no, y/n, t/f, 1/0 in any case."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either `column` or `constant`")
        if bool(self.true) != bool(self.false):
            raise ValueError("give both `true` and `false`")
        return self

    def converter(self, target: Target, layout: Layout) -> Convert:
        """Make the function from a cell that is not missing to a value.

        Returns:
            A function that raises :class:`CellError`.
        """
        convert = _CONVERTERS[target](self, layout)
        if self.values is None:
            return convert
        translated = {key: convert(value) for key, value in self.values.items()}
        other = None if self.other is None else convert(self.other)

        def translate(cell: Cell) -> Any:
            value = translated.get(as_text(cell), other)
            if value is None:
                raise CellError("a value that `values` does not hold", "add it to `values`, or give `other`")
            return value

        return translate


def is_missing(cell: Cell, missing: frozenset[str]) -> bool:
    """Whether a cell is blank, not a number, or a text that means missing.

    >>> [is_missing(cell, frozenset({"-"})) for cell in (None, "", " ", "-", float("nan"), 0, "NA")]
    [True, True, True, True, True, False, False]
    """
    if isinstance(cell, str):
        return not cell or cell.isspace() or cell in missing
    return cell is None or cell != cell  # noqa: PLR0124  # only "not a number" and "not a time" differ from themselves


def as_text(cell: Cell) -> str:
    """Write a cell as text; a whole number without a point, so that codes read as numbers keep their form.

    >>> as_text(30.0), as_text(7), as_text(" KE "), as_text(True)
    ('30', '7', 'KE', 'true')
    """
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _text(source: Source, _layout: Layout) -> Convert:
    width = source.width
    return as_text if width is None else lambda cell: as_text(cell).zfill(width)


def _texts(_source: Source, _layout: Layout) -> Convert:
    def convert(cell: Cell) -> tuple[str, ...]:
        parts = cell if isinstance(cell, (list, tuple)) else as_text(cell).split(";")
        return tuple(as_text(part) for part in parts)

    return convert


def _number(_source: Source, layout: Layout) -> Convert:
    decimal, thousands = layout.decimal, layout.thousands

    def convert(cell: Cell) -> float:
        if isinstance(cell, str):
            if thousands:
                cell = cell.replace(thousands, "")
            if decimal == ",":
                if "." in cell:
                    raise CellError("a number with a decimal comma is expected", "set `decimal` or `thousands`")
                cell = cell.replace(",", ".")
        try:
            value = float(cell)
        except (TypeError, ValueError):
            raise CellError("a number is expected", "correct it, or list the text under `missing`") from None
        if not math.isfinite(value):
            raise CellError("a finite number is expected", "leave it blank where it is not known")
        return value

    return convert


def _integer(source: Source, layout: Layout) -> Convert:
    number = _number(source, layout)

    def convert(cell: Cell) -> int:
        value: float = number(cell)
        if not value.is_integer():
            raise CellError("a whole number is expected", "correct it, or map the column to another field")
        return int(value)

    return convert


def _flag(source: Source, _layout: Layout) -> Convert:
    table = {as_text(text).lower(): value for value in (True, False) for text in ((_FALSE, _TRUE)[value])}
    if source.true:
        table = {as_text(text).lower(): value for value in (True, False) for text in (source.false, source.true)[value]}

    def convert(cell: Cell) -> bool:
        value = table.get(as_text(cell).lower())
        if value is None:
            raise CellError("yes or no is expected", "name the cells in `true` and `false`")
        return value

    return convert


def _datetime(source: Source, layout: Layout) -> Convert:
    zone = UTC if layout.timezone == "UTC" else ZoneInfo(layout.timezone)
    pattern = source.format

    @lru_cache(maxsize=65_536)  # days repeat within a table; parsing one costs more than the rest of a row
    def read(text: str) -> datetime:
        found = datetime.fromisoformat(text) if pattern is None else datetime.strptime(text, pattern)  # noqa: DTZ007
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)

    def convert(cell: Cell) -> datetime:
        if isinstance(cell, datetime):  # also pandas' own time stamps
            return datetime.fromisoformat(cell.isoformat()).replace(tzinfo=cell.tzinfo or zone).astimezone(UTC)
        if isinstance(cell, date):
            return datetime.combine(cell, time(), zone).astimezone(UTC)
        try:
            return read(as_text(cell))
        except ValueError:
            raise CellError(*_WRONG_TIME) from None

    return convert


def _date(source: Source, layout: Layout) -> Convert:
    local = _datetime(source, layout.model_copy(update={"timezone": "UTC"}))  # a day has no zone to be moved by

    def convert(cell: Cell) -> date:
        found: datetime = local(cell)
        return found.date()

    return convert


def _day(source: Source, layout: Layout) -> Convert:
    read = _date(source, layout)
    return lambda cell: read(cell).isoformat()


_WRONG_TIME = ("a date or time in the declared format is expected", "correct it, or give the column's `format`")
_CONVERTERS: dict[Target, Callable[[Source, Layout], Convert]] = {
    "text": _text,
    "texts": _texts,
    "number": _number,
    "integer": _integer,
    "flag": _flag,
    "date": _date,
    "day": _day,
    "datetime": _datetime,
}
