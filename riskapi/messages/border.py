"""Which side of a border a message is about: arrivals or departures of the country that receives it."""

from dataclasses import replace
from typing import Any

from features.record import TravellerRecord
from riskapi.messages.base import Message
from riskapi.messages.ports import country_of


def seen_from(message: Message, country: str | None) -> Message:
    """Turn a message about a way out of a country into departures.

    Carriers send the same list and the same booking to the country that travellers leave and to the one that they
    reach, and nothing in them says to which: without a country every traveller is taken to arrive.

    Args:
        message: whose ports tell the way.
        country: that receives it, ISO 3166-1 alpha-3; ``None`` where nobody said.

    Returns:
        The same message; who leaves the country has its port and the time of departure as the crossing.
    """
    if country is None:
        return message
    entries = tuple(entry._replace(record=_seen(entry.record, country)) for entry in message.entries)
    return replace(message, entries=entries)


def _seen(record: TravellerRecord, country: str) -> TravellerRecord:
    crossing, legs = record.crossing, () if record.journey is None else record.journey.legs
    leg = next((leg for leg in reversed(legs) if leg.destination == crossing.point), None)
    if leg is None or leg.origin is None or crossing.direction == "out":
        return record
    if country_of(leg.origin) != country or country_of(crossing.point) in {country, None}:
        return record
    left = crossing.model_copy(
        update={"point": leg.origin, "direction": "out", "expected_at": leg.departs_at or crossing.expected_at}
    )
    changed: dict[str, Any] = {"crossing": left}
    if record.traveller is not None and crossing.direction == "transit" and record.traveller.passenger_type == "I":
        changed["traveller"] = record.traveller.model_copy(update={"passenger_type": "P"})  # the transit is abroad
    return record.model_copy(update=changed)
