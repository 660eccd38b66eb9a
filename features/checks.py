"""Hard checks: facts of a record that hold or do not hold, told beside the scores and never inside of one.

A check is no estimate: a check digit that fails, fails. So each rests on a standard or on the finding of another
system, is in force from a day to a day, and has a version. Another rule, sentence or audience is another version: the
old one ends with a day, so that decisions of its time are computed again by it. No model reads a check, nor what other
systems found.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from features.check import Check, FailedCheck, Result
from features.check_rules import (
    arrives_after_departure,
    biometrics_match,
    born_before_crossing,
    is_clear,
    issued_after_birth,
    issued_before_crossing,
    issued_before_expiry,
    lasts_to_crossing,
    lasts_to_end_of_stay,
    legs_in_order,
    of_documents,
    of_upstream,
)
from features.record import Sensitivity, TravellerRecord, sensitivity_of
from features.risk import Audience
from features.walk import block_types

BEGAN = date(2026, 11, 24)
"""First day of the first version of each check."""
UNTIL = date(2028, 11, 23)
"""Last day, unless somebody reads the check again and renews it."""
ENFORCEMENT = frozenset({Audience.ENFORCEMENT})
EVERYBODY = frozenset(Audience)

CHECKS = (
    Check(
        "CK01",
        1,
        "Check digits of the machine-readable zone",
        "A check digit of the machine-readable zone does not hold",
        ("documents.mrz_check_digits_ok",),
        "ICAO Doc 9303 part 3, check digits in the machine-readable zone",
        EVERYBODY,
        of_documents("mrz_check_digits_ok", right=True),
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK02",
        1,
        "Machine-readable zone against message",
        "The machine-readable zone and the message differ in number, birth or expiry",
        ("documents.mrz_agrees",),
        "ICAO Doc 9303 part 3; PAXLST DOC, DTM 329 and DTM 36",
        EVERYBODY,
        of_documents("mrz_agrees", right=True),
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK03",
        1,
        "Expiry of the document against the crossing",
        "The document expires before the crossing",
        ("documents.expiry_date", "crossing.expected_at"),
        "ICAO Doc 9303 part 3, date of expiry; PAXLST DTM 36",
        EVERYBODY,
        lasts_to_crossing,
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK04",
        1,
        "Expiry of the document against the end of the stay",
        "The document expires before the end of the stay",
        ("documents.expiry_date", "crossing.expected_at", "crossing.direction", "journey.stay_days"),
        "ICAO Doc 9303 part 3, date of expiry; PAXLST DTM 36; GTAS tripDuration",
        EVERYBODY,
        lasts_to_end_of_stay,
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK05",
        1,
        "Issue of the document against birth",
        "The document was issued before the date of birth",
        ("documents.issue_date", "traveller.date_of_birth", "traveller.age_years", "crossing.expected_at"),
        "PAXLST DTM 182 and DTM 329",
        EVERYBODY,
        issued_after_birth,
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK06",
        1,
        "Issue of the document against the crossing",
        "The document was issued after the crossing",
        ("documents.issue_date", "crossing.expected_at"),
        "PAXLST DTM 182 and DTM 232",
        EVERYBODY,
        issued_before_crossing,
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK07",
        1,
        "Issue of the document against its expiry",
        "The document was not issued before it expires",
        ("documents.issue_date", "documents.expiry_date"),
        "PAXLST DTM 182 and DTM 36",
        EVERYBODY,
        issued_before_expiry,
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK08",
        1,
        "Birth against the crossing",
        "The date of birth is after the crossing",
        ("traveller.date_of_birth", "traveller.age_years", "crossing.expected_at"),
        "PAXLST DTM 329 and DTM 232",
        EVERYBODY,
        born_before_crossing,
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK09",
        1,
        "Arrival of each leg against its departure",
        "A leg of the journey arrives before it departs",
        ("journey.legs.departs_at", "journey.legs.arrives_at"),
        "PAXLST DTM 189 and DTM 232",
        EVERYBODY,
        arrives_after_departure,
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK10",
        1,
        "Legs of the journey in order of travel",
        "A leg of the journey begins before the leg before it ends",
        ("journey.legs.departs_at", "journey.legs.arrives_at"),
        "PAXLST TDT with DTM 189 and DTM 232; PNRGOV TVL",
        EVERYBODY,
        legs_in_order,
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK11",
        1,
        "Report of loss or theft",
        "The document is reported as lost or stolen",
        ("documents.sltd_hit",),
        "INTERPOL Stolen and Lost Travel Documents database (SLTD)",
        ENFORCEMENT,
        of_documents("sltd_hit", right=False),
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK12",
        1,
        "Authentication of the chip",
        "The chip of the document did not prove genuine",
        ("documents.chip_auth_ok",),
        "ICAO Doc 9303 part 11; ICAO Public Key Directory",
        ENFORCEMENT,
        of_documents("chip_auth_ok", right=True),
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK13",
        1,
        "Watch list of another system",
        "Another system reports a hit on a watch list",
        ("upstream.watchlist_hit",),
        "GTAS watch-list hit",
        ENFORCEMENT,
        of_upstream("watchlist_hit", right=False),
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK14",
        1,
        "Visa requirement, told by another system",
        "Another system reports that a visa requirement is not met",
        ("upstream.visa_ok",),
        "IATA Timatic",
        ENFORCEMENT,
        of_upstream("visa_ok", right=True),
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK15",
        1,
        "Document requirement, told by another system",
        "Another system reports that a document requirement is not met",
        ("upstream.document_ok",),
        "IATA Timatic",
        ENFORCEMENT,
        of_upstream("document_ok", right=True),
        BEGAN,
        UNTIL,
    ),
    Check(
        "CK16",
        1,
        "Biometric comparison, told by another system",
        "Another system reports that a biometric comparison did not match",
        ("traveller.biometric_match_ok",),
        "ICAO Doc 9303 part 9",
        ENFORCEMENT,
        biometrics_match,
        BEGAN,
        UNTIL,
    ),
)
"""Every version of every check, in the order of the answer."""

_OF_BIRTH = {"CK05": "issue", "CK08": "crossing"}


@lru_cache(maxsize=64)
def in_force(day: date) -> tuple[Check, ...]:
    """Find the checks that are applied on a day."""
    return tuple(check for check in CHECKS if check.is_in_force(day))


def failed_checks(record: TravellerRecord, day: date) -> list[FailedCheck]:
    """Apply the checks that are in force, and keep those that fail.

    Args:
        record: validated.
        day: on which the record is assessed, in UTC.

    >>> from features.examples import traveller
    >>> [one.code for one in failed_checks(traveller(expiry_date="2020-01-01", issue_date=None), BEGAN)]
    ['CK03']
    >>> failed_checks(traveller(expiry_date="2020-01-01"), date(2020, 1, 1))
    []
    """
    if is_clear(record):
        return []
    return [check.failure for check in in_force(day) if check.holds(record) is False]


def checked(record: TravellerRecord, day: date) -> list[tuple[Check, Result]]:
    """Apply the checks that are in force, and tell every result."""
    return [(check, check.result(record)) for check in in_force(day)]


def out_of_force(day: date) -> list[str]:
    """Name the checks of which no version is applied on a day; those that begin later are not among them."""
    applied = {check.code for check in in_force(day)}
    ended = {check.code for check in CHECKS if check.valid_from <= day}
    return sorted(ended - applied)


def _is_from_elsewhere(check: Check) -> bool:
    places = [place.rpartition(".") for place in check.reads]
    kinds = dict(block_types())
    return all(sensitivity_of(kinds[block.replace(".", "__")], name) is Sensitivity.CHECK for block, _, name in places)


FROM_ELSEWHERE = frozenset(check.code for check in CHECKS if _is_from_elsewhere(check))
"""Codes of the checks that repeat what another system found: ask there."""


def birth_contradicts(failures: Iterable[FailedCheck]) -> tuple[str, ...]:
    """What a date of birth cannot be right with, for the record as it is stored: that date is kept apart there."""
    return tuple(_OF_BIRTH[one.code] for one in failures if one.code in _OF_BIRTH)
