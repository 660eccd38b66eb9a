"""Features over an agency's own columns, declared in TOML without any Python.

A declared column is a number, a flag, a category or a date of ``record.extra``, or is derived from others: the first
characters of a code (``prefix``), several categories together (``of``), one number over another (``ratio``). A category
with many values becomes a rate (``encoding``): how often past checks of that value confirmed a case; the value itself
is never shown, and the bundle holds it as a digest.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import count
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.errors import FeatureDefinitionError
from features.forbidden import why_forbidden
from features.record import ExtraName, TravellerRecord
from features.reference import ReferenceData
from features.spec import FeatureSpec, FeatureValue, Kind, Monotone, ReasonText, Use, check_reason

JOINT = "\x1f"
"""Separates the parts of several categories together (the unit separator of ASCII: it occurs in no code)."""
ENCODED = ("rate", "seen")
"""What an encoding holds of a value: percent of past checks that confirmed a case (smoothed), number of past checks."""
Choice = Literal["none", "rate"]

Extra = Mapping[str, bool | int | float | str]
Reader = Callable[[Extra], Any]
ReasonCode = Annotated[str, Field(pattern="^[A-Z]{2}[A-Z0-9]{2}$")]
Sentence = Annotated[str, Field(min_length=3, max_length=200)]

_ACCUSING = frozenset("criminal guilty suspect suspicious offender illegal illegals liar fraudster terrorist".split())
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Problem(NamedTuple):
    """One thing that is wrong: where, which rule, what to do. Never the value."""

    place: str
    rule: str
    remedy: str


class DeclaredColumn(BaseModel):
    """One column that an agency declares; sentences, code and unit have defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ExtraName
    kind: Literal["number", "category", "flag", "date"]
    label: Annotated[str, Field(min_length=2, max_length=80, pattern="^[^{}]*$")] = ""
    """Noun phrase without an article, as in "tax rate"; default: the name with blanks."""
    unit: Annotated[str, Field(max_length=30, pattern="^[^{}]*$")] = ""
    """Unit of a number; a date is always in days before the crossing."""
    expects: Monotone = Monotone.NONE
    """Direction that domain knowledge demands. A flag needs one; a rate rises with the rate unless said otherwise."""
    encoding: Literal["auto", "none", "rate"] = "auto"
    """Of a category: its values as they are, or the rate of confirmed past checks; "auto" lets training choose by the
    number of values."""
    min_seen: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Past checks that a value needs for a rate of its own; rarer ones share that of values never met."""
    of: tuple[ExtraName, ...] = ()
    """Category columns that this one is derived from."""
    prefix: Annotated[int, Field(ge=1, le=40)] | None = None
    """Keep the first characters of the one column in ``of``."""
    ratio: tuple[ExtraName, ExtraName] | None = None
    """Number columns: the first over the second."""
    feature: bool = True
    """``false`` for a column that is only an ingredient of others."""
    code: ReasonCode | None = None
    seen_code: ReasonCode | None = None
    raises: Sentence | None = None
    lowers: Sentence | None = None
    missing: Sentence | None = None
    because: Annotated[str, Field(min_length=20, max_length=400)] | None = None
    """Why the column may bear on risk."""
    words: Mapping[str, str] = Field(default_factory=dict)
    """Words for the values of a category, for reading."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        for text in {self.name, self.label} - {""}:
            if (why := why_forbidden(text)) is not None:
                yield why
        if self.kind == "flag" and self.feature and self.expects is Monotone.NONE:
            yield (
                'a flag needs a direction: expects = "increasing" where true raises the risk, "decreasing" where it '
                'lowers it; or declare it as kind = "category", which needs none'
            )
        if self.kind == "category" and self.encoding != "rate" and self.expects is not Monotone.NONE:
            yield "a category has no direction: leave `expects` out"
        if self.encoding == "rate" and self.kind != "category":
            yield 'encoding = "rate" is for kind = "category"'
        if self.of and self.kind != "category":
            yield 'a column `of` others is kind = "category"'
        if self.ratio and (self.kind != "number" or self.of):
            yield 'a `ratio` is kind = "number", and has no `of`'
        if self.prefix is not None and len(self.of) != 1:
            yield "`prefix` goes with exactly one column in `of`"
        if len(self.of) == 1 and self.prefix is None:
            yield "`of` names one column: give its `prefix` length, or name further columns"
        for sentence in (self.label, self.raises, self.lowers, self.missing):
            if sentence and _ACCUSING & set(re.findall(r"[a-z]+", sentence.lower())):
                yield "a label or sentence accuses: state a fact about the case instead"

    @property
    def derived(self) -> bool:
        """Whether the column is computed from others and therefore never submitted."""
        return bool(self.of or self.ratio)

    @property
    def encoded(self) -> bool:
        """Whether its features are what training learned of its values."""
        return self.encoding == "rate" and self.feature

    @property
    def noun(self) -> str:
        """The label, or the name with blanks."""
        return self.label or self.name.replace("_", " ")

    def sentences(self, code: str) -> ReasonText:
        """The reason text of its first feature."""
        noun = self.noun[0].upper() + self.noun[1:]
        more, less = ("{} confirmed a case " + how + " often than usual" for how in ("more", "less"))
        if self.encoding == "rate":
            past = f"Past checks of this {self.noun}"
            raises, lowers = more.format(past), less.format(past)
        elif self.kind == "flag":
            said = f"{noun}: yes", f"{noun}: no"
            raises, lowers = said if self.expects is Monotone.INCREASING else said[::-1]
        else:
            shown = {"number": f"{{value:,.6g}} {self.unit}".strip(), "date": "{value:,.0f} days before the crossing"}
            past = f"{noun} {shown.get(self.kind, '{value}')}: past checks of such cases"
            raises, lowers = more.format(past), less.format(past)
        return ReasonText(
            code=code,
            raises=self.raises or raises,
            lowers=self.lowers or lowers,
            missing=self.missing or f"{noun} was not given",
        )

    def seen_sentences(self, code: str) -> ReasonText:
        """The reason text of its count of past checks."""
        past = f"This {self.noun} was checked {{value:,.0f}} times before: past checks of such cases confirmed a case "
        return ReasonText(
            code=code,
            raises=past + "more often than usual",
            lowers=past + "less often than usual",
            missing=self.missing or f"{self.noun[0].upper()}{self.noun[1:]} was not given, so its past is unknown",
        )


class DeclaredColumns:
    """The declared columns of one agency: their features, their check, their JSON.

    >>> columns = DeclaredColumns([DeclaredColumn(name="tax_rate", kind="number", unit="percent")])
    >>> [spec.name for spec in columns.specs], columns.specs[0].reason.raises
    (['tax_rate'], 'Tax rate {value:,.6g} percent: past checks of such cases confirmed a case more often than usual')
    >>> columns.check({"tax_rate": "8"})[0].rule
    'a number is expected'
    """

    def __init__(self, columns: Sequence[DeclaredColumn] = ()) -> None:
        self.columns = _with_codes(columns)
        self._by_name = {column.name: column for column in self.columns}
        problems = list(self._problems())
        if problems:
            raise FeatureDefinitionError("Declared columns: " + "; ".join(problems))
        self._readers: dict[str, Reader] = {}
        for column in self.columns:
            self._readers[column.name] = self._reader(column)
        self._allowed = {c.name: _CHECKS[c.kind] for c in self.columns if not c.derived}

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
            name for column in self.columns for name in (column.name, f"{column.name}_rate", f"{column.name}_seen")
        ]
        for column in self.columns:
            if names.count(column.name) > 1 and column.name in seen:
                yield f"{column.name}: clashes with a feature of another column; choose another name"
                seen.discard(column.name)
        codes = [code for column in self.columns for code in (column.code, column.seen_code) if code]
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
    def specs(self) -> tuple[FeatureSpec, ...]:
        """The features, in group "extra", in the order of the declaration."""
        return tuple(spec for column in self.columns if column.feature for spec in self._features(column))

    def _features(self, column: DeclaredColumn) -> Iterator[FeatureSpec]:
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


class _Check(NamedTuple):
    """What a submitted value of one kind must be."""

    holds: Callable[[Any], bool]
    text: str
    remedy: str


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


_CHECKS = {
    "number": _Check(lambda v: type(v) is float or type(v) is int, "a number is expected", "send a JSON number"),
    "flag": _Check(lambda v: type(v) is bool, "a flag is expected", "send true or false"),
    "category": _Check(lambda v: type(v) is str, "a text is expected", "send the code as text, in quotes"),
    "date": _Check(_is_date, "a date is expected", "send it as text, YYYY-MM-DD"),
}
_KINDS = {"number": Kind.NUMBER, "date": Kind.NUMBER, "flag": Kind.FLAG, "category": Kind.CATEGORY}


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


def _code(text: str, taken: set[str]) -> str:
    """Choose a code that stays the same while the name does: X, Y or Z, a letter, two more of either kind."""
    for salt in count():
        number = int.from_bytes(hashlib.sha256(f"{text}/{salt}".encode()).digest()[:6], "big")
        number, tail = divmod(number, 36 * 36)
        number, letter = divmod(number, 26)
        code = "XYZ"[number % 3] + chr(65 + letter) + _DIGITS[tail // 36] + _DIGITS[tail % 36]
        if code not in taken:
            break
    return code


def _with_codes(columns: Sequence[DeclaredColumn]) -> tuple[DeclaredColumn, ...]:
    """Give every feature without a code one that follows from its name."""
    taken = {code for column in columns for code in (column.code, column.seen_code) if code}
    finished = []
    for column in columns:
        codes = {}
        wanted = ("code", "seen_code") if column.encoding == "rate" else ("code",)
        for key in wanted if column.feature else ():
            if getattr(column, key) is None:
                codes[key] = _code(f"{column.name}/{key}", taken)
                taken.add(codes[key])
        finished.append(column.model_copy(update=codes))
    return tuple(finished)
