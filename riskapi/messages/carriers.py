"""Carrier and number of a voyage, from the one text or the two that messages write."""

import re
from typing import NamedTuple

_FLIGHT = re.compile(r"([A-Z][A-Z0-9]|[0-9][A-Z]|[A-Z]{3})0*([1-9][0-9]{0,4}[A-Z]?|0)")
_CARRIER = re.compile(r"[A-Z0-9]{2,3}")
_NUMBER = re.compile(r"0*([0-9]{1,5}[A-Z]?)")


class Flight(NamedTuple):
    """Carrier code, and the number with the carrier in front and without leading zeros, so that messages compare."""

    carrier: str | None
    number: str | None


def flight_of(text: str, carrier: str = "") -> Flight:
    """Read what a message calls a flight.

    Args:
        text: carrier and number, or the number alone.
        carrier: code, where the message says it by itself.

    >>> flight_of("KQ0416"), flight_of("0416", "KQ"), flight_of("5Y12A"), flight_of("MV AMANI 12", "")
    (Flight(carrier='KQ', number='KQ416'), Flight(carrier='KQ', number='KQ416'), Flight(carrier='5Y', number='5Y12A'), \
Flight(carrier=None, number='MV AMANI 12'))
    """
    plain, said = text.strip().upper(), carrier.strip().upper()
    said = said if _CARRIER.fullmatch(said) else ""
    number = _NUMBER.fullmatch(plain.removeprefix(said))
    if said and number is not None:
        return Flight(said, said + (number[1].lstrip("0") or "0"))
    found = _FLIGHT.fullmatch(plain.replace(" ", "").replace("-", ""))
    if found is not None:
        return Flight(found[1], found[1] + found[2])
    return Flight(said or None, plain[:40] or None)
