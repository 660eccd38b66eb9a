"""How a journey is booked and travelled: time, payment, agency, legs, seats and baggage."""

import numpy as np

from training.simulator.columns import (
    MINUTES_PER_DAY,
    Columns,
    Flags,
    Floats,
    Ints,
    draw_choices,
    draw_flags,
    draw_rows,
    draw_texts,
    open_stream,
)
from training.simulator.geography import LEGS_AT_MOST
from training.simulator.journeys import OUT
from training.simulator.world import AIR, LAND, SEA, World

HAND_BAGGAGE_KG = 5
"""Below this weight nothing is checked in."""
PIECE_KG = 23
"""Usual weight of a piece (IATA)."""
FARES = ("economy", "business", "first")


def draw_bookings(world: World, columns: Columns) -> Columns:
    """Draw what is the same for all members of a party.

    Returns:
        Columns with one entry per booking.
    """
    settings, week = world.parameters.bookings, int(columns["week"][0])
    rng = open_stream(world.seed, "bookings", week)
    lead, lean, pattern = columns["lead"], columns["booking_lean"], columns["pattern"]
    count = len(lead)
    size, mode = columns["party_size"][lead], columns["mode"][lead]

    # Lead time is log-normal and shorter where the lean is high; a part of the bookings is made at the last moment.
    days = settings.lead_median_days * np.exp(settings.lead_sigma * rng.normal(size=count) - 0.35 * lean)
    late = draw_flags(rng, settings.late_share, 0.6 * lean)
    hours = np.where(late, rng.uniform(1.5, 50, count), np.clip(days, 0.2, 330) * 24)
    # The new pattern looks ordinary: early, by card, with a return; only its tickets and its baggage give it away.
    hours = np.where(pattern, np.maximum(hours, 24 * rng.uniform(6, 40, count)), hours)
    cash = draw_flags(rng, settings.cash, 0.8 * lean) & ~pattern
    third_party = draw_flags(rng, settings.third_party_payer, 0.5 * lean)
    others = draw_texts(rng, settings.payments, count)
    one_way = draw_flags(rng, settings.one_way, 0.5 * lean) & ~pattern
    stay = settings.stay_median_days * np.exp(settings.stay_sigma * rng.normal(size=count))
    changes = rng.poisson(settings.change_mean * np.exp(0.2 * lean))
    fare = np.where(
        rng.random(count) < settings.first_cabin, 2, draw_flags(rng, settings.business_cabin, -0.8 * lean).astype(int)
    )
    return {
        "lead_hours": hours,
        "ticketing_share": rng.beta(1, 4, count),
        "cash": cash,
        "payment": np.where(cash, "CA", others),
        "third_party": third_party,
        "one_way": one_way,
        "stay_days": np.clip(np.round(stay), 0.0, 365.0),
        "changes": changes,
        "name_changes": (rng.random(count) < settings.name_change).astype(np.int64),
        "is_split": (rng.random(count) < settings.split),
        "consecutive": draw_flags(rng, settings.consecutive_tickets, 0.4 * lean + 0.15 * np.minimum(size - 1, 3))
        | pattern,
        "pooled": ((size > 1) & (rng.random(count) < settings.pooled_baggage * 2)) | (pattern & (size > 1)),
        "fare": np.array(FARES, dtype=object)[fare],
        "email_class": draw_texts(rng, settings.email_classes, count),
        "has_phone": rng.random(count) < settings.phone,
        "locator": rng.integers(0, 32**6, count),
        "shared_phone": draw_flags(rng, settings.shared_phone, lean) & (columns["agency"] >= 0),
        "booked": (mode == AIR) | ((mode == SEA) & (rng.random(count) < world.parameters.defects.sea_pnr)),
    }


def draw_ways(world: World, columns: Columns) -> Columns:
    """Draw the way of each booking: the usual one, or a detour over another hub.

    Returns:
        Columns with one entry per booking: ``way`` (row of the routes, -1 at land posts), ``detour_ratio``,
        ``waits`` (minutes between legs, shape (bookings, 2)), ``longest_wait_hours``.
    """
    routing, routes = world.parameters.routing, world.routes
    rng = open_stream(world.seed, "ways", int(columns["week"][0]))
    lead, lean = columns["lead"], columns["booking_lean"]
    count, mode = len(lead), columns["mode"][lead]
    way = draw_rows(rng, routes.share[columns["post"][lead], columns["lead_bloc"]])
    longer = routes.detours[way, rng.integers(0, routes.detours.shape[1], count)]
    takes_detour = draw_flags(rng, routing.detour_share, 0.5 * lean) & (longer >= 0)
    way = np.where(mode == LAND, -1, np.where(takes_detour, longer, way))
    waits = routing.wait_median_hours * np.exp(routing.wait_sigma * rng.normal(size=(count, LEGS_AT_MOST - 1)))
    long = draw_flags(rng, routing.long_wait_share, 0.4 * lean)
    waits[:, 0] = np.where(long, rng.uniform(9, 30, count), waits[:, 0])
    connects = np.arange(LEGS_AT_MOST - 1)[None, :] < (np.where(way < 0, 1, routes.legs[way]) - 1)[:, None]
    waits = np.clip(waits, 0.7, 36) * connects
    return {
        "way": way,
        "detour_ratio": np.where(way < 0, 1.0, routes.detour_ratio[way]),
        "waits": np.round(waits * 60).astype(np.int64),
        "longest_wait_hours": waits.max(axis=1),
    }


def time_legs(world: World, columns: Columns, ways: Columns) -> Ints:
    """Minutes of departure and arrival of each leg from the start of the period.

    An arriving traveller's last leg ends at the crossing; a leaving traveller's first leg begins with it and goes
    the way backwards.

    Returns:
        Shape (bookings, 3, 2).
    """
    lead = columns["lead"]
    way, waits = np.maximum(ways["way"], 0), ways["waits"]
    minutes = world.routes.leg_minutes[way]
    legs = world.routes.legs[way]
    backwards = columns["direction"][lead] == OUT
    places = np.arange(LEGS_AT_MOST)[None, :]
    mirrored = np.clip(legs[:, None] - 1 - places, 0, None)
    minutes = np.where(backwards[:, None], np.take_along_axis(minutes, mirrored, axis=1), minutes)
    minutes = np.where(places < legs[:, None], minutes, 0)
    pauses = np.concatenate([np.zeros((len(lead), 1), dtype=np.int64), waits], axis=1)
    departs = np.cumsum(
        pauses + np.concatenate([np.zeros((len(lead), 1), dtype=np.int64), minutes[:, :-1]], axis=1), axis=1
    )
    total = (departs + minutes).max(axis=1)
    crossing = columns["minute"][lead]
    begin = np.where(backwards, crossing, crossing - total)
    starts = begin[:, None] + departs
    return np.asarray(np.stack([starts, starts + minutes], axis=2), dtype=np.int64)


def draw_baggage(world: World, columns: Columns, stay_days: Floats, party: Ints) -> Columns:
    """Draw baggage that grows with the stay, and seats within the party; one entry per crossing."""
    settings = world.parameters.bookings
    rng = open_stream(world.seed, "baggage", int(columns["week"][0]))
    count, lean = len(party), columns["lean"]
    usual = np.clip(9 + 4.2 * np.log1p(stay_days) + rng.normal(0, 5, count), 0, 60)
    light: Flags = draw_flags(rng, settings.baggage_light, 0.4 * lean)
    kilos = np.where(light, usual * rng.uniform(0, 0.45, count), usual)
    kilos = np.where(kilos < HAND_BAGGAGE_KG, 0.0, np.round(kilos, 1))
    together = columns["party_size"] > 1
    by_other = draw_flags(rng, settings.checked_in_by_other, 0.3 * lean)
    return {
        "kilos": kilos,
        "pieces": np.ceil(kilos / PIECE_KG).astype(np.int64),
        "apart": together & draw_flags(rng, settings.apart_from_party, 0.2 * lean),
        "by_other": by_other,
        "seat_row": 1 + draw_choices(rng, np.ones(38), count),
        "seat_letter": draw_choices(rng, np.ones(6), count),
    }


def minutes_booked(columns: Columns, bookings: Columns, legs: Ints) -> tuple[Ints, Ints]:
    """Minutes from the start at which each booking was made and ticketed."""
    departs = np.where(columns["mode"][columns["lead"]] == LAND, columns["minute"][columns["lead"]], legs[:, 0, 0])
    made = departs - np.round(bookings["lead_hours"] * 60).astype(np.int64)
    ticketed = made + np.minimum(bookings["ticketing_share"] * (departs - made), 10 * MINUTES_PER_DAY).astype(np.int64)
    return made, ticketed
