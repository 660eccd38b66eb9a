"""One column that an agency declares: what it holds, what it may mean, and its sentences."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.forbidden import why_forbidden
from features.memory.facts import HORIZON_DAYS
from features.record import ExtraName
from features.spec import Monotone, ReasonText

ReasonCode = Annotated[str, Field(pattern="^[A-Z]{2}[A-Z0-9]{2}$")]
Sentence = Annotated[str, Field(min_length=3, max_length=200)]

_ACCUSING = frozenset(
    {"criminal", "guilty", "suspect", "suspicious", "offender", "illegal", "illegals", "liar", "fraudster", "terrorist"}
)

_KEY_NAME_MAX = 27
_MORE, _LESS = "more frequent among confirmed cases", "less frequent among confirmed cases"


class DeclaredColumn(BaseModel):
    """One column that an agency declares; sentences, code and unit have defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ExtraName
    kind: Literal["number", "category", "flag", "date", "key"]
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
    window_days: Annotated[int, Field(ge=1, le=HORIZON_DAYS)] = 90
    """How long the memory links crossings by a key."""
    feature: bool = True
    """``false`` for a column that is only an ingredient of others."""
    code: ReasonCode | None = None
    seen_code: ReasonCode | None = None
    persons_code: ReasonCode | None = None
    since_code: ReasonCode | None = None
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
        yield from (text for breaks, text in _RULES if breaks(self))
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
    def codes(self) -> tuple[str, ...]:
        """Names of the entries that hold the codes of its features, in their order."""
        if self.kind == "key":
            return ("code", "persons_code", "since_code")
        return ("code", "seen_code") if self.encoding == "rate" else ("code",)

    @property
    def noun(self) -> str:
        """The label, or the name with blanks."""
        return self.label or self.name.replace("_", " ")

    def sentences(self, code: str) -> ReasonText:
        """The reason text of its first feature."""
        noun = self.noun[0].upper() + self.noun[1:]
        if self.encoding == "rate":
            said = f"Expected from past checks of this {self.noun}: {{value:,.1f}} % confirmed, "
            raises, lowers = said + "more than usual", said + "less than usual"
            if self.expects is Monotone.DECREASING:
                raises, lowers = lowers, raises
        elif self.kind == "key":
            said = f"Unrelated bookings with the same {self.noun} in {self.window_days} days: {{value:,.0f}}, "
            raises, lowers = said + "more usual among cases", said + "less usual among cases"
        elif self.kind == "flag":
            yes_no = f"{noun}: yes", f"{noun}: no"
            raises, lowers = yes_no if self.expects is Monotone.INCREASING else yes_no[::-1]
        else:
            unit = "%" if self.unit == "percent" else self.unit or ""
            shown = {"number": f"{{value}} {unit}".strip(), "date": "{value:,.0f} days before the crossing"}
            said = f"{noun} {shown.get(self.kind, '{value}')}: "
            raises, lowers = said + _MORE, said + _LESS
        return ReasonText(
            code=code,
            raises=self.raises or raises,
            lowers=self.lowers or lowers,
            missing=self.missing or f"No {self.noun} was given",
        )

    def persons_sentences(self, code: str) -> ReasonText:
        """The reason text of how many other persons a key was seen with."""
        said = f"Other persons with the same {self.noun} in {self.window_days} days: {{value:,.0f}}, "
        return ReasonText(
            code=code,
            raises=said + "more usual among cases",
            lowers=said + "less usual among cases",
            missing=f"{self.missing or f'No {self.noun} was given'}, so who else had it is not known",
        )

    def since_sentences(self, code: str) -> ReasonText:
        """The reason text of the days since a key was on an unrelated booking."""
        said = f"An unrelated booking with the same {self.noun} came {{value:,.0f}} days ago, "
        return ReasonText(
            code=code,
            raises=said + "more usual among cases",
            lowers=said + "less usual among cases",
            missing=f"No unrelated booking with the {self.noun} is known",
        )

    def seen_sentences(self, code: str) -> ReasonText:
        """The reason text of its count of past checks."""
        said = f"Number of past checks of this {self.noun} is {{value:,.0f}}: "
        return ReasonText(
            code=code,
            raises=said + _MORE,
            lowers=said + _LESS,
            missing=f"{self.missing or f'No {self.noun} was given'}, so its past checks are not known",
        )


_Rule = tuple[Callable[[DeclaredColumn], object], str]
_RULES: tuple[_Rule, ...] = (
    (
        lambda column: column.kind == "flag" and column.feature and column.expects is Monotone.NONE,
        (
            'a flag needs a direction: expects = "increasing" where true raises the risk, "decreasing" where it '
            'lowers it; or declare it as kind = "category", which needs none'
        ),
    ),
    (
        lambda column: column.kind == "category" and column.encoding != "rate" and column.expects is not Monotone.NONE,
        "a category has no direction: leave `expects` out",
    ),
    (
        lambda column: column.kind == "key" and not column.feature,
        "a key is no ingredient of others: leave `feature` out",
    ),
    (
        lambda column: column.kind == "key" and len(column.name) > _KEY_NAME_MAX,
        f"a key's name has {_KEY_NAME_MAX} characters at most, since the facts about it are named after it",
    ),
    (
        lambda column: column.kind != "key" and "window_days" in column.model_fields_set,
        '`window_days` is for kind = "key"',
    ),
    (
        lambda column: column.encoding != "auto" and column.kind != "category",
        '`encoding` is for kind = "category"',
    ),
    (
        lambda column: column.of and column.kind != "category",
        'a column `of` others is kind = "category"',
    ),
    (
        lambda column: column.ratio and (column.kind != "number" or column.of),
        'a `ratio` is kind = "number", and has no `of`',
    ),
    (
        lambda column: column.prefix is not None and len(column.of) != 1,
        "`prefix` goes with exactly one column in `of`",
    ),
    (
        lambda column: len(column.of) == 1 and column.prefix is None,
        "`of` names one column: give its `prefix` length, or name further columns",
    ),
)
