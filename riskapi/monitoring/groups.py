"""Whether groups meet the live model alike: counted by group and day, and compared with intervals and verdicts.

Protected facts stand in the stored record for such audits alone; no model reads them. What is kept here are counts of a
day, by fact and group, of nobody alone. A comparison takes each crossing as one, also of those who cross again.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from features.catalogue import CATALOGUE
from features.record import TravellerRecord
from models.metrics.fairness import Allowed, Ratio, ratio_of_counts
from models.metrics.intervals import wilson_interval
from riskapi.monitoring.form import GroupLine
from riskapi.monitoring.opened import OpenedDecision
from riskapi.monitoring.tally import DAY, EVERYWHERE, Counts, Finding, Place, Tally, Told, told

LEVEL = 0.90
FACTS = ("nationality_region", "gender", "age_band")
"""Whose breach is an alarm."""
SHOWN = ("mode", "crossing_point")
"""That are told, and no alarm."""
NOT_KNOWN = "not_known"
CELL_MIN = {"selection": 500, "precision": 30, "misses": 30}
"""Of a group and of all others, below which nothing is told of it: travellers, referrals looked at, cases confirmed."""
_QUESTIONS = {
    "selection": ("selected", "seen"),
    "precision": ("confirmed", "looked"),
    "misses": ("missed", "drawn"),
}
"""Each question with the names of hits and of their base."""
_OF_OUTCOMES = ("precision", "misses")


class Cell(NamedTuple):
    """Hits of a group, and of how many."""

    hits: int
    of: int


def count_groups(tally: Tally, decision: OpenedDecision, record: TravellerRecord) -> None:
    """Count who was referred by score, by group.

    Args:
        tally: to add to.
        decision: that was answered.
        record: of the traveller.
    """
    groups = groups_of(record)
    for one in told(decision.answer):
        place = Place(DAY, decision.day, EVERYWHERE, one.risk, one.digest)
        for fact, group in groups.items():
            tally.add(place, f"group|{fact}|{group}|seen")
            if is_by_score(one):
                tally.add(place, f"group|{fact}|{group}|selected")


def count_found(
    tally: Tally, decision: OpenedDecision, record: TravellerRecord, one: Told, found: Finding, *, sign: int
) -> None:
    """Count what was found of those whom the score referred, and whom it missed of those drawn at random.

    Args:
        tally: to add to.
        decision: that the outcome is about.
        record: of the traveller.
        one: what the answer said of the risk.
        found: the outcome.
        sign: 1 to count, -1 to take back.
    """
    if found.confirmed is None or not one.referred:
        return
    names = []
    if is_by_score(one):
        names += ["looked", "confirmed"] if found.confirmed else ["looked"]
    if one.arm == "random" and found.confirmed:
        names += ["drawn"] if is_by_score(one) else ["drawn", "missed"]
    place = Place(DAY, decision.day, EVERYWHERE, one.risk, one.digest)
    for fact, group in groups_of(record).items() if names else ():
        for name in names:
            tally.add(place, f"group|{fact}|{group}|{name}", sign)


def groups_of(record: TravellerRecord) -> dict[str, str]:
    """The group of a traveller by each fact."""
    found = {name: CATALOGUE[name].function(record) for name in (*FACTS, "crossing_point")}
    return {name: str(group) if group is not None else NOT_KNOWN for name, group in found.items()} | {
        "mode": record.crossing.mode
    }


def is_by_score(one: Told) -> bool:
    """Whether the score alone would have referred somebody."""
    return one.arm == "score" or (one.referred and one.chance >= 1)


def lines_of(recent: Counts, concluded: Counts) -> Iterator[GroupLine]:
    """Compare each group with all others.

    Args:
        recent: counts of the live model in the last weeks.
        concluded: counts of days whose outcomes should be in.
    """
    for question, names in _QUESTIONS.items():
        counts = concluded if question in _OF_OUTCOMES else recent
        for fact in (*FACTS, *SHOWN):
            yield from _compared(fact, question, _cells(counts, fact, names))


def alarms_of_groups(lines: Sequence[GroupLine]) -> Iterator[str]:
    """Tell which groups of protected facts do not meet the model alike."""
    for one in lines:
        if one.verdict == "failed" and one.fact in FACTS:
            span = f"{one.ratio_low or 0.0:.2f} to {one.ratio_high or 0.0:.2f}"
            name = f"{one.question.capitalize()} of {one.fact} {one.group}"
            yield f"{name}: {one.ratio or 0.0:.2f} times that of the others ({span})."


def _cells(counts: Counts, fact: str, names: tuple[str, str]) -> dict[str, Cell]:
    """Hits and base of each group of a fact."""
    found: dict[str, dict[str, int]] = {}
    start = f"group|{fact}|"
    for name, number in counts.items():
        if name.startswith(start):
            group, _, what = name.removeprefix(start).rpartition("|")
            found.setdefault(group, {})[what] = max(0, round(number))
    hits, base = names
    return {group: Cell(own.get(hits, 0), own[base]) for group, own in sorted(found.items()) if own.get(base)}


def _compared(fact: str, question: str, cells: Mapping[str, Cell]) -> Iterator[GroupLine]:
    hits, base = sum(cell.hits for cell in cells.values()), sum(cell.of for cell in cells.values())
    least = CELL_MIN[question]
    judged = {group: cell for group, cell in cells.items() if min(cell.of, base - cell.of) >= least}
    ratios = [ratio_of_counts(cell, (hits - cell.hits, base - cell.of), LEVEL) for cell in judged.values()]
    verdicts = {
        group: (ratio, verdict.value)
        for group, ratio, verdict in zip(judged, ratios, Allowed().verdicts(ratios), strict=True)
    }
    for group, cell in cells.items():
        about = {"fact": fact, "group": group, "question": question}
        if group in verdicts:
            yield _line(about, cell, *verdicts[group])
        else:
            yield GroupLine.model_validate(about | {"verdict": "too_few"})


def _line(about: Mapping[str, str], cell: Cell, ratio: Ratio | None, verdict: str) -> GroupLine:
    low, high = wilson_interval(cell.hits, cell.of, LEVEL)
    told_ratio = {} if ratio is None else {"ratio": ratio.value, "ratio_low": ratio.low, "ratio_high": ratio.high}
    rates = {"of": cell.of, "hits": cell.hits, "rate": cell.hits / cell.of, "low": low, "high": high}
    return GroupLine.model_validate({**about, **rates, **told_ratio, "verdict": verdict})
