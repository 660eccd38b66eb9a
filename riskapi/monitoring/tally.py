"""What is counted of one decision, and of one outcome: numbers by name, about nobody alone."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from features.outcome import INCONCLUSIVE
from riskapi.monitoring.bins import BundleBins
from riskapi.monitoring.opened import OpenedDecision

HOUR, DAY, SHADOW = "hour", "day", "shadow"
EVERYWHERE = ""
"""Stands for all crossing points together."""
UNTOLD = "untold"
"""Arm of a referral that the answer says nothing of."""
DELAY_DAYS_MAX = 400
_SECONDS_OF_DAY = 86_400
NOT_WATCHED = frozenset({"test", "training"})
"""Purposes that are no travel: such decisions are not counted."""

Counts = dict[str, float]


class Place(NamedTuple):
    """What counts belong to."""

    grain: str
    start: str
    part: str
    risk: str
    digest: str


class Tally:
    """Counts by place, in memory, until they are added to those in the store."""

    def __init__(self) -> None:
        self.places: defaultdict[Place, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))

    def add(self, place: Place, name: str, number: float = 1.0) -> None:
        """Add to one number."""
        self.places[place][name] += number

    def clear(self) -> None:
        """Begin anew."""
        self.places.clear()


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says of one risk."""

    risk: str
    digest: str
    band: str
    log_odds: float
    probability: float
    referred: bool
    arm: str
    chance: float
    missing: int
    is_unsure: bool
    reason: str | None


def told(answer: Mapping[str, Any]) -> Iterator[Told]:
    """Read an answer, risk by risk."""
    for risk in answer["risks"]:
        referral = risk.get("referral") or {}
        reasons = risk["reasons_for"]
        yield Told(
            risk["risk"],
            risk["model"]["digest"],
            risk["band"],
            risk["log_odds"],
            risk["probability"],
            bool(referral.get("referred")),
            referral.get("arm") or ("none" if referral else UNTOLD),
            float(referral.get("probability", 0.0)),
            len(risk["missing"]),
            bool(risk.get("insufficient") or risk["out_of_range"]),
            reasons[0]["code"] if reasons else None,
        )


def point_of(decision: OpenedDecision) -> str:
    """The crossing point of a decision."""
    return str(orjson.loads(decision.input)["crossing"]["point"])


def is_watched(decision: OpenedDecision) -> bool:
    """Whether a decision is about travel: no test, no training, no second telling of one."""
    return decision.purpose not in NOT_WATCHED and not decision.corrects


def count_decision(tally: Tally, decision: OpenedDecision, bins: Mapping[str, BundleBins]) -> None:
    """Count what was answered.

    Args:
        tally: to add to.
        decision: to count.
        bins: of the bundles that are known, by digest; scores of others are counted without their histogram.
    """
    hour, point = decision.scored_at[:13], point_of(decision)
    for one in told(decision.answer):
        everywhere = Place(DAY, decision.day, EVERYWHERE, one.risk, one.digest)
        for place in (
            Place(HOUR, hour, point, one.risk, one.digest),
            Place(DAY, decision.day, point, one.risk, one.digest),
            everywhere,
        ):
            tally.add(place, "travellers")
            tally.add(place, f"band|{one.band}")
            tally.add(place, f"arm|{one.arm}")
            if one.referred:
                tally.add(place, "referred")
        tally.add(everywhere, "unsure", float(one.is_unsure))
        tally.add(everywhere, "promised", one.probability)
        if one.reason is not None:
            tally.add(everywhere, f"reason|{one.reason}")
        found = bins.get(one.digest)
        if found is not None:
            tally.add(everywhere, f"score|{found.score_bin(one.log_odds)}")


def count_values(tally: Tally, place: Place, values: Sequence[tuple[str, int]]) -> None:
    """Count the values of one record.

    Args:
        tally: to add to.
        place: the day of a bundle.
        values: bin by feature, -1 where it is missing.
    """
    tally.add(place, "seen")
    for name, found in values:
        tally.add(place, f"missing|{name}" if found < 0 else f"bin|{found}|{name}")


@dataclass(frozen=True, slots=True)
class Finding:
    """What an outcome says of one risk.

    Attributes:
        compliance: whether somebody looked.
        confirmed: what they found; ``None`` where it is not conclusive.
        delay_days: from the score until it was known; ``None`` where that is not told.
    """

    compliance: str
    confirmed: bool | None
    delay_days: int | None


def finding(content: Mapping[str, Any], outcome_codes: Sequence[str], scored_at: str) -> Finding:
    """Read an outcome for one risk; "nobody looked" is no finding, and "overturned" takes one back."""
    code, known_at = content.get("outcome_code"), content.get("known_at")
    delay = None
    if known_at:
        passed = datetime.fromisoformat(str(known_at)) - datetime.fromisoformat(scored_at)
        delay = min(DELAY_DAYS_MAX, max(0, int(passed.total_seconds() // _SECONDS_OF_DAY)))
    return Finding(
        str(content.get("compliance") or "done"),
        None if code is None or code in INCONCLUSIVE else code in outcome_codes,
        delay,
    )


def count_outcome(tally: Tally, decision: OpenedDecision, one: Told, found: Finding, sign: int) -> None:
    """Count an outcome, or take back one that another corrects.

    Args:
        tally: to add to.
        decision: that it is about.
        one: what the answer said of the risk.
        found: the outcome.
        sign: 1 to count, -1 to take back.
    """
    for part in (point_of(decision), EVERYWHERE):
        place = Place(DAY, decision.day, part, one.risk, one.digest)
        if one.referred:
            tally.add(place, f"done|{one.arm}|{found.compliance}", sign)
        if found.confirmed is None:
            continue
        how = one.arm if one.referred else "other"
        tally.add(place, f"concluded|{how}", sign)
        tally.add(place, f"confirmed|{how}", sign * float(found.confirmed))
        if one.referred:
            tally.add(place, f"cases|{one.band}", sign)
            tally.add(place, f"found|{one.band}", sign * float(found.confirmed))
            tally.add(place, f"expected|{one.band}", sign * one.probability)
        if found.delay_days is not None and part == EVERYWHERE:
            tally.add(place, f"delay|{found.delay_days}", sign)
