"""The audit by groups as gates: what of it a model must pass, and what a reader is told of each."""

from models.promotion import Gate, Verdict
from training.fairness import JOINT, NOT_ENOUGH, FactAudit, FairnessAudit
from training.fairness_config import FairnessConfig


def gates(found: FairnessAudit, config: FairnessConfig) -> tuple[Gate, ...]:
    """Turn the audit into gates: for each gated fact, after what the configuration puts first; pairs by referral alone.

    Confirmed cases are too few to say of two facts at once who is missed.
    """
    made = []
    for each in found.facts:
        if each.fact not in config.gated:
            continue
        if config.priority == "error_rates":
            made.append(
                _gate(each, f"fair_referral_{each.fact}", "Innocent referred alike", "referral", found.capacity)
            )
            made.append(_gate(each, f"fair_misses_{each.fact}", "Confirmed missed alike", "missing", found.capacity))
        else:
            made.append(_gate(each, f"fair_chances_{each.fact}", "Chances kept alike", "kept", found.capacity))
    for each in found.pairs if config.priority == "error_rates" else ():
        name = f"fair_referral_{each.fact.replace(JOINT, '_by_')}"
        made.append(_gate(each, name, "Innocent referred alike", "referral", found.capacity))
    return tuple(made)


_JUDGED = {
    "referral": (
        "ratio",
        "innocent travellers are referred at {share} % at {low:g} to {high:g} times the rate of others",
    ),
    "missing": ("misses", "confirmed cases are missed at {share} % at {low:g} to {high:g} times the rate of others"),
    "kept": ("calibration", "observed over expected cases lie between {low:g} and {high:g}"),
}
"""Verdict of a cell -> its ratio, and the rule in words."""


def _gate(each: FactAudit, name: str, title: str, what: str, capacity: float) -> Gate:
    """One gate: the worst verdict of the judged groups, and which group it is."""
    attribute, rule = _JUDGED[what]
    by = each.fact.replace("_", " ")
    told = rule.format(share=f"{capacity * 100:g}", low=each.allowed.low, high=each.allowed.high)
    if each.reason:
        told += f"; a range of its own, because: {each.reason}"
    verdict = each.verdict(what)
    cells = [(cell, getattr(cell, attribute)) for cell in each.judged]
    notes = [
        f"{cell.group}: {ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
        for cell, ratio in sorted(cells, key=lambda pair: -abs(pair[1].log) if pair[1] else 0.0)
        if ratio is not None and getattr(cell, what) is verdict
    ]
    silent = [cell.group for cell, ratio in cells if ratio is None]
    if len(each.judged) < 2:  # noqa: PLR2004  a comparison takes two
        notes = [f"{NOT_ENOUGH}: fewer than two groups are large enough to be compared"]
    elif silent and verdict is Verdict.INCONCLUSIVE:
        notes.append(f"{NOT_ENOUGH}: {', '.join(silent[:_TOLD])}")
    measured = [ratio for _, ratio in cells if ratio is not None]
    furthest = max(measured, key=lambda ratio: abs(ratio.log), default=None)
    notes = notes[:_TOLD]
    small = sum(not cell.judged for cell in each.cells)
    if small:
        notes.append(f"too small to be judged, shown in the report: {small}")
    return Gate(
        name=name,
        title=f"{title}: {by}",
        rule=f"in every group of {by}, {told}",
        value=None if furthest is None else furthest.value,
        verdict=verdict,
        note="; ".join(notes),
    )


_TOLD = 3
"""Groups that a note names, the furthest first; the report shows all."""
