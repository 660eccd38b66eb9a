"""POST /v1/scores: one record in, an assessment with its reasons out, on disk before it leaves."""

import asyncio
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from features.record import TravellerRecord
from riskapi.access.callers import CALLER
from riskapi.access.guard import DirectRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.access.purpose import PARAMETER_BESIDE_RECORDS, Use, stated_purpose
from riskapi.body import check_media_type, read_body, strict_json
from riskapi.decisions import Claim, DecisionRecord
from riskapi.describe import RECORD_REF, body_of, problems, request_body
from riskapi.edge import NOTES
from riskapi.errors import InvalidBodyError, StillInFlightError
from riskapi.idempotency import PARAMETER, REPLAYED
from riskapi.ids import uuid7
from riskapi.live import LiveModels
from riskapi.privacy.sealing import SUBJECT, split, without_record_id
from riskapi.problems import problems_of
from riskapi.rendering import answer_json
from riskapi.schemas import RECORD_EXAMPLES, ScoreAnswer
from riskapi.scoring import Assessment, assess
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
    parsed = strict_json(raw)
    record = read_record(raw, parsed)
    purpose = services.purposes.check(principal, stated_purpose(request.scope["headers"]), record.purpose_code)
    use = Use(principal, purpose)
    claim = services.idempotency.claim(request.scope["headers"], principal, parsed)
    if claim is None:
        return await _score_and_store(request, services, use, record)
    with services.idempotency.flight(principal, claim):
        return await _replay(request, services, principal, record, claim) or await _score_and_store(
            request, services, use, record, claim
        )


async def _score_and_store(
    request: Request, services: Services, use: Use, record: TravellerRecord, claim: Claim | None = None
) -> Response:
    """Assess a record, and answer once the decision is on disk."""
    answer, row, assessment = decide(services, services.active.live, use, record, claim)
    refused = await services.writer.append((row,))
    if refused and claim is not None:  # another process was faster with the same key
        found = await _replay(request, services, use.caller, record, claim)
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
    request: Request, services: Services, principal: Principal, record: TravellerRecord, claim: Claim
) -> Response | None:
    """Answer as the first request with a key was answered, if there was one."""
    found = await asyncio.to_thread(services.idempotency.answered, principal, claim, record.record_id)
    if found is None:
        return None
    decision_id, answer = found
    request.scope[NOTES] |= {"decision_id": decision_id, "replayed": True}
    return Response(answer, media_type="application/json", headers={REPLAYED: "true"})


def read_record(raw: bytes, parsed: Any, prefix: str = "") -> TravellerRecord:
    """Validate a record.

    Args:
        raw: its JSON, found strict before.
        parsed: the same, parsed; used to describe errors only.
        prefix: its place in something larger.

    Raises:
        InvalidBodyError: with every problem.
    """
    try:
        return TravellerRecord.model_validate_json(raw)
    except ValidationError as error:
        raise InvalidBodyError(problems_of(error, TravellerRecord, parsed, prefix)) from None


def decide(
    services: Services, live: LiveModels, use: Use, record: TravellerRecord, claim: Claim | None = None
) -> tuple[bytes, DecisionRecord, Assessment]:
    """Assess a record and write down what was said.

    Args:
        services: that assess.
        live: models, one set for all records of a request.
        use: who asks, and for what.
        record: to assess.
        claim: of the request's idempotency key.

    Returns:
        The answer to send, the row to store before it is sent, and the assessment.

    Raises:
        TooManyRequestsError: where the caller tries out how the models answer.
    """
    principal = use.caller
    found = assess(record, live, principal.audiences, services.clock())
    decision_id = uuid7()
    selection = services.selector.of(decision_id, record, found, live.for_audiences(principal.audiences))
    answer = answer_json(decision_id, found, selection)
    secret = services.secret
    parts = split(record, secret.hash_fact)
    services.probing.count(principal.name, found.record_id, parts.input)
    row = DecisionRecord(
        decision_id,
        found.scored_at,
        principal.name,
        principal.unit,
        principal.key_id,
        principal.audience_names,
        tuple([risk.model.digest for risk in found.risks]),
        tuple(found.dropped_fields),
        use.purpose,
        secret.hash_subject(SUBJECT, parts.subject),
        parts.input,
        parts.identity,
        without_record_id(answer, found.record_id),
        claim,
        policy=selection.policy,
        referrals=selection.told,
    )
    return answer, row, found
