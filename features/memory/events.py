"""What becomes known, as rows to remember: a crossing when it is scored, a finding when it has matured."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from features.memory.keys import OWN, Crossing, derived
from features.outcome import INCONCLUSIVE, NOT_INDEPENDENT, NOTHING_FOUND
from features.risk import RISKS, Audience, Risk

DAY = 86_400
"""Seconds."""

LINKS = ("document", "phone", "email", "address", "stay_address", "traveller")
"""Kinds of key under which crossings are remembered, beside those that an agency declares."""

MATURE_DAYS: Mapping[tuple[str, Audience], int] = {
    ("agency", Audience.ENFORCEMENT): 30,
    ("agency", Audience.PROTECTION): 180,
    ("phone", Audience.ENFORCEMENT): 30,
    ("stay_address", Audience.ENFORCEMENT): 30,
    ("traveller", Audience.ENFORCEMENT): 0,
}
"""Kinds of key under which findings are remembered, and days from a crossing after which its finding may count.

That nothing was found is known at once, a hit only when it is confirmed: a rate over younger checks would be too low.
What concerns protection counts for protection alone.
"""

SELF_CHOSEN = frozenset({"score", "rule"})
"""Selections that are the system's own: a rate that counted them would confirm itself (Ensign et al. 2018)."""

MINOR, SHORT_STAY = 1, 2
"""Flags of a crossing's row."""
CONFIRMED = 1
"""Flag of a finding's row; without it the check found nothing."""
ESCORTS_SHIFT, ESCORTS_MOST = 2, 63
"""Where a row of a reservation keeps how many other minors the adult had escorted, and the most that it can say."""


class Row(NamedTuple):
    """One thing remembered under a key; rows are ordered by time, ties by the other numbers.

    Attributes:
        at: when it counts from [seconds since 1970].
        link: the booking; under a reservation, the traveller.
        who: the person.
        flags: bits.
    """

    at: int
    link: int
    who: int
    flags: int


Rows = Mapping[int, Sequence[Row]]
"""Rows by key, the newest first."""
Remembered = tuple[int, Row]
"""A key and a row to write under it; it takes the place of an older row with the same link and person."""


def keys_read(crossing: Crossing) -> dict[str, int]:
    """Name the keys whose rows tell something about a crossing: kind -> key."""
    keys = dict(crossing.keys)
    for kind, audience in MATURE_DAYS:
        if kind in keys:
            keys[f"{kind} {audience}"] = checks_key(keys[kind], audience)
    if crossing.has_party:
        keys["party"] = derived("party", crossing.booking)
    if not crossing.minor and "traveller" in keys:
        keys["escort"] = derived("escort", crossing.traveller)
    return keys


def checks_key(key: int, audience: Audience) -> int:
    """The key under which the findings about a key are remembered."""
    return derived(f"checks {audience}"[:16], key)


def rows_of_crossing(crossing: Crossing, party: Sequence[Row], escorted: int) -> list[Remembered]:
    """Write a crossing as rows.

    Args:
        crossing: that was scored.
        party: what was remembered of the same reservation, at that moment.
        escorted: other minors whom the traveller had escorted, at that moment.
    """
    at, booking, who = crossing.at, crossing.booking, crossing.who
    flags = SHORT_STAY if crossing.short_stay else 0
    linked = [kind for kind in crossing.keys if kind in LINKS or kind.startswith(OWN)]
    rows = [(crossing.keys[kind], Row(at, booking, who, flags)) for kind in linked]
    if not crossing.has_party:
        return rows
    own = MINOR if crossing.minor else min(escorted, ESCORTS_MOST) << ESCORTS_SHIFT
    rows.append((derived("party", booking), Row(at, crossing.traveller, who, own)))
    for other in party:
        if crossing.minor and not other.flags & MINOR:
            rows.append((derived("escort", other.link), Row(at, booking, who, 0)))
        elif other.flags & MINOR and not crossing.minor:
            rows.append((derived("escort", crossing.traveller), Row(at, booking, other.who, 0)))
    return rows


class Checked(Protocol):
    """What has to be known of a crossing to remember a finding about it."""

    @property
    def at(self) -> int:
        """Moment of scoring [seconds since 1970]."""

    @property
    def booking(self) -> int:
        """The reservation."""

    @property
    def who(self) -> int:
        """The person."""

    @property
    def keys(self) -> Mapping[str, int]:
        """Keys by kind."""


class Finding(NamedTuple):
    """What an independent check found.

    Attributes:
        known_at: when that became known [seconds since 1970].
        confirmed: the audience whose risk it confirmed; ``None`` where nothing was found.
    """

    known_at: int
    confirmed: Audience | None


def finding_of(
    known_at: int, *, code: str, selection: str, role: str, evidence: str, risks: Iterable[Risk] = RISKS.values()
) -> Finding | None:
    """Read an outcome; ``None`` where it may not be counted.

    An outcome counts if it is conclusive, independent evidence that a person decided on, and if the check was not the
    system's own choice.

    >>> finding_of(0, code="nothing_found", selection="random", role="officer", evidence="interview")
    Finding(known_at=0, confirmed=None)
    >>> finding_of(0, code="nothing_found", selection="score", role="officer", evidence="interview") is None
    True
    """
    independent = selection not in SELF_CHOSEN and role != "system" and evidence not in NOT_INDEPENDENT
    if not independent or code in INCONCLUSIVE:
        return None
    if code == NOTHING_FOUND:
        return Finding(known_at, None)
    audience = next((risk.audience for risk in risks if code in risk.outcome_codes), None)
    return None if audience is None else Finding(known_at, audience)


def rows_of_finding(crossing: Checked, finding: Finding) -> list[Remembered]:
    """Write a finding as rows, which count from the day on which it is known and mature."""
    rows = []
    for (kind, audience), days in MATURE_DAYS.items():
        if kind in crossing.keys and finding.confirmed in {None, audience}:
            counts_from = max(finding.known_at, crossing.at + days * DAY)
            flags = 0 if finding.confirmed is None else CONFIRMED
            rows.append(
                (checks_key(crossing.keys[kind], audience), Row(counts_from, crossing.booking, crossing.who, flags))
            )
    return rows
