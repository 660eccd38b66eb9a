"""Facts in columns -> traveller records in JSON, with the defects of real messages; absent facts are left out."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import orjson

from training.simulator.columns import Array, Columns, Flags, Ints, Texts
from training.simulator.geography import LEGS_AT_MOST
from training.simulator.identities import document_numbers, locators, pick, scramble
from training.simulator.journeys import DIRECTIONS, OUT, TRANSIT
from training.simulator.names import given_name_lists, shares_surname, surname_lists
from training.simulator.world import LAND, MODES, World

LENT_FROM, FRONTS_FROM = 10**8, 10**7
"""Numbers from which lent passports and the fronts of rings are counted: no traveller and no household has these."""

Block = dict[str, Any]
Values = list[Any]


def _keep(values: Array | Sequence[Any], where: Flags) -> Values:
    """Values as a list, ``None`` where they are absent."""
    plain = values.tolist() if isinstance(values, np.ndarray) else values
    return [value if kept else None for value, kept in zip(plain, where.tolist(), strict=True)]


def _blocks(**fields: Values) -> list[Block]:
    """One block per row, holding the facts that are there."""
    names = tuple(fields)
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*fields.values(), strict=True)
    ]


def write_times(world: World, minutes: Ints) -> list[str]:
    """Minutes from the start of the period as UTC times."""
    start = np.datetime64(world.parameters.calendar.start, "m")
    return [f"{time}:00Z" for time in np.datetime_as_string(start + minutes).tolist()]


def write_dates(world: World, days: Ints) -> list[str]:
    """Days from the start of the period as dates."""
    start = np.datetime64(world.parameters.calendar.start, "D")
    return list(np.datetime_as_string(start + days).tolist())


def _swap_day_and_month(dates: list[str], where: Flags) -> list[str]:
    """Dates with day and month exchanged where that gives a date."""
    return [
        f"{date[:4]}-{date[8:]}-{date[5:7]}" if swapped and date[8:] <= "12" else date
        for date, swapped in zip(dates, where.tolist(), strict=True)
    ]


def _mistype(names: list[str], where: Flags) -> list[str]:
    """Names with two neighbouring letters exchanged."""
    return [
        name[0] + name[2] + name[1] + name[3:] if typo and len(name) > len("AB") else name
        for name, typo in zip(names, where.tolist(), strict=True)
    ]


def _travellers(world: World, facts: Columns) -> list[Block]:
    who, nationality = facts["traveller"], facts["nationality"]
    family = np.where(facts["is_family"] & shares_surname(world.nationalities)[nationality], facts["household"], who)
    # Given names of women and men stand in two lists: the second begins after that of the last nationality.
    women_then_men = nationality + len(world.nationalities) * ~facts["is_woman"]
    # The birth date is the person's, so it may not wander with the minute of the crossing.
    born = np.round(facts["minute"] / 1440 - facts["age"] * 365.25).astype(np.int64)
    has_names = facts["has_api"] | facts["has_pnr"] | facts["has_doc"]
    kind = np.where(facts["is_crew"], "C", np.where(facts["direction"] == TRANSIT, "I", "P"))
    flyer = facts["frequent_flyer"]
    return _blocks(
        ref=[
            f"T{trip}-{member}" for trip, member in zip(facts["trip"].tolist(), facts["member"].tolist(), strict=True)
        ],
        surname=_keep(
            _mistype(pick(surname_lists(world.nationalities), nationality, family, 1), facts["typo"]), has_names
        ),
        given_names=_keep(pick(given_name_lists(world.nationalities), women_then_men, who, 2), has_names),
        date_of_birth=_keep(_swap_day_and_month(write_dates(world, born), facts["swapped"]), ~facts["age_only"]),
        age_years=_keep(facts["age"].astype(np.int64), facts["age_only"]),
        gender=_keep(np.where(facts["is_woman"], "F", "M"), facts["keeps_gender"]),
        nationality=world.nationalities[nationality].tolist(),
        residence_country=_keep(world.nationalities[facts["residence"]], facts["has_api"] | facts["has_doc"]),
        passenger_type=_keep(kind, facts["has_api"] | facts["has_pnr"]),
        frequent_flyer=_keep(flyer, facts["has_pnr"]),
    )


def _documents(world: World, facts: Columns) -> list[Block]:
    read = facts["has_api"] | facts["has_doc"]
    day = facts["minute"] // 1440
    zone = facts["zone_read"] & read
    holder = np.where(facts["ring_document"], LENT_FROM + facts["lent"], facts["traveller"])
    return _blocks(
        type=_keep(facts["doc_type"], read),
        number=_keep(document_numbers(holder, facts["doc_renewals"] * ~facts["ring_document"]), read),
        issue_date=_keep(write_dates(world, day - facts["doc_age_days"]), read & facts["keeps_issue_date"]),
        expiry_date=_keep(write_dates(world, day + facts["doc_left_days"]), read),
        issuing_country=_keep(world.nationalities[facts["nationality"]], read),
        mrz_check_digits_ok=_keep(~facts["zone_fails"], zone),
        mrz_agrees=_keep(~facts["zone_disagrees"], zone),
        data_verified=_keep(facts["verified"], facts["has_api"] & facts["keeps_verified"]),
    )


def _legs(world: World, facts: Columns) -> Iterable[list[Block] | None]:
    """The legs of each journey; a leaving traveller goes the way backwards."""
    way, times = facts["way"], facts["legs"]
    known = (way >= 0) & (facts["has_api"] | facts["has_pnr"])
    stamps = [[write_times(world, times[:, leg, end]) for end in (0, 1)] for leg in range(LEGS_AT_MOST)]
    places, carriers, counts = world.routes.places.tolist(), world.routes.carriers.tolist(), world.routes.legs.tolist()
    backwards = (facts["direction"] == OUT).tolist()
    for row, (number, there) in enumerate(zip(way.tolist(), known.tolist(), strict=True)):
        if not there:
            yield None
            continue
        count, carrier = counts[number], carriers[number]
        path = places[number][: count + 1]
        if backwards[row]:
            path = path[::-1]
        legs = []
        for leg in range(count):
            flight = f"{carrier}{100 + (number * 7 + leg * 3) % 800}" if carrier else f"VOY{number}"
            block = {
                "flight_number": flight,
                "origin": path[leg],
                "destination": path[leg + 1],
                "departs_at": stamps[leg][0][row],
                "arrives_at": stamps[leg][1][row],
            }
            if carrier:
                block["carrier"] = carrier
            legs.append(block)
        yield legs


def _journeys(world: World, facts: Columns) -> list[Block]:
    declared = facts["has_pnr"] | (facts["mode"] == LAND) & facts["land_stay_declared"]
    return _blocks(
        legs=list(_legs(world, facts)),
        has_return=_keep(~facts["one_way"], facts["has_pnr"] & facts["keeps_return"]),
        stay_days=_keep(facts["stay_days"], declared),
    )


def _companions(facts: Columns) -> Values:
    """References of the others on the booking."""
    size, trip, member = facts["party_size"].tolist(), facts["trip"].tolist(), facts["member"].tolist()
    return [
        [f"T{t}-{other}" for other in range(s) if other != m] if s > 1 else None
        for s, t, m in zip(size, trip, member, strict=True)
    ]


def _bookings(world: World, facts: Columns) -> list[Block]:
    there = facts["has_pnr"]
    agency = facts["agency"]
    by_agency = there & (agency >= 0) & facts["keeps_agency"]
    paid = there & facts["keeps_payment"]
    timed = there & facts["keeps_booked_at"]
    return _blocks(
        locator=_keep(locators(facts["locator"]), there),
        created_at=_keep(write_times(world, facts["booked_at"]), timed),
        ticketed_at=_keep(write_times(world, facts["ticketed_at"]), timed),
        changes_count=_keep(facts["changes"], there & facts["keeps_changes"]),
        name_changes_count=_keep(facts["name_changes"], there & facts["keeps_names_changed"]),
        is_split=_keep(facts["is_split"], there),
        party_size=_keep(facts["party_size"], there & facts["keeps_party"]),
        co_traveller_refs=_keep(_companions(facts), there & facts["keeps_party"]),
        payment_method=_keep(facts["payment"], paid),
        payer_is_traveller=_keep(~facts["third_party"], paid),
        fare_class=_keep(facts["fare"], there & facts["keeps_fare"]),
        ticket_is_consecutive=_keep(facts["consecutive"], there),
        agency_id=_keep(world.agencies.ids[agency], by_agency),
        agency_country=_keep(world.agencies.countries[agency], by_agency),
    )


def _contacts(facts: Columns) -> list[Block]:
    household, agency = facts["household"], facts["agency"]
    number = np.where(facts["shared_phone"], 10**6 + agency, household)
    number = np.where(facts["ring_phone"], FRONTS_FROM + facts["front"], number)
    mailbox = np.where(facts["ring_email"], FRONTS_FROM + facts["front"], household)
    phone = [f"+2547{digits:08d}" for digits in (scramble(number, 5) % np.uint64(10**8)).tolist()]
    domain = {"free": "mail.example", "corporate": "firm.example", "disposable": "brief.example"}
    kinds = facts["email_class"].tolist()
    email = [f"p{who}@{domain.get(kind, '')}" for who, kind in zip(mailbox.tolist(), kinds, strict=True)]
    mailed = facts["has_pnr"] & (facts["email_class"] != "none") & facts["keeps_email"]
    return _blocks(
        phone=_keep(phone, facts["has_pnr"] & (facts["has_phone"] | facts["ring_phone"]) & facts["keeps_phone"]),
        email=_keep(email, mailed),
        email_class=_keep(facts["email_class"], mailed),
    )


def _baggage(facts: Columns) -> list[Block]:
    there = facts["has_pnr"] & facts["keeps_baggage"]
    return _blocks(
        count=_keep(facts["pieces"], there),
        weight_kg=_keep(facts["kilos"], there),
        is_pooled=_keep(facts["pooled"], there & (facts["party_size"] > 1)),
        is_head_of_pool=_keep(facts["member"] == 0, there & facts["pooled"]),
    )


def _seats(facts: Columns) -> list[Block]:
    there = facts["has_pnr"] & facts["by_air"] & facts["keeps_seat"]
    letters = np.array(list("ABCDEF"), dtype=object)[facts["seat_letter"]]
    number = [f"{row}{letter}" for row, letter in zip(facts["seat_row"].tolist(), letters.tolist(), strict=True)]
    return _blocks(
        number=_keep(number, there),
        apart_from_party=_keep(facts["apart"], there & (facts["party_size"] > 1)),
        checked_in_by_other=_keep(facts["by_other"], there),
    )


def _stays(world: World, facts: Columns) -> list[Block]:
    place = np.where(facts["shared_address"], scramble(facts["household"], 6) % np.uint64(12), facts["household"] + 12)
    place = np.where(facts["ring_house"], np.uint64(FRONTS_FROM) + facts["front"].astype(np.uint64), place)
    towns = world.posts[facts["post"]].tolist()
    address = [f"Plot {plot}, {town}" for plot, town in zip(place.astype(np.int64).tolist(), towns, strict=True)]
    told = facts["has_doc"] | facts["shared_address"] | facts["ring_house"]
    return _blocks(
        purpose_code=facts["purpose"].tolist(),
        accommodation_type=facts["lodging"].tolist(),
        address=_keep(address, ~facts["undeclared"] & told),
    )


def _history(facts: Columns) -> list[Block]:
    since = facts["days_since_last"]
    return _blocks(
        crossings_12_months=facts["crossings_12_months"].tolist(),
        days_since_last=_keep(np.round(since, 1), ~np.isnan(since)),
        confirmed_benign_crossings=facts["benign"].tolist(),
    )


def _messages(facts: Columns) -> Values:
    flags = (facts["has_api"].tolist(), facts["has_pnr"].tolist(), facts["has_doc"].tolist())
    return [
        [name for name, there in zip(("API", "PNR", "DOC"), row, strict=True) if there]
        for row in zip(*flags, strict=True)
    ]


def record_ids(world: World, facts: Columns) -> Texts:
    """Identifiers of the records, in order of time."""
    days = write_dates(world, facts["minute"] // 1440)
    posts = world.posts[facts["post"]].tolist()
    ids = [
        f"{post}-{day.replace('-', '')}-{row:07d}"
        for post, day, row in zip(posts, days, facts["row"].tolist(), strict=True)
    ]
    return np.array(ids, dtype=object)


def compose_records(world: World, facts: Columns) -> list[bytes]:
    """Write the records of one week.

    Args:
        world: the stage.
        facts: all facts with their defects, one entry per crossing.

    Returns:
        JSON of each record, in order, without absent facts.
    """
    crossings = _blocks(
        mode=np.array(MODES, dtype=object)[facts["mode"]].tolist(),
        point=world.posts[facts["post"]].tolist(),
        direction=np.array(DIRECTIONS, dtype=object)[facts["direction"]].tolist(),
        expected_at=write_times(world, facts["minute"]),
    )
    guardians = _blocks(
        on_booking=_keep(~facts["guardian_missing"], facts["minor"]),
        record_present=_keep(facts["guardian_record"], facts["minor"]),
    )
    documents = [[document] if document else None for document in _documents(world, facts)]
    records = _blocks(
        record_id=record_ids(world, facts).tolist(),
        crossing=crossings,
        message_types_present=_messages(facts),
        traveller=_travellers(world, facts),
        documents=documents,
        journey=[block or None for block in _journeys(world, facts)],
        booking=[block or None for block in _bookings(world, facts)],
        contact=[block or None for block in _contacts(facts)],
        baggage=[block or None for block in _baggage(facts)],
        seat=[block or None for block in _seats(facts)],
        guardian=[block or None for block in guardians],
        stay=[block or None for block in _stays(world, facts)],
        history=_history(facts),
        upstream=[{"watchlist_hit": True} if hit else None for hit in facts["watchlist"].tolist()],
    )
    return [orjson.dumps(record) for record in records]
