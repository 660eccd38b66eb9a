"""What a crossing is to the memory: which keys it has, who is the same person, and what is counted of whom."""

import hashlib

import pytest

from features.memory.events import DAY, Finding, finding_of, keys_read, rows_of_finding
from features.memory.facts import BASE_PERCENT, look, remembered_of
from features.memory.keys import crossing_of
from features.memory.table import MemoryTable
from features.record import History, TravellerRecord
from features.risk import Audience
from tests.makers import EXAMPLE_LAND_RECORD, traveller

START = 1_780_000_000


def hashed(text):
    """A hash of a text, for tests."""
    return hashlib.sha256(text.encode()).hexdigest()


def crossing(at=START, **changes):
    """The example as the memory knows it."""
    return crossing_of(traveller(**changes), at, hashed)


def other(number, at=START, **changes):
    """Another adult, on another booking, with the same contacts."""
    return crossing(
        at,
        **{
            "traveller__surname": "ABDI",
            "traveller__given_names": f"HASSAN {chr(65 + number)}",
            "document__number": f"B{number}",
            "booking__locator": f"LOC{number}",
        }
        | changes,
    )


class Told:
    """A memory that is told one crossing after the other."""

    def __init__(self):
        self.table = MemoryTable()

    def __call__(self, one):
        """Tell it; gives what it says of the crossing."""
        keys = keys_read(one)
        rows = self.table.read(keys.values(), one.at)
        facts = look(one, keys, rows)
        self.table.write(remembered_of(one, keys, rows, facts), one.at)
        return facts


@pytest.mark.parametrize(
    "change",
    [
        {"traveller__surname": "WARSAMEE"},
        {"traveller__surname": "AMINA YUSUF", "traveller__given_names": "WARSAME"},
        {"born": "1991-02-05"},
        {"contact__phone": "00254 700 000 000"},
        {"contact__address": "P.O. Box 1 -- NAIROBI"},
        {"document__number": "a 123-4567"},
    ],
    ids=["spelling", "order of names", "day and month", "telephone", "address", "document"],
)
def test_spellings_make_no_second_person_and_no_second_key(change):
    """The usual defects of such data change neither who it is nor what is shared, or the one that they touch alone."""
    one, same = crossing(), crossing(**change)
    assert same.who == one.who
    assert same.keys["phone"] == one.keys["phone"]
    assert same.keys["document"] == one.keys["document"]


def test_another_birth_year_or_other_initials_make_another_person():
    """So that two holders of one document are told apart."""
    assert len({crossing(born=born).who for born in ("1991-05-02", "1992-05-02")}) == 2
    assert crossing(traveller__surname="HUSSEIN").who != crossing().who


def test_nothing_is_remembered_of_crew_and_of_nobody():
    """Crew is not scored; without document and birth date there is nobody to remember."""
    assert crossing(traveller__passenger_type="C") is None
    assert crossing_of(TravellerRecord.model_validate_json(_land()), START, hashed) is None


def _land():
    import json  # noqa: PLC0415 - for one line

    data = {**EXAMPLE_LAND_RECORD, "documents": []}
    return json.dumps(data)


def test_unrelated_is_neither_the_booking_nor_the_person_nor_who_travelled_with_them():
    """A family shares a telephone over several journeys, alone and together: nobody of it is unrelated."""
    told = Told()
    spouse = {"traveller__given_names": "BILAN", "document__number": "Z9"}
    told(crossing())
    told(crossing(START + 1, **spouse))
    told(crossing(START + 40 * DAY, booking__locator="ALONE1"))
    facts = told(crossing(START + 60 * DAY, booking__locator="ALONE2", **spouse))
    assert facts["phone_unrelated_bookings"] == 0
    for number in range(3):
        told(other(number, START + 61 * DAY))
    facts = told(crossing(START + 62 * DAY, booking__locator="ALONE3"))
    assert (facts["phone_unrelated_bookings"], facts["phone_days_since_unrelated"]) == (3, 1.0)


def test_windows_forget_by_themselves():
    """Ninety days later the same bookings are no longer seen."""
    told = Told()
    for number in range(3):
        told(other(number))
    assert told(crossing(START + 89 * DAY))["phone_unrelated_bookings"] == 3
    assert told(crossing(START + 91 * DAY))["phone_unrelated_bookings"] == 0


def test_a_document_with_another_identity_is_seen():
    """The same number, another person."""
    told = Told()
    told(crossing())
    assert told(other(1, START + 1, document__number="A1234567"))["document_other_identities"] == 1


def test_a_courier_is_seen_by_the_children_and_a_family_is_not():
    """Other children on every booking count, the same ones do not; the child of the last booking is told of them."""
    told = Told()

    def journey(number, child):
        at = START + number * DAY
        adult = told(crossing(at, booking__locator=f"TRIP{number}"))
        minor = told(
            crossing(
                at + 1,
                born=f"201{child}-01-01",
                traveller__given_names=f"CHILD {chr(65 + child)}",
                document__number=f"C{child}",
                booking__locator=f"TRIP{number}",
            )
        )
        return adult, minor

    for number in range(3):
        journey(number, number)
    adult, minor = journey(3, 3)
    assert adult["escorted_minors"] == 3
    assert minor["companions_escorted_minors"] == 3
    assert minor["escorted_minors"] is None


def test_findings_count_when_they_are_known_and_mature_and_not_of_oneself():
    """A confirmed case raises the rate of the telephone for others, thirty days after the crossing."""
    told = Told()
    one = other(1)
    told(one)
    told.table.write(rows_of_finding(one, Finding(START + 5 * DAY, Audience.ENFORCEMENT)), START + 5 * DAY)
    early = told(crossing(START + 29 * DAY))["phone_confirmed_rate"]
    late = told(crossing(START + 31 * DAY))
    assert early == BASE_PERCENT < late["phone_confirmed_rate"] == late["agency_confirmed_rate"]
    assert late["agency_protection_rate"] == BASE_PERCENT
    own = told(other(1, START + 31 * DAY, booking__locator="NEXT"))
    assert (own["phone_confirmed_rate"], own["earlier_confirmed_cases"]) == (BASE_PERCENT, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"selection": "score"},
        {"selection": "rule"},
        {"role": "system"},
        {"evidence": "model_score"},
        {"code": "overturned"},
    ],
    ids=lambda change: next(iter(change.values())),
)
def test_what_the_system_chose_or_nobody_decided_is_never_counted(change):
    """So that a rate cannot confirm itself."""
    told = {"code": "smuggled_migrant", "selection": "random", "role": "court", "evidence": "court_ruling"}
    assert finding_of(START, **told) == Finding(START, Audience.ENFORCEMENT)
    assert finding_of(START, **(told | change)) is None


def test_every_fact_is_a_fact_of_the_record():
    """What the memory says fits into a record, in any case."""
    told = Told()
    for number in range(5):
        facts = told(other(number, START + number))
    known = {name: value for name, value in facts.items() if value is not None}
    assert History.model_validate(known).phone_unrelated_bookings == 4
