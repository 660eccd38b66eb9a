"""The random lane: whether those who were drawn were really inspected, and what can be said where they were not.

A lane that is not kept to is no sample. Officers of sampling programmes have been found not to follow the sample
(GAO-02-215R); whom they skip is not chance. Below a floor of compliance the worst case is told instead of a number
(Manski 1990, "Nonparametric bounds on treatment effects", American Economic Review 80).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from models.metrics.intervals import poisson_interval, wilson_interval
from training.selection_bias import LANE, logged

DONE = "done"


@dataclass(frozen=True, slots=True)
class Range:
    """What is known of a share.

    Attributes:
        estimate: ``None`` where only bounds can be given.
        low: lower end.
        high: upper end.
        level: of the interval.
        kind: "interval" of an estimate, or "bounds" that hold whatever those were like of whom nothing is known.
        note: in words.
    """

    estimate: float | None
    low: float
    high: float
    level: float
    kind: Literal["interval", "bounds"]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Compliance:
    """How far the lane was kept to.

    Attributes:
        drawn: travellers drawn [travellers].
        done: of those, inspected.
        known: "recorded" where the table says who was drawn and not inspected; "implied" where the logged chances of
            the inspected add up to fewer travellers than there were; "unknown" where neither can be told.
    """

    drawn: float
    done: int
    known: Literal["recorded", "implied", "unknown"]

    @property
    def rate(self) -> float | None:
        """Share of the drawn who were inspected; ``None`` where it is not known."""
        return None if self.known == "unknown" or not self.drawn else min(1.0, self.done / self.drawn)

    def kept(self, floor: float, level: float = 0.95) -> bool:
        """Whether nothing says that the lane was kept to less than a floor asks for.

        An implied number of draws is an expected one, so the inspected may fall short of it by chance: it counts as a
        breach where the whole interval of the rate lies below the floor.
        """
        if self.rate is None:
            return True
        if self.known == "recorded":
            return self.rate >= floor
        return poisson_interval(self.done, level)[1] / self.drawn >= floor

    def text(self) -> str:
        """Say it in words."""
        if self.rate is None:
            return f"{self.done:,} travellers of the random lane were inspected; how many were drawn is not recorded."
        told = "recorded" if self.known == "recorded" else "implied by the logged chance"
        return (
            f"Of {self.drawn:,.0f} travellers drawn at random ({told}), {self.done:,} were inspected: {self.rate:.1%}."
        ).replace("%", " %")


def compliance(accepted: pd.DataFrame) -> Compliance:
    """Tell how far the lane was kept to, from the table of all crossings.

    Args:
        accepted: ``outcome_code``, ``selection``, ``selection_probability`` and, where they are recorded, ``draw`` and
            ``compliance`` ("done", "refused", "not_done"), one row per crossing, inspected or not.
    """
    drawn = (accepted["selection"] == LANE).to_numpy()
    inspected = accepted["outcome_code"].notna().to_numpy()
    if "draw" in accepted and accepted["draw"].notna().any():
        drawn = accepted["draw"].isin([True]).to_numpy()
        return Compliance(float(drawn.sum()), int((drawn & inspected).sum()), "recorded")
    if "compliance" in accepted and accepted["compliance"][drawn].notna().any():
        done = drawn & inspected & accepted["compliance"].isin([DONE]).to_numpy()
        return Compliance(float(drawn.sum()), int(done.sum()), "recorded")
    lane = drawn & inspected & logged(accepted)
    everybody_is_there = not inspected.all()
    chances = accepted["selection_probability"].to_numpy(dtype=np.float64)[lane]
    if len(chances) and everybody_is_there and chances.max() == chances.min():
        return Compliance(float(chances[0] * len(accepted)), int(lane.sum()), "implied")
    return Compliance(float(drawn.sum()), int((drawn & inspected).sum()), "unknown")


def share_in_lane(found: int, done: int, drawn: float, *, floor: float = 0.90, level: float = 0.95) -> Range:
    """Share of confirmed cases among all travellers, from the random lane alone.

    Args:
        found: confirmed among the inspected of the lane.
        done: inspected of the lane, conclusively.
        drawn: drawn for the lane.
        floor: compliance below which bounds replace the estimate.
        level: of the interval.

    Returns:
        The share with its interval (Wilson); below the floor the bounds of Manski, each end widened to the end of its
        own interval: all who were skipped clean, all who were skipped carrying.
    """
    if done < 1:
        return Range(None, 0.0, 1.0, level, "bounds", "Nobody of the lane was inspected.")
    kept = min(1.0, done / drawn) if drawn else 1.0
    if kept >= floor:
        low, high = wilson_interval(found, done, level)
        return Range(found / done, low, high, level, "interval")
    skipped = max(0.0, drawn - done)
    low = wilson_interval(found, drawn, level)[0]
    high = wilson_interval(min(drawn, found + skipped), drawn, level)[1]
    note = (
        f"Only {kept:.0%} of those drawn were inspected, and who is skipped is not left to chance: these are "
        "worst-case bounds."
    ).replace("%", " %")
    return Range(None, low, high, level, "bounds", note)


def worst_case(found: int, inspected: int, travellers: int, *, level: float = 0.95) -> Range:
    """Bounds of the share of confirmed cases among all travellers where chances of inspection are not known.

    Args:
        found: confirmed.
        inspected: inspected, by whatever choice.
        travellers: all who crossed.
        level: of the interval at each end.
    """
    low = wilson_interval(found, travellers, level)[0]
    high = wilson_interval(found + travellers - inspected, travellers, level)[1]
    note = (
        "Officers chose by what nobody recorded: no estimate from their cases stands for all travellers, and no fitted "
        "chance repairs that. These bounds hold whatever the others carried."
    )
    return Range(None, low, high, level, "bounds", note)
