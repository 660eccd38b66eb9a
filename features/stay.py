"""What the traveller says of the stay: how long, what for, where."""

from features.record import TravellerRecord
from features.spec import Monotone, ReasonText, feature

_LONGEST_USUAL_DAYS = {"transit": 3.0, "business": 60.0, "tourism": 90.0, "trade": 90.0}
"""Days beyond which a stay does not fit its purpose: three days of transit, the usual 90 of a visit."""

_VISIT_DAYS = 2
"""From two days on, a visit needs a place to sleep."""


@feature(
    label="length of stay",
    unit="days",
    indicators=(16,),
    reason=ReasonText(
        code="ST01",
        raises="A stay of {value:.0f} days: more frequent among confirmed cases",
        lowers="A stay of {value:.0f} days: less frequent among confirmed cases",
        missing="The length of stay was not given",
    ),
    because="Short stays that repeat are a published indicator of escorting (GTAS trip duration and travel frequency).",
)
def stay_days(record: TravellerRecord) -> float | None:
    """Days at the destination.

    >>> stay_days(traveller(stay_days=30))
    30.0
    """
    return None if record.journey is None else record.journey.stay_days


@feature(
    label="purpose of the stay",
    indicators=(17,),
    reason=ReasonText(
        code="ST02",
        raises="Purpose of the stay is {value}: more frequent among confirmed cases",
        lowers="Purpose of the stay is {value}: less frequent among confirmed cases",
        missing="The purpose of the stay is not part of the record",
    ),
    because="Purpose is what a border officer asks first, and what an organised journey prepares an answer for (IOM"
    " MIDAS data set; published indicator on purpose and accommodation).",
    labels={
        purpose: purpose for purpose in ("tourism", "business", "family", "study", "work", "transit", "trade", "other")
    },
)
def stay_purpose(record: TravellerRecord) -> str | None:
    """Declared purpose of the stay; a medical one counts as other, since health is nobody's risk.

    >>> stay_purpose(traveller(stay__purpose_code="work")), stay_purpose(traveller(stay__purpose_code="medical"))
    ('work', 'other')
    """
    if record.stay is None:
        return None
    purpose = record.stay.purpose_code
    return "other" if purpose == "medical" else purpose


@feature(
    label="accommodation",
    indicators=(17,),
    reason=ReasonText(
        code="ST03",
        raises="Accommodation is {value}: more frequent among confirmed cases",
        lowers="Accommodation is {value}: less frequent among confirmed cases",
        missing="Accommodation is not part of the record",
    ),
    because="Accommodation that another party controls or that does not exist is a published indicator (IOM MIDAS; ILO"
    " operational indicators of trafficking on lodging by the employer).",
    labels={
        "hotel": "a hotel",
        "private": "a private home",
        "rented": "rented",
        "employer": "provided by the employer",
        "institution": "an institution",
        "none": "none",
    },
)
def accommodation(record: TravellerRecord) -> str | None:
    """Declared kind of accommodation.

    >>> accommodation(traveller(accommodation_type="hotel"))
    'hotel'
    """
    return None if record.stay is None else record.stay.accommodation_type


@feature(
    label="purpose or accommodation left open",
    expects=Monotone.INCREASING,
    indicators=(17,),
    reason=ReasonText(
        code="ST04",
        raises="Purpose or accommodation was left open in the arrival data",
        lowers="Purpose and accommodation were both stated",
        missing="No arrival data on the stay was submitted",
    ),
    because="Missing purpose or accommodation is a published indicator of smuggling and trafficking (IOM MIDAS). Posts"
    " that do not ask send no such block, and then nothing follows.",
)
def stay_left_open(record: TravellerRecord) -> bool | None:
    """Whether the post asked about the stay and purpose or accommodation stayed open; unknown where it did not ask.

    >>> stay_left_open(traveller(accommodation_type=None)), stay_left_open(traveller(stay=None))
    (True, None)
    """
    stay = record.stay
    return None if stay is None else stay.purpose_code is None or stay.accommodation_type is None


@feature(
    label="stay longer than its purpose",
    expects=Monotone.INCREASING,
    indicators=(17,),
    reason=ReasonText(
        code="ST05",
        raises="The stay is longer than its purpose usually takes",
        lowers="The length of stay fits its purpose",
        missing="Length of stay and purpose could not be compared",
    ),
    because="A stay that does not fit its stated purpose is part of the published indicator on purpose and"
    " accommodation (IOM MIDAS; airline training material).",
)
def stay_exceeds_purpose(record: TravellerRecord) -> bool | None:
    """Whether the stay is longer than usual for its purpose: transit 3 days, business 60, tourism and trade 90.

    >>> stay_exceeds_purpose(traveller(stay__purpose_code="transit", stay_days=20))
    True
    """
    stay, journey = record.stay, record.journey
    if stay is None or stay.purpose_code is None or journey is None or journey.stay_days is None:
        return None
    longest = _LONGEST_USUAL_DAYS.get(stay.purpose_code)
    return longest is not None and journey.stay_days > longest


@feature(
    label="visit without lodging",
    expects=Monotone.INCREASING,
    indicators=(17,),
    reason=ReasonText(
        code="ST06",
        raises="A visit of several days is planned without any accommodation",
        lowers="Accommodation is planned, or the visit is short",
        missing="Whether the visit has accommodation is not known",
    ),
    because="A visit of several days without accommodation is a published indicator of smuggling and trafficking"
    " (IOM MIDAS; published indicator on purpose and accommodation).",
)
def visit_without_lodging(record: TravellerRecord) -> bool | None:
    """Whether a stay of two days or more is declared to have no accommodation.

    >>> visit_without_lodging(traveller(accommodation_type="none", stay_days=5))
    True
    """
    stay, journey = record.stay, record.journey
    if stay is None or stay.accommodation_type is None or journey is None or journey.stay_days is None:
        return None
    return stay.accommodation_type == "none" and journey.stay_days >= _VISIT_DAYS
