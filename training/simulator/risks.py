"""The latent risks: which causes act, how likely each risk is, and what is true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.simulator.cast import Hidden, Scene
from training.simulator.causes import CAUSES
from training.simulator.columns import Columns, Flags, Floats, open_stream, sigmoid
from training.simulator.parameters import RiskMechanism
from training.simulator.world import World

CAUSE_ACTS_FROM = 0.4
"""A cause counts as acting where it adds this much or more [log-odds]."""


@dataclass(frozen=True)
class Scale:
    """How the weighted causes of one risk become log-odds, set on a pilot of the same world."""

    centre: float
    factor: float
    intercept: float
    """Of the likelihood that knows all."""
    recorded_intercept: float
    """Of the likelihood that knows the recorded facts only."""


@dataclass(frozen=True)
class Truth:
    """One risk at each crossing."""

    recorded: Floats
    """Likelihood given the recorded facts: what the best possible model would say."""
    probability: Floats
    """Likelihood given everything."""
    present: Flags
    causes: dict[str, Flags]
    """Whether each cause acts."""


def check_cause_names(world: World) -> None:
    """Refuse weights of causes that do not exist.

    Raises:
        ValueError: naming them and the causes there are.
    """
    tables = {f"risks.{name}.weights": risk.weights for name, risk in world.parameters.risks.items()}
    tables["officers.beliefs"] = world.parameters.officers.beliefs
    problems = [f"{place} names {sorted(set(w) - set(CAUSES))}" for place, w in tables.items() if set(w) - set(CAUSES)]
    if problems:
        raise ValueError(f"{'; '.join(problems)}; allowed are {sorted(CAUSES)}")


def draw_hidden(world: World, columns: Columns) -> Hidden:
    """Draw what no record holds."""
    week = int(columns["week"][0])
    rng = open_stream(world.seed, "hidden", week)
    count = len(columns["row"])
    return Hidden(
        cue=rng.normal(size=count),
        route=world.route_effect[week][columns["post"], columns["bloc"]],
        noise=rng.normal(size=count),
    )


def weigh(weights: Mapping[str, float], causes: Mapping[str, Floats]) -> Floats:
    """Add up the causes by their weights."""
    return np.asarray(sum(weight * causes[name] for name, weight in weights.items()), dtype=np.float64)


def _hidden_log_odds(risk: RiskMechanism, hidden: Hidden) -> Floats:
    return risk.cue * hidden.cue + hidden.route + risk.noise_sd * hidden.noise


def _solve_intercept(log_odds: Floats, base_rate: float) -> float:
    """Find the intercept at which the mean likelihood is the base rate."""
    low, high = -30.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if sigmoid(log_odds + middle).mean() > base_rate else (middle, high)
    return (low + high) / 2


def fit_scale(risk: RiskMechanism, pilot: Sequence[Scene]) -> Scale:
    """Set the scale of a risk so that base rate and spread in some pilot weeks are those of the parameters."""
    raw = np.concatenate([weigh(risk.weights, scene.causes) for scene in pilot])
    centre, factor = float(raw.mean()), risk.signal_sd / max(float(raw.std()), 1e-9)
    recorded = (raw - centre) * factor
    unseen = np.concatenate([_hidden_log_odds(risk, scene.hidden) for scene in pilot])
    return Scale(
        centre=centre,
        factor=factor,
        intercept=_solve_intercept(recorded + unseen, risk.base_rate),
        recorded_intercept=_solve_intercept(recorded, risk.base_rate),
    )


def draw_truth(world: World, name: str, scale: Scale, scene: Scene) -> Truth:
    """Draw whether a risk is present at each crossing of a week."""
    risk, causes = world.parameters.risks[name], scene.causes
    rng = open_stream(world.seed, f"truth {name}", scene.week)
    recorded = (weigh(risk.weights, causes) - scale.centre) * scale.factor
    probability = sigmoid(recorded + scale.intercept + _hidden_log_odds(risk, scene.hidden))
    return Truth(
        recorded=sigmoid(recorded + scale.recorded_intercept),
        probability=probability,
        present=np.asarray(rng.random(len(probability)) < probability),
        causes={cause: w * scale.factor * causes[cause] >= CAUSE_ACTS_FROM for cause, w in risk.weights.items()},
    )
