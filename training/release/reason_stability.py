"""How stable the reasons are: what they would have been, had other cases been drawn."""

from models.card import Measure
from training.release.document import Section, Table
from training.release.kind import Kind
from training.report import Findings
from training.stability import MAIN, MIN_SUPPORT, TOP, Reasons


def sections(found: Findings) -> tuple[Section, ...]:
    """Write the report."""
    told, bundle = found.packed.stability.reasons, found.packed.bundle
    redraws = len(bundle.model.baseline_swings)
    lead = "A model without a fact has no reasons: there is nothing to compare."
    return (
        Section(
            "method",
            "Method",
            text=(
                (
                    f"The bundle holds how each point moved in {redraws} redraws of the cases, by traveller. For each "
                    f"of the highest scores of the reference population, the first {TOP} reasons that raise it are "
                    "compared with those of every redraw. What widens the intervals beyond the redraws is taken off "
                    "again here."
                ),
            ),
        ),
        Section(
            "agreement",
            "Agreement",
            text=(lead,) if told is None else (),
            tables=() if told is None else (_agreement(told),),
        ),
        Section(
            "by_term",
            "By reason",
            text=(lead,) if told is None else (),
            tables=() if told is None else (_by_term(told, found),),
        ),
        Section(
            "reading",
            "How to read it",
            text=(
                "A reason of low support moved this score, and yet another might have taken its place: ask about the "
                "whole picture, not about one reason. The explanation of a stored decision gives the support of each "
                f"of its reasons, there with that widening; call one a main reason from {MAIN:.0%} on. The gate asks "
                f"for a median support of {MIN_SUPPORT:.0%}.".replace("%", " %"),
            ),
        ),
    )


def _agreement(told: Reasons) -> Table:
    rows = (
        ("records looked at", told.records),
        ("median share of redraws in which a first reason stays among the first", _percent(told.support)),
        ("mean overlap of the first reasons with those of a redraw", _percent(told.jaccard)),
        ("records with a main reason", _percent(told.main)),
        ("mean rank correlation of all contributions with those of a redraw", told.rank),
    )
    return Table("agreement", "Highest scores", (("what", "what"), ("value", "value")), rows)


def _by_term(told: Reasons, found: Findings) -> Table:
    labels = {term.name: term for term in found.packed.bundle.card.terms}
    rows = tuple(
        (name, labels[name].label, " ".join(labels[name].codes), records, _percent(support))
        for name, records, support in told.terms
    )
    columns = (
        ("term", "term"),
        ("label", "fact"),
        ("code", "code"),
        ("records", "among the first of so many"),
        ("support", "median share of redraws in which it stays"),
    )
    return Table("terms", "Reasons among the first", columns, rows)


def _percent(value: float) -> Measure:
    return Measure(name="share", title="Share", value=value, unit="percent")


KIND = Kind(
    title="Stability of explanations",
    form="By the redraws that the bundle holds, in which every traveller was drawn anew.",
    write=sections,
)
