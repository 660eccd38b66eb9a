"""Claim: what begins after training, among travellers with low scores, is found by the lane, and hardly without it.

Exploration by a small random share against a model that only follows itself: Kim et al. 2020, "Take a chance: managing
the exploitation-exploration dilemma in customs fraud detection via online active learning" (arXiv:2010.14282).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from features.spec import Kind
from models.metrics.off_policy import highest
from training.rigour.claim import Claim, Limit, count_row, mean_row, over_seeds, share_of
from training.rigour.learner import SPECS, about, frame_of, spec_of
from training.rigour.rounds import Crowd, History, Policy, Round, learn, learn_alike, rounds
from training.rigour.worlds import Flags, Inspections, WorldParameters, inspect, make_world

ROUNDS: Final = 6
SOON: Final = 4
"""Rounds within which the pattern has to be found."""
OURS, ALONE = Policy(capacity=0.05, lane=0.05), Policy(capacity=0.10, lane=0.0)
"""Both look at as many travellers; the second refers all of them by score."""
LARGE: Final = WorldParameters(travellers=80_000, cue_on_risk=0.0)
"""Of each round. Nothing bears on the risk but what is recorded: an ideal model would say the true chance."""
ROUTES: Final = ("A", "B", "C", "D", "E", "F", "G")
NEW_ROUTE: Final = "Q"
SHARE, RATE, DEPTH = 0.02, 0.15, 0.5
"""Of travellers who take the new route, all from the lower half of the risks; chance that they carry once it runs."""
ALL_SPECS = (*SPECS, spec_of(len(SPECS), "route", Kind.CATEGORY))


def measure(seed: int, parameters: WorldParameters | None = None, number: int = ROUNDS) -> dict[str, float]:
    """Let one world learn with the lane and without.

    Args:
        seed: of the world.
        parameters: what each round is made of.
        number: of rounds after training; the new pattern runs in each of them.
    """
    made = parameters or LARGE
    history = _history(seed, made)
    crowds = [_crowd(made, seed, at, runs=True) for at in range(1, number + 1)]
    ours, alone = (
        list(rounds(crowds, history, policy, learned, specs=ALL_SPECS, name=f"new pattern {seed}"))
        for policy, learned in ((OURS, learn), (ALONE, learn_alike))
    )
    first, last = (_all_hits(ours[at]) / _all_hits(alone[at]) for at in (0, -1))
    return {
        "found": _found_in(ours),
        "of ideal": _of_ideal(ours[-1]),
        "alone found": _found_in(alone),
        "alone of ideal": _of_ideal(alone[-1]),
        "first over alone": first,
        "last over alone": last,
    }


def _crowd(parameters: WorldParameters, seed: int, at: int, *, runs: bool) -> Crowd:
    """Make a round: a world in which some of those with a low risk take a route of their own."""
    world = make_world(parameters, seed * 1000 + at)
    rng = np.random.default_rng((seed, at, 3))
    new = (world.risk <= np.quantile(world.risk, DEPTH)) & (rng.random(len(world)) < SHARE / DEPTH)
    route = rng.choice(ROUTES, len(world)).astype(object)
    route[new] = NEW_ROUTE
    risk = np.where(new & runs, np.maximum(world.risk, RATE), world.risk)
    return Crowd(frame_of(world).assign(route=route), risk, (rng.random(len(risk)) < risk).astype(np.float64))


def _history(seed: int, parameters: WorldParameters) -> History:
    """What was found before: by the lane, an older score and officers, none of it of the new pattern."""
    crowd = _crowd(parameters, seed, 0, runs=False)
    seen = inspect(make_world(parameters, seed * 1000), seed)
    return History(crowd.frame, np.where(seen.inspected, crowd.y, np.nan), _about_all(seen))


def _about_all(seen: Inspections) -> pd.DataFrame:
    return (
        about(seen, np.flatnonzero(seen.inspected))
        .set_axis(np.flatnonzero(seen.inspected))
        .reindex(range(len(seen.arm)))
    )


def _new(each: Round) -> Flags:
    return np.asarray(each.crowd.frame["route"] == NEW_ROUTE, dtype=np.bool_)


def _found_in(done: Sequence[Round]) -> float:
    """The first round that refers by score at least half of those on the new route; infinite where none does."""
    for number, each in enumerate(done, start=1):
        if each.referred.by_score[_new(each)].mean() >= 1 / 2:
            return float(number)
    return np.inf


def _of_ideal(each: Round) -> float:
    """Expected hits of those referred by score, over those of as many whose true chance is highest."""
    by_score, risk = each.referred.by_score, each.crowd.risk
    return float(risk[by_score].sum() / np.sum(risk * highest(risk, float(by_score.mean()))))


def _all_hits(each: Round) -> float:
    """Expected hits of all who were inspected."""
    return float(each.crowd.risk[each.referred.looked].sum())


def claim(seeds: Sequence[int]) -> Claim:
    """Measure the claim."""
    found = over_seeds(measure, seeds)
    rows = (
        count_row(
            f"worlds in which the lane finds the new pattern within {SOON} rounds",
            (number <= SOON for number in found["found"]),
            share_of(len(seeds), 0.9),
        ),
        mean_row("hits by score in the last round, over ideal", found["of ideal"], Limit(low=0.9), unit="percent"),
        mean_row(
            "all hits in the last round, over those without a lane at as many inspections",
            found["last over alone"],
            Limit(low=1.0),
        ),
        mean_row(
            "the same over ideal without a lane",
            np.multiply(found["last over alone"], found["alone of ideal"]),
            Limit(low=0.75),
            unit="percent",
        ),
        mean_row(
            "all hits in the first round, over those without a lane: what the lane costs",
            found["first over alone"],
            Limit(low=0.6),
        ),
        mean_row(
            "without a lane: hits in the last round, over ideal",
            found["alone of ideal"],
            Limit(high=0.5),
            control=True,
            unit="percent",
        ),
        count_row(
            f"without a lane: worlds in which {ROUNDS} rounds find it",
            (number <= ROUNDS for number in found["alone found"]),
            share_of(len(seeds), 0.1),
            control=True,
        ),
    )
    note = (
        f"{ROUNDS} rounds of {LARGE.travellers:,} travellers, {OURS.capacity:.0%} referred by score and "
        f"{OURS.lane:.0%} drawn; without a lane {ALONE.capacity:.0%} by score, learned from all labels alike. Right "
        f"after training {SHARE:.0%} of the travellers, from the lower half of the risks, begin to carry at a chance "
        f"of {RATE:.0%}, on a route of their own on which little was found. It is found by the round whose model "
        "refers half of them by score. Ideal is a model that knows the true chance of everybody and refers as many."
    )
    return Claim("What is new is found, and the loop does not close on what is known", rows, note.replace("%", " %"))
