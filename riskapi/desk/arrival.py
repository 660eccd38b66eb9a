"""Which stored decisions come to the desk, and what is settled of each when it comes: nobody chooses it later."""

import hmac
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from models.abstention import INSUFFICIENT
from riskapi.decisions import DecisionRecord

_DRAW_BYTES = 8
_DRAWS: float = 256**_DRAW_BYTES
_REFERRED = frozenset({"score", "random"})


class Arrival(NamedTuple):
    """A case for one audience, in the order of the columns that take it.

    Attributes:
        band: as the queue shows it; ``None`` where the reader's own view comes first, and of who is not scored.
        first_view: ``none``, or why the own view comes first: drawn for it (``lane``), or referred at random (``arm``).
            Whoever is referred at random has to look like the others: a low band in the queue would tell them apart.
        by_score: whether the score alone would have referred the traveller.
        readings: persons who have to read the case, each for themselves.
    """

    decision_id: str
    audience: str
    unit: str
    principal: str
    scored_at: str
    crossing_at: str
    point: str
    mode: str
    band: str | None
    first_view: str
    by_score: bool
    readings: int
    state: str = "open"
    held_by: str = ""
    held_until: str = ""
    version: int = 0


COLUMNS = dict.fromkeys(Arrival._fields, "text") | {"by_score": "bool", "readings": "int4", "version": "int4"}
"""Of :class:`Arrival`, with their PostgreSQL types."""


class DeskPolicy(NamedTuple):
    """How cases are read.

    Attributes:
        first_view_share: share whose reader notes an own view before the score is shown.
        second_share: share that a second person reads.
        second_bands: what a second person always reads: names of bands, or ``risk:band``.
    """

    first_view_share: float
    second_share: float
    second_bands: tuple[str, ...] = ()


class Arrivals:
    """Makes the cases of decisions.

    A case is drawn for an own view or a second reader where HMAC-SHA256 of the month's key over ``<decision
    id>|<audience>|<what>``, read as a number from 0 to 1, lies below the share, as in the random lane.

    Args:
        policy: how cases are read.
        key_of: gives the desk's key of a month (YYYY-MM).
    """

    def __init__(self, policy: DeskPolicy, key_of: Callable[[str], bytes]) -> None:
        self._policy = policy
        self._key_of = lru_cache(maxsize=2)(key_of)

    def of(self, row: DecisionRecord) -> Iterator[Arrival]:
        """Make a case for each audience that is asked to look."""
        asked = _asked(tuple(row.referrals))
        if not asked:
            return
        crossing: dict[str, str] = orjson.loads(row.input)["crossing"]
        risks: Sequence[dict[str, Any]] = orjson.loads(row.answer)["risks"]
        for audience, is_drawn, by_score in asked:
            scored = [risk for risk in risks if risk["audience"] == audience]
            view = "arm" if is_drawn else "lane" if self._drawn(row, audience, "first_view") else "none"
            yield Arrival(
                row.decision_id,
                audience,
                row.unit,
                row.principal,
                row.scored_at,
                crossing["expected_at"],
                crossing["point"],
                crossing["mode"],
                _band(scored) if view == "none" else None,
                view,
                by_score,
                2 if self._is_read_twice(row, audience, scored) else 1,
            )

    def _is_read_twice(self, row: DecisionRecord, audience: str, risks: Sequence[dict[str, Any]]) -> bool:
        bands = {name for risk in risks for name in (risk["band"], f"{risk['risk']}:{risk['band']}")}
        return not bands.isdisjoint(self._policy.second_bands) or self._drawn(row, audience, "second")

    def _drawn(self, row: DecisionRecord, audience: str, what: str) -> bool:
        share = self._policy.second_share if what == "second" else self._policy.first_view_share
        digest = hmac.digest(self._key_of(row.month), f"{row.decision_id}|{audience}|{what}".encode(), "sha256")
        return int.from_bytes(digest[:_DRAW_BYTES]) < share * _DRAWS


@lru_cache(maxsize=1024)
def _asked(referrals: tuple[str, ...]) -> tuple[tuple[str, bool, bool], ...]:
    """Read who is asked to look: each audience, whether it was by the draw, and whether the score alone would have.

    There are few different referrals, so that decisions without one cost next to nothing.

    >>> _asked(("enforcement:score:1.0", "enforcement:none:0.02", "protection:random:0.02"))
    (('enforcement', False, True), ('protection', True, False))
    """
    found: dict[str, tuple[bool, bool]] = {}
    for audience, word, chance in (one.split(":") for one in referrals):
        if word in _REFERRED:
            is_drawn, by_score = found.get(audience, (False, False))
            here = word == "score" or float(chance) >= 1
            found[audience] = is_drawn or word == "random", by_score or here
    return tuple((audience, *how) for audience, how in sorted(found.items()))


def _band(risks: Sequence[dict[str, Any]]) -> str | None:
    """The band of the risk that stands highest among its reference population; one that is given goes first."""
    found = max(risks, key=lambda risk: (risk["band"] != INSUFFICIENT, risk["percentile"]), default=None)
    return None if found is None else str(found["band"])
