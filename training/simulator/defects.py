"""What is missing or wrong in the messages: by carrier, by mode and by chance."""

import numpy as np

from training.simulator.columns import Columns, draw_flags, open_stream
from training.simulator.world import AIR, LAND, World

FIELDS_LEFT_OUT = ("verified", "issue_date", "email", "phone", "fare", "baggage", "seat", "return", "changes")
"""Facts that some carriers leave out more often than others."""
FIELDS_BROKEN = ("booked_at", "payment", "party", "agency", "names_changed")
"""Facts that a broken booking message loses, each with an even chance."""


def draw_defects(world: World, facts: Columns) -> Columns:
    """Draw which messages came and which facts they hold.

    Returns:
        Flags by crossing: ``has_api``, ``has_pnr``, ``has_doc``, ``keeps_<fact>``, ``typo``, ``swapped``,
        ``age_only``, ``keeps_gender``, ``watchlist``.
    """
    settings, week = world.parameters.defects, int(facts["week"][0])
    rng = open_stream(world.seed, "defects", week)
    mode, count = facts["mode"], len(facts["row"])
    party, bookings = facts["party"], len(facts["lead"])
    absent = (rng.random(bookings) < settings.pnr_absent)[party]
    broken = (rng.random(bookings) < settings.pnr_broken)[party]
    habits = open_stream(world.seed, "carriers").normal(0, settings.carrier_spread, len(world.routes.legs))
    # Routes that share a carrier share its habits: take those of the carrier's first route.
    names = world.routes.carriers.astype(str)
    _, first, same = np.unique(names, return_index=True, return_inverse=True)
    habit = np.where(facts["way"] < 0, 0.0, habits[first[same]][facts["way"]])
    flags: Columns = {
        "has_api": (mode != LAND) & (rng.random(count) >= settings.api_absent),
        "has_pnr": facts["booked"] & ~(absent & (mode == AIR)),
        "has_doc": mode != AIR,
        "keeps_gender": rng.random(count) >= world.parameters.people.gender_missing,
        "typo": rng.random(count) < settings.typos,
        "swapped": rng.random(count) < settings.swapped_dates,
        "age_only": (rng.random(count) < settings.age_only) & (mode != AIR),
        "watchlist": rng.random(count) < settings.watchlist_hits,
    }
    for name in FIELDS_LEFT_OUT:
        flags[f"keeps_{name}"] = ~draw_flags(rng, settings.carrier_field_missing, habit)
    for name in FIELDS_BROKEN:
        flags[f"keeps_{name}"] = ~(broken & (rng.random(bookings) < settings.pnr_field_lost)[party])
    return flags
