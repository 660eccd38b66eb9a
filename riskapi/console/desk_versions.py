"""Two versions of a record side by side: what a correction or a later message changed, as its reader may see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from riskapi.access.purpose import Use
from riskapi.audit import note_view, seen_by
from riskapi.decisions import StoredDecision
from riskapi.desk.desk import ShownCase
from riskapi.errors import NotFoundError
from riskapi.privacy.plain_facts import plain_facts
from riskapi.privacy.sealing import rejoin
from riskapi.services import Services


@dataclass(frozen=True, slots=True)
class Changed:
    """A fact that two versions tell differently; ``None`` where one does not tell it."""

    label: str
    earlier: str | None
    later: str | None


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of a case's record.

    Attributes:
        others: decisions about them, the earliest first.
        chosen: the one that is shown beside the case; empty for none.
        is_later: whether it came after the one of the case.
        scored_at: when it was scored (UTC, ISO 8601).
        changed: facts that differ.
        same: how many do not.
        is_kept: whether both versions are still there.
    """

    others: tuple[str, ...]
    chosen: str = ""
    is_later: bool = False
    scored_at: str = ""
    changed: tuple[Changed, ...] = ()
    same: int = 0
    is_kept: bool = False


def versions_of(services: Services, shown: ShownCase, use: Use, wanted: str) -> Versions:
    """Put another version of a record beside the one of a case; that it is looked at is on record before.

    Args:
        services: that keep the decisions.
        shown: the case, with the facts that its reader may see.
        use: who asks, and for what.
        wanted: the decision about the other version; the closest one where it is none of the record's.

    Raises:
        StorageError: where the look is not on record.
    """
    row = shown.row
    others = (*([row.supersedes] if row.supersedes else ()), *row.superseded_by)
    if not others:
        return Versions(())
    chosen = wanted if wanted in others else others[-1]
    try:
        other, _, identity = seen_by(services.decisions, chosen, use.caller)
    except NotFoundError:  # of another unit
        return Versions(others)
    note_view(services.journal, "desk_version", other, use)
    mine, theirs = _facts(row, shown.identity), _facts(other, identity)
    is_later = chosen in row.superseded_by
    earlier, later = (mine, theirs) if is_later else (theirs, mine)
    changed = [
        Changed((later.get(place) or earlier[place])[0], _value(earlier, place), _value(later, place))
        for place in dict.fromkeys((*earlier, *later))
        if _value(earlier, place) != _value(later, place)
    ]
    same = sum(_value(earlier, place) == _value(later, place) for place in earlier)
    kept = row.input is not None and other.input is not None
    return Versions(others, chosen, is_later, other.scored_at, tuple(changed) if kept else (), same, kept)


_Facts = Mapping[str, tuple[str, str]]


def _facts(row: StoredDecision, identity: Mapping[str, Any]) -> _Facts:
    """Label and value of each fact by place."""
    if row.input is None:
        return {}
    known = dict(identity)
    return {one.place: (one.label, one.value) for one in plain_facts(rejoin(row.input, orjson.dumps(known)), known)}


def _value(facts: _Facts, place: str) -> str | None:
    found = facts.get(place)
    return None if found is None else found[1]
