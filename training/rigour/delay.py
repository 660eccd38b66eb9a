"""Claim: a training knows nothing that became known later, and hits still to come do not lower what it learns."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from training.config import SplitConfig
from training.maturity import weights_of_hits
from training.rigour.claim import Claim, Limit, count_row, mean_row, over_seeds
from training.rigour.worlds import RANDOM, Flags, Floats, WorldParameters, inspect, make_world
from training.slices import TRAIN, cut

MEAN_DELAY = 120.0
DAYS = 720
FROZEN = 360
"""Day at which the training happens."""
START = pd.Timestamp("2024-01-01", tz="UTC")
MATURE_SHARE = 0.5
COMMON = WorldParameters(prevalence=0.03)
"""So many hits that a rate is measured within a few percent."""


def measure(seed: int, parameters: WorldParameters | None = None) -> dict[str, float]:
    """Freeze the clock in one world, and compare what is learned with what will be known in the end.

    Args:
        seed: of the world.
        parameters: what it is made of.
    """
    base = replace(parameters or COMMON, days=DAYS, delay_days=MEAN_DELAY, officer_share=0.0)
    world = make_world(base, seed)
    seen = inspect(world, seed)
    lane = (seen.arm == RANDOM) & seen.inspected
    day, known, found = world.day[lane], seen.known_day[lane], seen.found[lane]
    cases = pd.DataFrame(
        {
            "time": START + pd.to_timedelta(day, unit="D"),
            "known_at": START + pd.to_timedelta(known, unit="D"),
            "entity": np.arange(len(day)).astype(str),
        }
    )
    moment = START + pd.Timedelta(days=FROZEN)
    split = SplitConfig(train_until=moment.date(), calibration_until=(moment + pd.Timedelta(days=90)).date())
    where = cut(cases, pd.Series(found), split, has_time=True, seed=0, mature_share=MATURE_SHARE)
    learned = where.labelled & (where.place == TRAIN)
    weight = weights_of_hits(found[learned], where.known[learned])
    before = day < FROZEN
    return {
        "later": float((cases["known_at"][learned] > moment).sum()),
        "cases": float(learned.sum()),
        "mature": float(np.mean(weight * found[learned])) / _eventual(day, found, learned) - 1,
        "as negative": float((found * (known <= FROZEN))[before].mean()) / float(found[before].mean()) - 1,
    }


def _eventual(day: Floats, found: Floats, learned: Flags) -> float:
    """Rate that the cases of the ages that were learned from will have in the end."""
    return float(found[day <= day[learned].max()].mean())


def claim(seeds: Sequence[int]) -> Claim:
    """Measure the claim."""
    found = over_seeds(measure, seeds)
    rows = (
        count_row(
            "worlds in which nothing that is learned became known later", (n == 0 for n in found["later"]), len(seeds)
        ),
        mean_row(
            "rate learned, hits standing for those to come: error", found["mature"], Limit(-0.06, 0.06), unit="percent"
        ),
        mean_row(
            "hits to come taken for nothing found: error",
            found["as negative"],
            Limit(high=-0.30),
            unit="percent",
            control=True,
        ),
    )
    note = (
        f"Hits become known after {MEAN_DELAY:.0f} days on average; the clock stands still on day {FROZEN}. The error "
        "is against the rate that the same travellers have once everything is known."
    )
    return Claim("Late outcomes neither leak nor lower the risk that is learned", rows, note)
