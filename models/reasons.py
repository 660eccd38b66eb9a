"""Why a score is what it is: contributions, ranked, in the catalogue's sentences."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson

from features.spec import FeatureSpec, FeatureValue, Kind
from models.additive import AdditiveModel, Axis, Term
from models.base import Explanation
from models.baselines import Baselines
from models.errors import ModelFormError
from models.wording import sentence_of, value_text

KEPT_MAX = 64
"""Most reasons of one term that are kept once they were put in words."""


class _Written:
    """Room for the JSON of a reason beside its fields, where no writer and no comparison of dataclasses looks."""

    __slots__ = ("_json",)
    _json: bytes

    @property
    def json(self) -> bytes:
        """The reason as JSON, written once."""
        try:
            return self._json
        except AttributeError:
            self._json = orjson.dumps(self)
            return self._json


@dataclass(slots=True)
class Reason(_Written):
    """One contribution in words. Records that share a value share the reason, so it is never changed.

    Attributes:
        code: stable for ever: four characters of one feature, eight of two together.
        sentence: what was seen.
        feature: its name, or ``"a & b"`` for two together.
        observed: the value; for two together, both in words.
        usual: what is usual in the reference population; ``None`` for two together.
        contribution: log-odds.
        direction: whether it raises or lowers the score.
        message: the message that the fact comes from (API, PNR, DOC), where it comes from one.
    """

    code: str
    sentence: str
    feature: str
    observed: FeatureValue
    usual: str | None
    contribution: float
    direction: Literal["raises", "lowers"]
    message: str | None


_Speaker = Callable[[Sequence[FeatureValue], float], Reason]


class Reasoner:
    """Turns the explanation of a score into reasons.

    Args:
        specs: the features of the model; others may be among them.
        model: whose explanations are put in words.
        baselines: what is usual.

    Raises:
        ModelFormError: where the model has a feature without a spec.
    """

    def __init__(self, specs: Iterable[FeatureSpec], model: AdditiveModel, baselines: Baselines) -> None:
        by_name = {spec.name: spec for spec in specs}
        unknown = [name for name in model.features if name not in by_name]
        if unknown:
            raise ModelFormError(f"features without a spec: {', '.join(unknown)}")
        place = {name: at for at, name in enumerate(model.features)}
        speakers = [_speaker(term, by_name, place, baselines) for term in model.terms]
        self._cells = model.cells
        self._speakers = [speakers[at] for at in model.cells.terms]  # by number of the cell

    def rank(
        self,
        explanation: Explanation,
        values: Sequence[FeatureValue],
        limit_for: int = 5,
        limit_against: int = 3,
    ) -> tuple[list[Reason], list[Reason], float]:
        """Choose the largest contributions on either side; equal ones in the order of the terms, zeros never.

        Args:
            explanation: of the same values by the same model.
            values: one per feature of the model, in its order.
            limit_for: most reasons that raise the score.
            limit_against: most reasons that lower it.

        Returns:
            Reasons that raise the score, reasons that lower it, and all other contributions together [log-odds].
        """
        order = sorted(explanation.cells)
        lowering, raising = self._cells.lowering, self._cells.raising
        against = [cell for cell in order[: max(limit_against, 0)] if cell < lowering]
        favour = [cell for cell in order[: -1 - max(limit_for, 0) : -1] if cell >= raising]
        speakers, points = self._speakers, explanation.points
        reasons_for = [speakers[cell](values, points[cell]) for cell in favour]
        reasons_against = [speakers[cell](values, points[cell]) for cell in against]
        other = explanation.log_odds - explanation.baseline
        for cell in favour:
            other -= points[cell]
        for cell in against:
            other -= points[cell]
        return reasons_for, reasons_against, other

    def all(self, explanation: Explanation, values: Sequence[FeatureValue]) -> list[Reason]:
        """Every contribution that is not zero, the largest in size first."""
        points = explanation.points
        order = sorted((cell for cell in explanation.cells if points[cell]), key=lambda cell: -abs(points[cell]))
        return [self._speakers[cell](values, points[cell]) for cell in order]


def _speaker(term: Term, specs: Mapping[str, FeatureSpec], place: Mapping[str, int], baselines: Baselines) -> _Speaker:
    """Make the function that puts a contribution of one term in words, each value once."""
    first = specs[term.axes[0].feature]
    if len(term.axes) == 1:
        return _single(first, place[first.name], baselines, term.axes[0])
    return _pair(first, specs[term.axes[1].feature], place, term.axes)


def _may_be_kept(axis: Axis, value: FeatureValue) -> bool:
    """Whether a reason may stay in memory: for numbers, flags and the categories of the model; never for free text."""
    return axis.kind is not Kind.CATEGORY or value is None or value in axis.levels


def _single(spec: FeatureSpec, at: int, baselines: Baselines, axis: Axis) -> _Speaker:
    code, name, message, say = spec.reason.code, spec.name, spec.message, sentence_of(spec)
    baseline = baselines.features.get(name)
    usual = None if baseline is None else baseline.usual(spec)
    kept: dict[tuple[type, FeatureValue], Reason] = {}

    def speak(values: Sequence[FeatureValue], contribution: float) -> Reason:
        value = values[at]
        key = value.__class__, value  # 1, 1.0 and true are equal, and written differently
        reason = kept.get(key)
        if reason is None:
            if value.__class__ is float:
                value += 0.0  # a negative zero equals zero, and is written like it
            up = contribution > 0
            direction: Literal["raises", "lowers"] = "raises" if up else "lowers"
            reason = Reason(code, say(value, up), name, value, usual, contribution, direction, message)
            if len(kept) < KEPT_MAX and _may_be_kept(axis, value):
                kept[key] = reason
        return reason

    return speak


def _pair(first: FeatureSpec, second: FeatureSpec, place: Mapping[str, int], axes: tuple[Axis, ...]) -> _Speaker:
    code, name = first.reason.code + second.reason.code, f"{first.name} & {second.name}"
    messages = [message for message in dict.fromkeys((first.message, second.message)) if message is not None]
    message = " & ".join(messages) or None
    at, other_at = place[first.name], place[second.name]
    kept: dict[tuple[FeatureValue, FeatureValue], Reason] = {}

    def speak(values: Sequence[FeatureValue], contribution: float) -> Reason:
        key = value, second_value = values[at], values[other_at]
        reason = kept.get(key)
        if reason is None:
            one, other = value_text(first, value), value_text(second, second_value)
            sentence = f"Together: {first.label} ({one}) and {second.label} ({other})"
            direction: Literal["raises", "lowers"] = "raises" if contribution > 0 else "lowers"
            reason = Reason(code, sentence, name, f"{one} & {other}", None, contribution, direction, message)
            if len(kept) < KEPT_MAX and all(map(_may_be_kept, axes, key)):
                kept[key] = reason
        return reason

    return speak
