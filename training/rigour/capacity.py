"""Claim: what is learned from chosen cases ranks and counts all travellers: precision, level, bands."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.bands import BandPolicy
from models.metrics.calibration import calibration_line, observed_to_expected
from models.metrics.intervals import normal_quantile
from models.metrics.off_policy import highest
from training.rigour.claim import Claim, Limit, count_row, mean_row, over_seeds, share_of
from training.rigour.learner import learn
from training.rigour.worlds import OFFICER, WorldParameters, inspect, logistic, make_world

CAPACITIES = (0.02, 0.05)
BANDS = {"high": 0.01, "elevated": 0.04}
LEVEL = 0.90
LARGE = WorldParameters(travellers=600_000)
"""So many that a tenth of the days holds enough hits of the lane to calibrate on."""


def measure(seed: int, parameters: WorldParameters | None = None) -> dict[str, float]:
    """Learn in one world, and hold it against the truth.

    Args:
        seed: of the world.
        parameters: what it is made of.
    """
    world = make_world(parameters or LARGE, seed)
    seen = inspect(world, seed)
    model = learn(world, seen)
    alone = replace(world, parameters=replace(world.parameters, lane_share=0.0, score_share=0.0))
    naive = learn(world, inspect(alone, seed), naive=True)
    test = model.test
    risk, score = world.risk[test], model.log_odds[test]
    found: dict[str, float] = {}
    for share in CAPACITIES:
        best = float(np.average(risk, weights=highest(risk, share)))
        found[f"oracle {share}"] = float(np.average(risk, weights=highest(score, share))) / best
    officers = test & (seen.arm == OFFICER)
    capacity = float(officers.sum() / test.sum())
    ours = float(np.average(risk, weights=highest(score, capacity)))
    found["officers"] = ours / float(world.risk[officers].mean())
    found["level"] = float(risk.mean() / logistic(score).mean())
    found["naive level"] = float(logistic(naive.log_odds[test]).mean() / risk.mean())
    found["slope"] = calibration_line(world.y[test], score)[0]
    places = model.places[model.judged.chosen]
    ratio = observed_to_expected(seen.found[places], logistic(model.log_odds[places]), model.judged.weight, level=LEVEL)
    model_own = float(risk.sum() / logistic(score).sum())
    found["ratio"] = ratio.ratio
    found["covers"] = float(ratio.low <= model_own <= ratio.high)
    z = normal_quantile(LEVEL)
    low, high = (
        math.exp(side * math.hypot(math.log(end / ratio.ratio), z * model.line.level_error)) * ratio.ratio
        for side, end in ((-1, ratio.low), (1, ratio.high))
    )
    found["covers one"] = float(low <= 1 <= high)
    policy = BandPolicy.from_reference(score, BANDS, version="1.0.0")
    names = np.array([policy.band(value) for value in score.tolist()])
    rates = [float(risk[names == band.name].mean()) for band in policy.bands]
    found["in order"] = float(rates == sorted(rates, reverse=True))
    return found


def claim(seeds: Sequence[int]) -> Claim:
    """Measure the claim."""
    found = over_seeds(measure, seeds)
    rows = [
        mean_row(
            f"precision at {share:.0%}, as a share of an oracle's".replace("%", " %"),
            found[f"oracle {share}"],
            Limit(low=0.6),
        )
        for share in CAPACITIES
    ]
    rows += [
        mean_row("precision over that of the officers, at their capacity", found["officers"], Limit(low=1.0)),
        mean_row("true cases over expected ones among all later travellers", found["level"], Limit(0.85, 1.15)),
        mean_row("calibration slope among all later travellers", found["slope"], Limit(0.8, 1.2)),
        count_row(
            "worlds whose 90 % interval of observed over expected covers that of the model",
            found["covers"],
            share_of(len(seeds), 0.75),
        ),
        mean_row(
            "observed over expected: 1 within two standard errors", found["ratio"], Limit(1.0, 1.0), se_allowance=2
        ),
        count_row(
            "worlds whose 90 % interval, with the noise of the calibration, covers 1",
            found["covers one"],
            share_of(len(seeds), 0.75),
        ),
        count_row("worlds whose bands are in order", found["in order"], share_of(len(seeds), 0.95)),
        mean_row(
            "expected over true cases, learned naively from whom officers chose",
            found["naive level"],
            Limit(low=1.2),
            control=True,
        ),
    ]
    note = (
        "A logistic scorecard, learned on the first 60 % of the days, calibrated on the next 15 %, judged on the rest. "
        "The oracle knows the true chance of everybody, the officers' private cue included."
    )
    return Claim("What is learned from chosen cases holds for all travellers", tuple(rows), note)
