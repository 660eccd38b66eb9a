"""The gate report: every rule that the model was held to, what was measured, and who has to answer for what is open."""

from models.promotion import Verdict
from training.release.document import Section, Table
from training.release.kind import Kind
from training.report import Findings


def sections(found: Findings) -> tuple[Section, ...]:
    """Write the gates."""
    gates = found.packed.bundle.gates.gates
    counts = {verdict: sum(gate.verdict is verdict for gate in gates) for verdict in Verdict}
    told = ", ".join(f"{number} {verdict.value}" for verdict, number in counts.items())
    failed = counts[Verdict.FAILED]
    outcome = (
        f"{failed} failed: the service will not let this model go live."
        if failed
        else "No gate failed: a named person other than the proposer may approve."
    )
    columns = (
        ("name", "name"),
        ("title", "gate"),
        ("rule", "rule"),
        ("limit", "limit"),
        ("value", "measured"),
        ("verdict", "verdict"),
        ("note", "note"),
    )
    rows = tuple((g.name, g.title, g.rule, g.limit, g.value, g.verdict.value, g.note) for g in gates)
    waiting = tuple(f"{gate.name}: {gate.title}" for gate in gates if gate.verdict is Verdict.INCONCLUSIVE)
    return (
        Section("summary", "Summary", text=(f"{len(gates)} gates: {told}. {outcome}",)),
        Section(
            "gates",
            "Gates",
            tables=(Table("gates", "All gates, in the order in which they should be read", columns, rows),),
        ),
        Section(
            "answering",
            "What the approver answers for",
            text=(
                "The data cannot tell whether these hold. Approving means to name each, and to answer for it:"
                if waiting
                else "Nothing is inconclusive.",
            ),
            points=waiting,
        ),
    )


KIND = Kind(
    title="Gate report",
    form="The gates of the bundle, which the service holds every approval to.",
    write=sections,
)
