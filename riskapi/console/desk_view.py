"""A case as a page shows it: facts by topic, each score as steps from the baseline, and the choices of its forms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from features.outcome import EVIDENCE, NOT_INDEPENDENT, ROLES
from features.spec import Kind
from riskapi.console.forms import Form
from riskapi.console.waterfall import Part, Step, steps_of
from riskapi.desk.desk import ShownCase
from riskapi.desk.what_if import ChangedValue, Scored
from riskapi.privacy.plain_facts import PlainFact, plain_facts
from riskapi.privacy.sealing import rejoin

EVIDENCE_TAKEN: Final = tuple(one for one in EVIDENCE if one not in NOT_INDEPENDENT)
_MISSING: Final = "(missing)"
_VALUE_MAX: Final = 200
ROLES_TAKEN: Final = tuple(one for one in ROLES if one != "system")


@dataclass(frozen=True, slots=True)
class Topic:
    """Facts that belong together, such as those of one document."""

    title: str
    facts: tuple[PlainFact, ...]


def shown_steps(risk: Mapping[str, Any]) -> tuple[Step, ...]:
    """A stored score as steps: the reasons that were given, the largest first, then all others together.

    >>> told = {"baseline": -3.0, "log_odds": -1.5, "reasons_against": [], "other_contributions": -0.5}
    >>> [(one.kind, one.points) for one in shown_steps(told | {"reasons_for": [{"contribution": 2.0}]})]
    [('baseline', -3.0), ('reason', 2.0), ('rest', -0.5), ('score', -1.5)]
    """
    reasons = sorted((*risk["reasons_for"], *risk["reasons_against"]), key=lambda one: -abs(one["contribution"]))
    parts: list[Part] = [("reason", one, one["contribution"], 1) for one in reasons]
    return steps_of(risk["baseline"], risk["log_odds"], [*parts, ("rest", None, risk["other_contributions"], 1)])


def topics_of(shown: ShownCase) -> list[Topic]:
    """The facts of a record by topic, as far as the person may see them and they are kept."""
    if shown.row.input is None:
        return []
    identity = dict(shown.identity)
    by_block: dict[str, list[PlainFact]] = {}
    for fact in plain_facts(rejoin(shown.row.input, orjson.dumps(identity)), identity):
        by_block.setdefault(fact.place.rpartition(".")[0], []).append(fact)
    return [Topic(_title(block, own), tuple(map(_without_title, own))) for block, own in by_block.items()]


def _title(block: str, facts: Sequence[PlainFact]) -> str:
    """A heading; where there are several blocks of a kind, with the number of this one."""
    title = facts[0].label.partition(": ")[0] if block else "Submission"
    number = block.rpartition("[")[2].rstrip("]")
    return f"{title} {int(number) + 1}" if number.isdigit() else title


def _without_title(fact: PlainFact) -> PlainFact:
    title, _, rest = fact.label.partition(": ")
    return replace(fact, label=rest or title)


def upstream_of(shown: ShownCase) -> list[tuple[str, bool]]:
    """What other systems said: shown beside the score, and never a part of it."""
    found = {} if shown.row.input is None else orjson.loads(shown.row.input).get("upstream") or {}
    return [(name.replace("_", " "), bool(value)) for name, value in found.items() if value is not None]


def observed_words(value: Any) -> str:
    """An observed value in a cell.

    >>> observed_words(None), observed_words(True), observed_words(8.25), observed_words("cash")
    ('not given', 'yes', '8.25', 'cash')
    """
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, int | float) else str(value)


def reasons_of(risks: Sequence[Mapping[str, Any]] | None) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Every reason that was shown: its risk, itself, and whether a verdict on it is needed."""
    for risk in risks or ():
        yield from ((risk["risk"], one, True) for one in risk["reasons_for"])
        yield from ((risk["risk"], one, False) for one in risk["reasons_against"])


@dataclass(frozen=True, slots=True)
class Tried:
    """A feature as the form of other values shows it.

    Attributes:
        options: of a flag or a category; empty for a number.
        wanted: as it was sent; empty for the stored value.
    """

    name: str
    label: str
    unit: str
    stored: str
    options: tuple[tuple[str, str], ...]
    wanted: str


def features_of(scored: Scored, sent: Form) -> list[Tried]:
    """The features of a model, in the order of their labels."""
    levels = {axis.feature: axis.levels for term in scored.model.bundle.model.terms for axis in term.axes}
    found = []
    for spec, value in zip(scored.specs, scored.values, strict=True):
        options: tuple[tuple[str, str], ...] = ()
        if spec.kind is Kind.FLAG:
            options = ("true", "yes"), ("false", "no")
        elif spec.kind is Kind.CATEGORY:
            options = tuple((level, spec.labels.get(level, level)) for level in levels.get(spec.name, ()))
        if options:
            options = (*options, (_MISSING, "not given"))
        found.append(
            Tried(spec.name, spec.label, spec.unit or "", observed_words(value), options, sent.text(f"try.{spec.name}"))
        )
    return sorted(found, key=lambda one: one.label)


def changes_of(scored: Scored, sent: Form) -> Iterator[ChangedValue]:
    """The values that a form asks for; what is left empty stays as it was stored."""
    for spec in scored.specs:
        text = sent.text(f"try.{spec.name}").strip()
        if text:
            yield ChangedValue(feature=spec.name, value=_value(spec.kind, text[:_VALUE_MAX]))


def _value(kind: Kind, text: str) -> str | float | bool | None:
    if text == _MISSING:
        return None
    if kind is Kind.FLAG:
        return {"true": True, "false": False}.get(text, text)
    if kind is Kind.NUMBER:
        try:
            return float(text.replace(",", "."))
        except ValueError:
            return text
    return text
