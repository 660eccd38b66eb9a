"""The published indicators that features may rest on: what each says, of which risks, and where it was published."""

from dataclasses import dataclass

FRAUD, SMUGGLING, PROTECTION = "document_fraud", "migrant_smuggling", "trafficking_protection"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One published indicator; it never decides alone.

    Attributes:
        number: stable; features name it.
        says: the indicator in words.
        risks: the risks that the publication speaks of.
        source: where it was published.
    """

    number: int
    says: str
    risks: tuple[str, ...]
    source: str


_LIST = (
    Indicator(
        1,
        "Booked or ticketed one or two days before travel",
        (SMUGGLING, PROTECTION),
        "GTAS demo rules; airline training material",
    ),
    Indicator(2, "Cash payment", (SMUGGLING, PROTECTION), "GTAS, form of payment"),
    Indicator(3, "The payer is not a traveller", (SMUGGLING, PROTECTION), "airline training material"),
    Indicator(4, "One way, no onward or return leg", (SMUGGLING, PROTECTION), "GTAS, trip type"),
    Indicator(
        5,
        "Contact details shared by many unrelated bookings, made for one journey, or absent",
        (FRAUD, SMUGGLING, PROTECTION),
        "GTAS link graph",
    ),
    Indicator(
        6,
        "Agency with a high rate of confirmed cases",
        (SMUGGLING, PROTECTION),
        "UNODC, Migrant Smuggling by Air, 2010",
    ),
    Indicator(7, "Document issued shortly before travel", (FRAUD, SMUGGLING), "PAXLST DTM 182; GTAS"),
    Indicator(8, "Document expires soon after or before the end of the stay", (FRAUD,), "GTAS, expiry dates"),
    Indicator(
        9,
        "A check digit of the machine-readable zone fails, or two messages disagree",
        (FRAUD,),
        "ICAO Doc 9303",
    ),
    Indicator(10, "Document number seen with another identity", (FRAUD, SMUGGLING), "GTAS, document hash"),
    Indicator(
        11,
        "Unusual kind of document for the trip",
        (FRAUD, SMUGGLING),
        "UNODC, Migrant Smuggling by Air, 2010",
    ),
    Indicator(
        12,
        "Extra legs, backtracking, long waits, broken tickets",
        (SMUGGLING, PROTECTION),
        "GTAS, dwell time and non-contiguous itineraries; UNODC 2010",
    ),
    Indicator(
        13,
        "Luggage does not fit the length of stay or the party",
        (SMUGGLING, PROTECTION),
        "airline training material; press on charter flights",
    ),
    Indicator(
        14,
        "Minor alone, with adults who are not on the minor's booking, or without record of a guardian",
        (PROTECTION,),
        "UNODC; Frontex, VEGA handbook",
    ),
    Indicator(
        15,
        "Seated or checked in apart from the person who arranged the journey",
        (PROTECTION,),
        "airline training material",
    ),
    Indicator(
        16,
        "Repeated short stays; frequent escort of different travellers",
        (SMUGGLING, PROTECTION),
        "GTAS, travel frequency",
    ),
    Indicator(17, "Purpose or accommodation missing or unfitting", (SMUGGLING, PROTECTION), "IOM MIDAS"),
    Indicator(18, "Booking split, late name change, many changes", (FRAUD, SMUGGLING), "PNRGOV EQN"),
    Indicator(19, "Consecutive ticket numbers with one payer", (SMUGGLING, PROTECTION), "PNRGOV TKT and FOP"),
    Indicator(
        20,
        "Earlier confirmed case in the agency's own records, for a limited time",
        (FRAUD, SMUGGLING),
        "standard practice",
    ),
    Indicator(
        21,
        "Earlier checks without findings, or an established travel history (lowers)",
        (FRAUD, SMUGGLING, PROTECTION),
        "Court of Justice of the EU, C-817/19: exonerating facts count",
    ),
    Indicator(
        22,
        "Data not verified by the carrier; facts missing against the norm of the message",
        (FRAUD,),
        "PAXLST GEI; GTAS data quality",
    ),
)

INDICATORS = {indicator.number: indicator for indicator in _LIST}
"""Indicators by number."""
