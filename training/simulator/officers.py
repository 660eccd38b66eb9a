"""Who is checked, by whom and why: the random lane, rules, tips and the officers' own choice."""

from dataclasses import dataclass

import numpy as np

from training.simulator.columns import MINUTES_PER_DAY, Columns, Flags, Floats, Ints, logit, open_stream, sigmoid
from training.simulator.risks import Hidden, weigh
from training.simulator.world import World

LANES = ("random", "rule", "tip", "officer")
RANDOM, RULE, TIP, OFFICER = range(4)
NOT_CHECKED = -1


@dataclass(frozen=True)
class Corps:
    """The officers."""

    post: Ints
    strictness: Floats
    """How readily an officer selects [log-odds]."""
    skill: Floats
    """How well an officer finds [log-odds]."""
    by_post: tuple[Ints, ...]


@dataclass(frozen=True)
class Selection:
    """One entry per crossing."""

    lane: Ints
    """Index into :data:`LANES`, or :data:`NOT_CHECKED`."""
    officer: Ints
    attention: Floats
    """What the officer's choice rests on, before the noise [log-odds]."""


def muster(world: World) -> Corps:
    """Deal the officers to the posts by their traffic, at least one to each."""
    settings = world.parameters.officers
    rng = open_stream(world.seed, "officers")
    share = (world.bloc_modes[world.nationality_bloc] * world.nationality_share[:, None]).sum(axis=0)
    traffic = (share[:, None] * world.post_share).sum(axis=0)
    posts = len(traffic)
    count = max(settings.count, posts)
    dealt = 1 + np.floor(traffic / traffic.sum() * (count - posts)).astype(np.int64)
    dealt[np.argmax(traffic)] += count - dealt.sum()
    post = np.repeat(np.arange(posts), dealt)
    return Corps(
        post=post,
        strictness=rng.normal(0, settings.strictness_sd, count) if settings.strictness_sd else np.zeros(count),
        skill=rng.normal(0, settings.skill_sd, count) if settings.skill_sd else np.zeros(count),
        by_post=tuple(np.flatnonzero(post == number) for number in range(posts)),
    )


def pay_attention(
    world: World, corps: Corps, facts: Columns, causes: dict[str, Floats], hidden: Hidden, officer: Ints
) -> Floats:
    """What makes an officer look twice: beliefs, what the officer sees, strictness, and bias.

    The bias is no part of any risk: it is the reason why outcomes of chosen checks mislead.
    """
    settings = world.parameters.officers
    bloc_bias = np.array([settings.bias_blocs.get(bloc, 0.0) for bloc in world.blocs])
    return np.asarray(
        weigh(settings.beliefs, causes)
        + settings.cue_weight * hidden.cue
        + corps.strictness[officer]
        + bloc_bias[facts["bloc"]]
        + settings.bias_men * ~facts["is_woman"],
        dtype=np.float64,
    )


def meets_rule(facts: Columns) -> Flags:
    """The rules in force: a failed check digit, cash within two days of travel, a minor without guardian."""
    late_cash = facts["booked"] & facts["cash"] & (facts["lead_hours"] < 48)
    return np.asarray(facts["zone_fails"] | late_cash | facts["guardian_missing"], dtype=np.bool_)


def _choose_within_capacity(
    rng: np.random.Generator, world: World, facts: Columns, wish: Floats, taken: Flags, crossings: int
) -> Flags:
    """At each post and day, the officers check those who draw most attention, as many as they can."""
    settings = world.parameters
    days = settings.calendar.weeks * 7
    share = (world.bloc_modes[world.nationality_bloc] * world.nationality_share[:, None]).sum(axis=0)
    traffic = (share[:, None] * world.post_share).sum(axis=0)
    capacity = settings.officers.capacity * crossings * traffic / traffic.sum() / days
    day = facts["minute"] // MINUTES_PER_DAY
    group = (day - day.min()) * len(capacity) + facts["post"]
    eligible = np.flatnonzero(~taken)
    order = eligible[np.lexsort((-wish[eligible], group[eligible]))]
    sorted_group = group[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_group, sorted_group, side="left")
    # A capacity of 1.4 checks a day is one check on some days and two on others.
    places = np.floor(capacity + rng.random((8, len(capacity)))).reshape(-1)
    chosen = np.zeros(len(wish), dtype=np.bool_)
    chosen[order] = rank < places[sorted_group]
    return chosen


def select(
    world: World,
    corps: Corps,
    facts: Columns,
    causes: dict[str, Floats],
    hidden: Hidden,
    any_risk: Flags,
    crossings: int,
) -> Selection:
    """Decide who is checked in one week.

    The random lane is drawn first and for everybody alike; then tips, rules and the officers' choice.

    Args:
        world: the stage.
        corps: the officers.
        facts: facts of the week.
        causes: strength of each cause.
        hidden: what no record holds.
        any_risk: whether any risk is truly present; tips rest on it.
        crossings: crossings of the whole period, from which the capacity follows.
    """
    lanes = world.parameters.lanes
    rng = open_stream(world.seed, "selection", int(facts["week"][0]))
    count = len(any_risk)
    officer = np.empty(count, dtype=np.int64)
    for post, staff in enumerate(corps.by_post):
        here = facts["post"] == post
        officer[here] = rng.choice(staff, size=int(here.sum()))
    drawn = rng.random(count) < lanes.random_probability
    complied = rng.random(count) < lanes.random_compliance
    tipped = rng.random(count) < sigmoid(logit(lanes.tip_probability) + lanes.tip_lift * any_risk)
    ruled = meets_rule(facts) & (rng.random(count) < lanes.rule_capacity)
    lane = np.full(count, NOT_CHECKED)
    lane[ruled] = RULE
    lane[tipped] = TIP
    lane[drawn & complied] = RANDOM
    attention = pay_attention(world, corps, facts, causes, hidden, officer)
    wish = attention + rng.gumbel(0, world.parameters.officers.noise, count)
    wish[facts["is_crew"]] = -np.inf
    chosen = _choose_within_capacity(rng, world, facts, wish, lane != NOT_CHECKED, crossings)
    lane[chosen] = OFFICER
    lane[facts["is_crew"] & (lane != RANDOM)] = NOT_CHECKED
    return Selection(lane=lane, officer=officer, attention=attention)
