"""POST /v1/decisions/{id}/rectification: a corrected record is assessed again, and both decisions stay linked."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.callers import CALLER
from riskapi.access.guard import DirectRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.access.purpose import PARAMETER_BESIDE_RECORDS, Use, stated_purpose
from riskapi.audit import NOT_FOUND
from riskapi.body import check_media_type, read_body, strict_json
from riskapi.deciding import Case, decide
from riskapi.decisions import Rectifies
from riskapi.describe import RECORD_REF, body_of, problems, request_body
from riskapi.edge import NOTES
from riskapi.errors import InvalidBodyError, NotFoundError, Problem
from riskapi.ids import is_uuid
from riskapi.reading import read_record
from riskapi.schemas import RECTIFICATION_REASONS, ScoreAnswer
from riskapi.services import Services

router = APIRouter(tags=["decisions"], route_class=DirectRoute)

_SCHEMA = {
    "type": "object",
    "required": ["reason", "record"],
    "additionalProperties": False,
    "properties": {
        "reason": {"type": "string", "enum": list(RECTIFICATION_REASONS), "description": "Why it is corrected"},
        "record": RECORD_REF,
    },
}


@router.post(
    "/v1/decisions/{decision_id}/rectification",  # noqa: FAST003 - a direct route reads its own path
    status_code=201,
    response_model=ScoreAnswer,
    responses=problems(400, 401, 403, 404, 408, 413, 415, 422, 429, 503),
    openapi_extra={
        **request_body(body_of(_SCHEMA)),
        "parameters": [
            {"name": "decision_id", "in": "path", "required": True, "schema": {"type": "string"}},
            PARAMETER_BESIDE_RECORDS,
        ],
    },
)
@allows(Action.RECTIFY)
async def rectify(request: Request) -> Response:
    """Assess a corrected record in place of a decision that rested on wrong or outdated facts.

    The answer is a new decision, by the models that are live now. Neither replaces the other in the store: each shows
    the other, and the log tells who corrected what and why. The reason is a code, so that it can name nobody.
    """
    services: Services = request.app.state.services
    principal: Principal = request.scope[CALLER]
    principal.require_audience()
    settings = services.settings
    _, announced = check_media_type(request.scope)
    raw = await read_body(request.receive, announced, settings.body_limit_bytes, settings.body_timeout_seconds)
    reason, parsed = _parts(strict_json(raw))
    sent = read_record(orjson.dumps(parsed), "record")
    purpose = services.purposes.check(principal, stated_purpose(request.scope["headers"]), sent.record.purpose_code)
    original = await asyncio.to_thread(_reached, services, request.path_params["decision_id"], principal)
    answer, row, assessment = decide(services, services.active.live, Case(Use(principal, purpose), sent))
    await services.writer.append((replace(row, rectifies=Rectifies(original, reason)),))
    services.metrics.count(assessment)
    request.scope[NOTES] |= {"decision_id": row.decision_id, "rectifies": original, "digests": row.digests}
    return Response(answer, 201, media_type="application/json")


def _parts(body: Any) -> tuple[str, dict[str, Any]]:
    match body:
        case {"reason": str(reason), "record": dict(record), **other} if not other:
            if reason in RECTIFICATION_REASONS:
                return reason, record
            allowed = ", ".join(RECTIFICATION_REASONS)
            raise InvalidBodyError([Problem("reason", "is no known code", f"Send one of {allowed}.")])
    raise InvalidBodyError(
        [Problem("(body)", "has other parts", "Send an object with `reason` and `record`, no more.")]
    )


def _reached(services: Services, decision_id: str, caller: Principal) -> str:
    """Find the decision that is corrected, as far as the caller may correct it."""
    row = services.decisions.decision(decision_id) if is_uuid(decision_id) else None
    if (
        row is None
        or caller.audiences.isdisjoint(row.audiences)
        or not caller.reaches(Action.RECTIFY, row.principal, row.unit)
    ):
        raise NotFoundError(NOT_FOUND)
    return row.decision_id
