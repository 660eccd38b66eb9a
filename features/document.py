"""The travel document: its kind, its dates, and what its machine-readable zone proved."""

from features.record import Document, TravellerRecord
from features.spec import Monotone, ReasonText, feature
from features.timing import crossing_day

_BOOKS = frozenset({"P", "T", "S"})
"""Passport, refugee or stateless travel document, seafarer's book: what air travel across borders usually takes."""
_PERMISSIONS = frozenset({"V", "R"})
"""Visa, residence permit."""
_DAYS_PER_YEAR = 365.25


def main_document(record: TravellerRecord) -> Document | None:
    """The document that was submitted first."""
    return record.documents[0] if record.documents else None


@feature(
    label="kind of document",
    indicators=(11,),
    reason=ReasonText(
        code="DO01",
        raises="Travelling on a {value}: more frequent among confirmed cases",
        lowers="Travelling on a {value}: less frequent among confirmed cases",
        missing="The kind of document was not given",
    ),
    because="An unusual kind of document for the trip is a published indicator (UNODC, Migrant Smuggling by Air, 2010)."
    " A refugee's or stateless person's travel document counts as a passport: it must never work against its holder.",
    labels={
        "P": "passport or like document",
        "ID": "identity card",
        "V": "visa",
        "R": "residence permit",
        "S": "seafarer's book",
        "O": "document of another kind",
    },
)
def document_type(record: TravellerRecord) -> str | None:
    """Kind of the main document; a refugee's or stateless person's travel document is not told from a passport.

    >>> document_type(traveller(document__type="ID")), document_type(traveller(document__type="T"))
    ('ID', 'P')
    """
    if not record.documents:
        return None
    kind = record.documents[0].type
    return "P" if kind == "T" else kind


@feature(
    label="age of the document",
    unit="days",
    expects=Monotone.DECREASING,
    indicators=(7,),
    reason=ReasonText(
        code="DO02",
        raises="The document was issued {value:.0f} days before the crossing, more recently than usual",
        lowers="The document was issued {value:.0f} days before the crossing, no more recently than usual",
        missing="The date of issue is not known",
    ),
    because="A document issued shortly before travel is a published indicator of document fraud and smuggling (PAXLST"
    " DTM 182; GTAS).",
)
def document_age_days(record: TravellerRecord) -> float | None:
    """Days from the issue of the main document to the crossing.

    >>> document_age_days(traveller(issue_date="2026-03-04"))
    10
    >>> document_age_days(traveller(issue_date="2026-04-01")) is None  # an impossible order
    True
    """
    document = main_document(record)
    if document is None or document.issue_date is None:
        return None
    days = (crossing_day(record) - document.issue_date).days
    return days if days >= 0 else None


@feature(
    label="document issued after the booking",
    expects=Monotone.INCREASING,
    indicators=(7,),
    message="PNR",
    reason=ReasonText(
        code="DO03",
        raises="The document was issued after the journey was booked",
        lowers="The document existed when the journey was booked",
        missing="Whether the document existed at booking is not known",
    ),
    because="A document obtained for one journey is a published indicator of document fraud and smuggling (PAXLST DTM"
    " 182 against PNRGOV DAT 700). First-time travellers also book first.",
)
def issued_after_booking(record: TravellerRecord) -> bool | None:
    """Whether the main document was issued on a later day than the booking was created.

    >>> issued_after_booking(traveller(issue_date="2026-02-20", booked_at="2026-02-01T11:00Z"))
    True
    """
    document, booking = main_document(record), record.booking
    if document is None or document.issue_date is None or booking is None or booking.created_at is None:
        return None
    return document.issue_date > booking.created_at.date()


@feature(
    label="validity left after the stay",
    unit="days",
    expects=Monotone.DECREASING,
    indicators=(8,),
    reason=ReasonText(
        code="DO04",
        raises="The document is valid for {value:.0f} days after the stay, fewer than usual",
        lowers="The document is valid for {value:.0f} days after the stay, no fewer than usual",
        missing="The validity of the document after the stay is not known",
    ),
    because="A document that expires soon after the stay is a published indicator of document fraud (GTAS rules on"
    " expiry dates); most states ask for six months.",
)
def validity_after_stay_days(record: TravellerRecord) -> float | None:
    """Days that the main document stays valid after the stay; zero where it ends before the stay does.

    Where the length of stay is not known, the days are counted from the crossing.

    >>> validity_after_stay_days(traveller(expiry_date="2026-04-05", stay_days=12))
    10.0
    """
    document = main_document(record)
    if document is None or document.expiry_date is None:
        return None
    stay = record.journey.stay_days if record.journey is not None else None
    return max(0.0, (document.expiry_date - crossing_day(record)).days - (stay or 0.0))


@feature(
    label="document expires during the stay",
    expects=Monotone.INCREASING,
    indicators=(8,),
    reason=ReasonText(
        code="DO05",
        raises="The document expires before the end of the stay",
        lowers="The document is valid until the end of the stay",
        missing="Whether the document outlasts the stay is not known",
    ),
    because="A document that expires before the end of the stay is a published indicator of document fraud (GTAS"
    " rules on expiry dates).",
)
def expires_during_stay(record: TravellerRecord) -> bool | None:
    """Whether the main document expires before the stay ends.

    >>> expires_during_stay(traveller(expiry_date="2026-03-20", stay_days=12))
    True
    """
    document, journey = main_document(record), record.journey
    if document is None or document.expiry_date is None or journey is None or journey.stay_days is None:
        return None
    return (document.expiry_date - crossing_day(record)).days < journey.stay_days


@feature(
    label="period of validity",
    unit="years",
    indicators=(8,),
    reason=ReasonText(
        code="DO06",
        raises="The document was issued for {value:.1f} years: more frequent among confirmed cases",
        lowers="The document was issued for {value:.1f} years: less frequent among confirmed cases",
        missing="The period of validity is not known",
    ),
    because="Issuers use fixed periods, five or ten years as a rule; an unusual period points to an emergency or"
    " altered document (ICAO Doc 9303 part 2 on dates; GTAS rules on expiry dates).",
)
def validity_years(record: TravellerRecord) -> float | None:
    """Years from issue to expiry of the main document.

    >>> round(validity_years(traveller(issue_date="2021-02-01", expiry_date="2031-01-31")), 1)
    10.0
    """
    document = main_document(record)
    if document is None or document.issue_date is None or document.expiry_date is None:
        return None
    days = (document.expiry_date - document.issue_date).days
    return days / _DAYS_PER_YEAR if days >= 0 else None


@feature(
    label="check digits of the zone",
    expects=Monotone.INCREASING,
    indicators=(9,),
    reason=ReasonText(
        code="DO07",
        raises="A check digit of the machine-readable zone does not hold",
        lowers="All check digits of the machine-readable zone hold",
        missing="No machine-readable zone was submitted",
    ),
    because="A wrong check digit means a reading error or a changed zone (ICAO Doc 9303 part 3).",
)
def mrz_fails(record: TravellerRecord) -> bool | None:
    """Whether a check digit of any submitted zone fails.

    >>> mrz_fails(traveller(document__mrz_check_digits_ok=False))
    True
    """
    seen = None
    for document in record.documents:
        if document.mrz_check_digits_ok is False:
            return True
        seen = False if document.mrz_check_digits_ok else seen
    return seen


@feature(
    label="zone against message",
    expects=Monotone.INCREASING,
    indicators=(9,),
    reason=ReasonText(
        code="DO08",
        raises="Machine-readable zone and message differ in number, birth or expiry",
        lowers="Machine-readable zone and message agree",
        missing="Machine-readable zone and message could not be compared",
    ),
    because="A zone that differs from what the carrier was told is a published indicator of document fraud (ICAO Doc"
    " 9303; GTAS). Typing errors are the usual cause.",
)
def mrz_disagrees(record: TravellerRecord) -> bool | None:
    """Whether any zone and the message say different things.

    >>> mrz_disagrees(traveller(document__mrz_agrees=False))
    True
    """
    seen = None
    for document in record.documents:
        if document.mrz_agrees is False:
            return True
        seen = False if document.mrz_agrees else seen
    return seen


@feature(
    label="documents",
    unit="documents",
    indicators=(11,),
    reason=ReasonText(
        code="DO09",
        raises="Documents presented, {value:.0f} in all: more frequent among confirmed cases",
        lowers="Documents presented, {value:.0f} in all: less frequent among confirmed cases",
        missing="No document was submitted",
    ),
    because="Several documents for one journey are unusual without a visa or permit among them (UNODC, Migrant"
    " Smuggling by Air, 2010).",
)
def document_count(record: TravellerRecord) -> float | None:
    """Documents in the record.

    >>> document_count(traveller())
    1
    """
    return len(record.documents) or None


@feature(
    label="air travel without a passport",
    expects=Monotone.INCREASING,
    indicators=(11,),
    reason=ReasonText(
        code="DO10",
        raises="Travelling by air without passport or other travel document in book form",
        lowers="Travelling by air with a passport or other travel document in book form",
        missing="Whether a passport was presented for air travel is not known",
    ),
    because="By air, an identity card or permit alone is an unusual document for the trip (UNODC, Migrant Smuggling by"
    " Air, 2010). By land identity cards are usual, so the question is not asked there.",
)
def no_passport_by_air(record: TravellerRecord) -> bool | None:
    """Whether none of the documents of an air passenger is a passport or like one; unknown for land and sea.

    >>> no_passport_by_air(traveller(document__type="ID")), no_passport_by_air(traveller(mode="land"))
    (True, None)
    """
    if record.crossing.mode != "air" or not record.documents:
        return None
    known = False
    for document in record.documents:
        if document.type in _BOOKS:
            return False
        known = known or document.type is not None
    return True if known else None


@feature(
    label="visa or residence permit",
    expects=Monotone.DECREASING,
    indicators=(11,),
    reason=ReasonText(
        code="DO11",
        raises="No visa or residence permit is among the documents",
        lowers="A visa or residence permit is among the documents",
        missing="Whether a visa or permit exists is not known",
    ),
    because="A visa or permit means that an authority examined the traveller before (the opposite of an unusual"
    " document set, UNODC 2010). Many travellers need none.",
)
def has_visa_or_permit(record: TravellerRecord) -> bool | None:
    """Whether a visa or a residence permit is among the documents.

    >>> has_visa_or_permit(traveller(documents=[{"type": "P"}, {"type": "V"}]))
    True
    """
    for document in record.documents:
        if document.type in _PERMISSIONS:
            return True
    return False if record.documents else None
