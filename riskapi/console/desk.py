"""/console/desk: the queue of referred travellers, and a case with everything that a reader does with it."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from features.risk import Audience
from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action, Purpose
from riskapi.access.principal import Principal
from riskapi.access.purpose import Use
from riskapi.audit import note_view, seen_by
from riskapi.console import desk_view
from riskapi.console.desk_forms import REASON, WRITTEN, act_of, reading_of
from riskapi.console.desk_versions import versions_of
from riskapi.console.entry import SEE_OTHER
from riskapi.console.forms import Form, Sent
from riskapi.console.languages import language_of
from riskapi.console.pages import moment, page
from riskapi.deps import Caller, ServicesDep
from riskapi.desk import forms
from riskapi.desk.bodies import case_body
from riskapi.desk.desk import Desk
from riskapi.desk.guidance import CHECKLIST, PROTECTION_RULES
from riskapi.desk.what_if import what_if
from riskapi.edge import NOTES
from riskapi.errors import ConflictError, FourEyesError, InvalidBodyError, kind_of
from riskapi.moments import iso
from riskapi.outcome_form import DEPTHS
from riskapi.privacy.letter import Block
from riskapi.privacy.letter import letter as letter_of
from riskapi.privacy.redress import person_explanation
from riskapi.record_search import RECORD_ID_MAX, decisions_of_record
from riskapi.routes.desk import cursor_of
from riskapi.services import Services
from riskapi.storage.desk import CaseKey, Stored
from riskapi.storage.desk_queue import COUNT_MAX, QueueFilter

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

PAGE_ROWS: Final = 25
ROUNDS_MAX: Final = 20
"""How often a page asks for the counts anew: a page that nobody looks at must not keep its session."""
_SHOWS: Final = ("waiting", "disputed", "held")
_REFUSALS = (InvalidBodyError, FourEyesError, ConflictError)
_Word = Annotated[str, Query(max_length=40)]
Act = Callable[[Desk, CaseKey, Any, Use], Stored]


def use_of(caller: Principal, services: Services) -> Use:
    """What a reader uses the data for, as the place in the console says it.

    Raises:
        PermissionDeniedError: for who is answered for no audience.
        PurposeError: where that purpose is not allowed here.
    """
    caller.require_audience()
    protects = caller.audiences == {Audience.PROTECTION}
    return Use(caller, services.purposes.check(caller, Purpose.PROTECTION if protects else Purpose.BORDER_CONTROL))


@router.get("/console/desk")
@allows(Action.DESK_REVIEW)
def queue(  # noqa: PLR0917 - the framework fills them by name
    request: Request,
    caller: Caller,
    services: ServicesDep,
    show: _Word = "waiting",
    point: _Word = "",
    mode: _Word = "",
    band: _Word = "",
    waited_minutes: _Word = "",
    after: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Show the cases that the reader can take, or has."""
    use_of(caller, services)
    show = show if show in _SHOWS else "waiting"
    minutes = min(int(waited_minutes), 525_600) if waited_minutes.isdecimal() else 0
    since = iso(services.clock() - timedelta(minutes=minutes)) if minutes else None
    wanted = QueueFilter(
        point.strip() or None, mode or None, band or None, "disputed" if show == "disputed" else "open", since
    )
    if show == "held":
        rows = services.desk.held(caller, COUNT_MAX)
    else:
        rows = services.desk.waiting(caller, wanted, cursor_of(after), PAGE_ROWS + 1)
    more = show != "held" and len(rows) > PAGE_ROWS
    rows = rows[:PAGE_ROWS] if more else rows
    return page(
        request,
        "desk/queue.html",
        show=show,
        rows=rows,
        wanted={"point": point, "mode": mode, "band": band, "waited_minutes": waited_minutes, "show": show},
        next=f"{rows[-1].scored_at}~{rows[-1].decision_id}" if more else None,
        hours=[(one, _hour(services, caller, one)) for one in sorted({row.point for row in rows})],
        now=services.clock(),
        counts=services.desk.counts(caller),
        round=0,
        fresh_token=_fresh_token,
        protects=caller.audiences == {Audience.PROTECTION},
        rules=PROTECTION_RULES,
        contacts=services.settings.desk_protection_contacts,
        minutes_since=lambda at: _minutes_between(at, services.clock()),
    )


@router.get("/console/desk/counts")
@allows(Action.DESK_REVIEW)
def counts(
    request: Request,
    caller: Caller,
    services: ServicesDep,
    round: Annotated[int, Query(ge=0)] = 0,  # noqa: A002 - of the address
) -> Response:
    """Show how many cases there are now: a part of a page, which asks for itself again a bounded number of times."""
    use_of(caller, services)
    return page(request, "desk/counts.html", counts=services.desk.counts(caller), round=min(round, ROUNDS_MAX))


@router.get("/console/desk/cases/{decision_id}")
@allows(Action.DESK_REVIEW)
def case(
    decision_id: str,
    request: Request,
    caller: Caller,
    services: ServicesDep,
    beside: Annotated[str, Query(max_length=36)] = "",
) -> Response:
    """Show a case, and beside its record the version of another decision where there is one."""
    return _case_page(request, services, decision_id, use_of(caller, services), beside=beside)


@router.post("/console/desk/find")
@allows(Action.DESK_REVIEW)
def find(request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Find the cases of a record by the id that its sender gave it; of one case the page is shown at once."""
    use, record_id = use_of(caller, services), sent.text("record_id").strip()[:RECORD_ID_MAX]
    rows = decisions_of_record(services, record_id, use) if record_id else []
    cases = [row for row in rows if services.desk.has_case(row.decision_id, caller)]
    if len(cases) == 1:
        return RedirectResponse(f"/console/desk/cases/{cases[0].decision_id}", SEE_OTHER)
    return page(request, "desk/found.html", cases=cases, record_id=record_id)


@router.get("/console/desk/cases/{decision_id}/letter")
@allows(Action.REDRESS)
def letter(decision_id: str, request: Request, caller: Caller, services: ServicesDep) -> Response:
    """Show what the person concerned is told, to be printed and handed to them."""
    blocks = _letter(decision_id, request, caller, services)
    return page(request, "desk/letter.html", blocks=blocks, decision_id=decision_id)


@router.get("/console/desk/cases/{decision_id}/letter.pdf")
@allows(Action.REDRESS)
def letter_file(decision_id: str, request: Request, caller: Caller, services: ServicesDep) -> Response:
    """Hand out the same letter as a PDF, in the language of the page."""
    from riskapi.privacy.letter_pdf import letter_pdf  # noqa: PLC0415 - by those alone who ask for one

    blocks, language = _letter(decision_id, request, caller, services), language_of(request)
    headers = {"content-disposition": f'attachment; filename="letter-{decision_id[:8]}.pdf"'}
    made = letter_pdf(blocks, language.code, language.direction)
    return Response(made, media_type="application/pdf", headers=headers)


def _letter(decision_id: str, request: Request, caller: Principal, services: Services) -> list[Block]:
    """What the person concerned is told; that it was written is on record before."""
    purpose = services.purposes.check(caller, Purpose.REDRESS)
    row, answer, _ = seen_by(services.decisions, decision_id, caller)
    services.desk.require_shown(row.decision_id, caller)
    note_view(services.journal, "person_explanation", row, Use(caller, purpose))
    told = person_explanation(row, answer, services.settings, services.limits)
    return list(letter_of(told, language_of(request).say, moment(row.scored_at, services.settings.time_zone)))


@router.post("/console/desk/cases/{decision_id}/claim")
@allows(Action.DESK_REVIEW)
def claim(decision_id: str, request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Take a case."""
    return _do(request, services, decision_id, use_of(caller, services), sent, (forms.ClaimRequest, Desk.claim))


@router.post("/console/desk/cases/{decision_id}/release")
@allows(Action.DESK_REVIEW)
def release(decision_id: str, request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Give a case back; the reader is led to the queue."""
    acts = forms.ReleaseRequest, Desk.release
    return _do(request, services, decision_id, use_of(caller, services), sent, acts, "/console/desk")


@router.post("/console/desk/cases/{decision_id}/hand-over")
@allows(Action.DESK_REVIEW)
def hand_over(decision_id: str, request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Hand a case over; the reader is led to the queue."""
    acts = forms.HandOverRequest, Desk.hand_over
    return _do(request, services, decision_id, use_of(caller, services), sent, acts, "/console/desk")


@router.post("/console/desk/cases/{decision_id}/first-view")
@allows(Action.DESK_REVIEW)
def first_view(decision_id: str, request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Note an own view."""
    acts = forms.FirstViewRequest, Desk.first_view
    return _do(request, services, decision_id, use_of(caller, services), sent, acts)


@router.post("/console/desk/cases/{decision_id}/open")
@allows(Action.DESK_REVIEW)
def open_score(decision_id: str, request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Have the score shown."""
    return _do(request, services, decision_id, use_of(caller, services), sent, (forms.OpenRequest, Desk.open))


@router.post("/console/desk/cases/{decision_id}/note")
@allows(Action.DESK_REVIEW)
def note(decision_id: str, request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Write a note."""
    return _do(request, services, decision_id, use_of(caller, services), sent, (forms.NoteRequest, Desk.note))


@router.post("/console/desk/cases/{decision_id}/reading")
@allows(Action.DESK_REVIEW)
def reading(decision_id: str, request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """End a reading."""
    return _do(request, services, decision_id, use_of(caller, services), sent, (forms.ReadingRequest, Desk.read))


@router.post("/console/desk/cases/{decision_id}/what-if")
@allows(Action.DESK_REVIEW)
def try_values(decision_id: str, request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Show what the model says of other values; alone, or as a part of the page of the case."""
    use = use_of(caller, services)
    key = services.desk.key_of(decision_id, None, caller)
    scored = services.desk.scored(key, sent.text("risk"), use)
    told, problem = None, ""
    try:
        told = what_if(scored, list(desk_view.changes_of(scored, sent)))
    except InvalidBodyError as error:
        problem = " ".join(f"{one.rule}." for one in error.problems)
    return page(
        request,
        "desk/what_if_part.html" if request.headers.get("hx-request") == "true" else "desk/what_if.html",
        422 if problem and request.headers.get("hx-request") != "true" else 200,  # a script shows what is 200 alone
        key=key,
        told=told,
        problem=problem,
        risk=sent.text("risk"),
        features=desk_view.features_of(scored, sent),
    )


def _do(  # noqa: PLR0917 - one request
    request: Request,
    services: Services,
    decision_id: str,
    use: Use,
    sent: Form,
    act: tuple[type[BaseModel], Act],
    then: str | None = None,
) -> Response:
    """Do an act and lead to the page that shows it; where it is refused, say why and keep what was written."""
    model, does = act
    key = services.desk.key_of(decision_id, None, use.caller)
    try:
        form = reading_of(sent, services.settings.time_zone) if model is forms.ReadingRequest else act_of(sent, model)
        stored = does(services.desk, key, form, use)
    except _REFUSALS as error:
        return _case_page(request, services, decision_id, use, sent, error)
    request.scope[NOTES] |= {"decision_id": key.decision_id, "desk": stored.standing.version}
    return RedirectResponse(then or f"/console/desk/cases/{key.decision_id}", SEE_OTHER)


def _case_page(  # noqa: PLR0917 - one page
    request: Request,
    services: Services,
    decision_id: str,
    use: Use,
    sent: Form | None = None,
    error: Exception | None = None,
    *,
    beside: str = "",
) -> Response:
    key = services.desk.key_of(decision_id, None, use.caller)
    shown = services.desk.show(key, use)
    request.scope[NOTES]["decision_id"] = key.decision_id
    audience = Audience(key.audience)
    holds = shown.standing.held_by == use.caller.name
    written = {} if sent is None else {name: sent.text(name) for name in WRITTEN if sent.text(name)}
    return page(
        request,
        "desk/case.html",
        200 if error is None else kind_of(error).status.value,
        key=key,
        case=case_body(shown, use.caller),
        versions=versions_of(services, shown, use, beside),
        holds=holds,
        topics=desk_view.topics_of(shown),
        upstream=desk_view.upstream_of(shown),
        scores=[(risk, desk_view.shown_steps(risk)) for risk in shown.risks or ()],
        reasons=list(desk_view.reasons_of(shown.risks)),
        observed=desk_view.observed_words,
        views=forms.VIEWS,
        verdicts=forms.VERDICTS,
        codes=services.outcomes.codes_of(audience),
        evidence=desk_view.EVIDENCE_TAKEN,
        roles=desk_view.ROLES_TAKEN,
        depths=DEPTHS,
        checklist=CHECKLIST[audience],
        protects=audience is Audience.PROTECTION,
        rules=PROTECTION_RULES,
        contacts=services.settings.desk_protection_contacts,
        sent=(lambda name: "" if sent is None else sent.text(name)),
        reason_field=REASON,
        written={} if holds else written,
        problems=_told(error),
        fresh_token=_fresh_token,
        local_now=f"{services.clock().astimezone(ZoneInfo(services.settings.time_zone)):%Y-%m-%dT%H:%M}",
    )


def _told(error: Exception | None) -> list[str]:
    """What a refusal says, each problem with its remedy."""
    if isinstance(error, InvalidBodyError):
        return [f"{_place(one.place)}: {one.rule}. {one.remedy}" for one in error.problems]
    return [] if error is None else [str(error)]


def _place(place: str) -> str:
    return place.removeprefix("outcome.").replace("_", " ").capitalize()


def _fresh_token() -> str:
    """A token for one form: sent twice, it counts once."""
    return secrets.token_urlsafe(18)


def _hour(services: Services, caller: Principal, point: str) -> dict[str, Any]:
    """What came of a crossing point in this hour, and the places that the policy has for it."""
    start = services.clock().replace(minute=0, second=0, microsecond=0)
    bounds = iso(start), iso(start + timedelta(hours=1))
    policy = services.selector.policy
    names = {model.risk for model in services.active.live.for_audiences(caller.audiences).models}
    slots = {name: policy.of(name).slots_at(point) for name in sorted(names)}
    return {
        "came": sum(services.desk.arrived(point, audience, *bounds) for audience in caller.audience_names),
        "slots": {name: value for name, value in slots.items() if value is not None},
    }


def _minutes_between(at: str, now: datetime) -> int:
    return max(0, int((now - datetime.fromisoformat(at)).total_seconds() // 60))
