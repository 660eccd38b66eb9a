"""How the traveller can be reached: how many ways, never which."""

from features.record import TravellerRecord
from features.spec import Monotone, ReasonText, feature


@feature(
    label="ways of contact",
    unit="ways",
    expects=Monotone.DECREASING,
    indicators=(5,),
    message="PNR",
    reason=ReasonText(
        code="CO01",
        raises="Ways of contact on the booking: {value:.0f}, fewer than usual",
        lowers="Ways of contact on the booking: {value:.0f}, no fewer than usual",
        missing="No contact data was submitted",
    ),
    because="Organised journeys share or omit contact details; how many ways of contact exist is the part of that"
    " published indicator which needs no personal data (GTAS link graph).",
)
def contact_channels(record: TravellerRecord) -> float | None:
    """Ways of contact given: telephone, e-mail, address; from 0 to 3.

    >>> contact_channels(traveller(contact={"phone": "+254700000000"}))
    1
    """
    contact = record.contact
    if contact is None:
        return None
    return (contact.phone is not None) + (contact.email is not None) + (contact.address is not None)


@feature(
    label="kind of e-mail provider",
    indicators=(5,),
    message="PNR",
    reason=ReasonText(
        code="CO02",
        raises="The e-mail provider is of the kind {value}: more frequent among confirmed cases",
        lowers="The e-mail provider is of the kind {value}: less frequent among confirmed cases",
        missing="The kind of e-mail provider was not given",
    ),
    because="An address made for one journey belongs to the published indicator on shared contact details (GTAS link"
    " graph). Most travellers use free providers.",
    labels={"free": "free", "corporate": "corporate", "disposable": "disposable"},
)
def email_provider(record: TravellerRecord) -> str | None:
    """Kind of e-mail provider, as the sender classed it.

    >>> email_provider(traveller(email_class="corporate"))
    'corporate'
    """
    return None if record.contact is None else record.contact.email_class
