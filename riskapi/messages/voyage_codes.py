"""The names and codes of the UK's voyage manifests, with what each code means in a traveller record."""

from typing import Literal

Mode = Literal["air", "sea", "land"]

MODES: dict[str, Mode] = {"AIR": "air", "SEA": "sea", "LAND": "land", "RAIL": "land", "ROAD": "land"}

VOYAGE_FIELDS = frozenset(
    {
        "ArrivalPortCode",
        "CarrierCode",
        "CarrierType",
        "DeparturePortCode",
        "DeparturePortCountryCode",
        "EventCode",
        "FileId",
        "PassengerList",
        "ScheduledDateOfArrival",
        "ScheduledDateOfDeparture",
        "ScheduledTimeOfArrival",
        "ScheduledTimeOfDeparture",
        "VoyageKey",
        "VoyageNumber",
        "VoyageNumberTrailingLetter",
    }
)
"""What a voyage may say; anything else is told as ignored."""

PASSENGER_FIELDS = frozenset(
    {
        "Age",
        "DisembarkationPortCode",
        "DisembarkationPortCountryCode",
        "DocumentIssuingCountryCode",
        "DocumentLevel",
        "DocumentType",
        "InTransitFlag",
        "NationalityCountryCode",
        "NationalityCountryEEAFlag",
        "PersonType",
        "PoavKey",
    }
)
"""What an entry of the list may say; anything else is told as ignored."""
