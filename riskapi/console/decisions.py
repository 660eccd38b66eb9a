"""/console/decisions: what was said of a traveller and why, for those whom it was for; every view is on record."""

from collections.abc import Iterator
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action, Purpose, Reach
from riskapi.access.principal import Principal
from riskapi.access.purpose import Use
from riskapi.audit import explain_again, note_view, seen_by
from riskapi.console.entry import SEE_OTHER
from riskapi.console.forms import Sent
from riskapi.console.pages import page
from riskapi.console.recent import recent_decisions
from riskapi.console.waterfall import waterfall
from riskapi.deps import Caller, ServicesDep
from riskapi.edge import NOTES
from riskapi.errors import ExplanationMismatchError
from riskapi.ids import is_uuid
from riskapi.record_search import RECORD_ID_MAX, decisions_of_record
from riskapi.services import Services

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

_NO_ID = "This is no id of a decision: it has 36 characters, such as 01a20e46-5f57-727f-9b73-aefde52536fe."


@router.get("/console/decisions")
@allows(Action.DECISIONS_READ)
def search(
    request: Request, caller: Caller, services: ServicesDep, decision_id: str = "", purpose: str = ""
) -> Response:
    """Look for a decision by its id, and list the latest ones that somebody may open; a list shows no traveller."""
    wanted = decision_id.strip().lower()
    if is_uuid(wanted):
        return RedirectResponse(f"/console/decisions/{wanted}{_query(purpose)}", SEE_OTHER)
    return _search_page(request, caller, services, wanted=wanted, problems=[_NO_ID] if wanted else [])


@router.post("/console/decisions/find")
@allows(Action.DECISIONS_READ)
def find(request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Find the decisions about a record by the id that its sender gave it; it stands in no address and in no log."""
    stated = services.purposes.check(caller, sent.text("purpose") or None)
    record_id = sent.text("record_id").strip()[:RECORD_ID_MAX]
    found = decisions_of_record(services, record_id, Use(caller, stated)) if record_id else []
    return _search_page(request, caller, services, record_id=record_id, found=found, purpose=stated)


@router.get("/console/decisions/{decision_id}")
@allows(Action.DECISIONS_READ)
def decision(
    decision_id: str, request: Request, caller: Caller, services: ServicesDep, purpose: str | None = None
) -> Response:
    """Show a decision with every contribution; who looks says what for, and is on record before anything is shown."""
    allowed = _purposes(services, caller)
    if not purpose and len(allowed) > 1:
        return page(request, "decisions/purpose.html", purposes=allowed)
    stated = services.purposes.check(caller, purpose or (allowed[0] if allowed else None))
    row, answer, identity = seen_by(services.decisions, decision_id, caller)
    services.desk.require_shown(row.decision_id, caller)
    request.scope[NOTES]["decision_id"] = row.decision_id
    note_view(services.journal, "decision", row, Use(caller, stated))
    explained, unexplained = _explained(services, row, answer)
    return page(
        request,
        "decisions/decision.html",
        row=row,
        answer=answer,
        identity=identity,
        facts=_facts(row.input),
        explained=explained,
        unexplained=unexplained,
        purpose=stated,
        reads_models=Action.MODELS_READ in caller.rights,
    )


def _search_page(request: Request, caller: Principal, services: Services, **shown: Any) -> Response:
    empty: dict[str, Any] = {"wanted": "", "problems": [], "record_id": "", "found": None, "purpose": None}
    return page(
        request,
        "decisions/search.html",
        **empty | shown,
        purposes=_purposes(services, caller),
        sees_identity=caller.rights.get(Action.DECISIONS_READ) is not Reach.MASKED,
        recent=recent_decisions(services.engine, caller),
    )


def _explained(services: Services, row: Any, answer: dict[str, Any] | None) -> tuple[dict[str, Any], str | None]:
    """The waterfall of each risk, from contributions that were computed again; or why there are none."""
    if answer is None or row.input is None:
        return {}, None
    try:
        again = explain_again(row, answer, services.active)
    except ExplanationMismatchError as error:
        services.log.error("explanation_mismatch", decision_id=row.decision_id, rule=str(error))  # noqa: TRY400 - a trace may show data
        return {}, str(error)
    return {one["risk"]: waterfall(one) for one in again}, None


def _facts(stored: bytes | None) -> list[tuple[str, str]]:
    """The facts of a record by place, as they were used."""
    return [] if stored is None else list(_flat(orjson.loads(stored), ""))


def _flat(node: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _flat(value, f"{place}.{name}" if place else name)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _flat(value, f"{place}[{number}]")
    elif node is not None:
        yield place, str(node).lower() if isinstance(node, bool) else str(node)


def _purposes(services: Services, caller: Principal) -> list[Purpose]:
    """What somebody may state as purpose here."""
    return [one for one in Purpose if one in caller.purposes and one in services.settings.purposes]


def _query(purpose: str) -> str:
    return f"?purpose={purpose}" if purpose in set(Purpose) else ""
