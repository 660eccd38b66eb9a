"""When a model may replace another: every gate passed, and a second named person agrees. Rules without any state."""

from collections import Counter
from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Verdict(StrEnum):
    """What a gate says."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    """The data cannot tell: no pass, and no proof of a fault either."""


class Gate(BaseModel):
    """One check that a model must pass before a person is asked to approve it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{1,59}$")]
    title: Annotated[str, Field(min_length=1)]
    rule: Annotated[str, Field(min_length=1)]
    """What is demanded, as a sentence with its limit."""
    limit: float | None = None
    value: float | None = None
    """What was measured; ``None`` where nothing could be."""
    verdict: Verdict
    note: str = ""

    @model_validator(mode="after")
    def _passes_only_what_was_measured(self) -> Self:
        if self.verdict is Verdict.PASSED and self.limit is not None and self.value is None:
            raise ValueError("a gate with a limit passes on a measured value only")
        return self


class GateReport(BaseModel):
    """All gates of one model, in the order in which they should be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gates: Annotated[tuple[Gate, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_each_gate_once(self) -> Self:
        repeated = [name for name, times in Counter(gate.name for gate in self.gates).items() if times > 1]
        if repeated:
            raise ValueError(f"gates named twice: {', '.join(repeated)}")
        return self

    @property
    def passed(self) -> bool:
        """Whether every gate passed."""
        return not self.open_gates

    @property
    def open_gates(self) -> tuple[Gate, ...]:
        """The gates that did not pass."""
        return tuple(gate for gate in self.gates if gate.verdict is not Verdict.PASSED)


class Ruling(BaseModel):
    """Whether a model may be promoted, and every reason why not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed: bool
    objections: tuple[str, ...] = ()


def may_promote(report: GateReport, proposer: str, approver: str, accepts: Collection[str] = ()) -> Ruling:
    """Rule on a promotion.

    A failed gate blocks. An inconclusive one blocks, too, unless the approver names it and so answers for it.

    Args:
        report: the gates of the model.
        proposer: name of the person or system that proposes it.
        approver: name of the person who approves it.
        accepts: names of the inconclusive gates that the approver accepts.

    >>> gate = Gate(name="parity", title="Parity", rule="Table equals estimator", verdict=Verdict.PASSED)
    >>> may_promote(GateReport(gates=(gate,)), "amina", "Amina ").objections
    ('The approver is the proposer: a second person must agree.',)
    """
    first, second = (_same(name) for name in (proposer, approver))
    objections = []
    if not first:
        objections.append("The proposer has no name.")
    if not second:
        objections.append("The approver has no name.")
    if first and first == second:
        objections.append("The approver is the proposer: a second person must agree.")
    inconclusive = {gate.name for gate in report.gates if gate.verdict is Verdict.INCONCLUSIVE}
    objections += [
        f"Gate {gate.name!r} is {gate.verdict.value}: {gate.rule}."
        + (" Name it among the accepted ones to answer for it." if gate.name in inconclusive else "")
        for gate in report.open_gates
        if gate.name not in inconclusive.intersection(accepts)
    ]
    if set(accepts) - inconclusive:
        names = ", ".join(sorted(inconclusive)) or "none"
        objections.append(f"Only an inconclusive gate can be accepted; inconclusive here: {names}.")
    return Ruling(allowed=not objections, objections=tuple(objections))


def _same(name: str) -> str:
    """The name without the differences that people make when they type it."""
    return " ".join(name.split()).casefold()
