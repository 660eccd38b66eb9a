"""What the desk answers, and how a case is put into it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import Field

from features.risk import Audience
from riskapi.access.principal import Principal
from riskapi.desk.acts import DeskEvent, Standing, State, shows_readings, visible_notes
from riskapi.desk.desk import ShownCase
from riskapi.schemas import IntervalBody, ModelRefBody, ReasonBody, Wire
from riskapi.storage.desk import CaseFacts, Stored
from riskapi.storage.desk_queue import QueueRow


class QueueCaseBody(Wire):
    """A case as the queue shows it."""

    decision_id: str
    audience: Audience
    unit: str
    scored_at: datetime
    crossing_at: datetime
    point: str
    mode: str
    band: Annotated[str | None, Field(description="Null where the reader's own view comes first")]
    view_first: bool
    state: State
    held_by: Annotated[str, Field(description="Who took it last; empty where nobody has it")]
    held_until: Annotated[datetime | None, Field(description="Until when nobody else can take it")]
    version: int


class QueueBody(Wire):
    """A page of the queue, the longest waiting first."""

    cases: list[QueueCaseBody]
    next: Annotated[str | None, Field(description="Send it as `after` for the next page; null at the end")]


class CountsBody(Wire):
    """How many cases there are for the caller now; 1000 stands for that many or more."""

    waiting: int
    disputed: Annotated[int, Field(description="Two readers found different things: a third person resolves them")]
    held: int


class ActAnswer(Wire):
    """A case after an act."""

    decision_id: str
    audience: Audience
    state: State
    version: Annotated[int, Field(description="To be sent with the next act")]
    held_by: str
    held_until: datetime | None
    repeated: Annotated[bool, Field(description="Whether this form was on record before")]


class ShownRiskBody(Wire):
    """One risk as it is shown at the desk: without how the traveller came to be referred."""

    risk: str
    statement: str
    probability: float
    interval: IntervalBody
    percentile: float
    band: str
    abstained: list[str]
    baseline: float
    log_odds: float
    standard_error: float
    reasons_for: list[ReasonBody]
    reasons_against: list[ReasonBody]
    other_contributions: float
    missing: list[str]
    out_of_range: list[str]
    model: ModelRefBody
    advice: str | None


class NoteBody(Wire):
    """A note, or why a case was given back or handed over."""

    person: str
    at: datetime
    note: str


class ReadingBody(Wire):
    """What a reader found."""

    person: str
    at: datetime
    resolves: Annotated[bool, Field(description="Whether it settled what two readers had found differently")]
    first_view: Annotated[str | None, Field(description="The reader's own view before the score was shown")]
    view: str
    reasons: list[dict[str, str]]
    outcome: dict[str, Any]
    note: str | None


class CaseBody(ActAnswer):
    """A case as its reader may see it: score and reasons once they were opened, others' views when all is done."""

    repeated: Annotated[bool, Field(exclude=True)] = False
    scored_at: datetime
    needs_first_view: Annotated[bool, Field(description="Whether the caller has to note an own view before the score")]
    opened: Annotated[bool, Field(description="Whether the caller had score and reasons shown in this reading")]
    first_view: Annotated[str | None, Field(description="The caller's own view in this reading")]
    input: dict[str, Any] | None
    identity: Annotated[dict[str, Any] | None, Field(description="Facts of identity by place; null once masked")]
    dropped: list[str]
    risks: Annotated[list[ShownRiskBody] | None, Field(description="Null until they were opened")]
    readings: Annotated[list[ReadingBody] | None, Field(description="Null until the caller may see them")]
    notes: list[NoteBody]
    supersedes: str | None
    superseded_by: list[str]
    kept: Annotated[str | None, Field(description="What is no longer kept, and why")]


def queue_row(row: QueueRow) -> dict[str, Any]:
    """A case of the queue as JSON data."""
    return asdict(row) | {"held_until": row.held_until or None}


def after_act(stored: Stored) -> dict[str, Any]:
    """A case after an act as JSON data."""
    return _about(stored.facts, stored.standing) | {"repeated": stored.repeated}


def case_body(shown: ShownCase, caller: Principal) -> dict[str, Any]:
    """A case as JSON data."""
    facts, standing, row = shown.facts, shown.standing, shown.row
    here = standing.turn, caller.name
    view = standing.first_views.get(here)
    opened = standing.has_opened(caller.name)
    return _about(facts, standing) | {
        "scored_at": row.scored_at,
        "needs_first_view": facts.view_first and standing.state is State.OPEN and view is None and not opened,
        "opened": opened,
        "first_view": None if view is None else view.content["view"],
        "input": None if row.input is None else orjson.loads(row.input),
        "identity": shown.identity or None,
        "dropped": list(row.dropped),
        "risks": shown.risks,
        "readings": _readings(standing) if shows_readings(standing, caller.name) else None,
        "notes": [_note(one) for one in visible_notes(standing, caller.name)],
        "supersedes": row.supersedes,
        "superseded_by": list(row.superseded_by),
        "kept": row.note,
    }


def _about(facts: CaseFacts, standing: Standing) -> dict[str, Any]:
    return {
        "decision_id": facts.key.decision_id,
        "audience": facts.key.audience,
        "state": standing.state.value,
        "version": standing.version,
        "held_by": standing.held_by,
        "held_until": standing.held_until or None,
    }


def _readings(standing: Standing) -> list[Mapping[str, Any]]:
    return [_reading(turn, one, standing) for turn, one in enumerate(standing.readings, 1)]


def _reading(turn: int, event: DeskEvent, standing: Standing) -> Mapping[str, Any]:
    view = standing.first_views.get((turn, event.person))
    said = event.content
    return {
        "person": event.person,
        "at": event.at,
        "resolves": event.act == "resolved",
        "first_view": None if view is None else view.content["view"],
        "view": said["view"],
        "reasons": said["reasons"],
        "outcome": said["outcome"],
        "note": said["note"],
    }


def _note(event: DeskEvent) -> Mapping[str, Any]:
    return {"person": event.person, "at": event.at, "note": event.content["note"]}
