"""The officers of each post: how readily they select and how well they find."""

from dataclasses import dataclass

import numpy as np

from training.simulator.columns import Floats, Ints, Texts, open_stream, texts
from training.simulator.world import World


@dataclass(frozen=True)
class Corps:
    """The officers."""

    ids: Texts
    post: Ints
    strictness: Floats
    """How readily an officer selects [log-odds]."""
    skill: Floats
    """How well an officer finds [log-odds]."""
    by_post: tuple[Ints, ...]
    """Rows of the officers of each post."""


def muster(world: World) -> Corps:
    """Deal the officers to the posts by their traffic, at least one to each."""
    settings = world.parameters.officers
    rng = open_stream(world.seed, "officers")
    posts = len(world.posts)
    count = max(settings.count, posts)
    dealt = 1 + np.floor(world.traffic * (count - posts)).astype(np.int64)
    dealt[np.argmax(world.traffic)] += count - dealt.sum()
    post = np.repeat(np.arange(posts), dealt)
    return Corps(
        ids=texts([f"OFF{number:03d}" for number in range(count)]),
        post=post,
        strictness=settings.strictness_sd * rng.normal(size=count),
        skill=settings.skill_sd * rng.normal(size=count),
        by_post=tuple(np.flatnonzero(post == number) for number in range(posts)),
    )
