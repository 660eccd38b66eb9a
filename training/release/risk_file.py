"""The risk file: hazards of use, measures against them, and what this run shows of each.

In the form of a risk-management file (ISO 14971; Regulation (EU) 2024/1689, article 9); it is material for the agency's
own file, not a claim of conformity.
"""

from fnmatch import fnmatchcase

from models.promotion import Gate, Verdict
from training.release.document import Section, Table
from training.release.hazards import HAZARDS, Hazard
from training.release.kind import Kind, said
from training.report import Findings

_EVIDENCE = (("gate", "gate"), ("rule", "rule"), ("value", "value"), ("verdict", "verdict"), ("note", "note"))


def sections(found: Findings) -> tuple[Section, ...]:
    """Write a part per hazard, with the gates of this run as evidence."""
    gates = found.packed.bundle.gates.gates
    evidence = {hazard.name: evidence_for(hazard, gates) for hazard in HAZARDS}
    return (_scope(found), *(_hazard(each, evidence[each.name]) for each in HAZARDS), _residual(evidence))


def evidence_for(hazard: Hazard, gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """Find the gates of a run that are evidence for a hazard."""
    return tuple(gate for gate in gates if any(fnmatchcase(gate.name, name) for name in hazard.gates))


def standing(evidence: tuple[Gate, ...]) -> str:
    """Say how far the evidence goes.

    >>> standing(())
    'no evidence in this run'
    """
    if not evidence:
        return "no evidence in this run"
    for verdict, told in (
        (Verdict.FAILED, "not controlled: a gate failed"),
        (Verdict.INCONCLUSIVE, "open: the data cannot tell, and who approves answers for it"),
    ):
        if any(gate.verdict is verdict for gate in evidence):
            return told
    return "controlled as far as the gates go"


def _scope(found: Findings) -> Section:
    card, bundle = found.packed.bundle.card, found.packed.bundle
    precision = found.evaluation.chosen.at(found.config.gates.capacity, "precision")
    share = f"{found.config.gates.capacity * 100:g} %"
    return Section(
        "scope",
        "Scope",
        text=(
            f"Use: {card.purpose} Audience: {bundle.risk.audience.value}. Foreseeable misuse is what the card forbids.",
            (
                f"Where {share} of travellers are referred, confirmed among them: {said(precision, found)}. All "
                "others who are referred bear the burden without cause."
            ),
        ),
        points=card.forbidden_uses,
    )


def _hazard(hazard: Hazard, evidence: tuple[Gate, ...]) -> Section:
    rows = tuple((gate.title, gate.rule, gate.value, gate.verdict.value, gate.note) for gate in evidence)
    return Section(
        f"hazard_{hazard.name}",
        hazard.source,
        text=(
            f"Harm: {hazard.harm}",
            f"This run: {standing(evidence)}.",
            f"What remains: {hazard.remains}",
            "Measures:",
        ),
        points=hazard.measures,
        tables=(Table("evidence", "Evidence from this run", _EVIDENCE, rows),),
    )


def _residual(evidence: dict[str, tuple[Gate, ...]]) -> Section:
    rows = tuple((hazard.source, standing(evidence[hazard.name]), hazard.remains) for hazard in HAZARDS)
    columns = (("hazard", "hazard"), ("standing", "by this run"), ("remains", "what remains"))
    return Section(
        "residual",
        "Residual risk",
        text=("Whether what remains is acceptable is for the person who approves, and for the agency, to say.",),
        tables=(Table("hazards", "All hazards", columns, rows),),
    )


KIND = Kind(
    title="Risk file",
    form=(
        "In the form of a risk-management file (ISO 14971; Regulation (EU) 2024/1689, article 9). It is material for "
        "the agency's own file, and no claim of conformity."
    ),
    write=sections,
)
