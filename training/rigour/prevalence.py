"""Claim: the random lane and logged chances measure how many carry something; naive and fitted ways do not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.metrics.off_policy import hit_rate
from training.calibrate import fit_logistic, logistic
from training.lane import share_in_lane
from training.off_policy import crossfitted
from training.rigour.claim import Claim, Limit, count_row, mean_row, over_seeds, share_of
from training.rigour.worlds import RANDOM, SCORE, Flags, Floats, Integers, WorldParameters, inspect, make_world

LEVEL = 0.95
METHODS = {
    "lane": "random lane alone",
    "logged": "logged chances, inverse",
    "robust": "logged chances, doubly robust",
}


@dataclass(frozen=True, slots=True)
class Found:
    """An estimate over the truth, minus one, and whether its interval covers the truth."""

    error: float
    covers: bool


def measure(seed: int, parameters: WorldParameters | None = None) -> dict[str, Found]:
    """Estimate the prevalence of one world in every way.

    Args:
        seed: of the world.
        parameters: what it is made of.
    """
    world = make_world(parameters, seed)
    seen = inspect(world, seed)
    truth = float(world.risk.mean())
    outcome = np.nan_to_num(seen.found)
    lane = (seen.arm == RANDOM) & seen.inspected
    by_system = np.isin(seen.arm, (RANDOM, SCORE)) & seen.inspected
    everybody = np.ones(len(world))

    share = share_in_lane(int(outcome[lane].sum()), int(lane.sum()), int((seen.arm == RANDOM).sum()), level=LEVEL)
    assert share.estimate is not None, "the lane of these worlds is kept to"
    logged = hit_rate(everybody, by_system, outcome, seen.logged, level=LEVEL)
    predicted = crossfitted(world.x, by_system, outcome, 1 / seen.logged, seed=seed)
    robust = hit_rate(everybody, by_system, outcome, seen.logged, predicted=predicted, level=LEVEL)

    found = {"lane": _found(share.estimate, share.low, share.high, truth)}
    for name, each in (("logged", logged), ("robust", robust)):
        assert each.estimate is not None, "some were inspected"
        assert each.low is not None, "an estimate has an interval"
        assert each.high is not None, "an estimate has an interval"
        found[name] = _found(each.estimate, each.low, each.high, truth)
    # the same world without a system: officers alone choose, and nobody logs a chance
    alone = inspect(replace(world, parameters=replace(world.parameters, lane_share=0.0, score_share=0.0)), seed)
    looked, hits = alone.inspected, alone.found[alone.inspected]
    found["naive"] = Found(float(hits.mean()) / truth - 1, covers=False)
    weight = 1 / _fitted_chances(world.x, world.bloc, looked)[looked]
    found["fitted"] = Found(float(np.average(hits, weights=weight)) / truth - 1, covers=False)
    return found


def _found(estimate: float, low: float, high: float, truth: float) -> Found:
    return Found(estimate / truth - 1, covers=low <= truth <= high)


def _fitted_chances(x: Floats, bloc: Integers, inspected: Flags) -> Floats:
    """Chances of inspection as somebody would fit them afterwards: on all that is recorded, blocs included."""
    blocs = (bloc[:, None] == np.unique(bloc)[None, 1:]).astype(np.float64)
    design = np.column_stack([(x - x.mean(axis=0)) / x.std(axis=0), blocs, np.ones(len(x))])
    beta = fit_logistic(design, inspected.astype(np.float64), np.ones(len(x)), np.zeros(len(x)), ridge=1e-3)
    assert beta is not None, "a regression on 300,000 rows settles"
    return logistic(design @ beta)


def claim(seeds: Sequence[int]) -> Claim:
    """Measure the claim."""
    found = over_seeds(measure, seeds)
    rows = [
        mean_row(f"{title}: error", [each.error for each in found[name]], Limit(-0.06, 0.06), unit="percent")
        for name, title in METHODS.items()
    ]
    enough = share_of(len(seeds), 0.9)
    rows += [
        count_row(
            f"{title}: worlds whose 95 % interval covers the truth", (each.covers for each in found[name]), enough
        )
        for name, title in METHODS.items()
    ]
    naive = [each.error for each in found["naive"]]
    fitted = [each.error for each in found["fitted"]]
    rows += [
        mean_row("share among those whom officers chose: error", naive, Limit(low=0.25), unit="percent", control=True),
        mean_row(
            "the same, weighted by chances fitted on all that is recorded: error",
            fitted,
            Limit(low=0.15),
            unit="percent",
            control=True,
        ),
    ]
    p = WorldParameters()
    note = (
        f"{p.travellers:,} travellers, prevalence {p.prevalence:.1%}, lane {p.lane_share:.0%}, score "
        f"{p.score_share:.0%}, officers {p.officer_share:.0%} with a private cue. Mean error relative to the truth."
    )
    return Claim("How many carry something is measured without bias", tuple(rows), note.replace("%", " %"))
