"""All facts of one week's crossings, drawn topic by topic and brought to one entry per crossing."""

from training.simulator.bookings import draw_baggage, draw_bookings, draw_ways, minutes_booked, time_legs
from training.simulator.columns import Columns, Ints
from training.simulator.declarations import draw_documents, draw_stays
from training.simulator.travellers import Travellers
from training.simulator.world import AIR, World

BOOKING_FLAGS = ("cash", "third_party", "one_way", "is_split", "consecutive", "pooled", "shared_phone")
SEAT_FLAGS = ("apart", "by_other")


def draw_facts(world: World, columns: Columns, travellers: Travellers, benign: Ints) -> Columns:
    """Draw every fact of a journey.

    Args:
        world: the stage.
        columns: what :func:`training.simulator.windows.cut_window` gathered.
        travellers: all travellers.
        benign: earlier checks of each crossing's traveller that found nothing, as the agency knew at the time.

    Returns:
        The columns with one entry per crossing; where there is no booking its facts are neutral.
    """
    party = columns["party"]
    bookings, ways = draw_bookings(world, columns), draw_ways(world, columns)
    legs = time_legs(world, columns, ways)
    made, ticketed = minutes_booked(columns, bookings, legs)
    facts = dict(columns)
    for name, values in {**bookings, **ways}.items():
        facts[name] = values[party]
    booked = facts["booked"]
    facts["by_air"] = columns["mode"] == AIR
    facts["legs"], facts["booked_at"], facts["ticketed_at"] = legs[party], made[party], ticketed[party]
    facts["pattern"], facts["agency"] = columns["pattern"][party], columns["agency"][party]
    facts["name_changes"] = facts["name_changes"] * booked
    for name in BOOKING_FLAGS:
        facts[name] = facts[name] & booked
    facts |= draw_baggage(world, columns, facts["stay_days"], party)
    for name in SEAT_FLAGS:
        facts[name] = facts[name] & booked
    facts |= draw_documents(world, columns, travellers)
    facts |= draw_stays(world, columns)
    facts["benign"] = benign
    return facts
