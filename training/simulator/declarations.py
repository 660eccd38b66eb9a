"""What documents show and what travellers say: papers, purpose, lodging, guardians."""

import numpy as np

from training.simulator.columns import MINUTES_PER_DAY, Columns, draw_flags, draw_texts, open_stream
from training.simulator.travellers import ADULT_FROM_YEARS, Travellers
from training.simulator.world import LAND, World


def draw_documents(world: World, columns: Columns, travellers: Travellers) -> Columns:
    """Draw the main document of each crossing.

    The document of a traveller stays the same until it expires, but for a few that were issued shortly before.

    Returns:
        Columns with one entry per crossing: ``doc_age_days``, ``doc_left_days`` (both at the crossing),
        ``doc_renewals``, ``doc_type``, ``zone_read``, ``zone_fails``, ``zone_disagrees``, ``verified``.
    """
    settings = world.parameters.documents
    rng = open_stream(world.seed, "documents", int(columns["week"][0]))
    who, lean, mode = columns["traveller"], columns["lean"], columns["mode"]
    count = len(who)
    day = columns["minute"] // MINUTES_PER_DAY
    validity = travellers.document_validity[who]
    lived = travellers.document_phase[who] + day
    renewals, age = lived // validity, lived % validity
    fresh = draw_flags(rng, settings.fresh_share, 0.5 * lean)
    age = np.where(fresh, np.minimum(rng.exponential(settings.fresh_days, count), 200).astype(np.int64), age)
    # A validity is full years, so the fresh document keeps the holder's length.
    expired = rng.random(count) < settings.expired_share
    age = np.where(expired, validity + rng.integers(1, 120, count), age)
    neighbours = (mode == LAND) & (rng.random(count) < settings.land_identity_card)
    odd = draw_texts(rng, {"T": 0.4, "O": 0.3, "S": 0.15, "R": 0.15}, count)
    kind = np.where(travellers.odd_document[who], odd, np.where(neighbours, "ID", "P"))
    zone_read = rng.random(count) < np.array(settings.zone_read.in_order)[mode]
    return {
        "doc_age_days": age,
        "doc_left_days": validity - age,
        "doc_renewals": renewals + fresh,
        "doc_type": kind,
        "is_odd": travellers.odd_document[who],
        "zone_read": zone_read,
        "zone_fails": zone_read & draw_flags(rng, settings.check_digit_failure, 0.3 * lean),
        "zone_disagrees": zone_read & draw_flags(rng, settings.zone_disagrees, 0.3 * lean),
        "verified": rng.random(count) < settings.carrier_verifies,
    }


def draw_stays(world: World, columns: Columns) -> Columns:
    """Draw purpose, lodging and, for minors, the guardian.

    Returns:
        Columns with one entry per crossing; a purpose or lodging left open is ``None``.
    """
    settings = world.parameters.stays
    rng = open_stream(world.seed, "stays", int(columns["week"][0]))
    count, lean = len(columns["row"]), columns["lean"]
    party = columns["party"]
    bookings = len(columns["lead"])
    purpose = draw_texts(rng, settings.purposes, bookings)[party]
    # At land posts trade and family are the rule.
    trader = (columns["mode"] == LAND) & (rng.random(bookings) < settings.land_traders)[party]
    purpose = np.where(trader, draw_texts(rng, {"trade": 0.5, "family": 0.5}, bookings)[party], purpose)
    lodging = draw_texts(rng, settings.accommodations, bookings)[party]
    hosted = (purpose == "family") & (rng.random(bookings) < settings.hosted_families)[party]
    lodging = np.where(hosted, "private", lodging)
    engaged = (purpose == "work") & (rng.random(bookings) < settings.lodged_workers)[party]
    lodging = np.where(engaged, "employer", lodging)
    open_share = np.array(settings.missing.in_order)[columns["mode"]]
    no_purpose = draw_flags(rng, open_share, 0.4 * lean)
    no_lodging = draw_flags(rng, open_share, 0.4 * lean)
    minor = columns["age"] < ADULT_FROM_YEARS
    alone = columns["party_size"] == 1
    strangers = ~columns["is_family"]
    unguarded = np.where(
        alone,
        rng.random(count) < settings.guardian_missing_alone,
        draw_flags(rng, settings.guardian_missing, 1.5 * strangers),
    )
    record_share = np.where(unguarded, settings.guardian_record_without, settings.guardian_record)
    purpose[no_purpose], lodging[no_lodging] = None, None
    return {
        "purpose": purpose,
        "lodging": lodging,
        "undeclared": no_purpose | no_lodging,
        "minor": minor,
        "guardian_missing": minor & unguarded,
        "guardian_record": minor & (rng.random(count) < record_share),
        "land_stay_declared": rng.random(count) < settings.land_stay_declared,
        "shared_address": draw_flags(rng, settings.shared_address, lean),
    }
