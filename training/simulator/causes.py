"""The latent causes: shapes over a record's facts that the risks and the officers weigh."""

from collections.abc import Callable

import numpy as np

from training.simulator.columns import Columns, Floats

NIGHT_FROM, NIGHT_UNTIL = 20.0, 5.0
"""Local hours."""

Shape = Callable[[Columns], Floats]


def _flag(values: object) -> Floats:
    return np.asarray(values, dtype=np.float64)


def late_booking(c: Columns) -> Floats:
    """Booked one or two days before travel (GTAS #363): full at an hour, half at 44 hours, nearly none at a week."""
    return _flag(c["booked"] / (1.0 + (c["lead_hours"] / 44.0) ** 1.6))


def cash_payment(c: Columns) -> Floats:
    """Paid in cash (GTAS form of payment)."""
    return _flag(c["cash"])


def third_party_payer(c: Columns) -> Floats:
    """The payer does not travel (airline training material)."""
    return _flag(c["third_party"])


def cash_by_third_party(c: Columns) -> Floats:
    """An interaction: cash from somebody who does not travel."""
    return _flag(c["cash"] & c["third_party"])


def one_way(c: Columns) -> Floats:
    """No return or onward leg (GTAS #433)."""
    return _flag(c["one_way"])


def detour(c: Columns) -> Floats:
    """Way travelled longer than the way direct (UNODC 2010): nothing below 1.2, full from twice as long."""
    return np.clip((c["detour_ratio"] - 1.2) / 0.8, 0.0, 1.0)


def long_wait(c: Columns) -> Floats:
    """A connection of many hours (GTAS dwell time): a hump around 18 hours, since a stopover of days is tourism."""
    return np.exp(-0.5 * ((c["longest_wait_hours"] - 18.0) / 6.0) ** 2)


def light_baggage(c: Columns) -> Floats:
    """Less baggage than a long stay asks for (airline training material): an interaction of weight and stay."""
    light = 1.0 / (1.0 + np.exp((c["kilos"] - 9.0) / 2.0))
    long = 1.0 / (1.0 + np.exp(-(c["stay_days"] - 18.0) / 5.0))
    return _flag(c["booked"] * light * long)


def fresh_document(c: Columns) -> Floats:
    """Issued shortly before travel (PAXLST DTM 182): fades within two months."""
    return np.exp(-np.clip(c["doc_age_days"], 0, None) / 50.0)


def expiring_document(c: Columns) -> Floats:
    """Expires within half a year of the stay, or before its end (GTAS #426, #542)."""
    return np.clip(1.0 - (c["doc_left_days"] - c["stay_days"]) / 180.0, 0.0, 1.0)


def one_way_on_fresh_document(c: Columns) -> Floats:
    """An interaction: a new document on a one-way journey."""
    return fresh_document(c) * one_way(c)


def check_digit_failure(c: Columns) -> Floats:
    """A check digit of the zone fails (ICAO 9303)."""
    return _flag(c["zone_fails"])


def zone_disagreement(c: Columns) -> Floats:
    """Zone and message differ (ICAO 9303)."""
    return _flag(c["zone_disagrees"])


def odd_document(c: Columns) -> Floats:
    """Document type unusual for the trip (UNODC 2010)."""
    return _flag(c["is_odd"])


def unverified_data(c: Columns) -> Floats:
    """The carrier did not verify the data (PAXLST GEI)."""
    return _flag(c["booked"] & ~c["verified"])


def name_change(c: Columns) -> Floats:
    """A name changed on the booking (PNRGOV EQN)."""
    return _flag(c["name_changes"] > 0)


def split_booking(c: Columns) -> Floats:
    """Split from another booking (PNRGOV EQN)."""
    return _flag(c["is_split"])


def consecutive_tickets(c: Columns) -> Floats:
    """Ticket numbers run on from another booking of the payer (TKT, FOP)."""
    return _flag(c["consecutive"])


def repeated_short_stays(c: Columns) -> Floats:
    """Many crossings, each short (GTAS travel frequency): an interaction of frequency and stay."""
    often = 1.0 / (1.0 + np.exp(-(c["crossings_12_months"] - 5.0) / 1.2))
    return often / (1.0 + np.exp((c["stay_days"] - 4.0) / 1.0))


def first_crossing(c: Columns) -> Floats:
    """Nothing is known of earlier crossings: fades with each one."""
    return np.exp(-c["crossings_12_months"] / 1.5)


def benign_history(c: Columns) -> Floats:
    """Earlier checks found nothing (C-817/19); its weight is negative, with diminishing returns."""
    return 1.0 - np.exp(-c["benign"] / 1.5)


def stay_undeclared(c: Columns) -> Floats:
    """Purpose or lodging left open (MIDAS)."""
    return _flag(c["undeclared"])


def night_crossing(c: Columns) -> Floats:
    """By land or sea between 20 and 5 local time (judgement): posts are quiet then."""
    local = (c["hour"] + 3.0) % 24.0
    return _flag(~c["by_air"] & ((local >= NIGHT_FROM) | (local < NIGHT_UNTIL)))


def large_party(c: Columns) -> Floats:
    """A booking of five or more (airline training material)."""
    return np.clip((c["party_size"] - 3.0) / 3.0, 0.0, 1.0) * c["booked"]


def minor_without_guardian(c: Columns) -> Floats:
    """A minor with no guardian on the booking (UNODC, Frontex VEGA)."""
    return _flag(c["guardian_missing"])


def minor_without_record(c: Columns) -> Floats:
    """A minor whose guardianship record was not seen (UNODC, Frontex VEGA)."""
    return _flag(c["minor"] & ~c["guardian_record"])


def seated_apart(c: Columns) -> Floats:
    """Seated apart from the party (airline training material)."""
    return _flag(c["apart"])


def checked_in_by_other(c: Columns) -> Floats:
    """Checked in by somebody else (airline training material)."""
    return _flag(c["by_other"])


def work_first_crossing(c: Columns) -> Floats:
    """An interaction: first journey, and for work (IOM: recruitment for domestic work)."""
    return _flag(c["purpose"] == "work") * np.exp(-c["crossings_12_months"] / 2.0)


def employer_lodging(c: Columns) -> Floats:
    """The employer lodges the traveller (MIDAS)."""
    return _flag(c["lodging"] == "employer")


def no_contact(c: Columns) -> Floats:
    """No e-mail, or a disposable one (PNRGOV CTC)."""
    return _flag(c["booked"] & np.isin(c["email_class"], ["none", "disposable"]))


def agency_hub(c: Columns) -> Floats:
    """Booked at an agency through which arranged journeys pass (UNODC 2010)."""
    return _flag(c["is_hub"])


def ring(c: Columns) -> Floats:
    """Arranged by a ring whose telephones, mailboxes and houses come again (GTAS link graph; UNODC 2010)."""
    return _flag(c["ring"])


def reused_document(c: Columns) -> Floats:
    """A passport that a ring lends to one after the other (GTAS, document hash)."""
    return _flag(c["ring_document"])


def courier(c: Columns) -> Floats:
    """On a booking with somebody who escorts ever other children (GTAS travel frequency; Frontex VEGA)."""
    return _flag(c["courier"])


def new_pattern(c: Columns) -> Floats:
    """The pattern of work that starts in the middle of the period: ordinary, but for tickets and baggage."""
    return _flag(c["pattern"])


CAUSES: dict[str, Shape] = {
    shape.__name__: shape
    for shape in (
        late_booking,
        cash_payment,
        third_party_payer,
        cash_by_third_party,
        one_way,
        detour,
        long_wait,
        light_baggage,
        fresh_document,
        expiring_document,
        one_way_on_fresh_document,
        check_digit_failure,
        zone_disagreement,
        odd_document,
        unverified_data,
        name_change,
        split_booking,
        consecutive_tickets,
        repeated_short_stays,
        first_crossing,
        benign_history,
        stay_undeclared,
        night_crossing,
        large_party,
        minor_without_guardian,
        minor_without_record,
        seated_apart,
        checked_in_by_other,
        work_first_crossing,
        employer_lodging,
        no_contact,
        agency_hub,
        new_pattern,
        ring,
        reused_document,
        courier,
    )
}
"""Every cause by name: a shape with values from 0 to 1."""


def measure_causes(columns: Columns) -> dict[str, Floats]:
    """Measure how strongly each cause is present at each crossing."""
    return {name: shape(columns) for name, shape in CAUSES.items()}
