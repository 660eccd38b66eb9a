"""POST /v1/scores: one record in, an assessment with its reasons out, on disk before it leaves."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from features.record import TravellerRecord
from riskapi.auth import Principal, Scope
from riskapi.body import check_media_type, read_body, strict_json
from riskapi.decisions import DecisionRecord
from riskapi.deps import SECURITY, authenticate
from riskapi.describe import RECORD_REF, body_of, problems, request_body
from riskapi.direct import DirectRoute
from riskapi.edge import NOTES
from riskapi.errors import InvalidBodyError
from riskapi.ids import uuid7
from riskapi.live import LiveModels
from riskapi.problems import problems_of
from riskapi.receipt import keep
from riskapi.rendering import answer_json
from riskapi.schemas import RECORD_EXAMPLES, ScoreAnswer
from riskapi.scoring import Assessment, assess
from riskapi.services import Services

router = APIRouter(tags=["scores"], route_class=DirectRoute)


@router.post(
    "/v1/scores",
    response_model=ScoreAnswer,
    responses=problems(400, 401, 403, 408, 413, 415, 422, 503),
    openapi_extra={
        **request_body(body_of(RECORD_REF, examples=RECORD_EXAMPLES)),
        "security": SECURITY,
    },
)
async def score(request: Request) -> Response:
    """Assess one record.

    The answer holds one assessment for each risk whose audience the key has, each with its own model, band, interval
    and reasons. It leaves when the decision is on disk; where that fails, the answer is 503 and no score is given.
    Facts that are never stored may be sent: they are dropped, and `dropped_fields` names them. Crew is not scored.
    """
    services: Services = request.app.state.services
    principal = authenticate(request, services, Scope.SCORE)
    principal.require_audience()
    settings = services.settings
    _, announced = check_media_type(request.scope)
    raw = await read_body(request.receive, announced, settings.body_limit_bytes, settings.body_timeout_seconds)
    parsed = strict_json(raw)
    record = read_record(raw, parsed)
    answer, row, assessment = decide(services, services.active.live, principal, record, parsed)
    await services.writer.append((row,))
    services.metrics.count(assessment)
    notes = request.scope[NOTES]
    notes["decision_id"] = row.decision_id
    notes["digests"] = row.digests
    notes["bands"] = [risk.band for risk in assessment.risks]
    return Response(answer, media_type="application/json")


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
    services: Services,
    live: LiveModels,
    principal: Principal,
    record: TravellerRecord,
    parsed: Mapping[str, Any] | None = None,
) -> tuple[bytes, DecisionRecord, Assessment]:
    """Assess a record and write down what was said.

    Args:
        services: of this process.
        live: the models to use.
        principal: who asks.
        record: validated.
        parsed: the body that it was made from, where there is one; it saves writing the record anew.

    Returns:
        The answer to send, the row to store before it is sent, and the assessment.
    """
    dropped, kept = keep(record, parsed, services.secret.hash_fact)
    found = assess(record, live, principal.audiences, services.clock(), dropped)
    decision_id = uuid7()
    answer = answer_json(decision_id, found)
    row = DecisionRecord(
        decision_id,
        found.scored_at,
        principal.name,
        principal.key_id,
        found.record_id,
        principal.audience_names,
        tuple([risk.model.digest for risk in found.risks]),
        tuple(dropped),
        kept,
        answer,
    )
    return answer, row, found
