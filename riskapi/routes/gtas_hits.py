"""POST /v1/gtas/pending-hits: stored decisions as the hits that GTAS lists for its officers."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from features.risk import Audience
from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.purpose import PARAMETER, Use
from riskapi.audit import NOT_FOUND, seen_by, view_of
from riskapi.deps import Caller, ServicesDep, StatedPurpose, strict_body
from riskapi.describe import model_body, problems
from riskapi.edge import NOTES
from riskapi.errors import NotFoundError, PermissionDeniedError
from riskapi.hits.gtas import GtasIds, pending_hits
from riskapi.log.entry import Kind
from riskapi.monitoring.tally import NOT_WATCHED
from riskapi.schemas import Wire

router = APIRouter(tags=["decisions"], route_class=GuardedRoute)

DECISIONS_MAX = 500


def _whole(value: Any) -> Any:
    """JSON knows no difference between 2 and 2.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Number = Annotated[int, Field(ge=0, le=2**63 - 1), BeforeValidator(_whole)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class KnownToGtas(_Strict):
    """A decision, and by which numbers GTAS knows its traveller."""

    decision_id: Annotated[str, Field(max_length=40)]
    passenger_id: _Number
    flight_id: _Number


class PendingHitsRequest(_Strict):
    """Which decisions are told, and how GTAS knows them."""

    hit_makers: Annotated[
        dict[Annotated[str, Field(max_length=60)], _Number],
        Field(
            min_length=1,
            max_length=50,
            examples=[{"document_fraud": 11}],
            description="Risk -> GTAS's external hit maker",
        ),
    ]
    decisions: Annotated[list[KnownToGtas], Field(min_length=1, max_length=DECISIONS_MAX)]
    bands: Annotated[
        list[Annotated[str, Field(pattern="^[a-z][a-z_]{0,39}$")]],
        Field(min_length=1, max_length=10, description="That make a hit"),
    ] = ["high"]
    audience: Annotated[Literal["enforcement", "protection"], Field(description="Of the desk that reads them")] = (
        "enforcement"
    )


class PendingHitBody(Wire):
    """``PassengerPendingDetail`` of GTAS."""

    title: str
    description: str
    hit_type: Annotated[str, Field(alias="hitType")]
    hit_enum: Annotated[str, Field(alias="hitEnum", description="EH: an external hit")]
    hit_maker_id: Annotated[int, Field(alias="hitMakerId")]
    rule_conditions: Annotated[
        str, Field(alias="ruleConditions", description="Reasons and failed checks, each behind its code, between $$$")
    ]
    created_date: Annotated[int, Field(alias="createdDate", description="Milliseconds since 1970")]
    passenger_id: Annotated[int, Field(alias="passengerId")]
    flight_id: Annotated[int, Field(alias="flightId")]
    percentage: Annotated[float, Field(ge=0, le=1)]


class PendingHitsAnswer(Wire):
    """``PassengerPendingHitDetailList`` of GTAS."""

    pending: Annotated[list[PendingHitBody], Field(alias="passengerPendingDetailList")]


Asked = Annotated[
    PendingHitsRequest,
    Depends(strict_body(PendingHitsRequest, lambda services: services.settings.batch_body_limit_bytes)),
]


@router.post(
    "/v1/gtas/pending-hits",
    response_model=PendingHitsAnswer,
    responses=problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra={**model_body(PendingHitsRequest), "parameters": [PARAMETER]},
)
@allows(Action.DECISIONS_READ)
def list_pending_hits(
    request: Request, caller: Caller, purpose: StatedPurpose, body: Asked, services: ServicesDep
) -> Response:
    """Write stored decisions as GTAS (US-CBP/GTAS) lists pending hits: one for each traveller and risk in a band.

    GTAS knows travellers and flights by numbers of its own, which the caller gives beside each decision. What the
    caller's rights do not reach is not found, and then nothing is told. Decisions made for training or as a test, and
    those whose contents were erased or have expired, make no hit. Each decision is a view, on record before the answer
    leaves.
    """
    audience = Audience(body.audience)
    if audience not in caller.audiences:
        raise PermissionDeniedError("This key sees nothing for that audience.")
    found = [_seen(place, one, caller, services) for place, one in enumerate(body.decisions)]
    use = Use(caller, purpose)
    with services.journal.transaction() as transaction:
        for one in dict.fromkeys(each.decision_id for each in body.decisions):
            transaction.append(Kind.ACCESS, view_of("pending_hits", one, use))
    answers = [(ids, answer) for ids, answer in found if answer is not None]
    hits = pending_hits(answers, body.hit_makers, audience=audience, bands=body.bands)
    request.scope[NOTES]["rows"] = len(found)
    return Response(orjson.dumps(hits), media_type="application/json")


def _seen(place: int, one: KnownToGtas, caller: Caller, services: ServicesDep) -> tuple[GtasIds, dict[str, Any] | None]:
    try:
        row, answer, _ = seen_by(services.decisions, one.decision_id, caller)
    except NotFoundError:
        raise NotFoundError(f"decisions[{place}]: {NOT_FOUND}") from None
    services.desk.require_shown(row.decision_id, caller)
    return GtasIds(one.passenger_id, one.flight_id), None if row.purpose in NOT_WATCHED else answer
