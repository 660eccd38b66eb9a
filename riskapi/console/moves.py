"""How a challenger moves travellers between bands, as a table from the live model's bands to its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.abstention import INSUFFICIENT
from riskapi.monitoring.differences import ChallengerReport


@dataclass(frozen=True, slots=True)
class Moves:
    """Travellers by the band that each model gives them.

    Attributes:
        names: of the bands, from low to high; the last one stands for none.
        rows: travellers, by the live model's band and the challenger's.
        raised: travellers in a higher band by the challenger.
        lowered: in a lower one.
        other: of whom one model gives no band.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    raised: int
    lowered: int
    other: int


def moves_of(found: ChallengerReport, bands: Sequence[str]) -> Moves:
    """Put the moves of a report into a table.

    Args:
        found: the report.
        bands: of the challenger, from low to high; others that were met come after them.
    """
    met = {name for one in found.bands for name in (one.live, one.challenger)} - {*bands, INSUFFICIENT}
    names = (*bands, *sorted(met), INSUFFICIENT)
    counts = {(one.live, one.challenger): one.travellers for one in found.bands}
    rank = {name: place for place, name in enumerate(bands)}
    raised = lowered = other = 0
    for (live, challenger), travellers in counts.items():
        if live == challenger:
            continue
        if live not in rank or challenger not in rank:
            other += travellers
        elif rank[challenger] > rank[live]:
            raised += travellers
        else:
            lowered += travellers
    rows = tuple((live, tuple(counts.get((live, one), 0) for one in names)) for live in names)
    return Moves(names, rows, raised, lowered, other)
