"""The latest decisions that somebody may open: when and by whom they were asked for, nothing of a traveller."""

from dataclasses import dataclass
from typing import Final

import orjson

from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.log.entry import Kind
from riskapi.storage.journal import Journal

SHOWN: Final = 25
_LOOKED_AT: Final = 500
"""Rows of each chain that are looked through, the latest."""


@dataclass(frozen=True, slots=True)
class RecentDecision:
    """A decision in a list."""

    decision_id: str
    at: str
    principal: str
    unit: str


def recent_decisions(journal: Journal, caller: Principal) -> list[RecentDecision]:
    """The latest decisions within somebody's reach and audience, the last first."""
    found = []
    for writer, head in journal.heads().items():
        for entry in journal.entries(writer, max(0, head.seq - _LOOKED_AT)):
            if entry.kind != Kind.DECISION:
                continue
            told = orjson.loads(entry.body)
            unit = told.get("unit", "")
            if caller.audiences.isdisjoint(told["audiences"]):
                continue
            if caller.reaches(Action.DECISIONS_READ, told["principal"], unit):
                found.append(RecentDecision(told["decision_id"], entry.at, told["principal"], unit))
    return sorted(found, key=lambda one: one.at, reverse=True)[:SHOWN]
