"""POST /v1/scores: one record in, an assessment with its reasons out, on disk before it leaves."""

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.callers import CALLER
from riskapi.access.guard import DirectRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.access.purpose import PARAMETER_BESIDE_RECORDS, Use, stated_purpose
from riskapi.body import check_media_type, read_body, strict_json
from riskapi.deciding import Asked, Case, Decided, decide
from riskapi.decisions import Claim
from riskapi.describe import RECORD_REF, body_of, problems, request_body
from riskapi.edge import NOTES
from riskapi.errors import StillInFlightError
from riskapi.idempotency import PARAMETER, REPLAYED, sent_key
from riskapi.reading import read_record
from riskapi.schemas import RECORD_EXAMPLES, ScoreAnswer
from riskapi.services import Services

router = APIRouter(tags=["scores"], route_class=DirectRoute)


@router.post(
    "/v1/scores",
    response_model=ScoreAnswer,
    responses=problems(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra={
        **request_body(body_of(RECORD_REF, examples=RECORD_EXAMPLES)),
        "parameters": [PARAMETER, PARAMETER_BESIDE_RECORDS],
    },
)
@allows(Action.SCORE)
async def score(request: Request) -> Response:
    """Assess one record.

    The answer holds one assessment for each risk whose audience the key has, each with its own model, band, interval
    and reasons. It leaves when the decision is on disk; where that fails, the answer is 503 and no score is given.
    Facts that are never stored may be sent: they are dropped, and `dropped_fields` names them. Crew is not scored.

    With an `Idempotency-Key`, a request that is sent again gets the bytes of the first answer and the header
    `Idempotent-Replayed: true`; no second decision is made. The same key with another body is refused.
    """
    services: Services = request.app.state.services
    principal: Principal = request.scope[CALLER]
    principal.require_audience()
    settings = services.settings
    _, announced = check_media_type(request.scope)
    raw = await read_body(request.receive, announced, settings.body_limit_bytes, settings.body_timeout_seconds)
    headers = request.scope["headers"]
    key = sent_key(headers)
    stated = stated_purpose(headers)
    if key is None:
        return await _stored(request, services, await services.turns.add(Asked(principal, stated, raw)))
    sent = read_record(raw)
    use = Use(principal, services.purposes.check(principal, stated, sent.record.purpose_code))
    claim = services.idempotency.claim(key, principal, strict_json(raw))
    found = await _replay(request, services, principal, sent.record.record_id, claim)
    if found is not None:  # looked for before the flight: many may be answered as before at once
        return found
    with services.idempotency.flight(principal, claim):
        return await _stored(request, services, decide(services, services.active.live, Case(use, sent, claim)))


async def _stored(request: Request, services: Services, decided: Decided) -> Response:
    """Answer once a decision is on disk."""
    answer, row, assessment = decided
    refused = await services.writer.append((row,))
    if refused and row.claim is not None:  # another process was faster with the same key
        caller: Principal = request.scope[CALLER]
        found = await _replay(request, services, caller, assessment.record_id, row.claim)
        if found is None:
            raise StillInFlightError("The first request with this key is not answered yet. Send it again in a moment.")
        return found
    services.metrics.count(assessment)
    notes = request.scope[NOTES]
    notes["decision_id"] = row.decision_id
    notes["digests"] = row.digests
    notes["bands"] = [risk.band for risk in assessment.risks]
    return Response(answer, media_type="application/json")


async def _replay(
    request: Request, services: Services, principal: Principal, record_id: str, claim: Claim
) -> Response | None:
    """Answer as the first request with a key was answered, if there was one."""
    found = await asyncio.to_thread(services.idempotency.answered, principal, claim, record_id)
    if found is None:
        return None
    decision_id, answer = found
    request.scope[NOTES] |= {"decision_id": decision_id, "replayed": True}
    return Response(answer, media_type="application/json", headers={REPLAYED: "true"})
