"""Children: facts that may lead to protection, and never raise a score of any other risk."""

from datetime import date

from features.record import TravellerRecord
from features.spec import Monotone, ReasonText, feature
from features.timing import crossing_day

PROTECTION = ("trafficking_protection",)
_ADULT_AGE = 18


def age_on(day: date, born: date) -> int | None:
    """Completed years of age on a day; ``None`` before birth.

    >>> age_on(date(2026, 3, 14), date(2008, 3, 15))
    17
    """
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return years if years >= 0 else None


def under_age(record: TravellerRecord) -> bool | None:
    """Whether the traveller is under 18 at the crossing; the date of birth is asked before a stated age."""
    person = record.traveller
    if person is None:
        return None
    born = person.date_of_birth
    age = person.age_years if born is None else age_on(crossing_day(record), born)
    return None if age is None else age < _ADULT_AGE


@feature(
    label="minor",
    expects=Monotone.INCREASING,
    indicators=(14,),
    only_for=PROTECTION,
    reason=ReasonText(
        code="MI01",
        raises="The traveller is under 18",
        lowers="The traveller is 18 or older",
        missing="Whether the traveller is under 18 is not known",
    ),
    because="Children have a right to special protection; whether a child travels is the first question of protection"
    " at a border (Frontex, VEGA handbook: children at airports).",
)
def is_minor(record: TravellerRecord) -> bool | None:
    """Whether the traveller is under 18 on the day of the crossing.

    >>> is_minor(traveller(born="2010-01-01")), is_minor(traveller(born="1991-05-02"))
    (True, False)
    """
    return under_age(record)


@feature(
    label="minor who travels alone",
    expects=Monotone.INCREASING,
    indicators=(14,),
    message="PNR",
    only_for=PROTECTION,
    reason=ReasonText(
        code="MI02",
        raises="A traveller under 18 is alone on the booking",
        lowers="No traveller under 18 is alone on the booking",
        missing="Whether a child travels alone is not known",
    ),
    because="A child alone on a booking is a published indicator for protection (UNODC; Frontex, VEGA handbook:"
    " children at airports).",
)
def unaccompanied_minor(record: TravellerRecord) -> bool | None:
    """Whether a traveller under 18 is the only one on the booking.

    >>> unaccompanied_minor(traveller(born="2010-01-01", booking__party_size=1))
    True
    """
    minor = under_age(record)
    if minor is None or not minor:
        return minor
    booking = record.booking
    return None if booking is None or booking.party_size is None else booking.party_size == 1


@feature(
    label="guardian on the booking",
    expects=Monotone.INCREASING,
    indicators=(14,),
    only_for=PROTECTION,
    reason=ReasonText(
        code="MI03",
        raises="No guardian is on the booking",
        lowers="A guardian is on the booking",
        missing="Whether a guardian is on the booking was not given",
    ),
    because="A child with adults who are not on the child's booking is a published indicator for protection (Frontex,"
    " VEGA handbook: children at airports). A different surname is no sign of anything.",
)
def guardian_not_on_booking(record: TravellerRecord) -> bool | None:
    """Whether the guardian of a minor is not on the booking; names are never compared.

    >>> guardian_not_on_booking(traveller(guardian={"on_booking": False}))
    True
    """
    guardian = record.guardian
    return None if guardian is None or guardian.on_booking is None else not guardian.on_booking


@feature(
    label="record of guardianship",
    expects=Monotone.INCREASING,
    indicators=(14,),
    only_for=PROTECTION,
    reason=ReasonText(
        code="MI04",
        raises="No record of guardianship was seen",
        lowers="A record of guardianship was seen",
        missing="Whether a record of guardianship exists was not given",
    ),
    because="A child without a record of who is responsible is a published indicator for protection (UNODC; Frontex,"
    " VEGA handbook: children at airports).",
)
def guardian_not_recorded(record: TravellerRecord) -> bool | None:
    """Whether no record of guardianship was seen.

    >>> guardian_not_recorded(traveller(guardian={"record_present": False}))
    True
    """
    guardian = record.guardian
    return None if guardian is None or guardian.record_present is None else not guardian.record_present
