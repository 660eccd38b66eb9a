"""One week of crossings: who they are and what shifts their customs."""

from collections.abc import Iterator

import numpy as np

from training.simulator.cast import Cast
from training.simulator.columns import MINUTES_PER_DAY, Columns, Ints, draw_choices, open_stream
from training.simulator.journeys import Schedule
from training.simulator.rings import draw_rings, put_couriers
from training.simulator.travellers import DAYS_PER_YEAR
from training.simulator.world import LAND


def cut_window(cast: Cast, week: int, rows: Ints) -> Columns:
    """Gather what is settled about crossings before any fact of the journey is drawn.

    Args:
        cast: all who take part.
        week: number of the week.
        rows: rows of the schedule, all within that week, in order of time.

    Returns:
        Columns: the identities, and ``party`` (number of the booking within the window) with ``lead`` (row of the
        first member of each booking).
    """
    world, schedule, households, travellers = cast.world, cast.schedule, cast.households, cast.travellers
    household = schedule.household[rows]
    _, lead, party = np.unique(schedule.trip[rows], return_index=True, return_inverse=True)
    booked = {"party": party, "lead": lead, "household": household}
    crosses = put_couriers(world, week, schedule.traveller[rows], booked, households=households, travellers=travellers)
    traveller = crosses["traveller"]
    post = schedule.post[rows]
    mode = world.post_mode[post]
    nationality = travellers.nationality[traveller]
    minute = schedule.minute[rows]
    drift, settings = world.parameters.drift, world.parameters.agencies
    rng = open_stream(world.seed, "window", week)
    usual = households.agency[household[lead]]
    strange = draw_choices(rng, world.agencies.popularity, len(lead))
    agency = np.where(rng.random(len(lead)) < settings.strange_share, strange, usual)
    agency = np.where(mode[lead] == LAND, -1, agency)
    lead_nationality = nationality[lead]
    is_hub = (agency >= 0) & world.agencies.is_hub[agency]
    pattern = (
        (agency >= 0)
        & world.agencies.takes_pattern[agency]
        & (week >= drift.pattern_week)
        & (rng.random(len(lead)) < drift.pattern_share)
    )
    return {
        "row": rows,
        "week": np.full(len(rows), week),
        "member": travellers.member[traveller],
        "trip": schedule.trip[rows],
        "party": party,
        "lead": lead,
        "party_size": schedule.party_size[rows],
        "minute": minute,
        "hour": minute % MINUTES_PER_DAY / 60,
        "post": post,
        "mode": mode,
        "direction": schedule.direction[rows],
        "nationality": nationality,
        "residence": travellers.residence[traveller],
        "bloc": world.nationality_bloc[nationality],
        "lead_bloc": world.nationality_bloc[lead_nationality],
        "is_woman": travellers.is_woman[traveller],
        "age": travellers.age_at_start[traveller] + minute / MINUTES_PER_DAY / DAYS_PER_YEAR,
        "is_family": households.is_family[household],
        "is_crew": travellers.is_crew[traveller] & (mode != LAND),
        "frequent_flyer": travellers.frequent_flyer[traveller],
        "crossings_12_months": schedule.crossings_12_months[rows],
        "days_since_last": schedule.days_since_last[rows],
        # Customs of a booking: the walk of the nationality, and the agency where it is a hub.
        "lean": world.lean[week][nationality],
        "booking_lean": world.lean[week][lead_nationality] + settings.hub_lean * is_hub,
        "agency": agency,
        "is_hub": is_hub[party],
        "pattern": pattern,
        **draw_rings(world, week, party),
        **crosses,
    }


def pilot_rows(schedule: Schedule, every: int = 8, at_most: int = 2000) -> Iterator[tuple[int, Ints]]:
    """Rows of some weeks of the schedule, from which base rates and spreads are set before the run."""
    for week in range(0, len(schedule.window_starts) - 1, every):
        start, end = schedule.window_starts[week : week + 2]
        if end > start:
            yield week, np.arange(start, min(end, start + at_most))
