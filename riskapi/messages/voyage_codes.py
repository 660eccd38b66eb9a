"""The names and codes of the UK's voyage manifests, with what each code means in a traveller record."""

from typing import Literal

Mode = Literal["air", "sea", "land"]
DocumentType = Literal["P", "ID", "V", "R", "T", "S", "O"]

MODES: dict[str, Mode] = {"AIR": "air", "SEA": "sea", "LAND": "land", "RAIL": "land", "ROAD": "land"}

DOCUMENT_TYPES: dict[str, DocumentType] = {
    "P": "P",
    "PASSPORT": "P",
    "D": "P",  # diplomatic passport
    "A": "ID",
    "C": "ID",
    "I": "ID",
    "ID": "ID",
    "IP": "ID",  # passport card
    "V": "V",
    "VISA": "V",
    "R": "R",
    "T": "T",
    "S": "S",
    "G": "O",  # passport of a group: not the traveller's own
    "F": "O",  # approved non-standard document
    "M": "O",  # military identity document
    "AC": "O",  # crew member certificate
}

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
