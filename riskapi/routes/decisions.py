"""GET /v1/decisions: what was said before, and every contribution to it, for those whose audience it was for."""

from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from riskapi.audit import explain_again, identity_of, seen_by
from riskapi.deps import DecisionReader, ServicesDep
from riskapi.describe import problems
from riskapi.edge import NOTES
from riskapi.schemas import DecisionBody, ExplanationBody

router = APIRouter(tags=["decisions"])


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


@router.get("/v1/decisions/{decision_id}", response_model=DecisionBody, responses=problems(401, 403, 404, 503))
def decision(decision_id: str, request: Request, caller: DecisionReader, services: ServicesDep) -> Response:
    """Show a stored decision: the record, facts of identity apart from the rest, and the answer as it was given.

    Risks for other audiences than those of the key are left out. A decision with none left is not found. Facts of
    identity are null once they are masked, everything is once it was erased or has expired; `note` says so.
    """
    row, answer = seen_by(services.decisions, decision_id, caller)
    request.scope[NOTES]["decision_id"] = row.decision_id
    identity = identity_of(row)
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
            "note": row.note,
        }
    )


@router.get(
    "/v1/decisions/{decision_id}/explanation",
    response_model=ExplanationBody,
    responses=problems(401, 403, 404, 500, 503),
)
def explanation(decision_id: str, request: Request, caller: DecisionReader, services: ServicesDep) -> Response:
    """Show every contribution to the scores of a stored decision.

    They are computed again from the stored record by the bundle that scored it. Where the log-odds differ from what was
    stored by as little as one bit, nothing is shown and the difference is logged.
    """
    row, answer = seen_by(services.decisions, decision_id, caller)
    request.scope[NOTES]["decision_id"] = row.decision_id
    return _json({"decision_id": row.decision_id, "risks": explain_again(row, answer, services.active)})
