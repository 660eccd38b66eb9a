"""/v1/desk: the queue of referred travellers, and what persons do with each case."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from features.risk import Audience
from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.purpose import PARAMETER, Use
from riskapi.deps import Caller, ServicesDep, StatedPurpose, strict_body
from riskapi.describe import model_body, problems
from riskapi.desk import forms
from riskapi.desk.bodies import ActAnswer, CaseBody, CountsBody, QueueBody, after_act, case_body, queue_row
from riskapi.desk.desk import Desk
from riskapi.desk.measures import DeskMeasures, measure
from riskapi.desk.what_if import WhatIfAnswer, WhatIfRequest, what_if
from riskapi.edge import NOTES
from riskapi.errors import InvalidBodyError, NotFoundError, Problem
from riskapi.ids import is_uuid
from riskapi.moments import iso
from riskapi.routes.monitoring import may_see
from riskapi.services import Services
from riskapi.storage.desk import CaseKey, Stored
from riskapi.storage.desk_history import CASES_MAX, histories
from riskapi.storage.desk_queue import Cursor, QueueFilter

router = APIRouter(tags=["desk"], route_class=GuardedRoute)

PAGE_MAX = 100
_MOMENT_LENGTH = len("2026-03-14T09:40:00.000Z")
_CURSOR = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z~[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
)
_READ_PROBLEMS = (401, 403, 404, 422, 429, 503)
_ACT_PROBLEMS = (400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503)
Code = Annotated[str | None, Query(min_length=1, max_length=40)]


def _limit(services: Services) -> int:
    return services.settings.body_limit_bytes


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


def cursor_of(text: str | None) -> Cursor | None:
    """Read where a page begins.

    Raises:
        InvalidBodyError: where it is no cursor.
    """
    if text is None:
        return None
    at, _, decision_id = text.partition("~")
    if len(at) != _MOMENT_LENGTH or not is_uuid(decision_id):
        raise InvalidBodyError([Problem("after", "is no place in the queue", "Send `next` of the page before.")])
    return Cursor(at, decision_id)


@router.get(
    "/v1/desk/cases",
    response_model=QueueBody,
    responses=problems(*_READ_PROBLEMS),
    openapi_extra={"parameters": [PARAMETER]},
)
@allows(Action.DESK_REVIEW)
def queue(  # noqa: PLR0917 - the framework fills them by name
    caller: Caller,
    purpose: StatedPurpose,
    services: ServicesDep,
    show: Annotated[Literal["waiting", "disputed", "held"], Query(description="Held: by the caller")] = "waiting",
    point: Code = None,
    mode: Code = None,
    band: Annotated[str | None, Query(min_length=1, max_length=40, description="As the queue shows it")] = None,
    waited_minutes: Annotated[int | None, Query(ge=0, le=525_600, description="At least so long")] = None,
    after: Annotated[
        str | None, Query(json_schema_extra={"pattern": _CURSOR}, description="`next` of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> Response:
    """List cases that the caller can take, the longest waiting first, or those that the caller has.

    A case is a traveller whom this service referred, once for each audience that is asked to look; protection officers
    see theirs alone, and nobody else sees those. The queue does not tell who was drawn at random: it shows no band
    where the reader's own view comes first. Cases that the caller read before, or had scored, are left out.
    """
    _ = purpose
    caller.require_audience()
    if show == "held":
        rows = services.desk.held(caller, limit)
        return _json({"cases": [queue_row(row) for row in rows], "next": None})
    since = None if waited_minutes is None else iso(services.clock() - timedelta(minutes=waited_minutes))
    wanted = QueueFilter(point, mode, band, "open" if show == "waiting" else "disputed", since)
    rows = services.desk.waiting(caller, wanted, cursor_of(after), limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return _json(
        {
            "cases": [queue_row(row) for row in rows[:limit]],
            "next": None if last is None else f"{last.scored_at}~{last.decision_id}",
        }
    )


@router.get(
    "/v1/desk/counts",
    response_model=CountsBody,
    responses=problems(401, 403, 429, 503),
    openapi_extra={"parameters": [PARAMETER]},
)
@allows(Action.DESK_REVIEW)
def counts(caller: Caller, purpose: StatedPurpose, services: ServicesDep) -> Response:
    """Count the cases that the caller can take, those that wait for a third person, and those that the caller has."""
    _ = purpose
    caller.require_audience()
    return _json(services.desk.counts(caller))


@router.get(
    "/v1/desk/cases/{decision_id}",
    response_model=CaseBody,
    responses=problems(*_READ_PROBLEMS),
    openapi_extra={"parameters": [PARAMETER]},
)
@allows(Action.DESK_REVIEW)
def case(  # noqa: PLR0917 - the framework fills them by name
    decision_id: str,
    request: Request,
    caller: Caller,
    purpose: StatedPurpose,
    services: ServicesDep,
    audience: Annotated[Audience | None, Query(description="Only for a caller who has both")] = None,
) -> Response:
    """Show a case: the facts of the record, and score, reasons and data quality once the caller had them opened.

    What others noted and found is shown to who resolves the case, and to all when it is closed. Each view is on record
    before it is answered.
    """
    key = services.desk.key_of(decision_id, audience, caller)
    shown = services.desk.show(key, Use(caller, purpose))
    request.scope[NOTES]["decision_id"] = key.decision_id
    return _json(case_body(shown, caller))


@router.get("/v1/desk/measures", response_model=DeskMeasures, responses=problems(401, 403, 404, 422, 429, 503))
@allows(Action.MONITORING_READ)
def measures(
    caller: Caller,
    services: ServicesDep,
    audience: Annotated[Audience, Query(description="Whose desk")] = Audience.ENFORCEMENT,
    days: Annotated[int, Query(ge=1, le=366, description="Cases that were scored in so many days up to now")] = 30,
) -> Response:
    """Show how long readings take, how readers and scores agree with and without the score seen, and two readers.

    Readings of at most 5,000 cases are counted. Each reader's own figures are shown to auditors alone: they are
    there to find out where readers agree with whatever they are shown, not to rank persons.
    """
    if not may_see(caller, audience):
        raise NotFoundError("No desk that this key may see.")
    now = services.clock()
    window = now - timedelta(days=days), now
    found = histories(services.engine, services.subject_keys, audience.value, (iso(window[0]), iso(window[1])))
    told = measure(found, audience, window, cut=len(found) == CASES_MAX, named=Action.LOG_READ in caller.rights)
    return Response(told.model_dump_json(), media_type="application/json")


_Act = Callable[[Desk, CaseKey, Any, Use], Stored]


def _do(form: forms.DeskForm, act: _Act, decision_id: str, request: Request, services: Services, use: Use) -> Response:  # noqa: PLR0917 - one request
    key = services.desk.key_of(decision_id, form.audience, use.caller)
    stored = act(services.desk, key, form, use)
    request.scope[NOTES] |= {"decision_id": key.decision_id, "desk": stored.standing.version}
    return _json(after_act(stored))


def _act(path: str, model: type[forms.DeskForm]) -> dict[str, Any]:
    """What the routes of all acts have alike."""
    return {
        "path": f"/v1/desk/cases/{{decision_id}}/{path}",
        "response_model": ActAnswer,
        "responses": problems(*_ACT_PROBLEMS),
        "openapi_extra": {**model_body(model), "parameters": [PARAMETER]},
    }


Claim = Annotated[forms.ClaimRequest, Depends(strict_body(forms.ClaimRequest, _limit))]
Release = Annotated[forms.ReleaseRequest, Depends(strict_body(forms.ReleaseRequest, _limit))]
HandOver = Annotated[forms.HandOverRequest, Depends(strict_body(forms.HandOverRequest, _limit))]
FirstView = Annotated[forms.FirstViewRequest, Depends(strict_body(forms.FirstViewRequest, _limit))]
Open = Annotated[forms.OpenRequest, Depends(strict_body(forms.OpenRequest, _limit))]
Noted = Annotated[forms.NoteRequest, Depends(strict_body(forms.NoteRequest, _limit))]
Reading = Annotated[forms.ReadingRequest, Depends(strict_body(forms.ReadingRequest, _limit))]


@router.post(**_act("claim", forms.ClaimRequest))
@allows(Action.DESK_REVIEW)
def claim(  # noqa: PLR0917 - the framework fills them by name
    decision_id: str, request: Request, caller: Caller, purpose: StatedPurpose, form: Claim, services: ServicesDep
) -> Response:
    """Take a case, for a time in which nobody else can; take it again to keep it for longer.

    Of two who reach for it at once exactly one gets it, and the other hears who has it.
    """
    return _do(form, Desk.claim, decision_id, request, services, Use(caller, purpose))


@router.post(**_act("release", forms.ReleaseRequest))
@allows(Action.DESK_REVIEW)
def release(  # noqa: PLR0917 - as above
    decision_id: str, request: Request, caller: Caller, purpose: StatedPurpose, form: Release, services: ServicesDep
) -> Response:
    """Give a case back to the queue."""
    return _do(form, Desk.release, decision_id, request, services, Use(caller, purpose))


@router.post(**_act("hand-over", forms.HandOverRequest))
@allows(Action.DESK_REVIEW)
def hand_over(  # noqa: PLR0917 - as above
    decision_id: str, request: Request, caller: Caller, purpose: StatedPurpose, form: HandOver, services: ServicesDep
) -> Response:
    """Hand a case over to a named colleague, with a note; they see the note once they had the score shown."""
    return _do(form, Desk.hand_over, decision_id, request, services, Use(caller, purpose))


@router.post(**_act("first-view", forms.FirstViewRequest))
@allows(Action.DESK_REVIEW)
def first_view(  # noqa: PLR0917 - as above
    decision_id: str, request: Request, caller: Caller, purpose: StatedPurpose, form: FirstView, services: ServicesDep
) -> Response:
    """Note what you think of the traveller by the facts alone, before the score is shown; it is not changed later."""
    return _do(form, Desk.first_view, decision_id, request, services, Use(caller, purpose))


@router.post(**_act("open", forms.OpenRequest))
@allows(Action.DESK_REVIEW)
def open_reasons(  # noqa: PLR0917 - as above
    decision_id: str, request: Request, caller: Caller, purpose: StatedPurpose, form: Open, services: ServicesDep
) -> Response:
    """Have score, reasons, interval and data quality shown; what was on screen is kept, and the log commits to it.

    Nothing is decided before. Where the own view comes first, it has to be noted by then.
    """
    return _do(form, Desk.open, decision_id, request, services, Use(caller, purpose))


@router.post(**_act("note", forms.NoteRequest))
@allows(Action.DESK_REVIEW)
def note(  # noqa: PLR0917 - as above
    decision_id: str, request: Request, caller: Caller, purpose: StatedPurpose, form: Noted, services: ServicesDep
) -> Response:
    """Write a note to a case that you have."""
    return _do(form, Desk.note, decision_id, request, services, Use(caller, purpose))


@router.post(**_act("reading", forms.ReadingRequest))
@allows(Action.DESK_REVIEW)
def reading(  # noqa: PLR0917 - as above
    decision_id: str, request: Request, caller: Caller, purpose: StatedPurpose, form: Reading, services: ServicesDep
) -> Response:
    """End a reading: a verdict on each reason that raises a score, your view, and what was found.

    Where one reader is enough, the outcome is recorded with it, as POST /v1/outcomes would. Where a second one reads,
    who does not see what the first found, it is recorded when both found the same; else a third person resolves the
    case in the same way, and what they found is recorded.
    """
    return _do(form, Desk.read, decision_id, request, services, Use(caller, purpose))


WhatIf = Annotated[WhatIfRequest, Depends(strict_body(WhatIfRequest, _limit))]


@router.post(
    "/v1/desk/cases/{decision_id}/what-if",
    response_model=WhatIfAnswer,
    responses=problems(*_ACT_PROBLEMS, 500),
    openapi_extra={**model_body(WhatIfRequest), "parameters": [PARAMETER]},
)
@allows(Action.DESK_REVIEW)
def try_values(  # noqa: PLR0917 - the framework fills them by name
    decision_id: str,
    caller: Caller,
    purpose: StatedPurpose,
    form: WhatIf,
    services: ServicesDep,
    audience: Annotated[Audience | None, Query(description="Only for a caller who has both")] = None,
) -> Response:
    """Ask the model that scored a case with other values of its features; nothing is stored but that it was asked.

    The answer also has the smallest changes of one feature or two that would have given another band. It is for those
    who had the case opened.
    """
    key = services.desk.key_of(decision_id, audience, caller)
    return _json(what_if(services.desk.scored(key, form.risk, Use(caller, purpose)), form.changes))
