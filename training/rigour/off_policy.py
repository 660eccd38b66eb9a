"""Claim: the hit rate and the recall that another model would have had are known before anybody follows it."""

from collections.abc import Sequence

import numpy as np

from models.metrics.off_policy import highest, hit_rate
from training.off_policy import crossfitted, recall_at
from training.rigour.claim import Claim, Limit, Row, count_row, mean_row, over_seeds, share_of
from training.rigour.worlds import RANDOM, SCORE, WorldParameters, inspect, make_world

CAPACITIES = (0.01, 0.02, 0.05)
LEVEL = 0.95
LARGE = WorldParameters(travellers=600_000)
"""One in a hundred of these is enough to measure a hit rate on."""
OTHER_WEIGHTS = (0.6, 1.0, 0.4, 1.0, 0.0, 0.0)
"""How well the other model knows each feature: it sees cash and short stay, which the model in use does not."""


def measure(seed: int, parameters: WorldParameters | None = None) -> dict[str, float]:
    """Estimate in one world what the other model would have found.

    Args:
        seed: of the world.
        parameters: what it is made of.
    """
    world = make_world(parameters or LARGE, seed)
    seen = inspect(world, seed)
    outcome = np.nan_to_num(seen.found)
    by_system = np.isin(seen.arm, (RANDOM, SCORE)) & seen.inspected
    score = world.x @ (np.asarray(world.parameters.coefficients) * np.asarray(OTHER_WEIGHTS))
    predicted = crossfitted(world.x, by_system, outcome, 1 / seen.logged, seed=seed)
    found: dict[str, float] = {}
    for share in CAPACITIES:
        chosen = highest(score, share)
        truth = float(np.average(world.risk, weights=chosen))
        recall = float(np.sum(world.risk * chosen) / world.risk.sum())
        plain = hit_rate(chosen, by_system, outcome, seen.logged, level=LEVEL)
        robust = hit_rate(chosen, by_system, outcome, seen.logged, predicted=predicted, level=LEVEL)
        for name, each in (("plain", plain), ("robust", robust)):
            assert each.estimate is not None, "some were inspected"
            assert each.low is not None, "an estimate has an interval"
            assert each.high is not None, "an estimate has an interval"
            found[f"{name} {share}"] = each.estimate / truth - 1
            found[f"{name} covers {share}"] = float(each.low <= truth <= each.high)
        caught = recall_at(score, by_system, outcome, seen.logged, share, level=LEVEL)
        assert caught.estimate is not None, "some hits are known"
        assert caught.low is not None, "an estimate has an interval"
        assert caught.high is not None, "an estimate has an interval"
        found[f"recall {share}"] = caught.estimate / recall - 1
        found[f"recall covers {share}"] = float(caught.low <= recall <= caught.high)
        looked = seen.inspected
        found[f"naive {share}"] = float(np.average(outcome[looked], weights=chosen[looked])) / truth - 1
    return found


def claim(seeds: Sequence[int]) -> Claim:
    """Measure the claim."""
    found = over_seeds(measure, seeds)
    rows: list[Row] = []
    titles = {
        "plain": "hit rate, inverse chances",
        "robust": "hit rate, doubly robust",
        "recall": "share of all hits",
    }
    enough = share_of(len(seeds), 0.85)
    for name, title in titles.items():
        for share in CAPACITIES:
            at = f"{title}, {share:.0%} referred".replace("%", " %")
            rows.append(mean_row(f"{at}: error", found[f"{name} {share}"], Limit(-0.10, 0.10), unit="percent"))
            covers = found[f"{name} covers {share}"]
            rows.append(count_row(f"{at}: worlds whose 95 % interval covers the truth", covers, enough))
    rows += [
        mean_row(
            f"hit rate among all inspected, {share:.0%} referred: error".replace("%", " %"),
            found[f"naive {share}"],
            Limit(low=0.15),
            unit="percent",
            control=True,
        )
        for share in CAPACITIES
    ]
    note = (
        "The other model knows features that the model in use does not. Its hit rate is estimated from cases that the "
        "model in use and the random lane chose, by logged chances; the truth is that of the world."
    )
    return Claim("What another model would find is known from the cases of this one", tuple(rows), note)
