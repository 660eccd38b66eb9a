"""Features over an agency's own columns, declared in TOML without any Python.

A declared column is a number, a flag, a category, a date or a key of ``record.extra``, or is derived from others: the
first characters of a code (``prefix``), several categories together (``of``), one number over another (``ratio``). A
category with many values becomes a rate (``encoding``): how often past checks of that value confirmed a case; the value
itself is never shown, and the bundle holds it as a digest. A key becomes what a memory knows of the crossings that have
it in common (:mod:`features.memory.own`).
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from operator import methodcaller
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from features.declared_checks import CHECKS
from features.declared_codes import codes_of, with_codes
from features.declared_column import DeclaredColumn
from features.errors import FeatureDefinitionError
from features.memory.own import OwnKeys, fact_names
from features.record import TravellerRecord
from features.reference import ReferenceData
from features.spec import FeatureSpec, FeatureValue, Kind, Monotone, ReasonText, Use, check_reason

JOINT = "\x1f"
"""Separates the parts of several categories together (the unit separator of ASCII: it occurs in no code)."""
ENCODED = ("rate", "seen")
"""What an encoding holds of a value: percent of past checks that confirmed a case (smoothed), number of past checks."""
Choice = Literal["none", "rate"]

Extra = Mapping[str, bool | int | float | str]
Reader = Callable[[Extra], Any]


class Problem(NamedTuple):
    """One thing that is wrong: where, which rule, what to do. Never the value."""

    place: str
    rule: str
    remedy: str


class DeclaredColumns:
    """The declared columns of one agency: their features, their check, their JSON.

    >>> columns = DeclaredColumns([DeclaredColumn(name="tax_rate", kind="number", unit="percent")])
    >>> [spec.name for spec in columns.specs], columns.specs[0].reason.raises
    (['tax_rate'], 'Tax rate {value} %: more frequent among confirmed cases')
    >>> columns.check({"tax_rate": "8"})[0].rule
    'a number is expected'
    """

    def __init__(self, columns: Sequence[DeclaredColumn] = ()) -> None:
        self.columns = with_codes(columns)
        self._by_name = {column.name: column for column in self.columns}
        problems = list(self._problems())
        if problems:
            raise FeatureDefinitionError("Declared columns: " + "; ".join(problems))
        self._readers: dict[str, Reader] = {}
        for column in self.columns:
            self._readers[column.name] = self._reader(column)
        self._allowed = {c.name: CHECKS[c.kind] for c in self.columns if not c.derived}
        self._allowed |= dict.fromkeys((name for c in self.columns for name in _facts(c)), CHECKS["number"])

    def __getitem__(self, name: str) -> DeclaredColumn:
        return self._by_name[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeclaredColumns) and self.columns == other.columns

    def __hash__(self) -> int:
        return hash(self.columns)

    def __reduce__(self) -> tuple[Any, ...]:
        return (DeclaredColumns, (self.columns,))  # readers are closures: made again where they are needed

    def _problems(self) -> Iterator[str]:
        """Every rule that the columns break together."""
        seen: set[str] = set()
        for column in self.columns:
            if column.name in seen:
                yield f"{column.name}: declared twice; give it one entry"
            for source in (*column.of, *(column.ratio or ())):
                wanted = "number" if column.ratio else "category or flag"
                if source not in seen:
                    yield f"{column.name}: derived from {source!r}, which no entry above it declares"
                elif self._by_name[source].kind not in wanted:
                    yield f"{column.name}: derived from {source!r}, which is no {wanted}"
            seen.add(column.name)
        names = [
            name
            for column in self.columns
            for name in (column.name, f"{column.name}_rate", f"{column.name}_seen", *_facts(column))
        ]
        for column in self.columns:
            if names.count(column.name) > 1 and column.name in seen:
                yield f"{column.name}: clashes with a feature of another column; choose another name"
                seen.discard(column.name)
        codes = [code for column in self.columns for code in codes_of(column)]
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            yield f"code {code} is used twice: each feature needs its own"
        for column in filter(lambda column: column.feature, self.columns):
            kind = Kind.NUMBER if column.encoding == "rate" else _KINDS[column.kind]
            yield from (f"{column.name}: {rule}" for rule in check_reason(column.sentences(column.code or ""), kind))

    def _reader(self, column: DeclaredColumn) -> Reader:
        """Make the function that reads a column's value from ``record.extra``; ``None`` is missing."""
        name = column.name
        if column.prefix is not None:
            length, whole = column.prefix, self._readers[column.of[0]]
            return lambda extra: None if (value := whole(extra)) is None else value[:length]
        if column.of:
            parts = tuple(self._readers[source] for source in column.of)
            return lambda extra: _joint([part(extra) for part in parts])
        if column.ratio is not None:
            upper, lower = (self._readers[source] for source in column.ratio)
            return lambda extra: _ratio(upper(extra), lower(extra))
        return lambda extra: extra.get(name)

    def values_of(self, extra: Extra) -> list[str | None]:
        """Read the values of :attr:`categories` as they are, for training."""
        return [self._readers[column.name](extra) for column in self.categories]

    def decided(self, choices: Mapping[str, Choice]) -> "DeclaredColumns":
        """Fix the encoding of the categories that left it to training.

        Args:
            choices: name -> choice; columns that made theirs keep it.

        >>> auto = DeclaredColumns([DeclaredColumn(name="importer", kind="category")])
        >>> [spec.name for spec in auto.decided({"importer": "rate"}).specs]
        ['importer_rate', 'importer_seen']
        """
        changed = [
            column.model_copy(update={"encoding": choices[column.name]})
            if column.encoding == "auto" and column.name in choices
            else column
            for column in self.columns
        ]
        return DeclaredColumns(changed)

    @cached_property
    def categories(self) -> tuple[DeclaredColumn, ...]:
        """The columns that are category features, as they are or encoded."""
        return tuple(column for column in self.columns if column.kind == "category" and column.feature)

    @cached_property
    def own_keys(self) -> OwnKeys:
        """The columns under which a memory links crossings."""
        return OwnKeys((column.name, column.window_days) for column in self.columns if column.kind == "key")

    @cached_property
    def specs(self) -> tuple[FeatureSpec, ...]:
        """The features, in group "extra", in the order of the declaration."""
        return tuple(spec for column in self.columns for spec in self.features_of(column))

    def features_of(self, column: DeclaredColumn) -> Iterator[FeatureSpec]:
        """Make the features of one of the columns; none for a mere ingredient of others."""
        if not column.feature:
            return
        read, name, code = self._readers[column.name], column.name, column.code or ""
        because = column.because or f"Declared by the agency, which answers for it: {column.noun} ({name})"
        if column.encoding == "rate":
            expects = Monotone.INCREASING if column.expects is Monotone.NONE else column.expects
            yield _spec(
                column,
                f"{name}_rate",
                _encoded_number(read, name, 0),
                column.sentences(code),
                because,
                label=f"confirmed past checks of this {column.noun}",
                unit="percent",
                expects=expects,
            )
            yield _spec(
                column,
                f"{name}_seen",
                _encoded_number(read, name, 1),
                column.seen_sentences(column.seen_code or ""),
                because,
                label=f"number of past checks of this {column.noun}",
                unit="checks",
                expects=Monotone.NONE,
            )
            return
        if column.kind == "key":
            yield from _key_features(column, because)
            return
        makers: dict[str, Callable[..., FeatureValue]] = {
            "number": _number(read),
            "flag": lambda record: read(record.extra),
            "category": lambda record: read(record.extra),
            "date": _days_before(read),
        }
        units = {"number": column.unit or "units", "date": "days"}
        yield _spec(
            column,
            name,
            makers[column.kind],
            column.sentences(code),
            because,
            label=column.noun,
            unit=units.get(column.kind),
            expects=column.expects,
        )

    def check(self, extra: Extra) -> list[Problem]:
        """Compare submitted columns with their declaration.

        Args:
            extra: ``record.extra``; a missing column is no problem.

        Returns:
            Problems in the order of the columns; empty where all is well.
        """
        problems = []
        for name, value in extra.items():
            rule = self._allowed.get(name)
            if rule is None:
                why, remedy = "a column that is not declared", "leave it out, or have it declared and trained on"
                if name in self._by_name:
                    why, remedy = "a column that is computed from others", "leave it out"
                problems.append(Problem(f"extra.{name}", why, remedy))
            elif not rule.holds(value):
                problems.append(Problem(f"extra.{name}", rule.text, rule.remedy))
        return problems

    def to_json(self) -> list[dict[str, Any]]:
        """Write the declaration as JSON values, codes included, so that a bundle keeps them for ever."""
        return [column.model_dump(mode="json", exclude_defaults=True) for column in self.columns]

    @classmethod
    def from_json(cls, entries: Sequence[Mapping[str, Any]]) -> "DeclaredColumns":
        """Read what :meth:`to_json` wrote, or the entries of a TOML file.

        Raises:
            FeatureDefinitionError: naming every entry and rule.
        """
        columns, problems = [], []
        for place, entry in enumerate(entries):
            try:
                columns.append(DeclaredColumn.model_validate(dict(entry)))
            except ValidationError as error:
                name = str(entry.get("name", f"entry {place + 1}"))
                problems += [f"{name}{dotted(e['loc'])}: {plain(e['msg'])}" for e in error.errors(include_input=False)]
        if problems:
            raise FeatureDefinitionError("Declared columns: " + "; ".join(problems))
        return cls(columns)


def dotted(location: tuple[int | str, ...]) -> str:
    """Write a place inside an entry as ``.key.key``."""
    return "".join(f".{part}" for part in location)


def plain(message: str) -> str:
    """Take pydantic's prefix off a message of our own.

    >>> plain("Value error, choose another")
    'choose another'
    """
    return message.removeprefix("Value error, ")


_KINDS = {"number": Kind.NUMBER, "key": Kind.NUMBER, "date": Kind.NUMBER, "flag": Kind.FLAG, "category": Kind.CATEGORY}


def _spec(
    column: DeclaredColumn,
    name: str,
    function: Callable[..., FeatureValue],
    reason: ReasonText,
    because: str,
    *,
    label: str,
    unit: str | None,
    expects: Monotone,
) -> FeatureSpec:
    """Fill in what all features of declared columns share."""
    kind = Kind.NUMBER if column.encoding == "rate" else _KINDS[column.kind]
    needs = ("reference",) if column.encoded else ()
    labels = dict(column.words) if kind is Kind.CATEGORY else {}
    return FeatureSpec(
        function=function,
        name=name,
        group="extra",
        doc=f"{label[0].upper()}{label[1:]}: the declared column {column.name}, feature {name}.",
        kind=kind,
        unit=unit,
        label=label,
        expects=expects,
        use=Use.SCORE,
        reason=reason,
        because=because,
        labels=labels,
        needs=needs,
    )


def _key_features(column: DeclaredColumn, because: str) -> Iterator[FeatureSpec]:
    """Make what a memory tells of a key: bookings, persons, days since."""
    bookings, persons, since = _facts(column)
    away = {Monotone.INCREASING: Monotone.DECREASING, Monotone.DECREASING: Monotone.INCREASING}
    window = f"in {column.window_days} days"
    told = (
        (
            bookings,
            f"unrelated bookings with the {column.noun} {window}",
            "bookings",
            column.sentences(column.code or ""),
        ),
        (
            persons,
            f"other persons with the {column.noun} {window}",
            "persons",
            column.persons_sentences(column.persons_code or ""),
        ),
        (
            since,
            f"days since the {column.noun} was on an unrelated booking",
            "days",
            column.since_sentences(column.since_code or ""),
        ),
    )
    for name, label, unit, reason in told:
        expects = away.get(column.expects, Monotone.NONE) if name == since else column.expects
        yield _spec(
            column, name, _number(methodcaller("get", name)), reason, because, label=label, unit=unit, expects=expects
        )


def _facts(column: DeclaredColumn) -> tuple[str, ...]:
    """Names of what a memory tells of a column; empty for all but keys."""
    return tuple(fact_names(column.name, column.window_days).values()) if column.kind == "key" else ()


def _joint(parts: list[Any]) -> str | None:
    """Join parts into one key; a missing part is a value of its own, all missing is missing."""
    if all(part is None for part in parts):
        return None
    return JOINT.join("" if part is None else str(part) for part in parts)


def _ratio(upper: float | None, lower: float | None) -> float | None:
    """Divide; what has no finite answer is missing."""
    if upper is None or not lower:
        return None
    value = upper / lower
    return value if math.isfinite(value) else None


def _number(read: Reader) -> Callable[[TravellerRecord], float | None]:
    def number(record: TravellerRecord) -> float | None:
        value = read(record.extra)
        return None if value is None else float(value)

    return number


def _days_before(read: Reader) -> Callable[[TravellerRecord], float | None]:
    def days_before(record: TravellerRecord) -> float | None:
        value = read(record.extra)
        if value is None:
            return None
        return float((record.crossing.expected_at.date() - date.fromisoformat(value)).days)

    return days_before


def _encoded_number(read: Reader, name: str, place: int) -> Callable[[TravellerRecord, ReferenceData], float | None]:
    def encoded(record: TravellerRecord, reference: ReferenceData) -> float | None:
        value = read(record.extra)
        if value is None:
            return None
        encoding = reference.encodings[name]
        return encoding.table.get(encoding_key(name, value), encoding.unseen)[place]

    return encoded


def encoding_key(name: str, value: str) -> str:
    """Write the key under which an encoding holds a value: a digest, so that a bundle lists no identities.

    >>> encoding_key("importer", "A-1")
    '5d72f4f8e78071284a7822cc'
    """
    return hashlib.blake2b(value.encode(), digest_size=12, person=name[:16].encode()).hexdigest()
