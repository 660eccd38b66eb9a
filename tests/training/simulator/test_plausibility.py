"""The world looks like one: shares, seasons, ages, routes and the gaps of real messages."""

from itertools import pairwise

import airportsdata
import numpy as np
import pytest

from training.simulator.columns import MINUTES_PER_DAY


def by_mode(output, mode):
    """Records of one mode of transport."""
    return [record for record in output.records if record["crossing"]["mode"] == mode]


def share(records, test):
    """Share of records that pass a test."""
    return np.mean([bool(test(record)) for record in records])


def test_land_posts_have_documents_and_no_booking(output):
    """A land post reads a document and asks; no carrier sends anything."""
    for record in by_mode(output, "land"):
        assert record["message_types_present"] == ["DOC"]
        assert not {"booking", "seat", "baggage", "contact"} & set(record)
        assert "legs" not in record.get("journey", {})
        assert "documents" in record


def test_most_ferries_have_no_booking_and_most_flights_have(output):
    """Booking data is a matter of the mode."""
    assert share(by_mode(output, "sea"), lambda r: "booking" in r) < 0.3
    assert 0.85 < share(by_mode(output, "air"), lambda r: "booking" in r) < 0.98


def test_some_booking_messages_are_broken(output):
    """About 7 % of the messages lose facts."""
    booked = [record["booking"] for record in by_mode(output, "air") if "booking" in record]
    assert 0.01 < np.mean(["created_at" not in booking for booking in booked]) < 0.08
    assert 0.01 < np.mean(["payment_method" not in booking for booking in booked]) < 0.08


def test_carriers_differ_in_what_they_leave_out(output):
    """Missing facts go with the carrier."""
    missing = {}
    for record in by_mode(output, "air"):
        if "PNR" in record["message_types_present"]:
            carrier = record["journey"]["legs"][0]["carrier"]
            missing.setdefault(carrier, []).append("fare_class" not in record["booking"])
    rates = [np.mean(flags) for flags in missing.values() if len(flags) > 200]
    assert len(rates) > 5
    assert max(rates) > 2.5 * min(rates)


def test_gender_is_missing_as_in_the_source(output):
    """14 % carry none."""
    assert share(output.records, lambda r: "gender" not in r["traveller"]) == pytest.approx(0.14, abs=0.02)


def test_nationalities_are_shared_out_as_in_the_source(past):
    """Top five 60 %, top twenty 95 %."""
    counts = np.sort(np.bincount(past.fact("nationality")))[::-1] / len(past.fact("nationality"))
    assert counts[:5].sum() == pytest.approx(0.60, abs=0.05)
    assert counts[:20].sum() == pytest.approx(0.95, abs=0.03)


def test_ages_are_those_of_the_source(past):
    """10/50/90 %: 19/42/66, and 9 % under 18."""
    age = past.fact("age")
    assert np.quantile(age, [0.1, 0.5, 0.9]) == pytest.approx([19, 42, 66], abs=3)
    assert (age < 18).mean() == pytest.approx(0.09, abs=0.02)


def test_stays_are_as_long_as_in_the_source(past):
    """5/50/90 %: 2/8/35 days."""
    assert np.quantile(past.fact("stay_days"), [0.05, 0.5, 0.9]) == pytest.approx([2, 8, 35], rel=0.2, abs=1)


def test_most_people_cross_once_and_some_often(past):
    """60 % of the travellers are seen once."""
    _, counts = np.unique(past.fact("traveller"), return_counts=True)
    assert (counts == 1).mean() == pytest.approx(0.60, abs=0.05)
    assert counts.max() > 20


def test_seasons_swing_by_the_figure_of_the_source(past):
    """The busiest month has 1.42 times the traffic of the quietest, by day."""
    start = np.datetime64(past.cast.world.parameters.calendar.start, "D")
    days = start + np.arange(past.cast.world.parameters.calendar.weeks * 7)
    month_of = days.astype("datetime64[M]").astype(int) % 12
    months = np.bincount(month_of[past.fact("minute") // MINUTES_PER_DAY], minlength=12) / np.bincount(month_of)
    assert months.max() / months.min() == pytest.approx(1.42, abs=0.15)


def test_parties_share_a_booking(output):
    """Members of a party have one locator and one way, and name each other."""
    parties = {}
    for record in by_mode(output, "air"):
        booking = record.get("booking", {})
        if booking.get("party_size", 1) > 1 and "co_traveller_refs" in booking:
            parties.setdefault(record["traveller"]["ref"].split("-")[0], []).append(record)
    whole = [members for members in parties.values() if len(members) > 1]
    assert len(whole) > 200
    for members in whole:
        assert len({member["booking"]["locator"] for member in members}) == 1
        assert len({member["crossing"]["expected_at"] for member in members}) == 1
        refs = {member["traveller"]["ref"] for member in members}
        for member in members:
            assert refs - {member["traveller"]["ref"]} <= set(member["booking"]["co_traveller_refs"])


def test_legs_join_at_airports_that_exist_and_in_order_of_time(output):
    """A way is unbroken, ends or begins at the post, and takes time."""
    airports = airportsdata.load("IATA")
    several = 0
    for record in by_mode(output, "air"):
        legs = record.get("journey", {}).get("legs", [])
        if not legs:
            continue
        assert all(leg[end] in airports for leg in legs for end in ("origin", "destination"))
        end = legs[0]["origin"] if record["crossing"]["direction"] == "out" else legs[-1]["destination"]
        assert end == record["crossing"]["point"]
        times = [leg[name] for leg in legs for name in ("departs_at", "arrives_at")]
        assert times == sorted(times)
        assert all(one["destination"] == other["origin"] for one, other in pairwise(legs))
        several += len(legs) > 1
    assert several > 300


def test_bookings_come_before_departure(output):
    """Nobody books after leaving, and nobody has a ticket before a booking."""
    for record in by_mode(output, "air"):
        booking = record.get("booking", {})
        legs = record.get("journey", {}).get("legs")
        if "created_at" in booking and legs:
            assert booking["created_at"] <= booking["ticketed_at"] <= legs[0]["departs_at"]


def test_a_person_keeps_birth_date_and_nationality(output):
    """But for typing errors, the same person is the same at every crossing."""
    born, nationality = {}, {}
    for record, entity in zip(output.records, output.cases["entity"], strict=True):
        traveller = record["traveller"]
        nationality.setdefault(entity, set()).add(traveller["nationality"])
        if "date_of_birth" in traveller:
            born.setdefault(entity, []).append(traveller["date_of_birth"])
    assert all(len(codes) == 1 for codes in nationality.values())
    pairs = [dates for dates in born.values() if len(dates) > 1]
    assert np.mean([len(set(dates)) == 1 for dates in pairs]) > 0.9


def test_minors_have_a_guardian_block_and_adults_have_none(output):
    """Guardianship is a fact of minors."""
    guarded = [record for record in output.records if "guardian" in record]
    assert len(guarded) > 0.05 * len(output.records)
    ages = [
        int(record["crossing"]["expected_at"][:4]) - int(record["traveller"]["date_of_birth"][:4])
        for record in guarded
        if "date_of_birth" in record["traveller"]
    ]
    assert max(ages) <= 18
    assert 0.02 < share(guarded, lambda r: not r["guardian"]["on_booking"]) < 0.4
