"""Who is checked, by whom and why: the random lane, rules, tips and the officers' own choice."""

from dataclasses import dataclass

import numpy as np

from training.simulator.cast import Cast, Scene
from training.simulator.columns import MINUTES_PER_DAY, Columns, Flags, Floats, Ints, logit, open_stream, sigmoid
from training.simulator.risks import weigh
from training.simulator.world import World

LANES = ("random", "rule", "tip", "officer")
RANDOM, RULE, TIP, OFFICER = range(4)
NOT_CHECKED = -1


@dataclass(frozen=True)
class Selection:
    """One entry per crossing."""

    lane: Ints
    """Index into :data:`LANES`, or :data:`NOT_CHECKED`."""
    officer: Ints
    """The officer on duty."""
    attention: Floats
    """What the officer's choice rests on, before the noise [log-odds]."""


def pay_attention(cast: Cast, scene: Scene, officer: Ints) -> Floats:
    """What makes an officer look twice: beliefs, what the officer sees, strictness, and bias.

    The bias is no part of any risk: it is the reason why outcomes of chosen checks mislead.
    """
    settings = cast.world.parameters.officers
    bloc_bias = np.array([settings.bias_blocs.get(bloc, 0.0) for bloc in cast.world.blocs])
    return np.asarray(
        weigh(settings.beliefs, scene.causes)
        + settings.cue_weight * scene.hidden.cue
        + cast.corps.strictness[officer]
        + bloc_bias[scene.facts["bloc"]]
        + settings.bias_men * ~scene.facts["is_woman"],
        dtype=np.float64,
    )


def meets_rule(world: World, facts: Columns) -> Flags:
    """The rules in force: a failed check digit, cash shortly before travel, a minor without guardian."""
    late = facts["lead_hours"] < world.parameters.lanes.rule_late_hours
    late_cash = facts["booked"] & facts["cash"] & late
    return np.asarray(facts["zone_fails"] | late_cash | facts["guardian_missing"], dtype=np.bool_)


def _choose_within(places: Ints, group: Ints, wish: Floats, taken: Flags) -> Flags:
    """Of each group, choose those with the strongest wish who are not taken yet, as many as there are places.

    Args:
        places: places by group.
        group: group of each crossing.
        wish: strength of the wish to check, -inf where it must not be.
        taken: whether another lane has the crossing already.
    """
    eligible = np.flatnonzero(~taken & np.isfinite(wish))
    order = eligible[np.lexsort((-wish[eligible], group[eligible]))]
    ordered = group[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered, side="left")
    chosen = np.zeros(len(wish), dtype=np.bool_)
    chosen[order] = rank < places[ordered]
    return chosen


def select(cast: Cast, scene: Scene, any_risk: Flags) -> Selection:
    """Decide who is checked in one week.

    The random lane is drawn for everybody alike; then tips and rules; the officers choose among those left, as many
    as they can check at each post on each day. Crew are checked in the random lane only.

    Args:
        cast: all who take part.
        scene: the week.
        any_risk: whether any risk is truly present; tips rest on it.
    """
    world, facts, count = cast.world, scene.facts, scene.size
    lanes, settings = world.parameters.lanes, world.parameters.officers
    rng = open_stream(world.seed, "selection", scene.week)
    officer = np.empty(count, dtype=np.int64)
    for post, staff in enumerate(cast.corps.by_post):
        here = facts["post"] == post
        officer[here] = rng.choice(staff, size=int(here.sum()))
    drawn = rng.random(count) < lanes.random_probability
    complied = rng.random(count) < lanes.random_compliance
    tipped = rng.random(count) < sigmoid(logit(lanes.tip_probability) + lanes.tip_lift * any_risk)
    ruled = meets_rule(world, facts) & (rng.random(count) < lanes.rule_capacity)
    lane = np.full(count, NOT_CHECKED)
    lane[ruled] = RULE
    lane[tipped] = TIP
    lane[facts["is_crew"]] = NOT_CHECKED
    lane[drawn & complied] = RANDOM

    attention = pay_attention(cast, scene, officer)
    wish = attention + rng.gumbel(0, settings.noise, count)
    wish[facts["is_crew"]] = -np.inf
    weekday = facts["minute"] // MINUTES_PER_DAY % 7
    # Capacity does not follow the season. One of 1.4 checks a day is one check on some days and two on others.
    per_day = settings.capacity * world.traffic * len(cast.schedule.traveller) / (world.parameters.calendar.weeks * 7)
    places = np.floor(per_day + rng.random((7, len(per_day)))).astype(np.int64).reshape(-1)
    group = weekday * len(per_day) + facts["post"]
    lane[_choose_within(places, group, wish, lane != NOT_CHECKED)] = OFFICER
    return Selection(lane=lane, officer=officer, attention=attention)
