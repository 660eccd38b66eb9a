"""GET /v1/decisions: what was said before, and every contribution to it, for those whose audience it was for."""

from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.purpose import PARAMETER, Use
from riskapi.audit import check_again, explain_again, note_view, seen_by
from riskapi.deps import Caller, ServicesDep, StatedPurpose
from riskapi.describe import problems
from riskapi.edge import NOTES
from riskapi.schemas import DecisionBody, ExplanationBody

router = APIRouter(tags=["decisions"], route_class=GuardedRoute)


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


@router.get(
    "/v1/decisions/{decision_id}",
    response_model=DecisionBody,
    responses=problems(401, 403, 404, 409, 429, 503),
    openapi_extra={"parameters": [PARAMETER]},
)
@allows(Action.DECISIONS_READ)
def decision(
    decision_id: str, request: Request, caller: Caller, purpose: StatedPurpose, services: ServicesDep
) -> Response:
    """Show a stored decision: the record, facts of identity apart from the rest, and the answer as it was given.

    Risks for other audiences than the caller's are left out. A decision with none left is not found, nor is one that
    the caller's rights do not reach. An auditor does not see who it is about, and alone sees the protected facts. Facts
    of identity are null once they are masked, everything is once it was erased or has expired; `note` says so.

    Each view is on record, with who, when and why, before it is answered.
    """
    row, answer, identity = seen_by(services.decisions, decision_id, caller)
    services.desk.require_shown(row.decision_id, caller)
    request.scope[NOTES]["decision_id"] = row.decision_id
    note_view(services.journal, "decision", row, Use(caller, purpose))
    return _json(
        {
            "writer": row.writer,
            "seq": row.seq,
            "decision_id": row.decision_id,
            "scored_at": row.scored_at,
            "principal": row.principal,
            "unit": row.unit,
            "key_id": row.key_id,
            "purpose": row.purpose,
            "record_id": identity.get("record_id"),
            "digests": [risk["model"]["digest"] for risk in answer["risks"]] if answer is not None else [],
            "dropped": row.dropped,
            "input": None if row.input is None else orjson.Fragment(row.input),
            "identity": identity or None,
            "answer": answer,
            "supersedes": row.supersedes,
            "superseded_by": row.superseded_by,
            "note": row.note,
        }
    )


@router.get(
    "/v1/decisions/{decision_id}/explanation",
    response_model=ExplanationBody,
    responses=problems(401, 403, 404, 409, 429, 500, 503),
    openapi_extra={"parameters": [PARAMETER]},
)
@allows(Action.DECISIONS_READ)
def explanation(
    decision_id: str, request: Request, caller: Caller, purpose: StatedPurpose, services: ServicesDep
) -> Response:
    """Show every contribution to the scores of a stored decision, and the result of every hard check.

    They are computed again from the stored record by the bundle that scored it, and by the checks that were in force.
    Where the log-odds differ from what was stored by as little as one bit, or other checks fail, nothing is shown and
    the difference is logged.
    """
    row, answer, _ = seen_by(services.decisions, decision_id, caller)
    services.desk.require_shown(row.decision_id, caller)
    request.scope[NOTES]["decision_id"] = row.decision_id
    note_view(services.journal, "explanation", row, Use(caller, purpose))
    risks = explain_again(row, answer, services.active)
    return _json({"decision_id": row.decision_id, "risks": risks, "checks": check_again(row, answer, caller.audiences)})
