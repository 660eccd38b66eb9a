"""What a case table looks like, fact by fact: counts by bins, about nobody alone, to hold the next table against.

Each fact is looked at in a few ways. Whether it is known; its values; dates and times also by their distance from the
crossing and by day of the month or hour of the day, where swapped days and shifted time zones show; texts also by
length and kind of characters, where a wrong encoding shows.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
from pydantic import BaseModel, ConfigDict

from models.metrics.drift import Dispersion, dispersion
from training.cases import Cases
from training.leakage import content_of

Kind = Literal["flag", "number", "date", "moment", "text"]
View = Literal["known", "values", "to the crossing", "day of the month", "hour of the day", "length", "characters"]

ROWS_MAX = 20_000
"""Rows that are looked at, evenly over the table: more would not tell more."""
LEVEL_ROWS = 20
"""Rows from which a text is a level of its own; rarer ones are counted together, so that a profile tells of nobody."""
LEVELS_MAX = 30
TENTHS = np.linspace(0.1, 0.9, 9)
OTHER = "(other)"
DAYS_OF_PERIOD = 7
"""Days that are one window, where the noise of quiet windows is measured."""
FIRST_DAYS = 12
"""Days of a month that pass for a month."""
KIND_VALUES = 200
"""Known values that tell the kind of a fact."""
COVERED = 0.8
"""Share of the rows that the levels of a text have to name: one of ever new values is looked at by its form alone."""
_HOURS = 3
_LENGTHS = (2, 3, 5, 8, 12, 20)
_VIEWS: Mapping[Kind, tuple[View, ...]] = {
    "flag": ("values",),
    "number": ("values",),
    "date": ("to the crossing", "day of the month"),
    "moment": ("to the crossing", "hour of the day"),
    "text": ("values", "length", "characters"),
}
_OUTCOMES = ("outcome_code", "selection", "selection_probability", "decided_by_role", "evidence_type", "known_at")
_CROSSING = "crossing.expected_at"
_IDS = frozenset({"record_id", "traveller.ref"})
_DAY_SECONDS = 86_400.0
_DAY_LENGTH = len("2026-01-10")
_EPOCH = date(1970, 1, 1).toordinal()
_REPLACED = "\ufffd"
_MOJIBAKE = ("Ã", "Â", "Ø", "Ù", "â€")
"""What UTF-8 looks like where it was read as Latin 1."""


class Aspect(BaseModel):
    """One fact in one view.

    Attributes:
        fact: its path in the record, or the name of a column of outcomes.
        view: how it is looked at.
        kind: of its values.
        edges: inner edges of the bins, for numbers.
        levels: names of the bins, for the rest; what is none of them is counted with the last.
        counts: rows per bin.
        times: of the dispersion of quiet weeks.
        evenness: of the same.
    """

    model_config = ConfigDict(frozen=True)

    fact: str
    view: View
    kind: Kind
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    counts: tuple[int, ...]
    times: float = 1.0
    evenness: float = 1.0

    @property
    def spread(self) -> Dispersion:
        """How quiet weeks vary."""
        return Dispersion(self.times, self.evenness)


class TableProfile(BaseModel):
    """A case table in numbers.

    Attributes:
        rows: that were accepted.
        seen: rows that were looked at.
        rejected: rows that were not accepted.
        repeated: accepted rows that say, but for their id, what an earlier one says.
        gap_days: longest span without any crossing; ``None`` where the cases have no times.
        cut_off: whether the last row of a single file is broken, as the end of a truncated one is.
        sha256: digest of the accepted content.
        aspects: facts and views, in order.
    """

    model_config = ConfigDict(frozen=True)

    rows: int
    seen: int
    rejected: int
    repeated: int
    gap_days: float | None
    cut_off: bool
    sha256: str
    aspects: tuple[Aspect, ...]


class Columns:
    """The facts of a table, side by side.

    Args:
        cases: the table.

    Attributes:
        facts: path -> one value per row that is looked at, ``None`` where it is missing.
        crossing: (rows,), seconds of the crossings; NaN where they have no times.
    """

    def __init__(self, cases: Cases) -> None:
        step = max(1, -(-len(cases.accepted) // ROWS_MAX))
        table = cases.accepted.iloc[::step]
        self.rows = len(table)
        self.facts: dict[str, list[Any]] = {}
        for place, record in enumerate(table["record"]):
            for path, value in _leaves(orjson.loads(record), ""):
                self._column(path)[place] = value
        for name in _OUTCOMES:
            self._column(name)[:] = [None if pd.isna(value) else value for value in table[name]]
        times = table["time"].dt.as_unit("s").astype("int64").to_numpy(dtype=np.float64)
        self.crossing = times if cases.has_time else np.full(self.rows, np.nan)
        self._values: dict[tuple[str, Kind], list[Any]] = {}

    def _column(self, path: str) -> list[Any]:
        if path not in self.facts:
            self.facts[path] = [None] * self.rows
        return self.facts[path]

    def view(self, fact: str, view: View, kind: Kind) -> list[Any]:
        """Look at a fact in one way: a number or a word per row, ``None`` where it is missing or is no such fact."""
        if view == "known":
            return ["missing" if value is None else "known" for value in self.facts.get(fact) or [None] * self.rows]
        read = self._read(fact, kind)
        if view == "to the crossing":
            gaps = (self.crossing - np.array([np.nan if one is None else one for one in read])) / _DAY_SECONDS
            return [None if np.isnan(gap) else gap for gap in gaps.tolist()]
        look = _LOOKS[view]
        seen = {value: look(value) for value in set(read) if value is not None}
        return [seen.get(value) for value in read]

    def _read(self, fact: str, kind: Kind) -> list[Any]:
        """The values of one kind: truth, numbers, seconds since 1970, texts; ``None`` for all others."""
        if (fact, kind) not in self._values:
            reader, values = _READERS[kind], self.facts.get(fact) or [None] * self.rows
            self._values[fact, kind] = [None if value is None else reader(value) for value in values]
        return self._values[fact, kind]


def profile(cases: Cases) -> TableProfile:
    """Look at a case table.

    Args:
        cases: as they were read.
    """
    columns = Columns(cases)
    contents = Counter(content_of(bytes(record)) for record in cases.accepted["record"])
    return TableProfile(
        rows=len(cases.accepted),
        seen=columns.rows,
        rejected=cases.rejected_rows,
        repeated=sum(number - 1 for number in contents.values()),
        gap_days=_longest_gap(cases),
        cut_off=_is_cut_off(cases),
        sha256=cases.sha256,
        aspects=tuple(_aspects(columns)),
    )


def counted(aspect: Aspect, columns: Columns) -> npt.NDArray[np.int64]:
    """Count the rows of another table in the bins of an aspect."""
    counts: npt.NDArray[np.int64] = _table(aspect, columns, np.zeros(columns.rows, dtype=np.int64))[0]
    return counts


def _aspects(columns: Columns) -> Iterator[Aspect]:
    weeks = np.zeros(columns.rows, dtype=np.int64)
    if not np.isnan(columns.crossing).any() and columns.rows:
        weeks = ((columns.crossing - columns.crossing.min()) // (DAYS_OF_PERIOD * _DAY_SECONDS)).astype(np.int64)
    for fact in sorted(columns.facts.keys() - _IDS):
        kind = _kind(columns.facts[fact])
        if kind is None:
            continue
        views: tuple[View, ...] = ("known", *_VIEWS[kind])
        for view in views:
            if fact == _CROSSING and view == "to the crossing":
                continue
            found = _aspect(fact, view, kind, columns, weeks)
            if found is not None:
                yield found


def _aspect(fact: str, view: View, kind: Kind, columns: Columns, weeks: npt.NDArray[np.int64]) -> Aspect | None:
    values = [value for value in columns.view(fact, view, kind) if value is not None]
    if not values:
        return None
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    if not isinstance(values[0], str):
        edges = tuple(np.unique(np.quantile(values, TENTHS)).tolist())
    else:
        common = {level: rows for level, rows in Counter(values).most_common(LEVELS_MAX) if rows >= LEVEL_ROWS}
        levels = (*sorted(common), OTHER)
        if view == "values" and sum(common.values()) < COVERED * len(values):
            return None
    empty = Aspect(fact=fact, view=view, kind=kind, edges=edges, levels=levels, counts=())
    table = _table(empty, columns, weeks)
    quiet = dispersion(table)
    counts = tuple(table.sum(axis=0).tolist())
    return empty.model_copy(update={"counts": counts, "times": quiet.times, "evenness": quiet.evenness})


def _table(aspect: Aspect, columns: Columns, periods: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(periods, bins), rows of each period in each bin."""
    values = columns.view(aspect.fact, aspect.view, aspect.kind)
    there = np.array([value is not None for value in values], dtype=bool)
    known = [value for value in values if value is not None]
    if aspect.levels:
        places = {level: place for place, level in enumerate(aspect.levels)}
        bins = np.array([places.get(value, len(places) - 1) for value in known], dtype=np.int64)
        width = len(places)
    else:
        bins = np.searchsorted(np.array(aspect.edges), np.array(known, dtype=np.float64), side="left")
        width = len(aspect.edges) + 1
    made = np.zeros((int(periods.max(initial=0)) + 1, width), dtype=np.int64)
    np.add.at(made, (periods[there], bins), 1)
    return made


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The facts of a record with their paths; of a list, how many there are, and the first."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(one, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield f"{path}[]", len(value)
        if value:
            yield from _leaves(value[0], f"{path}[0]")
    else:
        yield path, value


def _kind(values: Sequence[Any]) -> Kind | None:
    """The kind of the first values that are known."""
    known = list(islice((value for value in values if value is not None), KIND_VALUES))
    for kind, reader in _READERS.items():
        if known and all(reader(value) is not None for value in known):
            return kind
    return None


def _flag(value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _day(value: Any) -> float | None:
    """A calendar day as seconds."""
    if not isinstance(value, str) or len(value) != _DAY_LENGTH:
        return None
    try:
        return (date.fromisoformat(value).toordinal() - _EPOCH) * _DAY_SECONDS
    except ValueError:
        return None


def _moment(value: Any) -> float | None:
    """A moment as seconds; one without a zone counts as UTC."""
    if isinstance(value, pd.Timestamp):
        return value.timestamp()
    if not isinstance(value, str) or len(value) <= _DAY_LENGTH:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp()


def _characters(value: str) -> str:
    if _REPLACED in value or any(pair in value for pair in _MOJIBAKE):
        return "misread"
    if not value.isascii():
        return "beyond ASCII"
    return "with small letters" if value != value.upper() else "without small letters"


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    "flag": _flag,
    "number": _number,
    "date": _day,
    "moment": _moment,
    "text": str,
}
"""From the narrowest kind to the widest."""
_LOOKS: Mapping[View, Callable[[Any], float | str]] = {
    "values": lambda value: value,
    "day of the month": lambda at: (
        "first" if date.fromordinal(_EPOCH + int(at // _DAY_SECONDS)).day <= FIRST_DAYS else "later"
    ),
    "hour of the day": lambda at: f"{int(at % _DAY_SECONDS // 3600) // _HOURS * _HOURS:02d}",
    "length": lambda value: str(bisect_left(_LENGTHS, len(value))),
    "characters": _characters,
}


def _longest_gap(cases: Cases) -> float | None:
    if not cases.has_time or len(cases.accepted) < 2:  # noqa: PLR2004  a gap lies between two
        return None
    times = cases.accepted["time"].sort_values().dt.as_unit("s").astype("int64").to_numpy()
    return float(np.diff(times).max() / _DAY_SECONDS)


def _is_cut_off(cases: Cases) -> bool:
    return bool(len(cases.rejected)) and int(cases.rejected["row"].max()) == cases.read
