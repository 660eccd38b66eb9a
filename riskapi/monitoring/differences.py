"""What a challenger says other than the live model of the same travellers, as a report."""

import math
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from riskapi.challengers import ChallengerEvent
from riskapi.monitoring.book import MonitoringBook
from riskapi.monitoring.form import Part
from riskapi.monitoring.tally import SHADOW
from riskapi.monitoring.windows import added, under

LEVEL = 0.95
DISAGREEMENTS_MAX = 100


class BandMove(Part):
    """How many travellers are in one band by the live model and in another by the challenger."""

    live: str
    challenger: str
    travellers: int


class ChallengerRow(Part):
    """What a person decided about a challenger, when and why."""

    at: datetime
    event: Literal["named", "withdrawn"]
    risk: str
    digest: str
    principal: str
    rationale: str


class DisagreementLine(Part):
    """A decision on whose band the two differ."""

    decision_id: str
    at: datetime
    live_band: str
    challenger_band: str
    difference: float = Field(description="Log-odds of the challenger less those of the live model")


class ChallengerReport(Part):
    """A challenger beside the live model, on the same travellers since it was named."""

    risk: str
    digest: str
    live_digest: str | None
    named_at: datetime
    named_by: str
    rationale: str
    travellers: int
    dropped: int = Field(description="Travellers that there was no time for")
    failed: int = Field(description="Travellers whose features the challenger could not compute")
    bands: tuple[BandMove, ...]
    differs: float | None = Field(description="Share of travellers in another band; `null` before the first")
    differs_low: float | None
    differs_high: float | None
    correlation: float | None = Field(description="Of both log-odds; `null` where one of them does not vary")
    disagreements: Annotated[tuple[DisagreementLine, ...], Field(description="The latest first")]
    level: float = Field(LEVEL, description="Of the interval")


def differences(book: MonitoringBook, named: ChallengerEvent, live_digest: str | None) -> ChallengerReport:
    """Report on a challenger.

    Args:
        book: of the counts.
        named: the challenger.
        live_digest: of the model that is live; counts against an earlier one are left out.
    """
    from models.metrics.intervals import wilson_interval  # noqa: PLC0415 - a service starts without numpy

    rows = book.days(named.risk, f"{named.at:%Y-%m-%d}", "9999", SHADOW)
    own = [counts for place, counts in rows if place.digest == named.digest and place.part == live_digest]
    total = added(own)
    travellers = round(total.get("travellers", 0.0))
    moves = []
    for name, number in sorted(under(total, "bands").items()):
        live, _, challenger = name.partition("|")
        moves.append(BandMove(live=live, challenger=challenger, travellers=round(number)))
    moved = sum(one.travellers for one in moves if one.live != one.challenger)
    low, high = wilson_interval(moved, travellers, LEVEL) if travellers else (None, None)
    return ChallengerReport(
        risk=named.risk,
        digest=named.digest,
        live_digest=live_digest,
        named_at=named.at,
        named_by=named.principal,
        rationale=named.rationale,
        travellers=travellers,
        dropped=round(total.get("dropped", 0.0)),
        failed=round(total.get("failed", 0.0)),
        bands=tuple(moves),
        differs=moved / travellers if travellers else None,
        differs_low=low,
        differs_high=high,
        correlation=_correlation(travellers, under(total, "sum")),
        disagreements=tuple(
            DisagreementLine(
                decision_id=one.decision_id,
                at=datetime.fromisoformat(one.at),
                live_band=one.live_band,
                challenger_band=one.challenger_band,
                difference=one.difference,
            )
            for one in book.disagreements(named.digest, DISAGREEMENTS_MAX)
        ),
    )


def _correlation(travellers: int, sums: dict[str, float]) -> float | None:
    """Pearson's correlation from sums.

    >>> round(_correlation(3, {"x": 6, "y": 12, "xx": 14, "yy": 56, "xy": 28}), 6)
    1.0
    """
    if not travellers:
        return None
    x, y = sums["x"] / travellers, sums["y"] / travellers
    width, height = sums["xx"] / travellers - x * x, sums["yy"] / travellers - y * y
    if not (width > 1e-12 and height > 1e-12):  # noqa: PLR2004  nothing but rounding
        return None
    return max(-1.0, min(1.0, (sums["xy"] / travellers - x * y) / math.sqrt(width * height)))
