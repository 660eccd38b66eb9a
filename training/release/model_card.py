"""The model card, in the nine parts of Mitchell and others (Model Cards for Model Reporting, 2019)."""

from collections.abc import Iterable, Sequence

from models.card import GroupRow, Measure
from training import fairness
from training.evaluate import NOT_ENOUGH
from training.release.document import Cell, Section, Table
from training.release.kind import Kind
from training.report import Findings


def sections(found: Findings) -> tuple[Section, ...]:
    """Write the parts of the card."""
    return (
        _details(found),
        _intended_use(found),
        _factors(found),
        _metrics(found),
        *_data(found),
        _analyses(found),
        _intersections(found),
        _ethics(found),
        Section(
            "caveats",
            "Caveats and recommendations",
            points=(*found.packed.bundle.card.limits, found.evaluation.verdict),
        ),
        _terms(found),
    )


def measures(name: str, caption: str, rows: Iterable[Measure]) -> Table:
    """A table of measures, one in a row."""
    columns = (("measure", "measure"), ("value", "value"), ("note", "note"))
    return Table(name, caption, columns, tuple((each.title, each, each.note) for each in rows))


def groups(name: str, caption: str, rows: Sequence[GroupRow], *, labelled: bool = True) -> Table:
    """A table of groups, with every measure that any of them has."""
    titles = {measure.name: measure.title for row in rows for measure in row.measures}
    first = (("by", "by"), ("group", "group"), ("cases", "labelled cases" if labelled else "cases"))
    columns = (*first, ("confirmed", "confirmed"), *titles.items(), ("note", "note"))

    def cells(row: GroupRow) -> tuple[Cell, ...]:
        own = {measure.name: measure for measure in row.measures}
        return (row.by, row.group, row.rows, row.positives, *(own.get(each) for each in titles), row.note)

    return Table(name, caption, columns, tuple(map(cells, rows)))


def percent(share: float) -> str:
    """Write a share that was chosen, not measured.

    >>> percent(0.005)
    '0.5 %'
    """
    return f"{share * 100:g} %"


def _details(found: Findings) -> Section:
    bundle = found.packed.bundle
    manifest = bundle.manifest
    rows: tuple[tuple[Cell, ...], ...] = (
        ("risk", bundle.risk.title),
        ("family", bundle.card.family),
        ("form", "a sum of points per fact, or per pair of facts: all of it is in the list of terms"),
        ("terms", len(bundle.model.terms)),
        ("features", len(bundle.specs)),
        ("signed by", bundle.signer),
        ("digest of the cases", manifest.data_sha256),
        ("digest of the configuration", manifest.config_sha256),
        ("digest of the lock of packages", manifest.lock_sha256),
        ("seed", str(manifest.seed)),
        ("calibration", f"{found.calibration.slope:.3f} times the score {found.calibration.intercept:+.3f} log-odds"),
    )
    table = Table("details", "What it is", (("what", "what"), ("value", "value")), rows)
    return Section("details", "Model details", tables=(table,))


def _intended_use(found: Findings) -> Section:
    card = found.packed.bundle.card
    return Section(
        "intended_use",
        "Intended use",
        text=(
            card.purpose,
            f"It estimates: {card.estimand}",
            (
                f"It is read by trained officers of the audience {card.audience.value}; a person decides, and answers "
                "for it. Not for:"
            ),
        ),
        points=card.forbidden_uses,
    )


def _factors(found: Findings) -> Section:
    asked = found.config.fairness
    named = [fact.replace("_", " ") for fact in (*asked.gated, *asked.shown)]
    return Section(
        "factors",
        "Factors",
        text=(
            (
                f"No protected fact is read by the model. Results are measured by groups of {', '.join(named)}"
                f"{', and by pairs of protected facts' if asked.pairs else ''}."
            ),
        ),
    )


def _metrics(found: Findings) -> Section:
    bands = found.packed.bundle.bands.bands
    table = Table(
        "bands",
        "Bands: the share of all travellers that can be looked into",
        (("band", "band"), ("share", "share at most"), ("threshold", "from this score up [log-odds]")),
        tuple((one.name, percent(one.share), one.threshold_log_odds) for one in bands),
    )
    share = percent(found.config.gates.capacity)
    return Section(
        "metrics",
        "Metrics",
        text=(
            (
                f"The model is judged where {share} of travellers are referred: precision, recall and lift there, with "
                "intervals over travellers drawn anew. A ranking measure alone opens no gate. Chances are compared "
                "with what was observed."
            ),
        ),
        tables=(table, measures("prevalence", "Base rate", [found.evaluation.prevalence])),
    )


def _data(found: Findings) -> tuple[Section, Section]:
    card = found.packed.bundle.card
    columns = (
        ("slice", "slice"),
        ("from", "from"),
        ("to", "to"),
        ("cases", "cases"),
        ("labelled", "labelled"),
        ("confirmed", "confirmed"),
        ("travellers", "travellers"),
    )

    def of(*names: str) -> Table:
        rows = tuple(
            (one.name, str(one.starts or ""), str(one.ends or ""), one.rows, one.labelled, one.positives, one.entities)
            for one in card.data
            if one.name in names
        )
        return Table("slices", "Slices of the cases", columns, rows)

    judged = found.dataset.chosen
    return (
        Section(
            "evaluation_data",
            "Evaluation data",
            text=(judged.holdout.note, found.selection.limit),
            tables=(of("holdout", "reference population"),),
        ),
        Section(
            "training_data",
            "Training data",
            text=(judged.weights.note, judged.calibration.note, "The data sheet says how the cases came about."),
            tables=(of("train", "calibration"),),
        ),
    )


def _analyses(found: Findings) -> Section:
    chosen, card = found.evaluation.chosen, found.packed.bundle.card
    titles = {measure.name: measure.title for row in chosen.capacity for measure in row.measures}
    capacity = Table(
        "capacity",
        "Quality at capacity",
        (("share", "share referred"), *titles.items()),
        tuple((percent(row.share), *row.measures) for row in chosen.capacity),
    )
    beside = tuple(
        (other.title, measure.title, measure, measure.note) for other in card.comparisons for measure in other.measures
    )
    columns = (("model", "model"), ("measure", "measure"), ("value", "value"), ("note", "note"))
    return Section(
        "analyses",
        "Quantitative analyses",
        tables=(
            capacity,
            measures("whole", "On the whole holdout", chosen.measures),
            groups("bands", "Outcomes by band", card.bands),
            groups("posts", "By mode and crossing point", card.groups),
            measures("everybody", "All travellers, inspected or not", card.selection),
            Table("beside", "Beside it, on the same cases", columns, beside),
        ),
    )


def _intersections(found: Findings) -> Section:
    rows = tuple(fairness.rows(found.checks.audit))
    single = [row for row in rows if fairness.JOINT not in row.by]
    pairs = [row for row in rows if fairness.JOINT in row.by]
    share = percent(found.checks.audit.capacity)
    return Section(
        "intersections",
        "Groups, and pairs of groups",
        text=(f"Where {share} of all travellers are referred. Groups too small to be judged are shown, never hidden.",),
        tables=(
            groups("groups", "Groups compared", single, labelled=False),
            groups("pairs", "Pairs of groups compared", pairs, labelled=False),
        ),
    )


def _ethics(found: Findings) -> Section:
    asked, told = found.config.fairness, found.checks.told
    above = tuple(
        (
            one.feature,
            one.fact.replace("_", " "),
            one.group,
            Measure(name="auc", title="ROC AUC", value=one.auc, low=one.low, high=one.high, level=asked.level),
            asked.necessity.get(one.feature, "no reason given"),
        )
        for one in told.above(asked.max_proxy_auc)
    )
    columns = (
        ("feature", "fact"),
        ("tells", "tells"),
        ("group", "of group"),
        ("auc", "ROC AUC"),
        ("why", "needed because"),
    )
    priority = {
        "error_rates": "that the innocent of each group are referred alike, and its confirmed cases are missed alike",
        "calibration": "that a chance means the same in each group",
    }[asked.priority]
    return Section(
        "ethics",
        "Ethical considerations",
        text=(
            (
                "A score touches people who have done nothing. What each person may ask for is in the guide for "
                "oversight; what can go wrong, and what is done against it, is in the risk file."
            ),
            (
                f"Equal error rates and equal meaning of chances exclude each other where base rates differ. The "
                f"agency chose {priority}; the other is shown."
            ),
        ),
        points=found.checks.limits,
        tables=(Table("proxies", "Facts that tell protected ones, with the reason for their use", columns, above),),
    )


def _terms(found: Findings) -> Section:
    rows = tuple(
        (term.label, " ".join(term.codes), term.expects.value, term.importance)
        for term in sorted(found.packed.bundle.card.terms, key=lambda each: -each.importance)
    )
    columns = (
        ("fact", "fact"),
        ("code", "code"),
        ("direction", "demanded direction"),
        ("size", "mean size [log-odds]"),
    )
    nothing = () if rows else (f"The model reads no fact: everybody gets the base rate ({NOT_ENOUGH}).",)
    return Section("terms", "All terms of the model", text=nothing, tables=(Table("terms", "Terms", columns, rows),))


KIND = Kind(
    title="Model card",
    form="In the form of Mitchell and others, Model Cards for Model Reporting (2019).",
    write=sections,
)
