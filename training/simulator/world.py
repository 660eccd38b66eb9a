"""The stage: posts, routes, agencies and the slow walk of customs, the same for every crossing of a seed."""

from dataclasses import dataclass

import numpy as np

from training.simulator.columns import Flags, Floats, Ints, Texts, draw_choices, open_stream, texts
from training.simulator.geography import Routes, build_routes
from training.simulator.parameters import WorldParameters

MODES = ("air", "sea", "land")
AIR, SEA, LAND = range(3)


@dataclass(frozen=True)
class Agencies:
    """Travel agencies."""

    ids: Texts
    countries: Texts
    popularity: Floats
    is_hub: Flags
    takes_pattern: Flags
    """Whether the agency takes up the new pattern of work."""


@dataclass(frozen=True)
class World:
    """Everything that stands still, or moves week by week, while travellers pass."""

    parameters: WorldParameters
    seed: int
    nationalities: Texts
    nationality_share: Floats
    nationality_bloc: Ints
    blocs: tuple[str, ...]
    bloc_modes: Floats
    """Share of the modes by bloc, shape (blocs, 3)."""
    bloc_lean: Floats
    posts: Texts
    post_mode: Ints
    post_country: Texts
    post_share: Floats
    """Share of the posts within each mode, shape (3, posts)."""
    routes: Routes
    agencies: Agencies
    lean: Floats
    """Shift of customs by week and nationality [log-odds], shape (weeks, nationalities)."""
    route_effect: Floats
    """Unrecorded effect by week, post and bloc [log-odds], shape (weeks, posts, blocs)."""

    @property
    def traffic(self) -> Floats:
        """Share of each post in all crossings."""
        by_mode = (self.bloc_modes[self.nationality_bloc] * self.nationality_share[:, None]).sum(axis=0)
        share = (by_mode[:, None] * self.post_share).sum(axis=0)
        return np.asarray(share / share.sum(), dtype=np.float64)


def walk(rng: np.random.Generator, weeks: int, series: int, sd: float, six_week_sd: float) -> Floats:
    """Let series wander around zero with a given spread and a given change within six weeks.

    A stationary AR(1): the variance of a six-week change is 2 sd^2 (1 - rho^6).

    Args:
        rng: source of random numbers.
        weeks: length of each series.
        series: how many series.
        sd: spread at any time.
        six_week_sd: spread of the change within six weeks.

    Returns:
        Shape (weeks, series).
    """
    rho = max(1.0 - six_week_sd**2 / (2.0 * sd**2), 0.0) ** (1 / 6)
    shocks = rng.normal(size=(weeks, series))
    values = np.empty((weeks, series))
    values[0] = sd * shocks[0]
    for week in range(1, weeks):
        values[week] = rho * values[week - 1] + sd * np.sqrt(1 - rho**2) * shocks[week]
    return values


def _found_agencies(parameters: WorldParameters, seed: int) -> Agencies:
    settings = parameters.agencies
    rng = open_stream(seed, "agencies")
    popularity = np.arange(1, settings.count + 1) ** -settings.popularity_exponent
    rank = rng.permutation(settings.count)
    # Hubs and takers of the new pattern are neither the largest nor the smallest agencies.
    middle = np.argsort(rank)[settings.count // 20 :]
    hubs = rng.choice(middle, size=round(settings.hub_share * settings.count), replace=False)
    takers = rng.choice(np.setdiff1d(middle, hubs), size=parameters.drift.pattern_agencies, replace=False)
    shares = [nationality.share for nationality in parameters.nationalities.values()]
    homes = np.array(list(parameters.nationalities), dtype=object)[draw_choices(rng, shares, settings.count)]
    return Agencies(
        ids=texts([f"{41200000 + 13 * number}" for number in range(settings.count)]),
        countries=homes,
        popularity=(popularity / popularity.sum())[rank],
        is_hub=np.isin(np.arange(settings.count), hubs),
        takes_pattern=np.isin(np.arange(settings.count), takers),
    )


def build_world(parameters: WorldParameters, seed: int) -> World:
    """Set the stage of a seed."""
    drift, weeks = parameters.drift, parameters.calendar.weeks
    blocs, posts = tuple(parameters.blocs), list(parameters.posts)
    post_mode = np.array([MODES.index(post.mode) for post in parameters.posts.values()])
    post_share = np.zeros((3, len(posts)))
    post_share[post_mode, np.arange(len(posts))] = [post.share for post in parameters.posts.values()]
    nationalities = list(parameters.nationalities.values())
    effects = walk(
        open_stream(seed, "route effects"), weeks, len(posts) * len(blocs), max(drift.route_sd, 1e-9), drift.route_sd
    )
    bloc_lean = np.array([bloc.lean for bloc in parameters.blocs.values()])
    nationality_bloc = np.array([blocs.index(nationality.bloc) for nationality in nationalities])
    wander = walk(open_stream(seed, "lean"), weeks, len(nationalities), drift.spread_sd, drift.six_week_sd)
    return World(
        parameters=parameters,
        seed=seed,
        nationalities=texts(list(parameters.nationalities)),
        nationality_share=np.array([nationality.share for nationality in nationalities]),
        nationality_bloc=nationality_bloc,
        blocs=blocs,
        bloc_modes=np.array([bloc.in_order for bloc in parameters.blocs.values()]),
        bloc_lean=bloc_lean,
        posts=texts(posts),
        post_mode=post_mode,
        post_country=texts([post.country for post in parameters.posts.values()]),
        post_share=post_share,
        routes=build_routes(parameters),
        agencies=_found_agencies(parameters, seed),
        lean=wander + bloc_lean[nationality_bloc],
        route_effect=effects.reshape(weeks, len(posts), len(blocs)),
    )
