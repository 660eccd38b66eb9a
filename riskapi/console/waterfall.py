"""From the baseline to the score, one step for each contribution: the sum that the score is, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from models.base import logistic
from riskapi.console.figures import Scale, step

STEPS_MAX: Final = 12
"""Contributions that have a step of their own; the smaller ones share one."""


Part = tuple[str, Any, float, int]
"""Kind of a step, its reason, what it adds, and how many contributions share it."""


@dataclass(frozen=True)
class Step:
    """One row of a waterfall.

    Attributes:
        kind: ``baseline``, ``reason``, ``rest`` or ``score``.
        reason: that contributes, where one does.
        points: that it adds [log-odds]; of baseline and score, where they stand.
        figure: the step as a bar.
        count: contributions that share the step.
    """

    kind: str
    reason: Any
    points: float
    figure: Markup
    count: int = 1


@dataclass(frozen=True)
class Waterfall:
    """A score step by step.

    Attributes:
        steps: from the baseline to the score.
        rest: the contributions that share a step, the largest first.
        base_probability: without any fact.
    """

    steps: tuple[Step, ...]
    rest: tuple[Any, ...]
    base_probability: float


def waterfall(explained: Mapping[str, Any]) -> Waterfall:
    """Lay out one risk, as :func:`riskapi.audit.explain_again` gives it."""
    baseline, total = explained["baseline"], explained["log_odds"]
    contributions = explained["contributions"]
    own, rest = contributions[:STEPS_MAX], contributions[STEPS_MAX:]
    parts: list[Part] = [("reason", reason, reason["contribution"], 1) for reason in own]
    if rest:
        parts.append(("rest", None, total - baseline - sum(reason["contribution"] for reason in own), len(rest)))
    return Waterfall(steps_of(baseline, total, parts), tuple(rest), logistic(baseline))


def steps_of(baseline: float, total: float, parts: Sequence[Part]) -> tuple[Step, ...]:
    """Lay contributions out between baseline and score, in their order.

    Args:
        baseline: log-odds before any fact.
        total: log-odds of the score.
        parts: what lies between them.
    """
    places = [baseline]
    for _, _, points, _ in parts:
        places.append(places[-1] + points)
    scale = Scale([*places, total])
    steps = [Step("baseline", None, baseline, step(scale, (baseline, baseline), baseline, "base"))]
    for (kind, reason, points, count), start in zip(parts, places, strict=False):
        tone = "raises" if points > 0 else "lowers"
        steps.append(Step(kind, reason, points, step(scale, (start, start + points), baseline, tone), count))
    steps.append(Step("score", None, total, step(scale, (total, total), baseline, "total")))
    return tuple(steps)
