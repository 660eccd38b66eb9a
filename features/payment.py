"""How the journey was paid for, and by whom."""

from features.record import TravellerRecord
from features.spec import Monotone, ReasonText, feature


@feature(
    label="cash payment",
    expects=Monotone.INCREASING,
    indicators=(2,),
    message="PNR",
    reason=ReasonText(
        code="PY01",
        raises="The ticket was paid in cash",
        lowers="The ticket was not paid in cash",
        missing="The form of payment was not given",
    ),
    because="Cash payment is a published indicator of smuggling and trafficking (GTAS handling of the form of payment)."
    " It is usual where few people hold cards, so it never counts alone.",
)
def paid_in_cash(record: TravellerRecord) -> bool | None:
    """Whether the form of payment is cash.

    >>> paid_in_cash(traveller(payment_method="CA")), paid_in_cash(traveller(booking=None))
    (True, None)
    """
    booking = record.booking
    return None if booking is None or booking.payment_method is None else booking.payment_method == "CA"


@feature(
    label="payment by voucher or exchange",
    expects=Monotone.INCREASING,
    indicators=(2,),
    message="PNR",
    reason=ReasonText(
        code="PY02",
        raises="The ticket was paid by voucher or by exchange of another ticket",
        lowers="The ticket was not paid by voucher or exchange",
        missing="Whether a voucher was used for payment was not given",
    ),
    because="Like cash, a voucher or an exchanged ticket does not show where the money came from (GTAS handling of the"
    " form of payment, values MS and VOC).",
)
def paid_by_voucher(record: TravellerRecord) -> bool | None:
    """Whether the form of payment is a voucher or a miscellaneous document.

    >>> paid_by_voucher(traveller(payment_method="VOC"))
    True
    """
    booking = record.booking
    return None if booking is None or booking.payment_method is None else booking.payment_method in {"VOC", "MS"}


@feature(
    label="government request",
    expects=Monotone.DECREASING,
    indicators=(2,),
    message="PNR",
    reason=ReasonText(
        code="PY03",
        raises="The ticket was not issued on a government request",
        lowers="The ticket was issued on a government request",
        missing="Whether a government requested the ticket was not given",
    ),
    because="A government transport request names an accountable payer, the opposite of the cash indicator (PNRGOV FOP,"
    " value GR).",
)
def paid_by_government(record: TravellerRecord) -> bool | None:
    """Whether the ticket was issued on a government request.

    >>> paid_by_government(traveller(payment_method="GR"))
    True
    """
    booking = record.booking
    return None if booking is None or booking.payment_method is None else booking.payment_method == "GR"


@feature(
    label="payer outside of the booking",
    expects=Monotone.INCREASING,
    indicators=(3,),
    message="PNR",
    reason=ReasonText(
        code="PY04",
        raises="The payer is not one of the travellers on the booking",
        lowers="The payer is one of the travellers on the booking",
        missing="Whether the payer travels was not given",
    ),
    because="A payer who does not travel is a published indicator of smuggling and trafficking (airline training"
    " material). Relatives and employers pay for others, too, so it never counts alone.",
)
def third_party_payer(record: TravellerRecord) -> bool | None:
    """Whether somebody who is not on the booking paid.

    >>> third_party_payer(traveller(payer_is_traveller=False))
    True
    """
    booking = record.booking
    return None if booking is None or booking.payer_is_traveller is None else not booking.payer_is_traveller


@feature(
    label="consecutive ticket numbers",
    expects=Monotone.INCREASING,
    indicators=(19,),
    message="PNR",
    reason=ReasonText(
        code="PY05",
        raises="The ticket number runs on from another booking of the same payer",
        lowers="The ticket number does not run on from another booking of the same payer",
        missing="Whether ticket numbers run on from another booking was not given",
    ),
    because="Consecutive tickets with one payer over separate bookings are a published indicator of an organised group"
    " (PNRGOV TKT and FOP; GTAS).",
)
def consecutive_ticket(record: TravellerRecord) -> bool | None:
    """Whether the ticket number runs on from another booking of the same payer.

    >>> consecutive_ticket(traveller(ticket_is_consecutive=True))
    True
    """
    return None if record.booking is None else record.booking.ticket_is_consecutive
