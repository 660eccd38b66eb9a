"""Links to earlier crossings, as the service's memory knows them at the moment of scoring.

The facts are declared in :mod:`features.memory.facts`; where no memory is kept, and none was sent, all are missing.
"""

from features.record import History, TravellerRecord
from features.spec import Monotone, ReasonText, feature


@feature(
    label="other persons with the document",
    unit="persons",
    expects=Monotone.INCREASING,
    indicators=(10,),
    reason=ReasonText(
        code="LI01",
        raises="Persons who used the same document number before: {value:.0f}",
        lowers="Other persons with the same document number: {value:.0f}",
        missing="Whether others used the document number is not known",
    ),
    because="A document number that was seen with another identity is a published indicator (GTAS, document hash). "
    "Identities are told apart by birth date and initials, so that a spelling makes no second person.",
)
def document_other_identities(_record: TravellerRecord, history: History | None) -> float | None:
    """Other persons under the number of the main document within two years.

    >>> document_other_identities(traveller(), History(document_other_identities=2))
    2
    """
    return None if history is None else history.document_other_identities


@feature(
    label="unrelated bookings with the telephone",
    unit="bookings",
    indicators=(5,),
    reason=ReasonText(
        code="LI02",
        raises="Unrelated bookings with the same telephone in 90 days: {value:.0f}, more usual among cases",
        lowers="Unrelated bookings with the same telephone in 90 days: {value:.0f}, less usual among cases",
        missing="How many bookings share the telephone is not known",
    ),
    because="One telephone over many unrelated bookings is a published indicator (GTAS link graph). Agencies give "
    "their own number for many travellers, too.",
)
def phone_unrelated_bookings(_record: TravellerRecord, history: History | None) -> float | None:
    """Bookings of other persons that gave the same telephone within 90 days.

    >>> phone_unrelated_bookings(traveller(), History(phone_unrelated_bookings=3))
    3
    """
    return None if history is None else history.phone_unrelated_bookings


@feature(
    label="days since the telephone was on an unrelated booking",
    unit="days",
    expects=Monotone.DECREASING,
    indicators=(5,),
    reason=ReasonText(
        code="LI03",
        raises="An unrelated booking with the same telephone came {value:.0f} days ago, more recently than usual",
        lowers="An unrelated booking with the same telephone came {value:.0f} days ago, no more recently than usual",
        missing="No unrelated booking with the telephone is known",
    ),
    because="Bookings that share a telephone within days belong together more likely than those months apart (GTAS "
    "link graph).",
)
def phone_days_since_unrelated(_record: TravellerRecord, history: History | None) -> float | None:
    """Days since a booking of another person gave the same telephone, up to 90.

    >>> phone_days_since_unrelated(traveller(), History(phone_days_since_unrelated=4.0))
    4.0
    """
    return None if history is None else history.phone_days_since_unrelated


@feature(
    label="unrelated bookings with the e-mail address",
    unit="bookings",
    indicators=(5,),
    reason=ReasonText(
        code="LI04",
        raises="Unrelated bookings with the same e-mail address in 90 days: {value:.0f}, more usual among cases",
        lowers="Unrelated bookings with the same e-mail address in 90 days: {value:.0f}, less usual among cases",
        missing="How many bookings share the e-mail address is not known",
    ),
    because="One e-mail address over many unrelated bookings is a published indicator (GTAS link graph). Agencies give "
    "their own address, too.",
)
def email_unrelated_bookings(_record: TravellerRecord, history: History | None) -> float | None:
    """Bookings of other persons that gave the same e-mail address within 90 days.

    >>> email_unrelated_bookings(traveller(), History(email_unrelated_bookings=3))
    3
    """
    return None if history is None else history.email_unrelated_bookings


@feature(
    label="unrelated bookings with the postal address",
    unit="bookings",
    indicators=(5,),
    reason=ReasonText(
        code="LI05",
        raises="Unrelated bookings with the same postal address in 90 days: {value:.0f}, more usual among cases",
        lowers="Unrelated bookings with the same postal address in 90 days: {value:.0f}, less usual among cases",
        missing="How many bookings share the postal address is not known",
    ),
    because="One address over many unrelated bookings is a published indicator (GTAS link graph). Post boxes are "
    "shared by neighbours, too.",
)
def address_unrelated_bookings(_record: TravellerRecord, history: History | None) -> float | None:
    """Bookings of other persons that gave the same postal address within 90 days.

    >>> address_unrelated_bookings(traveller(), History(address_unrelated_bookings=3))
    3
    """
    return None if history is None else history.address_unrelated_bookings


@feature(
    label="unrelated bookings with the address of the stay",
    unit="bookings",
    indicators=(17,),
    reason=ReasonText(
        code="LI06",
        raises="Unrelated bookings at the same address in 90 days: {value:.0f}, more usual among cases",
        lowers="Unrelated bookings at the same address in 90 days: {value:.0f}, less usual among cases",
        missing="How many bookings share the address of the stay is not known",
    ),
    because="One address of stay reused by many is a published indicator (IOM MIDAS). Hotels are reused by many, too: "
    "the data decide how much it says.",
)
def stay_address_unrelated_bookings(_record: TravellerRecord, history: History | None) -> float | None:
    """Bookings of other persons that gave the same address of the stay within 90 days.

    >>> stay_address_unrelated_bookings(traveller(), History(stay_address_unrelated_bookings=3))
    3
    """
    return None if history is None else history.stay_address_unrelated_bookings


@feature(
    label="confirmed checks of others with the telephone",
    unit="percent",
    expects=Monotone.INCREASING,
    indicators=(5, 20),
    reason=ReasonText(
        code="LI07",
        raises="Checks of others with this telephone: {value:.1f} % confirmed (smoothed), more than usual",
        lowers="Checks of others with this telephone: {value:.1f} % confirmed (smoothed), no more than usual",
        missing="What checks with the same telephone found is not known",
    ),
    because="A telephone that confirmed cases gave is a link to them (GTAS link graph). Only independent checks count, "
    "never those that a score or a rule asked for, so the rate cannot confirm itself.",
)
def phone_confirmed_rate(_record: TravellerRecord, history: History | None) -> float | None:
    """Percent of other persons' checks within a year that confirmed a case, drawn towards 2 %.

    >>> phone_confirmed_rate(traveller(), History(phone_confirmed_rate=10.0))
    10.0
    """
    return None if history is None else history.phone_confirmed_rate


@feature(
    label="confirmed checks of others at the address of the stay",
    unit="percent",
    expects=Monotone.INCREASING,
    indicators=(17, 20),
    reason=ReasonText(
        code="LI08",
        raises="Checks of others at this address of stay: {value:.1f} % confirmed (smoothed), more than usual",
        lowers="Checks of others at this address of stay: {value:.1f} % confirmed (smoothed), no more than usual",
        missing="What checks with the same address of the stay found is not known",
    ),
    because="An address at which confirmed cases stayed is a link to them (IOM MIDAS). Only independent checks count.",
)
def stay_address_confirmed_rate(_record: TravellerRecord, history: History | None) -> float | None:
    """Percent of other persons' checks at the address of the stay within a year, drawn towards 2 %.

    >>> stay_address_confirmed_rate(traveller(), History(stay_address_confirmed_rate=10.0))
    10.0
    """
    return None if history is None else history.stay_address_confirmed_rate


@feature(
    label="confirmed checks of the travel agency's travellers",
    unit="percent",
    expects=Monotone.INCREASING,
    indicators=(6,),
    reason=ReasonText(
        code="LI09",
        raises="Checks of this travel agency's travellers: {value:.1f} % confirmed (smoothed), more than usual",
        lowers="Checks of this travel agency's travellers: {value:.1f} % confirmed (smoothed), no more than usual",
        missing="What checks of the travel agency's travellers found is not known",
    ),
    because="Few agencies recur in smuggling by air (UNODC, Migrant Smuggling by Air, 2010). Only independent checks "
    "count, over their number, so that an agency with many travellers is not the riskier for it.",
)
def agency_confirmed_rate(_record: TravellerRecord, history: History | None) -> float | None:
    """Percent of other persons' checks within a year that confirmed a case, by agency, drawn towards 2 %.

    >>> agency_confirmed_rate(traveller(), History(agency_confirmed_rate=10.0))
    10.0
    """
    return None if history is None else history.agency_confirmed_rate


@feature(
    label="protection findings among the travel agency's travellers",
    unit="percent",
    expects=Monotone.INCREASING,
    indicators=(6,),
    only_for=("trafficking_protection",),
    reason=ReasonText(
        code="LI10",
        raises="Checks of this agency's travellers: {value:.1f} % found a need (smoothed), more than usual",
        lowers="Checks of this agency's travellers: {value:.1f} % found a need (smoothed), no more than usual",
        missing="What protection officers found among the travel agency's travellers is not known",
    ),
    because="Few agencies recur in confirmed cases (UNODC, Migrant Smuggling by Air, 2010). What protection officers "
    "found serves protection alone.",
)
def agency_protection_rate(_record: TravellerRecord, history: History | None) -> float | None:
    """Percent of other persons' checks within two years that found a need of protection, drawn towards 2 %.

    >>> agency_protection_rate(traveller(), History(agency_protection_rate=10.0))
    10.0
    """
    return None if history is None else history.agency_protection_rate


@feature(
    label="earlier confirmed cases of the traveller",
    unit="cases",
    expects=Monotone.INCREASING,
    indicators=(20,),
    reason=ReasonText(
        code="LI11",
        raises="Earlier checks of the traveller that confirmed a case in two years: {value:.0f}",
        lowers="Earlier checks of the traveller that confirmed a case in two years: {value:.0f}, no more than usual",
        missing="Earlier confirmed cases of the traveller are not known",
    ),
    because="An earlier confirmed case in the agency's own records is a published indicator (standard practice). It is "
    "forgotten after two years, and never taken from protection.",
)
def earlier_confirmed_cases(_record: TravellerRecord, history: History | None) -> float | None:
    """Earlier independent checks of the same traveller that confirmed a case, within two years.

    >>> earlier_confirmed_cases(traveller(), History(earlier_confirmed_cases=1))
    1
    """
    return None if history is None else history.earlier_confirmed_cases


@feature(
    label="earlier independent checks without findings",
    unit="checks",
    expects=Monotone.DECREASING,
    indicators=(21,),
    reason=ReasonText(
        code="LI12",
        raises="Earlier independent checks of the traveller that found nothing: {value:.0f}, fewer than usual",
        lowers="Earlier independent checks of the traveller that found nothing: {value:.0f}",
        missing="Earlier independent checks of the traveller are not known",
    ),
    because="Facts that speak for a traveller must count as well (Court of Justice of the EU, C-817/19): this is what "
    "the service itself remembers of them.",
)
def earlier_benign_checks(_record: TravellerRecord, history: History | None) -> float | None:
    """Earlier independent checks of the same traveller that found nothing, within two years.

    >>> earlier_benign_checks(traveller(), History(earlier_benign_checks=4))
    4
    """
    return None if history is None else history.earlier_benign_checks


@feature(
    label="earlier short stays of the traveller",
    unit="journeys",
    expects=Monotone.INCREASING,
    indicators=(16,),
    reason=ReasonText(
        code="LI13",
        raises="Earlier journeys with a stay of at most three days in a year: {value:.0f}, more than usual",
        lowers="Earlier journeys with a stay of at most three days in a year: {value:.0f}, no more than usual",
        missing="Earlier short stays of the traveller are not known",
    ),
    because="Repeated short stays are a published indicator (GTAS, travel frequency). Cross-border traders make them, "
    "too.",
)
def earlier_short_stays(_record: TravellerRecord, history: History | None) -> float | None:
    """Earlier journeys of the same traveller with a stay of at most three days, within a year.

    >>> earlier_short_stays(traveller(), History(earlier_short_stays=5))
    5
    """
    return None if history is None else history.earlier_short_stays


@feature(
    label="minors on other bookings of the traveller",
    unit="persons",
    expects=Monotone.INCREASING,
    indicators=(16,),
    reason=ReasonText(
        code="LI14",
        raises="Minors on other bookings of the traveller in a year: {value:.0f}, more than usual",
        lowers="Minors on other bookings of the traveller in a year: {value:.0f}, no more than usual",
        missing="With how many minors the traveller came before is not known",
    ),
    because="Frequent escort of different minors is a published indicator (GTAS, travel frequency). Teachers and "
    "relatives escort children, too. Minors of this booking do not count, so a family that travels again stays "
    "at none.",
)
def escorted_minors(_record: TravellerRecord, history: History | None) -> float | None:
    """Minors on the traveller's other bookings within a year, without those on this booking.

    >>> escorted_minors(traveller(), History(escorted_minors=2))
    2
    """
    return None if history is None else history.escorted_minors


@feature(
    label="minors on other bookings of an adult of the party",
    unit="persons",
    expects=Monotone.INCREASING,
    indicators=(14, 16),
    only_for=("trafficking_protection",),
    reason=ReasonText(
        code="LI15",
        raises="Minors on other bookings of an adult on this booking in a year: {value:.0f}, more than usual",
        lowers="Minors on other bookings of an adult on this booking in a year: {value:.0f}, no more than usual",
        missing="With how many minors the adults on the booking came before is not known",
    ),
    because="A child in the company of somebody who escorts ever other children is a question for protection (Frontex, "
    "VEGA handbook: children at airports).",
)
def companions_escorted_minors(_record: TravellerRecord, history: History | None) -> float | None:
    """Minors whom an adult on the same booking had on other bookings, the highest number of these adults.

    >>> companions_escorted_minors(traveller(), History(companions_escorted_minors=2))
    2
    """
    return None if history is None else history.companions_escorted_minors
