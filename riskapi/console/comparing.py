"""A proposed model beside the live one: what both measured, what each gate says, and what either looks at alone."""

from collections.abc import Iterable
from typing import Any

from models.bundle import ModelBundle
from models.card import Measure


def compare(proposed: ModelBundle, live: ModelBundle) -> dict[str, Any]:
    """Put two models of one risk side by side.

    Returns:
        ``live``, the other bundle; ``measures`` and ``capacity``: title, of the proposed, of the live; ``gates``: of
        the proposed, and of the live where it has it; ``terms``: label, and importance in either where it has it.
    """
    capacity = [
        {
            f"{measure.title}, {row.share * 100:.3g} % referred": measure
            for row in bundle.card.capacity
            for measure in row.measures
        }
        for bundle in (proposed, live)
    ]
    measures = [{measure.title: measure for measure in bundle.card.measures} for bundle in (proposed, live)]
    gates = {gate.name: gate for gate in live.gates.gates}
    weights = [{term.label: term.importance for term in bundle.card.terms} for bundle in (proposed, live)]
    labels = sorted(set(weights[0]) | set(weights[1]), key=lambda label: -max(each.get(label, 0.0) for each in weights))
    return {
        "live": live,
        "measures": list(_side_by_side(*measures)),
        "capacity": list(_side_by_side(*capacity)),
        "gates": [(gate, gates.get(gate.name)) for gate in proposed.gates.gates],
        "terms": [(label, *(each.get(label) for each in weights)) for label in labels],
    }


def _side_by_side(
    first: dict[str, Measure], second: dict[str, Measure]
) -> Iterable[tuple[str, Measure | None, Measure | None]]:
    for title in dict.fromkeys((*first, *second)):
        yield title, first.get(title), second.get(title)
