"""The traveller record: every fact that may be submitted, with its type, unit, standard and sensitivity.

Each block but ``record_id`` and ``crossing`` is optional, since a land post has no booking. A fact's
:class:`Sensitivity` says what may become of it; a feature that reads more than it may fails at import
(:mod:`features.reads`). Sources of the standards named here: WCO/IATA/ICAO API guidelines (PAXLST), ICAO PNRGOV,
ICAO Doc 9303, the field names of GTAS, and IOM MIDAS for posts without booking data.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from features.facts import (
    DROPPED,
    Block,
    Code,
    Country,
    Hashed,
    Moment,
    Name,
    NeverStored,
    Port,
    Sensitivity,
    fact,
    never,
    sensitivity_of,
)
from features.mrz import EXAMPLE_TD3, read_mrz
from features.text import READABLE

__all__ = [
    "DROPPED",
    "SCHEMA_VERSION",
    "Baggage",
    "Block",
    "Booking",
    "Contact",
    "Crossing",
    "Document",
    "ExtraName",
    "ExtraValue",
    "Guardian",
    "History",
    "Journey",
    "Leg",
    "Seat",
    "Sensitivity",
    "Stay",
    "Traveller",
    "TravellerRecord",
    "Upstream",
    "sensitivity_of",
]

SCHEMA_VERSION = "1.0"
AGE_MAX = 130
"""Highest age that can be sent, in years; nothing reads ages beyond it."""

F, A, H, C = Sensitivity.FEATURE, Sensitivity.AUDIT, Sensitivity.HASHED, Sensitivity.CHECK


class Crossing(Block):
    """Where, when and how the border is crossed."""

    mode: Literal["air", "sea", "land"] = fact(F, "MIDAS", "Mode of transport", "air", default=...)
    point: Code = fact(A, "MIDAS; LOC", "Border post, port or airport; a calibration group", "NBO", default=...)
    direction: Literal["in", "out", "transit"] = fact(F, "MIDAS; GTAS Flight", "Direction", "in", default=...)
    expected_at: Moment = fact(
        F, "MIDAS; DTM 232", "When the traveller is expected at the border", "2026-03-14T09:40:00Z", default=...
    )


class Traveller(Block):
    """Who travels. Protected facts: for display and fairness audits, never for a score."""

    ref: Code | None = fact(A, "PAXLST RFF ABO", "The carrier's reference of the traveller", "ABO123")
    surname: Name | None = fact(A, "PAXLST NAD; MRZ", "Surname or family name as in the document", "WARSAME")
    given_names: Name | None = fact(A, "PAXLST NAD; MRZ", "Given names as in the document", "AMINA YUSUF")
    date_of_birth: date | None = fact(
        A, "PAXLST DTM 329", "Date of birth", "1991-05-02", derived_by=("is_minor", "unaccompanied_minor")
    )
    age_years: int | None = fact(
        A,
        "UK voyage manifest",
        "Age, where no date of birth is sent",
        34,
        unit="years",
        derived_by=("is_minor", "unaccompanied_minor"),
        ge=0,
        le=AGE_MAX,
    )
    birth_contradicts: tuple[Literal["issue", "crossing"], ...] | None = fact(
        C,
        "this API",
        "What a date of birth that is not here cannot be right with: the issue of the document, the crossing. "
        "Written where the date of birth is kept apart",
        [],
        max_length=2,
    )
    gender: Literal["F", "M", "X", "U"] | None = fact(A, "PAXLST ATT; MRZ", "Gender as in the document", "F")
    nationality: Country | None = fact(A, "PAXLST NAT", "Nationality, ISO 3166-1 alpha-3", "KEN")
    residence_country: Country | None = fact(A, "PAXLST LOC 174", "Country of residence, alpha-3", "KEN")
    passenger_type: Literal["P", "C", "I"] | None = fact(
        F, "GTAS", "Passenger, crew or in transit; crew is not scored", "P"
    )
    frequent_flyer: bool | None = fact(F, "PNRGOV FTI", "Whether a frequent-flyer number exists", example=True)
    biometric_match_ok: bool | None = fact(C, "ICAO 9303", "Result of a biometric comparison upstream", example=True)
    title: NeverStored = never("PAXLST NAD", "Form of address")
    place_of_birth: NeverStored = never("PAXLST LOC 180", "Place of birth")
    frequent_flyer_number: NeverStored = never("PNRGOV FTI", "Number of the frequent-flyer card")
    biometrics: NeverStored = never("ICAO 9303", "Biometric templates and images")
    race: NeverStored = never("PNR Directive 6(4); Kenya DPA s.2", "Race")
    ethnicity: NeverStored = never("PNR Directive 6(4); Kenya DPA s.2", "Ethnic origin")
    religion: NeverStored = never("PNR Directive 6(4); Kenya DPA s.2", "Religion or belief")
    political_opinion: NeverStored = never("PNR Directive 6(4)", "Political opinion")
    union_membership: NeverStored = never("PNR Directive 6(4)", "Trade-union membership")
    health: NeverStored = never("PNR Directive 6(4); Kenya DPA s.2", "Health")
    sexual_life: NeverStored = never("PNR Directive 6(4); Kenya DPA s.2", "Sexual life or orientation")
    marital_status: NeverStored = never("Kenya DPA s.2", "Marital status")
    property_details: NeverStored = never("Kenya DPA s.2", "Property")
    family_names: NeverStored = never("Kenya DPA s.2", "Names of children, parents or spouse")


class Document(Block):
    """A travel document as declared by the carrier or read at the post."""

    type: Literal["P", "ID", "V", "R", "T", "S", "O"] | None = fact(
        F,
        "PAXLST DOC",
        "Passport, identity card, visa, residence permit, refugee or stateless travel document (T), seafarer's book "
        "(S), other",
        "P",
    )
    number: Hashed | None = fact(H, "PAXLST DOC; MRZ", "Document number", "A1234567")
    issue_date: date | None = fact(F, "PAXLST DTM 182", "Date of issue", "2021-02-01")
    expiry_date: date | None = fact(F, "PAXLST DTM 36", "Date of expiry", "2031-01-31")
    issuing_country: Country | None = fact(A, "PAXLST LOC 91", "Issuing country, alpha-3", "KEN")
    mrz: str | None = Field(
        default=None,
        max_length=120,
        exclude=True,
        description="Machine-readable zone; read for its check digits, then dropped",
        examples=[EXAMPLE_TD3],
        json_schema_extra={
            "x-sensitivity": "never",
            "x-standard": "ICAO 9303",
            "x-derived-by": ["mrz_fails", "mrz_disagrees"],
        },
    )
    mrz_check_digits_ok: bool | None = fact(F, "ICAO 9303", "Whether all check digits of the zone hold", example=True)
    mrz_agrees: bool | None = fact(F, "ICAO 9303", "Whether zone and message say the same", example=True)
    sltd_hit: bool | None = fact(C, "INTERPOL SLTD", "Reported stolen or lost, found upstream", example=False)
    chip_auth_ok: bool | None = fact(C, "ICAO PKD", "Whether the chip proved genuine", example=True)
    data_verified: bool | None = fact(F, "PAXLST GEI 173/174", "Whether the carrier verified the data", example=True)


PORT_DERIVATIONS = ("detour_ratio", "backtracks", "broken_route")
"""What may be derived from ports: the shape of the route, never which ports they are."""


class Leg(Block):
    """One leg of the journey."""

    carrier: Annotated[str, Field(pattern="^[A-Z0-9]{2,3}$")] | None = fact(
        A, "PAXLST TDT", "Carrier code", "KQ", derived_by=("carrier_count",)
    )
    flight_number: Code | None = fact(A, "PAXLST TDT", "Number of the flight or voyage", "KQ416")
    origin: Port | None = fact(
        A, "PAXLST LOC 125", "Port of departure, IATA or UN/LOCODE", "MGQ", derived_by=PORT_DERIVATIONS
    )
    destination: Port | None = fact(
        A, "PAXLST LOC 87", "Port of arrival, IATA or UN/LOCODE", "NBO", derived_by=PORT_DERIVATIONS
    )
    departs_at: Moment | None = fact(F, "PAXLST DTM 189", "Departure", "2026-03-14T07:50:00Z")
    arrives_at: Moment | None = fact(F, "PAXLST DTM 232", "Arrival", "2026-03-14T09:40:00Z")


class Journey(Block):
    """The way travelled, leg by leg in order of travel."""

    legs: tuple[Leg, ...] = Field(default=(), max_length=16, description="Legs in order of travel")
    has_return: bool | None = fact(F, "GTAS tripType", "Whether a return or onward leg is booked", example=True)
    stay_days: float | None = fact(F, "GTAS tripDuration", "Days at the destination", 12, unit="days", ge=0, le=3650)


class Booking(Block):
    """The reservation behind the journey."""

    locator: Hashed | None = fact(H, "PNRGOV RCI", "Record locator", "K7X2QP")
    created_at: Moment | None = fact(
        F, "PNRGOV DAT 700", "When the booking was created, not when it last changed", "2026-02-01T11:00:00Z"
    )
    ticketed_at: Moment | None = fact(F, "PNRGOV DAT 710", "When the ticket was issued", "2026-02-01T11:20:00Z")
    changes_count: int | None = fact(F, "PNRGOV", "Changes since creation", 0, unit="changes", ge=0, le=999)
    name_changes_count: int | None = fact(F, "PNRGOV", "Changes of a name", 0, unit="changes", ge=0, le=99)
    is_split: bool | None = fact(F, "PNRGOV EQN", "Whether it was split from another booking", example=False)
    party_size: int | None = fact(
        F, "GTAS coTravelerCount", "Travellers on the booking", 2, unit="persons", ge=1, le=999
    )
    co_traveller_refs: tuple[Code, ...] | None = fact(
        A, "PNRGOV TIF", "References of the other travellers", ["ABO124"], max_length=999
    )
    payment_method: Literal["CC", "CA", "CK", "MS", "GR", "DP", "VOC"] | None = fact(
        F, "PNRGOV FOP", "Card, cash, cheque, miscellaneous, government request, direct payment, voucher", "CC"
    )
    payer_is_traveller: bool | None = fact(F, "PNRGOV FOP, IFT", "Whether the payer is on the booking", example=True)
    card_number: NeverStored = never("PNRGOV FOP", "Number of the payment card")
    card_holder: NeverStored = never("PNRGOV FOP", "Holder of the payment card")
    fare_class: Literal["first", "business", "economy"] | None = fact(F, "PNRGOV TVL", "Cabin", "economy")
    ticket_is_consecutive: bool | None = fact(
        F, "PNRGOV TKT", "Whether ticket numbers run on from another booking of the same payer", example=False
    )
    agency_id: Hashed | None = fact(H, "PNRGOV ORG", "Travel agency", "41200011")
    agency_country: Country | None = fact(A, "PNRGOV ORG", "Country of the agency, alpha-3", "KEN")


class Contact(Block):
    """How the traveller can be reached."""

    phone: Hashed | None = fact(H, "PNRGOV CTC", "Telephone", "+254700000000", derived_by=("contact_channels",))
    email: Hashed | None = fact(
        H, "PNRGOV CTC", "E-mail address", "a.warsame@example.org", derived_by=("contact_channels",)
    )
    email_class: Literal["free", "corporate", "disposable"] | None = fact(
        F, "PNRGOV CTC", "Kind of e-mail provider, told by the sender", "free"
    )
    address: Hashed | None = fact(
        H, "PNRGOV ADD", "Postal address", "PO Box 1, Nairobi", derived_by=("contact_channels",)
    )


class Baggage(Block):
    """Checked baggage."""

    count: int | None = fact(F, "PAXLST MEA; TBD", "Pieces checked", 1, unit="pieces", ge=0, le=99)
    weight_kg: float | None = fact(F, "PAXLST MEA; TBD", "Weight checked", 21.5, unit="kg", ge=0, le=2000)
    is_pooled: bool | None = fact(F, "PNRGOV TBD", "Whether baggage is pooled with others", example=False)
    is_head_of_pool: bool | None = fact(F, "PNRGOV TBD", "Whether this traveller heads the pool", example=False)


class Seat(Block):
    """Where the traveller sits."""

    number: Code | None = fact(A, "PNRGOV SSD", "Seat", "23A")
    apart_from_party: bool | None = fact(F, "PNRGOV SEA", "Whether seated apart from the party", example=False)
    checked_in_by_other: bool | None = fact(
        F, "airline", "Whether somebody else checked the traveller in", example=False
    )


class Guardian(Block):
    """Who is responsible for a minor."""

    on_booking: bool | None = fact(F, "booking", "Whether a guardian is on the booking", example=True)
    record_present: bool | None = fact(F, "officer", "Whether a record of guardianship was seen", example=True)


class Stay(Block):
    """What the traveller says of the stay."""

    purpose_code: (
        Literal["tourism", "business", "family", "study", "work", "transit", "trade", "medical", "other"] | None
    ) = fact(F, "MIDAS", "Declared purpose", "family")
    accommodation_type: Literal["hotel", "private", "rented", "employer", "institution", "none"] | None = fact(
        F, "MIDAS", "Declared accommodation", "private"
    )
    address: Hashed | None = fact(H, "MIDAS", "Address of the stay", "Eastleigh, Nairobi")


class History(Block):
    """What the agency's own records hold of earlier crossings, as known when the record was submitted."""

    crossings_12_months: int | None = fact(F, "MIDAS", "Crossings in 12 months", 3, unit="crossings", ge=0, le=9999)
    days_since_last: float | None = fact(F, "MIDAS", "Days since the last crossing", 41, unit="days", ge=0, le=36500)
    confirmed_benign_crossings: int | None = fact(
        F, "C-817/19", "Earlier checks that found nothing", 2, unit="crossings", ge=0, le=9999
    )
    # What a memory knows (docs/memory.md); a service that keeps one puts its own facts in place of those sent.
    document_other_identities: int | None = fact(
        F,
        "GTAS docHashId",
        "Other persons with the main document's number in 2 years",
        0,
        unit="persons",
        ge=0,
        le=9999,
    )
    phone_unrelated_bookings: int | None = fact(
        F, "GTAS link graph", "Unrelated bookings with the telephone in 90 days", 0, unit="bookings", ge=0, le=9999
    )
    phone_days_since_unrelated: float | None = fact(
        F, "GTAS link graph", "Days since an unrelated booking gave the telephone", 12.5, unit="days", ge=0, le=36500
    )
    email_unrelated_bookings: int | None = fact(
        F, "GTAS link graph", "Unrelated bookings with the e-mail address in 90 days", 0, unit="bookings", ge=0, le=9999
    )
    address_unrelated_bookings: int | None = fact(
        F, "GTAS link graph", "Unrelated bookings with the postal address in 90 days", 0, unit="bookings", ge=0, le=9999
    )
    stay_address_unrelated_bookings: int | None = fact(
        F, "MIDAS", "Unrelated bookings with the address of the stay in 90 days", 0, unit="bookings", ge=0, le=9999
    )
    phone_confirmed_rate: float | None = fact(
        F,
        "GTAS link graph",
        "Others' checks with the telephone that confirmed a case, in a year, smoothed",
        2.0,
        unit="percent",
        ge=0,
        le=100,
    )
    stay_address_confirmed_rate: float | None = fact(
        F, "MIDAS", "The same for the address of the stay", 2.0, unit="percent", ge=0, le=100
    )
    agency_confirmed_rate: float | None = fact(
        F, "UNODC 2010", "The same for the travel agency", 2.0, unit="percent", ge=0, le=100
    )
    agency_protection_rate: float | None = fact(
        F, "UNODC 2010", "The same for findings of protection officers, in 2 years", 2.0, unit="percent", ge=0, le=100
    )
    earlier_confirmed_cases: int | None = fact(
        F, "agency", "Earlier checks of the traveller that confirmed a case, in 2 years", 0, unit="cases", ge=0, le=9999
    )
    earlier_benign_checks: int | None = fact(
        F, "C-817/19", "Earlier checks of the traveller that found nothing, in 2 years", 1, unit="checks", ge=0, le=9999
    )
    earlier_short_stays: int | None = fact(
        F,
        "GTAS travelFrequency",
        "Earlier journeys with a stay of at most 3 days, in a year",
        0,
        unit="journeys",
        ge=0,
        le=9999,
    )
    escorted_minors: int | None = fact(
        F,
        "GTAS travelFrequency",
        "Minors on the traveller's other bookings in a year, without those on this one",
        0,
        unit="persons",
        ge=0,
        le=9999,
    )
    companions_escorted_minors: int | None = fact(
        F,
        "Frontex VEGA",
        "The same for the adult on the booking for whom it is highest",
        0,
        unit="persons",
        ge=0,
        le=9999,
    )


class Upstream(Block):
    """Results of other systems: shown to the reviewer, never an input to a model."""

    watchlist_hit: bool | None = fact(C, "GTAS", "Hit on a watch list", example=False)
    visa_ok: bool | None = fact(C, "Timatic", "Whether a visa requirement is met", example=True)
    document_ok: bool | None = fact(C, "Timatic", "Whether document requirements are met", example=True)


ExtraValue = bool | int | float | Annotated[str, Field(max_length=200), *READABLE]
"""A number, a flag, a category or a date (ISO 8601), as its declaration says."""
ExtraName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]


class TravellerRecord(Block):
    """What was known of one traveller at one crossing when the record was submitted."""

    record_id: Code = fact(A, "sender", "The sender's id of this record", "KQ416-20260314-0042", default=...)
    source_system: Code | None = fact(A, "sender", "The system that sends", "nbo-api-gateway")
    schema_version: Literal["1.0"] | None = fact(A, "this API", "Version of the record's schema", SCHEMA_VERSION)
    purpose_code: Literal["border_control", "training", "test"] | None = fact(
        A,
        "Kenya DPA s.25",
        "Why the record is processed",
        "border_control",
        namesake_for=("stay_purpose", "stay_left_open", "stay_exceeds_purpose"),
    )
    received_at: Moment | None = fact(A, "sender", "When the sender received the data", "2026-03-14T08:00:00Z")
    crossing: Crossing
    message_types_present: tuple[Literal["API", "PNR", "DOC"], ...] | None = fact(
        F, "GTAS MessageType", "Messages that the record was made from", ["API", "PNR"], max_length=3
    )
    messages_disagree: tuple[Literal["birth", "document", "expiry", "gender", "nationality"], ...] | None = fact(
        F,
        "PAXLST, PNRGOV",
        "Facts that messages about the same traveller state differently, by name; empty where they agree",
        ["expiry"],
        max_length=5,
    )
    traveller: Traveller | None = None
    documents: tuple[Document, ...] = Field(default=(), max_length=10, description="Travel documents, main one first")
    journey: Journey | None = None
    booking: Booking | None = None
    contact: Contact | None = None
    baggage: Baggage | None = None
    seat: Seat | None = None
    guardian: Guardian | None = None
    stay: Stay | None = None
    history: History | None = None
    upstream: Upstream | None = None
    extra: Mapping[ExtraName, ExtraValue] = Field(
        default_factory=dict,
        max_length=100,
        description="An agency's own columns, as declared by the live models",
        json_schema_extra={"x-sensitivity": "feature", "x-standard": "agency"},
    )
    ssr: NeverStored = never("PNRGOV SSR", "Special service requests")
    osi: NeverStored = never("PNRGOV IFT", "Other service information")
    free_text: NeverStored = never("PNRGOV IFT, LTS", "Remarks")
    meals: NeverStored = never("PNRGOV SSR", "Meal requests")
    assistance: NeverStored = never("PNRGOV SSR", "Requests for assistance")

    @model_validator(mode="after")
    def _read_then_drop_the_zones(self) -> "TravellerRecord":
        """Keep what a machine-readable zone proves, and nothing of what it says."""
        for document in self.documents:
            if document.mrz is None:
                continue
            zone = read_mrz(document.mrz)
            born = self.traveller.date_of_birth if self.traveller else None
            proven = {
                "mrz": DROPPED,
                "mrz_check_digits_ok": zone is not None and zone.check_digits_ok,
                "mrz_agrees": zone and zone.agrees(number=document.number, born=born, expires=document.expiry_date),
            }
            document.__dict__.update(proven)
            document.__pydantic_fields_set__.update(proven)
        return self
