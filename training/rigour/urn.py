"""Claim: two ports of equal risk keep equal shares of the inspections, whatever was looked at before.

Where inspections follow counts of what inspections found, a port that was looked at more stays looked at more, though
nothing sets it apart: Ensign, Friedler, Neville, Scheidegger and Venkatasubramanian 2018, "Runaway feedback loops in
predictive policing", PMLR 81. The control is that loop, with the same model.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from features.spec import Kind
from training.families import score
from training.rigour.claim import Claim, Limit, count_row, mean_row, over_seeds, share_of
from training.rigour.learner import ARM_NAMES, spec_of
from training.rigour.rounds import Crowd, History, Policy, Round, Scored, learn, learn_counts, rounds
from training.rigour.worlds import OFFICER, Flags, WorldParameters, inspect, logistic, make_world

ROUNDS: Final = 10
PORTS: Final = ("A", "B")
LESS: Final = 0.25
"""Inspections at port B before, over those at port A."""
OURS, COUNTS = Policy(capacity=0.05, lane=0.05), Policy(capacity=0.10, lane=0.0)
"""Both look at as many travellers."""
LARGE: Final = WorldParameters(travellers=40_000, prevalence=0.03, lane_share=0.0, score_share=0.0)
"""Of each round. Before the first one officers alone choose, by their private cue."""
NARROW = (0.43, 0.57)
SPECS = (spec_of(0, "port", Kind.CATEGORY),)


def measure(seed: int, parameters: WorldParameters | None = None, number: int = ROUNDS) -> dict[str, float]:
    """Let one world learn in both ways; gives the share of port B among those referred by score in the last round.

    Args:
        seed: of the world.
        parameters: what each round is made of.
        number: of rounds.
    """
    made = parameters or LARGE
    history = _history(seed, made)
    crowds = [_crowd(made, seed, at) for at in range(1, number + 1)]
    found = {}
    for name, policy, learned in (("ours", OURS, learn), ("counts", COUNTS, learn_counts)):
        *_, last = rounds(crowds, history, policy, learned, specs=SPECS, reach=slots_by_rates, name=f"urn {seed}")
        found[name] = _share(last)
    return found


def slots_by_rates(scored: Scored, capacity: float) -> Flags:
    """Share the slots out among the ports as their learned rates are; who comes first to a port takes its slots."""
    ports = scored.crowd.frame["port"].to_numpy()
    rate = logistic(score(scored.model, pd.DataFrame({"port": PORTS}, dtype=object)))
    slots = np.round(capacity * len(ports) * rate / rate.sum())
    taken = np.zeros(len(ports), dtype=np.bool_)
    for port, places in zip(PORTS, slots, strict=True):
        taken[np.flatnonzero(ports == port)[: int(places)]] = True
    return taken


def _crowd(parameters: WorldParameters, seed: int, at: int) -> Crowd:
    """Make a round; nothing is recorded but the port, and it bears on nothing."""
    world = make_world(parameters, seed * 1000 + at)
    port = np.random.default_rng((seed, at, 4)).choice(PORTS, len(world)).astype(object)
    return Crowd(pd.DataFrame({"port": port}), world.risk, world.y)


def _history(seed: int, parameters: WorldParameters) -> History:
    """What officers found before, at one port four times as often as at the other."""
    crowd = _crowd(parameters, seed, 0)
    chosen = inspect(make_world(parameters, seed * 1000), seed).arm == OFFICER
    few = (crowd.frame["port"] == PORTS[1]).to_numpy()
    looked = chosen & (~few | (np.random.default_rng((seed, 5)).random(len(few)) < LESS))
    about = pd.DataFrame(
        {"selection": [ARM_NAMES[OFFICER] if each else None for each in looked], "selection_probability": np.nan}
    )
    return History(crowd.frame, np.where(looked, crowd.y, np.nan), about)


def _share(each: Round) -> float:
    return float((each.crowd.frame["port"][each.referred.by_score] == PORTS[1]).mean())


def claim(seeds: Sequence[int]) -> Claim:
    """Measure the claim."""
    found = over_seeds(measure, seeds)
    low, high = NARROW
    rows = (
        mean_row("share of the port that was looked at less", found["ours"], Limit(0.46, 0.54), unit="percent"),
        count_row(
            f"worlds in which it lies between {low:.0%} and {high:.0%}".replace("%", " %"),
            (low <= share <= high for share in found["ours"]),
            share_of(len(seeds), 0.9),
        ),
        mean_row("by counts of what was found", found["counts"], Limit(high=0.35), unit="percent", control=True),
    )
    note = (
        f"Two ports of equal risk, {ROUNDS} rounds of {LARGE.travellers:,} travellers; officers had looked four times "
        "as often at one. Slots are shared out by the rates that the model learned. A share of 46% to 54% keeps "
        f"either port between 43% and 54%. Ours draws {OURS.lane:.0%} and weighs; counts take whoever was not "
        "inspected for clean."
    )
    return Claim("Ports of equal risk keep equal shares", rows, note.replace("%", " %"))
