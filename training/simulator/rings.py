"""Rings that arrange journeys, and couriers who escort children: they link bookings with nothing else in common."""

import numpy as np

from training.simulator.columns import Columns, Ints, open_stream
from training.simulator.identities import scramble
from training.simulator.travellers import ADULT_FROM_YEARS, Households, Travellers
from training.simulator.world import World

_DAYS_PER_WEEK = 7
_DOCUMENTS_PER_FRONT = 4
"""Passports that a ring lends in turn before it changes its front."""


def draw_rings(world: World, week: int, party: Ints) -> Columns:
    """Draw which bookings a ring arranges, and what of the ring shows on them.

    A ring changes its *front* (telephone, mailbox, house, passports that it lends) now and then; within that time all
    of its bookings show the same.

    Args:
        world: the stage.
        week: number of the week.
        party: number of the booking of each crossing.

    Returns:
        Columns with one entry per crossing: ``ring``, ``front`` (a number), ``ring_phone``, ``ring_email``,
        ``ring_house``, ``ring_document``, ``lent`` (number of the passport).
    """
    settings = world.parameters.rings
    rng = open_stream(world.seed, "rings", week)
    bookings = int(party.max()) + 1
    handled = rng.random(bookings) < settings.share
    front = rng.integers(0, settings.count, bookings) * 1000 + int(week * _DAYS_PER_WEEK / settings.front_days)
    shows = {name: handled & (rng.random(bookings) < settings.shows[name]) for name in ("phone", "email", "house")}
    lends = handled[party] & (rng.random(len(party)) < settings.shows["document"])
    return {
        "ring": handled[party],
        "front": front[party],
        **{f"ring_{name}": flags[party] for name, flags in shows.items()},
        "ring_document": lends,
        "lent": front[party] * _DOCUMENTS_PER_FRONT + rng.integers(0, _DOCUMENTS_PER_FRONT, len(party)),
    }


def put_couriers(
    world: World,
    week: int,
    traveller: Ints,
    columns: Columns,
    *,
    households: Households,
    travellers: Travellers,
) -> Columns:
    """Let a courier take the place of the adult on some bookings with a child.

    The sender's own counts of earlier crossings stay those of the person replaced: senders do not know couriers.

    Args:
        world: the stage.
        week: number of the week.
        traveller: of each crossing.
        columns: ``party``, ``lead`` and ``household`` of the crossings.
        households: couriers are adults who otherwise travel alone.
        travellers: all travellers.

    Returns:
        Columns with one entry per crossing: ``traveller`` and ``household`` of who crosses, and ``courier``: whether a
        courier is on the booking.
    """
    settings = world.parameters.rings
    rng = open_stream(world.seed, "couriers", week)
    party, lead = columns["party"], columns["lead"]
    is_minor = travellers.age_at_start[traveller] < ADULT_FROM_YEARS
    children = np.bincount(party, weights=is_minor, minlength=len(lead))
    takes = (children > 0) & ~is_minor[lead] & (rng.random(len(lead)) < settings.courier_share)
    alone = households.first[households.size == 1]
    adults = alone[travellers.age_at_start[alone] >= ADULT_FROM_YEARS]
    who = scramble(rng.integers(0, settings.couriers, len(lead)), 7) % np.uint64(max(len(adults), 1))
    crosses = traveller.copy()
    crosses[lead[takes]] = adults[who[takes].astype(np.int64)]
    replaced = crosses != traveller
    household = np.where(replaced, travellers.household[crosses], columns["household"])
    return {"traveller": crosses, "household": household, "courier": takes[party]}
