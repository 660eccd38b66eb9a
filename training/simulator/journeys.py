"""Who crosses where and when: the schedule of all crossings in order of time, with each traveller's past."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.simulator.columns import MINUTES_PER_DAY, Floats, Ints, draw_choices, draw_rows, open_stream
from training.simulator.travellers import Households, Travellers, form_households, populate
from training.simulator.world import AIR, World

IN, OUT, TRANSIT = range(3)
DIRECTIONS: tuple[Literal["in", "out", "transit"], ...] = ("in", "out", "transit")


@dataclass(frozen=True)
class Schedule:
    """One row per crossing, in order of time; the members of a party stand together."""

    traveller: Ints
    household: Ints
    trip: Ints
    party_size: Ints
    minute: Ints
    """Minutes from the start of the period."""
    post: Ints
    direction: Ints
    crossings_12_months: Ints
    days_since_last: Floats
    """NaN where no earlier crossing is known."""
    window_starts: Ints
    """Row at which each week starts, and the number of rows at the end."""


@dataclass(frozen=True)
class Trips:
    """One row per trip of a party, in order of time."""

    household: Ints
    size: Ints
    minute: Ints
    post: Ints
    direction: Ints


def _day_weights(world: World) -> Floats:
    """How full each day of the period is, from season and weekday."""
    calendar = world.parameters.calendar
    days = np.datetime64(calendar.start, "D") + np.arange(calendar.weeks * 7)
    months = days.astype("datetime64[M]").astype(int) % 12
    weekdays = (days.astype(int) + 3) % 7
    shape = np.array(calendar.month_shape)
    shape = (shape - shape.min()) / max(np.ptp(shape), 1e-9)
    return np.asarray(
        (1 + (calendar.peak_to_low - 1) * shape)[months] * np.array(calendar.weekdays)[weekdays], dtype=np.float64
    )


def _minutes_of_day(world: World, rng: np.random.Generator, mode: Ints) -> Ints:
    """Minutes after midnight UTC; nights are quiet at land posts and harbours."""
    night = np.array(world.parameters.calendar.night_share.in_order)[mode]
    at_night = rng.random(len(mode)) < night
    # Local time is UTC+3: the day from 6 to 20 local is 3 to 17 UTC.
    day = 3 * 60 + rng.beta(1.6, 1.6, len(mode)) * 14 * 60
    dark = (17 * 60 + rng.random(len(mode)) * 10 * 60) % MINUTES_PER_DAY
    return np.where(at_night, dark, day).astype(np.int64)


def _choose_posts(world: World, rng: np.random.Generator, households: Households, household: Ints, mode: Ints) -> Ints:
    """The household's usual post, or another of the same mode."""
    cumulative = np.cumsum(world.post_share, axis=1)
    cumulative = cumulative / cumulative[:, -1:]
    usual = draw_rows(rng, cumulative[households.mode])
    another = draw_rows(rng, cumulative[mode])
    keeps = (rng.random(len(household)) < world.parameters.volume.usual_post) & (mode == households.mode[household])
    return np.asarray(np.where(keeps, usual[household], another), dtype=np.int64)


def _plan_trips(world: World, households: Households, crossings: int) -> Trips:
    """Draw the trips in random order until they make the wanted number of crossings, then sort them by time."""
    rng = open_stream(world.seed, "trips")
    volume = world.parameters.volume
    household = rng.permutation(np.repeat(np.arange(len(households.size)), households.trips))
    size = np.where(rng.random(len(household)) < volume.whole_party, households.size[household], 1)
    enough = int(np.searchsorted(np.cumsum(size), crossings)) + 1
    household, size = household[:enough], size[:enough]
    size[-1] -= max(int(size.sum()) - crossings, 0)

    mode = np.where(rng.random(enough) < volume.usual_mode, households.mode[household], AIR)
    weights = _day_weights(world)
    day = np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(enough), side="right")
    minute = day * MINUTES_PER_DAY + _minutes_of_day(world, rng, mode)
    direction = draw_choices(rng, [volume.directions[way] for way in DIRECTIONS], enough)
    direction[(direction == TRANSIT) & (mode != AIR)] = IN
    post = _choose_posts(world, rng, households, household, mode)
    order = np.lexsort((np.arange(enough), minute))
    return Trips(household[order], size[order], minute[order], post[order], direction[order])


def _past(world: World, traveller: Ints, minute: Ints) -> tuple[Ints, Floats]:
    """Count each traveller's crossings in the twelve months before, with a past that reaches behind the start."""
    rng = open_stream(world.seed, "past")
    year = 365 * MINUTES_PER_DAY
    period = world.parameters.calendar.weeks * 7 * MINUTES_PER_DAY
    order = np.lexsort((minute, traveller))
    who, when = traveller[order], minute[order]
    span = 4 * period
    key = who * span + when
    place = np.arange(len(key))
    inside = place - np.searchsorted(key, np.maximum(key - year, who * span), side="left")
    first = np.concatenate([[True], who[1:] != who[:-1]])
    since = np.where(first, np.nan, np.concatenate([[0], when[1:] - when[:-1]]) / MINUTES_PER_DAY)

    # Before the start, a traveller came as often as within the period; the last of those crossings is drawn.
    count = int(traveller.max()) + 1
    rate = np.bincount(traveller, minlength=count) / period
    before = rng.poisson(np.maximum(rate - 0.6 / period, 0.0) * year)
    gap = rng.exponential(1.0, count) / np.maximum(rate, 1e-12) / MINUTES_PER_DAY
    left = np.clip(1 - when / year, 0, 1)
    inside = inside + np.round(before[who] * left).astype(np.int64)
    older = when / MINUTES_PER_DAY + np.minimum(gap[who], 1500.0)
    since = np.where(first & (before[who] > 0), older, since)

    crossings_12_months = np.empty(len(order), dtype=np.int64)
    days_since_last = np.empty(len(order))
    crossings_12_months[order], days_since_last[order] = inside, since
    return crossings_12_months, days_since_last


def plan_schedule(world: World, crossings: int) -> tuple[Schedule, Households, Travellers]:
    """Plan exactly the given number of crossings of a period."""
    households, travellers = populate(world, form_households(world, crossings))
    trips = _plan_trips(world, households, crossings)
    trip = np.repeat(np.arange(len(trips.size)), trips.size)
    place = np.arange(len(trip)) - np.repeat(np.cumsum(trips.size) - trips.size, trips.size)
    traveller = households.first[trips.household[trip]] + place
    minute = trips.minute[trip]
    crossings_12_months, days_since_last = _past(world, traveller, minute)
    weeks = np.arange(world.parameters.calendar.weeks + 1) * 7 * MINUTES_PER_DAY
    schedule = Schedule(
        traveller=traveller,
        household=trips.household[trip],
        trip=trip,
        party_size=trips.size[trip],
        minute=minute,
        post=trips.post[trip],
        direction=trips.direction[trip],
        crossings_12_months=crossings_12_months,
        days_since_last=days_since_last,
        window_starts=np.searchsorted(minute, weeks),
    )
    return schedule, households, travellers
