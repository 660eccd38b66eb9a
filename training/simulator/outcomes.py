"""What a check finds, how wrongly, who decides, and when that is known."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.risk import RISKS
from training.simulator.cast import Cast, Scene
from training.simulator.columns import (
    MINUTES_PER_DAY,
    Flags,
    Floats,
    Ints,
    Texts,
    draw_choices,
    draw_rows,
    draw_texts,
    logit,
    open_stream,
    sigmoid,
)
from training.simulator.officers import NOT_CHECKED, RULE, Selection
from training.simulator.risks import Truth
from training.simulator.world import World

DEPTHS = ("quick", "search", "full")

DECIDERS = {
    "document_fraud": (("second_line_officer", "document_examination"), ("forensic_examiner", "laboratory")),
    "migrant_smuggling": (("second_line_officer", "interview"), ("court", "court_ruling")),
    "trafficking_protection": (("protection_officer", "interview"), ("court", "court_ruling")),
}
"""Who confirms a find and by what: usually the first pair, at times the second."""
EVIDENCE_OF_NOTHING = {
    "physical_search": 0.30,
    "document_examination": 0.40,
    "interview": 0.25,
    "biometric_check": 0.05,
}
"""Judgement: what an officer did where nothing was found."""


@dataclass(frozen=True)
class Outcomes:
    """One entry per crossing; ``None`` or -1 where it was not checked."""

    code: Texts
    known_minute: Ints
    """Minutes from the start, -1 where not checked."""
    role: Texts
    evidence: Texts
    depth: Texts
    detected: dict[str, Flags]
    """Whether a risk that is truly present was found and confirmed."""


@dataclass(frozen=True)
class Week:
    """One week, decided and ready to be written."""

    scene: Scene
    truths: dict[str, Truth]
    selection: Selection
    outcomes: Outcomes


def rate_sensitivity(cast: Cast, selection: Selection, depth: Ints, risk: str) -> Floats:
    """Probability that each check finds a risk that is there, by depth, kind of risk and officer."""
    settings = cast.world.parameters.detection
    by_depth = np.array([logit(share) for share in settings.depth_sensitivity.in_order])
    return sigmoid(by_depth[depth] + settings.risk_shift[risk] + cast.corps.skill[selection.officer])


def _draw_depth(rng: np.random.Generator, world: World, lane: Ints) -> Ints:
    mix = np.cumsum(world.parameters.detection.depth_mix.in_order, axis=1)
    return draw_rows(rng, (mix / mix[:, -1:])[lane])


def decide_outcomes(cast: Cast, scene: Scene, selection: Selection, truths: Mapping[str, Truth]) -> Outcomes:
    """Check the selected and record what comes of it.

    A missed case is recorded as "nothing_found", as it would be in life. Where two risks are found, the record holds
    the one declared last: protection comes before enforcement.
    """
    world, facts, count = cast.world, scene.facts, scene.size
    settings = world.parameters.detection
    rng = open_stream(world.seed, "outcomes", scene.week)
    checked = selection.lane != NOT_CHECKED
    depth = _draw_depth(rng, world, selection.lane)
    biased = np.array([bloc in world.parameters.officers.bias_blocs for bloc in world.blocs])[facts["bloc"]]
    false_share = settings.false_find * np.where(biased, settings.false_find_bias, 1.0)

    code, role, evidence = (np.full(count, None, dtype=object) for _ in range(3))
    code[checked] = "nothing_found"
    role[checked] = "officer"
    evidence[checked] = draw_texts(rng, EVIDENCE_OF_NOTHING, int(checked.sum()))
    # What finds nothing is closed within two days; a find waits for those who confirm it.
    delay = rng.exponential(0.25, count) * MINUTES_PER_DAY
    delay = np.minimum(delay, 2 * MINUTES_PER_DAY)
    detected: dict[str, Flags] = {}
    for name in (name for name in RISKS if name in truths):
        truth = truths[name]
        finds = truth.present & (rng.random(count) < rate_sensitivity(cast, selection, depth, name))
        mistakes = rng.random(count) < false_share / len(truths)
        found = checked & (finds | mistakes)
        codes = RISKS[name].outcome_codes
        by_second = rng.random(count) < settings.second_decider
        chosen = draw_choices(rng, [0.6**place for place in range(len(codes))], count)
        wait = rng.gamma(2.0, settings.delay_days[name] / 2.0, count) * np.where(by_second, 1.6, 0.8)
        code[found] = np.array(codes, dtype=object)[chosen[found]]
        pairs = np.array(DECIDERS[name], dtype=object)[by_second.astype(np.int64)]
        role[found], evidence[found] = pairs[found, 0], pairs[found, 1]
        delay = np.where(found, np.minimum(wait, settings.delay_cap_days) * MINUTES_PER_DAY, delay)
        detected = {earlier: flags & ~found for earlier, flags in detected.items()}
        detected[name] = found & truth.present

    is_find = checked & (code != "nothing_found")
    overturned = is_find & (rng.random(count) < settings.overturned)
    inconclusive = checked & (rng.random(count) < settings.inconclusive)
    code[overturned], role[overturned], evidence[overturned] = "overturned", "court", "court_ruling"
    code[inconclusive] = "inconclusive"
    by_system = (selection.lane == RULE) & (rng.random(count) < settings.closed_by_system)
    code[by_system], role[by_system], evidence[by_system] = "nothing_found", "system", "rule_hit"
    stands = ~overturned & ~inconclusive & ~by_system
    delay = np.where(by_system, 0.0, delay)
    known = facts["minute"] + 15 + delay.astype(np.int64)
    depths = np.array(DEPTHS, dtype=object)[depth]
    depths[~checked] = None
    return Outcomes(
        code=code,
        known_minute=np.where(checked, known, -1),
        role=role,
        evidence=evidence,
        depth=depths,
        detected={name: flags & stands for name, flags in detected.items()},
    )
