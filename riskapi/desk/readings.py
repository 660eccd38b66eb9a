"""What readers thought and how long they took, worked out of what was done with a case."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from riskapi.desk.acts import Act, DeskEvent, found_of


@dataclass(frozen=True, slots=True)
class Reading:
    """One person's reading of a case.

    Attributes:
        turn: of the case, from 1.
        at: when it ended (UTC, ISO 8601).
        resolves: whether it settles what two readers found.
        own_view: noted before the score was shown; ``None`` where there is none.
        view: with the score shown.
        verdicts: on reasons: ``risk``, ``code`` and ``verdict``.
        found: whether somebody looked, and what was found.
        minutes: from the last time that the reader took the case anew.
        minutes_open: from the moment at which score and reasons were shown.
    """

    turn: int
    person: str
    at: str
    resolves: bool
    own_view: str | None
    view: str
    verdicts: tuple[Mapping[str, str], ...]
    found: tuple[str, str | None]
    minutes: float
    minutes_open: float


def readings_of(events: Sequence[DeskEvent]) -> Iterator[Reading]:
    """Find the readings of a case.

    Args:
        events: of the case, in order.
    """
    holder, since, turn = "", "", 1
    views: dict[str, str] = {}
    opened: dict[str, str] = {}
    for event in events:
        match event.act:
            case Act.CLAIMED | Act.HANDED_OVER:
                person = event.content.get("to", event.person)
                if person != holder:
                    holder, since = person, event.at
            case Act.RELEASED:
                holder = ""
            case Act.FIRST_VIEW:
                views[event.person] = event.content["view"]
            case Act.OPENED:
                opened.setdefault(event.person, event.at)
            case Act.READ | Act.RESOLVED:
                yield Reading(
                    turn,
                    event.person,
                    event.at,
                    event.act is Act.RESOLVED,
                    views.get(event.person),
                    event.content["view"],
                    tuple(event.content["reasons"]),
                    found_of(event.content),
                    _minutes(since, event.at),
                    _minutes(opened.get(event.person, since), event.at),
                )
                holder, turn = "", turn + 1
                views.clear()
                opened.clear()
            case _:
                pass


def evidence_of(reading: Reading, hashed: str) -> dict[str, Any]:
    """What training may know of a reading: views and verdicts on reasons, by whom as a keyed hash; no note, no outcome.

    Args:
        reading: of a case.
        hashed: stands for the reader.
    """
    return {
        "at": reading.at,
        "by": hashed,
        "own_view": reading.own_view,
        "resolves": reading.resolves,
        "turn": reading.turn,
        "verdicts": [dict(one) for one in reading.verdicts],
        "view": reading.view,
    }


def _minutes(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 60
