"""Challengers: a proposed bundle that scores beside the live one, unseen; named, compared and withdrawn here."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request

from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.challengers import ChallengerEvent
from riskapi.deps import Caller, ServicesDep, strict_body
from riskapi.describe import model_body, problems
from riskapi.edge import NOTES
from riskapi.errors import NotFoundError
from riskapi.monitoring.differences import ChallengerReport, ChallengerRow, differences
from riskapi.routes.monitoring import may_see
from riskapi.schemas import RationaleRequest
from riskapi.services import Services

router = APIRouter(tags=["monitoring"], route_class=GuardedRoute)

Why = Annotated[
    RationaleRequest, Depends(strict_body(RationaleRequest, lambda services: services.settings.body_limit_bytes))
]
_PROBLEMS = (400, 401, 403, 404, 408, 413, 415, 422, 503)
_RATIONALE = {"rationale": "Trained on this year's cases; to be tried until the end of March."}
NONE = "This risk has no challenger that may be seen."


def compared(risk: str, caller: Principal, services: Services) -> ChallengerReport | None:
    """Compare the challenger of a risk with its live model; ``None`` where there is none that the caller may see."""
    named = services.challengers.current().get(risk)
    if named is None or not may_see(caller, services.active.open(named.digest).audience):
        return None
    live = {model.risk: model.bundle.digest for model in services.active.live.models}
    return differences(services.monitoring, named, live.get(risk))


@router.get("/v1/models/{risk}/challenger", responses=problems(401, 403, 404, 503))
@allows(Action.MONITORING_READ)
def challenger(risk: str, caller: Caller, services: ServicesDep) -> ChallengerReport:
    """Compare the challenger of a risk with its live model, on the same travellers since it was named.

    Its scores are in no answer, and refer nobody.
    """
    found = compared(risk, caller, services)
    if found is None:
        raise NotFoundError(NONE)
    return found


@router.post(
    "/v1/proposals/{digest}/challenge",
    response_model=ChallengerRow,
    responses=problems(*_PROBLEMS, 409),
    openapi_extra=model_body(RationaleRequest, example=_RATIONALE),
)
@allows(Action.MODELS_APPROVE)
def challenge(digest: str, request: Request, caller: Caller, body: Why, services: ServicesDep) -> ChallengerEvent:
    """Have a proposed bundle score beside the live one, unseen, as another named person than its proposer."""
    done = services.challengers.name(digest, caller, body.rationale)
    request.scope[NOTES] |= {"digest": done.digest, "decided": done.event}
    return done


@router.post(
    "/v1/models/{risk}/challenger/withdraw",
    response_model=ChallengerRow,
    responses=problems(*_PROBLEMS),
    openapi_extra=model_body(RationaleRequest, example=_RATIONALE),
)
@allows(Action.MODELS_APPROVE)
def withdraw(risk: str, request: Request, caller: Caller, body: Why, services: ServicesDep) -> ChallengerEvent:
    """End the trial of a risk's challenger."""
    done = services.challengers.withdraw(risk, caller, body.rationale)
    request.scope[NOTES] |= {"digest": done.digest, "decided": done.event}
    return done
