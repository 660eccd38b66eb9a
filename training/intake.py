"""Whether a case table is like the one before: what changed in how facts are written, found before anything is learned.

A unit, a time zone, a swapped day and month, a second copy of a batch or a file that ends early leave every row valid.
They show in how often facts take which values. A change counts where it is past the noise of quiet weeks, for all facts
of a view together, and past a floor that a season does not reach.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import ValidationError

from models.metrics.drift import SAMPLE_MIN, Comparison, Reference, Verdict, compare, verdicts
from models.promotion import Gate
from models.promotion import Verdict as GateVerdict
from training.cases import Cases
from training.errors import CaseTableError
from training.table_profile import Aspect, Columns, TableProfile, View, counted

FLOORS: Final[Mapping[View, float]] = {
    "known": 0.03,
    "values": 0.25,
    "to the crossing": 0.06,
    "day of the month": 0.05,
    "hour of the day": 0.1,
    "length": 0.1,
    "characters": 0.05,
}
"""Stability index from which a change is told. Values follow seasons and routes; how facts are written does not."""
FAMILY_LEVEL = 0.005
"""Chance of any false alarm among all facts of one view."""
SHARE_FLOOR = 0.01
"""Share of rejected or repeated rows, beyond that of the table before, from which it is told."""
GAP_TIMES, GAP_DAYS = 3.0, 2.0
"""A gap without crossings is told from so many times the longest one before, and so many days."""
SHOWN = 3
_REMEDIES: Final[Mapping[View, str]] = {
    "known": "find out why it is given more or less often; a column may have been renamed or left empty",
    "values": "compare unit, currency and code list with those of the table before",
    "to the crossing": "compare time zone, unit and order of day and month with those of the table before",
    "day of the month": "look for day and month in the wrong order",
    "hour of the day": "look for another time zone",
    "length": "compare format and padding with those of the table before",
    "characters": "read the file in the encoding that it was written in",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a case table is not like the one before.

    Attributes:
        place: the fact, or what of the table.
        rule: what is different, with its number; no values of rows.
        remedy: what to look at.
    """

    place: str
    rule: str
    remedy: str


def differences(cases: Cases, now: TableProfile, before: TableProfile) -> tuple[Difference, ...]:
    """Hold a case table against the profile of the one before.

    Args:
        cases: as they were read.
        now: their profile.
        before: of a table that was looked through and accepted.

    Returns:
        What is different; the table as a whole first.
    """
    return (*_of_the_table(now, before), *_of_the_facts(Columns(cases), now, before))


def read_profile(path: Path) -> TableProfile:
    """Read the profile that a run or a check has left.

    Raises:
        CaseTableError: where the file is none.
    """
    try:
        return TableProfile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise CaseTableError(
            f"{path}: not the profile of a case table. Give the profile.json of a run, or make one with "
            "`python -m training check-cases TABLE --write profile.json`."
        ) from None


def gate(found: tuple[Difference, ...]) -> Gate:
    """The gate that a run has to pass where it names the table before."""
    named = "; ".join(f"{one.place}: {one.rule}" for one in found[:SHOWN])
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return Gate(
        name="like_before",
        title="The cases are like those before",
        rule="facts are written as in the table before, nothing is repeated, rejected or cut off beyond it",
        limit=0,
        value=len(found),
        verdict=GateVerdict.FAILED if found else GateVerdict.PASSED,
        note=named + more,
    )


def _of_the_table(now: TableProfile, before: TableProfile) -> Iterator[Difference]:
    for place, rows, were, of, of_before, remedy in (
        (
            "rejected rows",
            now.rejected,
            before.rejected,
            now.rows + now.rejected,
            before.rows + before.rejected,
            "see the table of rejected rows: most of them break the same rule",
        ),
        (
            "repeated rows",
            now.repeated,
            before.repeated,
            now.rows,
            before.rows,
            "look for a batch that came twice under other ids",
        ),
    ):
        share, then = rows / max(1, of), were / max(1, of_before)
        if share > then + SHARE_FLOOR:
            yield Difference(place, f"{share:.1%} of all, {then:.1%} before".replace("%", " %"), remedy)
    if now.cut_off and not before.cut_off:
        yield Difference("last row", "is broken, as where a file ends early", "fetch the file once more")
    if now.gap_days is not None and before.gap_days is not None:
        limit = max(GAP_TIMES * before.gap_days, before.gap_days + GAP_DAYS)
        if now.gap_days > limit:
            told = f"{now.gap_days:.1f} days without any crossing, {before.gap_days:.1f} before"
            yield Difference("crossings", told, "look for a part of the table that is missing")


def _of_the_facts(columns: Columns, now: TableProfile, before: TableProfile) -> Iterator[Difference]:
    aspects = [*before.aspects, *_unknown_before(now, before)]
    compared = verdicts(
        [
            compare(
                one.fact,
                one.view,
                counted(one, columns),
                [Reference("before", one.counts, sum(one.counts))],
                spread=one.spread,
                floor=FLOORS[one.view],
            )
            for one in aspects
        ],
        FAMILY_LEVEL,
    )
    for one, aspect in zip(compared, aspects, strict=True):
        if one.verdict is Verdict.ALARM:
            yield Difference(one.name, _rule(one, aspect, columns), _REMEDIES[aspect.view])
        elif one.verdict is Verdict.TOO_FEW and _is_gone(aspect, columns):
            yield Difference(one.name, f"{aspect.view}: none is left of {sum(aspect.counts):,}", _REMEDIES["known"])


def _unknown_before(now: TableProfile, before: TableProfile) -> list[Aspect]:
    """Facts that the table before did not have at all: as if each of its rows had lacked them."""
    known = {one.fact for one in before.aspects}
    return [
        Aspect(
            fact=one.fact,
            view="known",
            kind=one.kind,
            levels=("known", "missing"),
            counts=(0, before.seen),
        )
        for one in now.aspects
        if one.view == "known" and one.fact not in known
    ]


def _is_gone(aspect: Aspect, columns: Columns) -> bool:
    """Whether a fact that was usual has no value of its kind any more."""
    return (
        aspect.view not in {"known", "length"}
        and sum(aspect.counts) >= SAMPLE_MIN
        and not counted(aspect, columns).any()
    )


def _rule(one: Comparison, aspect: Aspect, columns: Columns) -> str:
    """Say what changed most: the bin whose share moved furthest."""
    counts = counted(aspect, columns)
    now, then = counts / counts.sum(), np.array(aspect.counts) / sum(aspect.counts)
    place = int(np.argmax(np.abs(now - then)))
    told = f"{aspect.view}: {_name(aspect, place)} {now[place]:.0%}, {then[place]:.0%} before; index {one.index:.2f}"
    return told.replace("%", " %")


def _name(aspect: Aspect, place: int) -> str:
    if aspect.levels:
        return aspect.levels[place]
    edges = aspect.edges
    if place == 0:
        return f"up to {edges[0]:.4g}"
    return f"above {edges[-1]:.4g}" if place == len(edges) else f"{edges[place - 1]:.4g} to {edges[place]:.4g}"
