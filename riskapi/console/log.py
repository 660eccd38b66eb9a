"""/console/log: who looked at what and who decided what, whether the log is whole, and what can be taken along."""

import csv
import io
from typing import Any, Final, NamedTuple

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.console.forms import Sent
from riskapi.console.pages import page
from riskapi.console.verifying import VERIFICATIONS
from riskapi.deps import Caller, ServicesDep
from riskapi.errors import ConflictError
from riskapi.ids import is_uuid
from riskapi.log.entry import Kind
from riskapi.log.events import latest_events
from riskapi.services import Services

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

_SHOWN: Final = 100
_EXPORTED: Final = 50_000
_NO_ID: Final = "This is no id of a decision: leave the field empty, or give all 36 characters."
_COLUMNS: Final = ("at", "writer", "seq", "kind", "by", "decision_id", "purpose", "what", "body")


@router.get("/console/log")
@allows(Action.LOG_READ)
def log(request: Request, caller: Caller, services: ServicesDep, kind: str = "", decision_id: str = "") -> Response:
    """Show the latest events, of one kind or about one decision where that is asked for, and the state of the log."""
    return _log_page(request, services, _Asked(kind, decision_id.strip().lower(), caller))


@router.get("/console/log/events.csv")
@allows(Action.LOG_READ)
def events(caller: Caller, services: ServicesDep, kind: str = "", decision_id: str = "") -> Response:
    """Hand out the same events as a table for a spreadsheet, every cell of it inert."""
    from riskapi.files.write import formula_safe  # noqa: PLC0415 - its columnar library is loaded by files alone

    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(_COLUMNS)
    for one in _events(services, _Asked(kind, decision_id.strip().lower(), caller), _EXPORTED):
        table.writerow(formula_safe(one[name]) for name in _COLUMNS)
    headers = {"content-disposition": 'attachment; filename="events.csv"'}
    return Response(written.getvalue().encode(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/console/log/verify")
@allows(Action.LOG_READ)
def verify(request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:  # noqa: ARG001 - checked
    """Verify every row and every signature of the log now; one verification at a time."""
    asked = _Asked("", "", caller)
    try:
        VERIFICATIONS.run(services)
    except ConflictError as error:
        return _log_page(request, services, asked, error)
    return _log_page(request, services, asked)


class _Asked(NamedTuple):
    """Which events somebody asks for."""

    kind: str
    decision_id: str
    caller: Principal

    @property
    def is_known(self) -> bool:
        """Whether the id is one."""
        return not self.decision_id or is_uuid(self.decision_id)


def _log_page(request: Request, services: Services, asked: _Asked, error: ConflictError | None = None) -> Response:
    return page(
        request,
        "log/log.html",
        200 if error is None else 409,
        problems=([] if error is None else [str(error)]) + ([] if asked.is_known else [_NO_ID]),
        events=_events(services, asked, _SHOWN),
        kinds=[one.value for one in Kind if one is not Kind.DECISION],
        kind=asked.kind,
        decision_id=asked.decision_id,
        heads=services.journal.heads(),
        alarms=[one for one in services.alarms.current if one.name in ("log", "checkpoints", "checkpoint_file")],
        verified=VERIFICATIONS.last(services),
    )


def _events(services: Services, asked: _Asked, most: int) -> list[dict[str, Any]]:
    """Events as rows; outcomes for an audience are for those alone who see its scores."""
    if not asked.is_known:
        return []
    wanted = Kind(asked.kind) if asked.kind in set(Kind) else None
    found = []
    for entry in latest_events(services.engine, most, wanted, asked.decision_id or None):
        told = orjson.loads(entry.body)
        if "audience" in told and told["audience"] not in asked.caller.audiences:
            continue
        found.append(
            {
                "at": entry.at,
                "writer": entry.writer,
                "seq": entry.seq,
                "kind": entry.kind,
                "by": told.pop("by", None) or told.pop("principal", None) or "",
                "decision_id": told.pop("decision_id", None) or "",
                "purpose": told.pop("purpose", None) or "",
                "what": told.pop("what", None) or "",
                "rest": told,
                "body": entry.body.decode(),
            }
        )
    return found
