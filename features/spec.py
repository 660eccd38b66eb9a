"""A feature, its meaning and its sentences, in one place."""

import inspect
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, get_args, get_type_hints

from features import reads
from features.errors import FeatureDefinitionError
from features.record import History, TravellerRecord
from features.reference import ReferenceData

FeatureValue = float | int | bool | str | None
"""What a feature returns: ``None`` is missing; zero is zero."""


class Kind(StrEnum):
    """How a model reads the values of a feature; follows from what the function returns."""

    NUMBER = "number"
    FLAG = "flag"
    CATEGORY = "category"


class Use(StrEnum):
    """What the values may be used for."""

    SCORE = "score"
    AUDIT = "audit"


class Monotone(StrEnum):
    """The direction that domain knowledge demands of the risk as the value grows."""

    INCREASING = "increasing"
    DECREASING = "decreasing"
    NONE = "none"


REVIEWED = date(2026, 11, 1)
"""When all justifications were last read through; a feature that was reviewed later says so itself."""


@dataclass(frozen=True, slots=True)
class ReasonText:
    """The sentences of one feature. ``{value}`` stands for the observed value.

    A flag has a direction, so its sentences state which of the two values was seen: that of the riskier value in
    ``raises``, that of the other in ``lowers``. Those of a number or a category state the value and compare it.

    Attributes:
        code: four characters, stable for ever: two letters for the topic, two digits.
        raises: said when the contribution raises the score.
        lowers: said when it lowers the score.
        missing: said when the fact was not submitted.
    """

    code: str
    raises: str
    lowers: str
    missing: str


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """The documented function behind one feature; call it like the function.

    Attributes:
        name: name of the function, and of the column in training.
        group: topic module that holds it.
        label: a noun phrase for tables and for sentences about two features together.
        because: why the fact may bear on risk, with the published indicator.
        indicators: numbers of published indicators that it covers (docs/features.md lists them).
        reviewed: when the justification was last looked at.
        message: the message that the fact comes from (API, PNR, DOC), or ``None``; without that message it is missing.
        only_for: risks that may use it where rights demand a limit; ``None`` is any.
        labels: words for the values of a category.
    """

    function: Callable[..., FeatureValue]
    name: str
    group: str
    doc: str
    kind: Kind
    unit: str | None
    label: str
    expects: Monotone
    use: Use
    reason: ReasonText
    because: str
    indicators: tuple[int, ...] = ()
    reviewed: date = REVIEWED
    message: str | None = None
    only_for: frozenset[str] | None = None
    labels: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    def __call__(self, *arguments: Any) -> FeatureValue:
        """Compute the value; arguments are the record and what :attr:`needs` names, in that order."""
        return self.function(*arguments)


SENTENCE_VALUES: dict[Kind, Any] = {Kind.NUMBER: 1.5, Kind.FLAG: True, Kind.CATEGORY: "word"}
"""A value of each kind, to render every sentence once when a feature is defined."""

REASON_CODE = re.compile("[A-Z]{2}[0-9A-Z]{2}")
ACCUSING = re.compile(
    r"\b(suspicious|suspects?|suspected|illegal\w*|illicit\w*|criminals?|crimes?|fraud\w*|forge[rd]\w*|fake[ds]?|false\w*"
    r"|smuggl\w*|traffick\w*|victims?|guilty|liars?|lied|lying|terror\w*|deceiv\w*|decei?t\w*|dangerous|offenders?|cheat\w*"
    r"|stolen|impost[oe]rs?)\b",
    re.IGNORECASE,
)
"""Words that no sentence about a traveller may hold: a score states facts, it accuses nobody."""
SHORTEST_JUSTIFICATION = 20


def feature(
    *,
    label: str,
    reason: ReasonText,
    because: str,
    unit: str | None = None,
    expects: Monotone = Monotone.NONE,
    use: Use = Use.SCORE,
    indicators: tuple[int, ...] = (),
    reviewed: date = REVIEWED,
    message: str | None = None,
    only_for: tuple[str, ...] | None = None,
    labels: dict[str, str] | None = None,
) -> Callable[[Callable[..., FeatureValue]], FeatureSpec]:
    """Make a function of the record a feature of the catalogue.

    The function takes ``record: TravellerRecord`` and, where it needs them, ``history: History | None`` and
    ``reference: ReferenceData``, in this order; it returns ``float | None``, ``bool | None`` or ``str | None``, which
    fixes the kind.

    Raises:
        FeatureDefinitionError: for a missing docstring, example or justification, a wrong code or placeholder, a flag
            without direction, or a score feature that reads a protected fact.
    """

    def define(function: Callable[..., FeatureValue]) -> FeatureSpec:
        hints = get_type_hints(function)
        returned = set(get_args(hints.get("return"))) - {type(None)}
        kinds = {float: Kind.NUMBER, int: Kind.NUMBER, bool: Kind.FLAG, str: Kind.CATEGORY}
        if len(returned) != 1 or (kind := kinds.get(next(iter(returned)))) is None:
            raise FeatureDefinitionError(f"{function.__name__}: return float | None, bool | None or str | None")
        spec = FeatureSpec(
            function=function,
            name=function.__name__,
            group=function.__module__.rpartition(".")[2],
            doc=inspect.cleandoc(function.__doc__ or ""),
            kind=kind,
            unit=unit,
            label=label,
            expects=expects,
            use=use,
            reason=reason,
            because=because,
            indicators=indicators,
            reviewed=reviewed,
            message=message,
            only_for=None if only_for is None else frozenset(only_for),
            labels=labels or {},
            needs=tuple(inspect.signature(function).parameters)[1:],
        )
        problems = list(_problems(spec, hints))
        if problems:
            raise FeatureDefinitionError(f"{spec.name}: " + "; ".join(problems))
        return spec

    return define


def _problems(spec: FeatureSpec, hints: dict[str, Any]) -> Iterator[str]:
    """Every rule of the catalogue that a definition breaks."""
    if ">>>" not in spec.doc:
        yield "give a docstring with an example that runs"
    if len(spec.because) < SHORTEST_JUSTIFICATION:
        yield "say in `because` why the fact may bear on risk, and where that was published"
    yield from check_reason(spec.reason, spec.kind)
    if spec.kind is Kind.FLAG and spec.expects is Monotone.NONE:
        yield "a flag needs a direction: its sentences state which value was seen"
    if spec.kind is Kind.NUMBER and spec.unit is None:
        yield "a number needs a unit"
    if spec.kind is Kind.CATEGORY and spec.expects is not Monotone.NONE:
        yield "a category has no direction"
    yield from _signature_problems(spec, hints)
    if spec.use is Use.SCORE:
        yield from reads.problems(spec.function, spec.name)


def _signature_problems(spec: FeatureSpec, hints: dict[str, Any]) -> Iterator[str]:
    allowed = {
        "record": TravellerRecord,
        "_record": TravellerRecord,  # where only the history is asked
        "reference": ReferenceData,
        "history": History | None,
    }
    for name, hint in hints.items():
        if name != "return" and hint != allowed.get(name):
            yield f"parameter {name!r} must be one of record, history, reference with its type"
    if spec.needs not in {(), ("history",), ("reference",), ("history", "reference")}:
        yield "parameters come in the order record, history, reference"


def check_reason(reason: ReasonText, kind: Kind) -> Iterator[str]:
    """Every rule of wording that a reason text breaks."""
    if not REASON_CODE.fullmatch(reason.code):
        yield f"code {reason.code!r}: two capital letters and two digits or capitals"
    for kept in ("raises", "lowers", "missing"):
        sentence = getattr(reason, kept)
        if not sentence or sentence.endswith("."):
            yield f"sentence {kept!r}: state a fact, without a full stop"
            continue
        if word := ACCUSING.search(sentence):
            yield f"sentence {kept!r}: {word[0]!r} accuses; state the fact that was seen"
        try:
            fields = {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
            sentence.format(value=SENTENCE_VALUES[kind])
        except (ValueError, KeyError, IndexError):
            yield f"sentence {kept!r}: the only placeholder is {{value}}, with a format that fits a {kind.value}"
            continue
        if kept == "missing" and fields:
            yield "sentence 'missing' has no value to show"
