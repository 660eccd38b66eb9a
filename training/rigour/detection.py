"""Claim: inspections that miss, that see the score, or that skip the lane do not pass for the truth."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from training.detection import corrected
from training.lane import share_in_lane
from training.rigour.claim import Claim, Limit, count_row, mean_row, over_seeds, share_of
from training.rigour.worlds import RANDOM, SCORE, Inspections, WorldParameters, inspect, make_world

LEVEL = 0.95
SENSITIVITY, SPECIFICITY = 0.75, 0.9992
BOOST = 0.2
FLOOR = 0.90


def measure(seed: int, parameters: WorldParameters | None = None) -> dict[str, float]:
    """Measure in one world, inspected in four ways.

    Args:
        seed: of the world.
        parameters: what it is made of.
    """
    base = replace(parameters or WorldParameters(), officer_share=0.0)
    world = make_world(base, seed)
    truth = float(world.risk.mean())
    found: dict[str, float] = {}

    missing = replace(world, parameters=replace(base, sensitivity=SENSITIVITY, specificity=SPECIFICITY))
    hits, done, drawn = _lane(inspect(missing, seed))
    share = share_in_lane(hits, done, drawn, floor=FLOOR, level=LEVEL)
    assert share.estimate is not None, "this lane is kept to"
    right = corrected(
        share.estimate,
        share.low,
        share.high,
        level=LEVEL,
        sensitivity=(SENSITIVITY, SENSITIVITY),
        specificity=(SPECIFICITY, SPECIFICITY),
    )
    found["uncorrected"] = share.estimate / truth - 1
    found["corrected"] = right.estimate / truth - 1
    found["corrected covers"] = float(right.low <= truth <= right.high)

    anchored = replace(world, parameters=replace(base, sensitivity=SENSITIVITY, shown_score_boost=BOOST))
    seen = inspect(anchored, seed)
    hits, done, drawn = _lane(seen)
    found["blind lane"] = hits / done / (SENSITIVITY * truth) - 1
    shown = seen.arm == SCORE
    weight = 1 / seen.logged[shown]
    targeted = float(np.average(seen.found[shown], weights=weight))
    found["targeted"] = targeted / (SENSITIVITY * float(np.average(world.risk[shown], weights=weight))) - 1

    skipping = replace(world, parameters=replace(base, compliance=0.7, compliance_on_risk=-1.0))
    hits, done, drawn = _lane(inspect(skipping, seed))
    bounds = share_in_lane(hits, done, drawn, floor=FLOOR, level=LEVEL)
    found["bounds cover"] = float(bounds.low <= truth <= bounds.high)
    found["no number"] = float(bounds.estimate is None and bounds.kind == "bounds")
    found["skipped"] = hits / done / truth - 1

    kept = replace(world, parameters=replace(base, compliance=0.95))
    hits, done, drawn = _lane(inspect(kept, seed))
    found["kept"] = hits / done / truth - 1
    return found


def _lane(seen: Inspections) -> tuple[int, int, int]:
    """Hits, inspections and draws of the lane."""
    drawn = seen.arm == RANDOM
    done = drawn & seen.inspected
    return int(np.nansum(seen.found[done])), int(done.sum()), int(drawn.sum())


def claim(seeds: Sequence[int]) -> Claim:
    """Measure the claim."""
    found = over_seeds(measure, seeds)
    near = Limit(-0.06, 0.06)
    rows = (
        mean_row("prevalence corrected for misses and false finds: error", found["corrected"], near, unit="percent"),
        count_row("worlds whose 95 % interval covers it", found["corrected covers"], share_of(len(seeds), 0.9)),
        mean_row("uncorrected: error", found["uncorrected"], Limit(high=-0.10), unit="percent", control=True),
        mean_row("lane that sees no score: error of what it confirms", found["blind lane"], near, unit="percent"),
        mean_row(
            "those referred by a score that is seen: error",
            found["targeted"],
            Limit(low=0.10),
            unit="percent",
            control=True,
        ),
        mean_row("lane kept to by 95 %: error", found["kept"], near, unit="percent"),
        count_row("lane kept to by 70 %: worlds without a number", found["no number"], len(seeds)),
        count_row("lane kept to by 70 %: worlds whose bounds hold the truth", found["bounds cover"], len(seeds)),
        mean_row(
            "lane kept to by 70 %, taken as a sample: error",
            found["skipped"],
            Limit(high=-0.10),
            unit="percent",
            control=True,
        ),
    )
    note = (
        f"Inspections find {SENSITIVITY:.0%} of what is there and report {1 - SPECIFICITY:.2%} of the others; who sees "
        f"a high score finds {BOOST:.0%} more; who skips the lane skips those who carry more."
    )
    return Claim("Inspections that miss, anchor or skip do not pass for the truth", rows, note.replace("%", " %"))
