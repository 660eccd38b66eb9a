"""The rules of the hard checks, each a function of one record, and the sieve in front of them."""

from datetime import date

from features.check import Holds
from features.minor import age_on
from features.record import AGE_MAX, Document, Journey, Traveller, TravellerRecord, Upstream
from features.timing import crossing_day

_ZONE_DAYS = 1
"""The local day of a post at or east of Greenwich is the day in UTC or the next one."""


def is_clear(record: TravellerRecord) -> bool:
    """Whether no rule of this file can be broken; where it says no, the rules decide.

    It reads each fact once, for a sixth of what all the rules cost. A test holds it against every rule.
    """
    day, journey = crossing_day(record), record.journey
    if record.upstream is not None and not _is_upstream_clear(record.upstream):
        return False
    issued = None
    if record.documents:
        main = record.documents[0]
        issued, expires = main.issue_date, main.expiry_date
        if issued is not None and issued > day:
            return False
        if expires is not None:
            stay = None if journey is None else journey.stay_days
            if expires <= day or (stay is not None and (expires - day).days < stay):
                return False
        for document in record.documents:
            if not _is_document_clear(document):
                return False
    if record.traveller is not None and not _is_traveller_clear(record.traveller, day, issued):
        return False
    return journey is None or _is_journey_clear(journey)


def _is_document_clear(document: Document) -> bool:
    return not (
        document.sltd_hit
        or document.mrz_check_digits_ok is False
        or document.mrz_agrees is False
        or document.chip_auth_ok is False
    )


def _is_traveller_clear(person: Traveller, day: date, issued: date | None) -> bool:
    if person.biometric_match_ok is False:
        return False
    born = person.date_of_birth
    if born is None:
        return not (person.birth_contradicts or (issued is not None and person.age_years is not None))
    return born <= day and (issued is None or issued >= born)


def _is_journey_clear(journey: Journey) -> bool:
    last = None
    for leg in journey.legs:
        for moment in (leg.departs_at, leg.arrives_at):
            if moment is not None:
                if last is not None and moment < last:
                    return False
                last = moment
    return True


def _is_upstream_clear(upstream: Upstream) -> bool:
    return not (upstream.watchlist_hit or upstream.visa_ok is False or upstream.document_ok is False)


def of_documents(fact: str, *, right: bool) -> Holds:
    """Make the rule that a flag has its right value on every document that has it."""

    def holds(record: TravellerRecord) -> bool | None:
        found = None
        for document in record.documents:
            said = document.__dict__[fact]
            if said is not None:
                if said is not right:
                    return False
                found = True
        return found

    return holds


def of_upstream(fact: str, *, right: bool) -> Holds:
    """Make the rule that another system reports the right value."""

    def holds(record: TravellerRecord) -> bool | None:
        said = None if record.upstream is None else record.upstream.__dict__[fact]
        return None if said is None else said is right

    return holds


def lasts_to_crossing(record: TravellerRecord) -> bool | None:
    """Whether the document is valid on the day of the crossing."""
    if not record.documents or (expires := record.documents[0].expiry_date) is None:
        return None
    return expires >= crossing_day(record)


def lasts_to_end_of_stay(record: TravellerRecord) -> bool | None:
    """Whether the document is valid until the end of the stay; one that has expired before is another matter."""
    journey = record.journey
    if journey is None or journey.stay_days is None or record.crossing.direction != "in" or not record.documents:
        return None
    if (expires := record.documents[0].expiry_date) is None:
        return None
    left = (expires - crossing_day(record)).days
    return None if left < 0 else left >= journey.stay_days


def issued_before_crossing(record: TravellerRecord) -> bool | None:
    """Whether the document was issued by the day of the crossing."""
    if not record.documents or (issued := record.documents[0].issue_date) is None:
        return None
    return (issued - crossing_day(record)).days <= _ZONE_DAYS


def issued_before_expiry(record: TravellerRecord) -> bool | None:
    """Whether the document was issued before it expires."""
    if not record.documents:
        return None
    issued, expires = record.documents[0].issue_date, record.documents[0].expiry_date
    return None if issued is None or expires is None else issued < expires


def born_before_crossing(record: TravellerRecord) -> bool | None:
    """Whether birth comes before the crossing; where its date is kept apart, what it contradicted stands in for it."""
    person = record.traveller
    if person is None:
        return None
    if person.date_of_birth is not None:
        return (person.date_of_birth - crossing_day(record)).days <= _ZONE_DAYS
    if person.birth_contradicts is not None and "crossing" in person.birth_contradicts:
        return False
    return None if person.age_years is None else True


def issued_after_birth(record: TravellerRecord) -> bool | None:
    """Whether the document was issued after birth; where its date is kept apart, an age leaves a first day for it."""
    person = record.traveller
    if person is None or not record.documents or (issued := record.documents[0].issue_date) is None:
        return None
    if person.date_of_birth is not None:
        return issued >= person.date_of_birth
    if person.birth_contradicts is not None and "issue" in person.birth_contradicts:
        return False
    if person.age_years is None or person.age_years >= AGE_MAX:
        return None
    age = age_on(crossing_day(record), issued)  # of somebody born on the day of issue
    return age is None or age <= person.age_years


def arrives_after_departure(record: TravellerRecord) -> bool | None:
    """Whether each leg arrives after it departs."""
    if record.journey is None:
        return None
    found = None
    for leg in record.journey.legs:
        if leg.departs_at is not None and leg.arrives_at is not None:
            if leg.arrives_at < leg.departs_at:
                return False
            found = True
    return found


def legs_in_order(record: TravellerRecord) -> bool | None:
    """Whether each leg begins after the one before it has ended."""
    if record.journey is None:
        return None
    found, last = None, None
    for leg in record.journey.legs:
        begins = leg.departs_at or leg.arrives_at
        if begins is not None:
            if last is not None:
                if begins < last:
                    return False
                found = True
            last = leg.arrives_at or leg.departs_at
    return found


def biometrics_match(record: TravellerRecord) -> bool | None:
    """Whether a biometric comparison of another system matched."""
    return None if record.traveller is None else record.traveller.biometric_match_ok
