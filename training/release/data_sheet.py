"""The data sheet of the cases, after Gebru and others (Datasheets for Datasets, 2018)."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from models.card import Measure
from training.evaluate import NOT_ENOUGH
from training.fairness import Cell as Group
from training.fairness import FactAudit
from training.release.document import Cell, Section, Table
from training.release.kind import Kind
from training.report import Findings
from training.slices import SLICES

POWER = 0.8
"""Chance to pass, of a group that is treated exactly alike, below which a comparison has too little power."""
_COUNTED = (("what", "what"), ("cases", "cases"))


def sections(found: Findings) -> tuple[Section, ...]:
    """Write the parts of the sheet."""
    return (
        _motivation(found),
        _composition(found),
        _collection(found),
        _labels(found),
        _maturity(found),
        _missingness(found),
        _splits(found),
        _blind_spots(found),
        _below_power(found),
        Section(
            "uses",
            "Uses",
            text=(
                (
                    f"To learn and to judge models of {found.packed.bundle.risk.title}. The outcomes say what an "
                    "inspection found. They are no record of guilt, and no measure of a group."
                ),
            ),
            points=found.packed.bundle.card.forbidden_uses,
        ),
        Section(
            "maintenance",
            "Distribution and maintenance",
            text=(
                (
                    f"The cases stay with the agency: this pack and the bundle hold counts and digests, no record. "
                    f"Digest of the cases: {found.dataset.sha256}. A later table of cases has another digest, and "
                    f"another sheet."
                ),
            ),
        ),
    )


def _counts(name: str, caption: str, values: "pd.Series[str]") -> Table:
    counted = values.fillna("not recorded").astype(str).value_counts().sort_index()
    return Table(name, caption, _COUNTED, tuple((str(key), int(number)) for key, number in counted.items()))


def _motivation(found: Findings) -> Section:
    risk = found.packed.bundle.risk
    made = "The cases were made by a simulator." if found.config.simulated else "The cases are an agency's own history."
    return Section(
        "motivation",
        "Motivation",
        text=(
            f"{made} They serve to learn: {risk.wording.statement}.",
            f"The model estimates: {found.selection.estimand}",
        ),
    )


def _composition(found: Findings) -> Section:
    accepted = found.cases.accepted
    read: tuple[tuple[str, int], ...] = (
        ("rows read", found.cases.read),
        ("rows rejected", found.cases.rejected_rows),
        ("crossings", len(accepted)),
        ("travellers", int(accepted["entity"].nunique())),
        ("features", len(found.dataset.specs)),
    )
    rejected = found.cases.rejected["rule"].value_counts().sort_index()
    groups = [
        (column.replace("_", " "), str(group), int(number))
        for column in found.dataset.population.groups
        if column in {*found.config.fairness.gated, *found.config.fairness.shown}
        for group, number in found.dataset.population.groups[column]
        .fillna("not known")
        .astype(str)
        .value_counts()
        .items()
    ]
    return Section(
        "composition",
        "Composition",
        text=(
            "One row is one crossing of one traveller: what was known before, and what an inspection found, if any.",
        ),
        tables=(
            Table("read", "Rows", _COUNTED, read),
            _counts("modes", "By mode", accepted["mode"]),
            Table("groups", "By group", (("by", "by"), ("group", "group"), ("cases", "crossings")), tuple(groups)),
            Table(
                "rejected",
                "Rejected rows by rule",
                (("rule", "rule"), ("rows", "rows")),
                tuple((str(rule), int(number)) for rule, number in rejected.items()),
            ),
        ),
    )


def _collection(found: Findings) -> Section:
    columns = (
        ("selection", "inspected because of"),
        ("labelled", "labelled"),
        ("logged", "with logged chance"),
        ("confirmed", "confirmed"),
    )
    return Section(
        "collection",
        "Collection: who was inspected",
        text=(found.selection.limit,),
        points=tuple(note for note in found.selection.notes if note),
        tables=(Table("selection", "How cases were chosen", columns, found.selection.counts),),
    )


def _labels(found: Findings) -> Section:
    labelled = found.cases.accepted[~np.isnan(found.dataset.population.y)]
    codes = ", ".join(found.packed.bundle.risk.outcome_codes)
    asked = found.config.selection
    misses = (
        "No range of sensitivity is documented for these inspections, so nothing is corrected for what they miss."
        if asked.sensitivity is None
        else f"Inspections are taken to find {asked.sensitivity[0]:.0%} to {asked.sensitivity[1]:.0%} of what is there."
    ).replace("%", " %")
    return Section(
        "labels",
        "Labels",
        text=(
            (
                f"Confirming outcomes: {codes}. Any other conclusive outcome counts as not confirmed. A crossing that "
                "nobody inspected carries no label: it is never counted as one without a find."
            ),
            misses,
        ),
        tables=(
            _counts("outcomes", "Outcomes of labelled cases", labelled["outcome_code"]),
            _counts("evidence", "By evidence", labelled["evidence_type"]),
            _counts("decided_by", "By role of who decided", labelled["decided_by_role"]),
        ),
    )


def _maturity(found: Findings) -> Section:
    numbers, chosen = found.dataset.cut.numbers, found.dataset.chosen
    left = tuple((name.replace("_", " "), numbers[name]) for name in ("outcome_known_too_late", "too_young"))
    pending = tuple(
        (name, Measure(name="pending", title="Hits still to come", value=share, unit="percent"))
        for name, share in chosen.pending.items()
    )
    return Section(
        "maturity",
        "Maturity: outcomes that come late",
        text=(
            (
                "A slice uses what was known at its moment. Cases younger than the age at which "
                f"{chosen.config.mature_share * 100:g} % of the hits are known are left out, whatever came of them."
            ),
        ),
        tables=(
            Table("left_out", "Left out", _COUNTED, left),
            Table(
                "pending",
                "Hits still to come, by the delays that are known",
                (("slice", "slice"), ("share", "share")),
                pending,
            ),
        ),
    )


def _missingness(found: Findings) -> Section:
    frame, modes = found.dataset.population.frame, found.dataset.population.groups["mode"].astype(str)
    names = sorted(modes.unique())

    def share(gone: "pd.Series[bool]") -> Measure:
        return Measure(name="missing", title="Missing", value=float(gone.mean()), unit="percent")

    rows: list[tuple[Cell, ...]] = []
    for spec in found.dataset.specs:
        gone = frame[spec.name].isna()
        rows.append((spec.name, spec.label, share(gone), *(share(gone[modes == mode]) for mode in names)))
    columns = (("feature", "feature"), ("label", "fact"), ("all", "all"), *((mode, mode) for mode in names))
    return Section(
        "missingness",
        "Missing facts",
        text=("Share of crossings in which each feature is missing. A missing fact is never replaced by a guess.",),
        tables=(Table("missing", "Missing facts by mode", columns, tuple(rows)),),
    )


def _splits(found: Findings) -> Section:
    cut = found.dataset.cut
    slices = tuple(
        (name, cut.numbers[f"{name}_cases"], cut.numbers[f"{name}_positives"], len(getattr(found.dataset, name)))
        for name in SLICES
    )
    moments = (
        f"Trained on what was known at {cut.train_until:%Y-%m-%d}, calibrated on what was known at "
        f"{cut.calibration_until:%Y-%m-%d}."
        if cut.train_until is not None
        else "The cases have no times: slices were drawn by traveller, and change over time is not known."
    )
    columns = (("slice", "slice"), ("labelled", "labelled"), ("confirmed", "confirmed"), ("used", "used"))
    left = tuple(
        (name.replace("_", " "), cut.numbers[name]) for name in ("without_label", "between_slices", "entity_met_before")
    )
    return Section(
        "splits",
        "Splits",
        text=(f"{moments} No traveller has labelled cases in two slices.",),
        tables=(Table("slices", "Slices", columns, slices), Table("left_out", "Not used as labelled", _COUNTED, left)),
    )


def _blind_spots(found: Findings) -> Section:
    numbers = found.dataset.cut.numbers
    share = f"{numbers['without_label'] / max(1, numbers['cases']):.1%}".replace("%", " %")
    points = [
        f"Of {numbers['cases']:,} crossings, {numbers['without_label']:,} ({share}) carry no label.",
        "What no inspection can find is in no case, and the model cannot learn it.",
        f"Columns that the mapping does not use: {', '.join(found.cases.unused_columns) or 'none'}.",
    ]
    small = [f"{row.by} {row.group}" for row in found.evaluation.groups if not row.measures]
    if small:
        points.append(f"Posts with too few labelled cases to be judged apart: {', '.join(small)}.")
    return Section("blind_spots", "Known blind spots", text=(found.selection.limit,), points=tuple(points))


def _below_power(found: Findings) -> Section:
    facts = (*found.checks.audit.facts, *found.checks.audit.pairs)
    rows = tuple(_weak(facts))
    level = f"{POWER:.0%}".replace("%", " %")
    text = (
        (
            f"Groups whose referral is compared with less than {level} power: were they treated exactly as the others "
            "are, their interval would still reach beyond the allowed range that often. For them a verdict of "
            "inconclusive says little, and it takes more cases to say more."
        ),
        "" if rows else "No group is below power.",
    )
    columns = (
        ("by", "by"),
        ("group", "group"),
        ("cases", "crossings"),
        ("power", "chance to pass if treated alike"),
        ("note", "note"),
    )
    return Section(
        "below_power", "Groups below power", text=text, tables=(Table("groups", "Below power", columns, rows),)
    )


def _weak(facts: Iterable[FactAudit]) -> Iterable[tuple[str, str, int, Measure, str]]:
    for each in facts:
        for cell in each.cells:
            power = _power(each, cell)
            if power is None or power < POWER:
                told = Measure(name="power", title="Power", value=power, unit="percent")
                note = NOT_ENOUGH if power is None else "" if cell.judged else "too small to be judged by itself"
                yield each.fact.replace("_", " "), cell.group, cell.rows, told, note


def _power(fact: FactAudit, cell: Group) -> float | None:
    return None if cell.ratio is None else fact.allowed.chance_to_pass(cell.ratio.error, cell.ratio.level)


KIND = Kind(
    title="Data sheet",
    form="In the form of Gebru and others, Datasheets for Datasets (2018).",
    write=sections,
)
