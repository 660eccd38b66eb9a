"""The declared facts of the memory: which key is asked, over which window, and how its rows become one number."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from features.memory.events import (
    CONFIRMED,
    DAY,
    ESCORTS_SHIFT,
    MINOR,
    SHORT_STAY,
    Remembered,
    Row,
    Rows,
    rows_of_crossing,
)
from features.memory.keys import Crossing

ROWS_PER_KEY = 100
"""Rows of a key that are looked at, the newest first: a fact that counts more says "at least" so many."""
BASE_PERCENT = 2.0
"""Percent of checks that confirm something where nothing is known of a key."""
STRENGTH = 20.0
"""Checks that this base counts for: a few findings do not make a rate."""


class Asked(NamedTuple):
    """What a statistic is computed from: rows within the window, and the crossing that asks."""

    rows: Sequence[Row]
    crossing: Crossing
    party: Sequence[Row]


Statistic = Callable[[Asked], float | None]


def other_identities(asked: Asked) -> int:
    """Other persons under the key."""
    return len({row.who for row in asked.rows} - {asked.crossing.who})


def unrelated_bookings(asked: Asked) -> int:
    """Bookings under the key that have neither reservation nor person in common with the traveller's own."""
    return len({row.link for row in _unrelated(asked)})


def days_since_unrelated(asked: Asked) -> float | None:
    """Days since an unrelated booking used the key; ``None`` where none did."""
    newest = max((row.at for row in _unrelated(asked)), default=None)
    return None if newest is None else (asked.crossing.at - newest) / DAY


def short_stays(asked: Asked) -> int:
    """Earlier journeys of the traveller with a short stay."""
    return len({row.link for row in _earlier(asked) if row.flags & SHORT_STAY})


def confirmed_rate(asked: Asked) -> float:
    """Percent of the checks of others under the key that confirmed something, drawn towards the base."""
    found = [bool(row.flags & CONFIRMED) for row in _unrelated(asked)]
    return (100.0 * sum(found) + STRENGTH * BASE_PERCENT) / (len(found) + STRENGTH)


def confirmed_cases(asked: Asked) -> int:
    """Earlier checks of the traveller that confirmed something."""
    return sum(bool(row.flags & CONFIRMED) for row in _earlier(asked))


def benign_checks(asked: Asked) -> int:
    """Earlier checks of the traveller that found nothing."""
    return sum(not row.flags & CONFIRMED for row in _earlier(asked))


def escorted_minors(asked: Asked) -> int:
    """Minors whom the traveller had on other bookings, without those on this one."""
    here = {row.who for row in asked.party if row.flags & MINOR}
    return len({row.who for row in _earlier(asked)} - here)


def escorted_by_companions(asked: Asked) -> int:
    """Most other minors whom an adult on the booking had escorted before."""
    return max((row.flags >> ESCORTS_SHIFT for row in asked.rows if not row.flags & MINOR), default=0)


def _earlier(asked: Asked) -> list[Row]:
    return [row for row in asked.rows if row.link != asked.crossing.booking]


def _unrelated(asked: Asked) -> list[Row]:
    """Rows of other bookings by persons with whom the traveller shares no booking under the key."""
    booking, who = asked.crossing.booking, asked.crossing.who
    own = {row.link for row in asked.rows if row.who == who}
    own.add(booking)
    related = {row.who for row in asked.rows if row.link in own}
    related.add(who)
    return [row for row in asked.rows if row.link not in own and row.who not in related]


class MemoryFact(NamedTuple):
    """One declared fact.

    Attributes:
        name: of the fact in :class:`features.record.History`.
        key: kind of key whose rows are asked (:func:`features.memory.events.keys_read`).
        statistic: from rows to the value.
        days: length of the window.
    """

    name: str
    key: str
    statistic: Statistic
    days: int


FACTS = (
    MemoryFact("document_other_identities", "document", other_identities, 730),
    MemoryFact("phone_unrelated_bookings", "phone", unrelated_bookings, 90),
    MemoryFact("phone_days_since_unrelated", "phone", days_since_unrelated, 90),
    MemoryFact("email_unrelated_bookings", "email", unrelated_bookings, 90),
    MemoryFact("address_unrelated_bookings", "address", unrelated_bookings, 90),
    MemoryFact("stay_address_unrelated_bookings", "stay_address", unrelated_bookings, 90),
    MemoryFact("phone_confirmed_rate", "phone enforcement", confirmed_rate, 365),
    MemoryFact("stay_address_confirmed_rate", "stay_address enforcement", confirmed_rate, 365),
    MemoryFact("agency_confirmed_rate", "agency enforcement", confirmed_rate, 365),
    MemoryFact("agency_protection_rate", "agency protection", confirmed_rate, 730),
    MemoryFact("earlier_confirmed_cases", "traveller enforcement", confirmed_cases, 730),
    MemoryFact("earlier_benign_checks", "traveller enforcement", benign_checks, 730),
    MemoryFact("earlier_short_stays", "traveller", short_stays, 365),
    MemoryFact("escorted_minors", "escort", escorted_minors, 365),
    MemoryFact("companions_escorted_minors", "party", escorted_by_companions, 30),
)
"""Every fact that is remembered."""

HORIZON_DAYS = max(fact.days for fact in FACTS)
"""Age at which everything is forgotten."""

Keys = Mapping[str, int]
Facts = Mapping[str, float | None]


def look(crossing: Crossing, keys: Keys, rows: Rows, facts: Sequence[MemoryFact] = FACTS) -> dict[str, float | None]:
    """Compute every fact of a crossing from what is remembered before it.

    Args:
        crossing: that is about to be scored.
        keys: of the crossing, by :func:`features.memory.events.keys_read`.
        rows: of these keys, none younger than the crossing, the newest first.
        facts: to compute, an agency's own among them (:mod:`features.memory.own`).

    Returns:
        Fact -> value; ``None`` where the record does not give the key, or nothing can be said.
    """
    party = rows.get(keys.get("party", -1), ())
    found: dict[str, float | None] = {}
    for fact in facts:
        key = keys.get(fact.key)
        if key is None:
            found[fact.name] = None
            continue
        oldest = crossing.at - fact.days * DAY
        within = [row for row in rows.get(key, ()) if row.at > oldest]
        found[fact.name] = fact.statistic(Asked(within, crossing, party))
    return found


def remembered_of(crossing: Crossing, keys: Keys, rows: Rows, facts: Facts) -> list[Remembered]:
    """Write down a crossing, after its facts were computed from the same rows."""
    party = rows.get(keys.get("party", -1), ())
    return rows_of_crossing(crossing, party, int(facts["escorted_minors"] or 0))
