"""From facts to records: what breaks a rule of the record is told by its place and left out, the rest is kept."""

import hashlib
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from features.record import TravellerRecord
from riskapi.messages.base import Findings
from riskapi.problems import problems_of

Facts = dict[str, Any]
"""A record in the making: blocks as dicts, lists as tuples, values as the record's types."""

_TRIES = 5
_KEPT_ALWAYS = frozenset({"record_id", "crossing"})


def record_from(facts: Facts, place: str, findings: Findings) -> TravellerRecord | None:
    """Make a record; facts that it does not take are left out and told.

    Args:
        facts: of one traveller.
        place: where the message tells of the traveller.
        findings: where what is left out is told.

    Returns:
        The record, or ``None`` where what every record needs is not there.
    """
    facts = _without_gaps(facts)
    for _ in range(_TRIES):
        try:
            return TravellerRecord.model_validate(facts)
        except ValidationError as error:
            for problem in problems_of(error, TravellerRecord, facts):
                findings.add(f"{place}: {problem.place}", problem.rule, "The traveller is scored without it.")
            broken = [one["loc"] for one in error.errors(include_input=False, include_url=False)]
            left_out = [_leave_out(facts, path) for path in reversed(broken)]  # the last of a list first
            if not any(left_out):
                break
    findings.add(place, "what every record needs", "The traveller is not scored.")
    return None


def _without_gaps(facts: Facts) -> Facts:
    """Leave out what was not sent, and blocks of which nothing was."""
    kept: Facts = {}
    for name, value in facts.items():
        found: Any = value
        if isinstance(value, dict):
            found = _without_gaps(value) or None
        elif isinstance(value, tuple):
            found = tuple(_without_gaps(one) if isinstance(one, dict) else one for one in value)
            found = tuple(one for one in found if one != {}) or None
        if found is not None:
            kept[name] = found
    return kept


def _leave_out(facts: Facts, path: Iterable[Any]) -> bool:
    """Take the fact at a path out; of a list, its whole entry where the path ends there."""
    first, *rest = path
    if first in _KEPT_ALWAYS or first not in facts:
        return False
    value = facts[first]
    if rest and isinstance(value, dict):
        return _leave_out(value, rest)
    if rest and isinstance(value, tuple) and isinstance(rest[0], int) and rest[0] < len(value):
        entry = value[rest[0]]
        if not (len(rest) > 1 and isinstance(entry, dict) and _leave_out(entry, rest[1:])):
            facts[first] = tuple(one for place, one in enumerate(value) if place != rest[0])
        return True
    del facts[first]
    return True


def record_id(voyage: str, day: str, *key: str) -> str:
    """Name a record so that the same traveller of the same voyage, sent again, has the same name.

    Args:
        voyage: readable number of the voyage; its first nine characters are kept.
        day: of the crossing, YYYYMMDD.
        key: what tells the traveller from the others on the voyage.

    >>> record_id("KQ416", "20260314", "K7X2QP", "1") == record_id("KQ416", "20260314", "K7X2QP", "1")
    True
    """
    digest = hashlib.sha256("\x1f".join((voyage, day, *key)).encode()).hexdigest()
    plain = "".join(sign for sign in voyage[:9] if sign.isascii() and sign.isalnum())
    return f"{plain or 'voyage'}-{day}-{digest[:20]}"
