"""Who travels: households with their members, documents and habits."""

from dataclasses import dataclass

import numpy as np

from training.simulator.columns import Flags, Floats, Ints, draw_choices, open_stream, sigmoid
from training.simulator.world import World

DAYS_PER_YEAR = 365.25
ADULT_FROM_YEARS = 18
FREQUENT_TRIPS = 3
"""Trips in the period from which crew and holders of a frequent-flyer card are likely."""


@dataclass(frozen=True)
class Travellers:
    """One row per person; the members of a household stand together, its head first."""

    household: Ints
    member: Ints
    """Place in the household, 0 for the head."""
    age_at_start: Floats
    """Years at the start of the period."""
    is_woman: Flags
    nationality: Ints
    residence: Ints
    document_phase: Ints
    """Days between the issue of the document in force at the start and the start."""
    document_validity: Ints
    """Days for which documents of this person are valid."""
    odd_document: Flags
    frequent_flyer: Flags
    is_crew: Flags


@dataclass(frozen=True)
class Households:
    """One row per household."""

    first: Ints
    """Row of the head among the travellers."""
    size: Ints
    trips: Ints
    mode: Ints
    """The usual mode of travel."""
    agency: Ints
    """The usual agency, -1 for none."""
    is_family: Flags
    """Whether the members belong together; otherwise one booking joins strangers."""


def form_households(world: World, crossings: int) -> Households:
    """Form enough households to make the given number of crossings."""
    volume, agencies = world.parameters.volume, world.parameters.agencies
    rng = open_stream(world.seed, "households")
    size = 1 + draw_choices(rng, volume.party_sizes, crossings)
    # Pareto: P(trips >= k) = k^-exponent, so that many come once and a few come every week.
    trips = np.minimum(rng.random(crossings) ** (-1 / volume.repeat_exponent), volume.trips_cap).astype(np.int64)
    expected = trips * (volume.whole_party * size + (1 - volume.whole_party))
    enough = int(np.searchsorted(np.cumsum(expected), crossings * 1.02 + 200)) + 1
    size, trips = size[:enough], trips[:enough]
    direct = rng.random(len(size)) < agencies.direct_share
    agency = draw_choices(rng, world.agencies.popularity, len(size))
    return Households(
        first=np.concatenate([[0], np.cumsum(size)[:-1]]),
        size=size,
        trips=trips,
        mode=np.zeros(len(size), dtype=np.int64),
        agency=np.where(direct, -1, agency),
        is_family=rng.random(len(size)) < volume.family_share,
    )


def _ages(world: World, rng: np.random.Generator, size: Ints, member: Ints) -> Floats:
    """Ages in years; children come second or later in a household, and a few alone."""
    people = world.parameters.people
    count = len(size)
    drawn = rng.normal(people.adult_age_median, people.adult_age_sigma, count)
    # Young adults are more numerous than a bell would have it: fold what falls below 18 back above it.
    folded = ADULT_FROM_YEARS + np.abs(ADULT_FROM_YEARS - drawn) * 0.7
    adult = np.clip(np.where(drawn < ADULT_FROM_YEARS, folded, drawn), ADULT_FROM_YEARS, 92)
    child = rng.uniform(0.3, 17.9, count)
    # A child comes after one adult in a household of two, and after two in a larger one.
    in_company = member >= np.clip(size - 1, 1, 2)
    # Shares are of crossings: the members behind the head come along on a part of the trips only.
    weight = np.where(member == 0, 1.0, world.parameters.volume.whole_party)
    slots = max(float(np.average(in_company, weights=weight)), 1e-9)
    single = max(float(np.average(size == 1, weights=weight)), 1e-9)
    company_share = min(people.minor_share * (1 - people.lone_minor_share) / slots, 0.95)
    alone = (size == 1) & (rng.random(count) < people.minor_share * people.lone_minor_share / single)
    is_child = (in_company & (rng.random(count) < company_share)) | alone
    return np.where(alone, rng.uniform(9, 17.9, count), np.where(is_child, child, adult))


def populate(world: World, households: Households) -> tuple[Households, Travellers]:
    """Fill the households with people.

    Returns:
        The households with their usual mode, and the travellers.
    """
    people, documents = world.parameters.people, world.parameters.documents
    rng = open_stream(world.seed, "travellers")
    household = np.repeat(np.arange(len(households.size)), households.size)
    size = households.size[household]
    member = np.arange(len(household)) - households.first[household]
    count = len(household)

    heads = draw_choices(rng, world.nationality_share, len(households.size))
    mode_cumulative = np.cumsum(world.bloc_modes, axis=1)[world.nationality_bloc[heads]]
    mode = (rng.random(len(heads))[:, None] >= mode_cumulative[:, :-1]).sum(axis=1)
    other = draw_choices(rng, world.nationality_share, count)
    mixed_share = np.where(households.is_family[household], people.mixed_families, people.mixed_groups)
    mixed = rng.random(count) < mixed_share
    nationality = np.where((member > 0) & mixed, other, heads[household])
    elsewhere = draw_choices(rng, world.nationality_share, count)
    abroad = rng.random(count) < people.resides_elsewhere

    often = households.trips[household] >= FREQUENT_TRIPS
    short = rng.random(count) < documents.short_validity_share
    validity = np.where(short, 5.0, documents.validity_years) * DAYS_PER_YEAR
    settled = Households(
        first=households.first,
        size=households.size,
        trips=households.trips,
        mode=mode,
        agency=households.agency,
        is_family=households.is_family,
    )
    odd_share = documents.odd_type_share * sigmoid(world.bloc_lean[world.nationality_bloc[nationality]]) * 2
    travellers = Travellers(
        household=household,
        member=member,
        age_at_start=_ages(world, rng, size, member),
        is_woman=rng.random(count) < people.women_share,
        nationality=nationality,
        residence=np.where(abroad, elsewhere, nationality),
        document_phase=(rng.random(count) * validity).astype(np.int64),
        document_validity=validity.astype(np.int64),
        odd_document=rng.random(count) < odd_share,
        frequent_flyer=rng.random(count) < np.where(often, 2.0, 0.8) * people.frequent_flyer,
        is_crew=(size == 1) & often & (rng.random(count) < 4 * people.crew_share),
    )
    return settled, travellers
