"""GET /v1/models: which models are live, all of each of them, and the card that a person read before approving."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.deps import ServicesDep
from riskapi.describe import problems
from riskapi.errors import NotFoundError
from riskapi.live import LiveModel
from riskapi.schemas import ModelBody, ModelDetail
from riskapi.services import Services

router = APIRouter(tags=["models"], route_class=GuardedRoute)


@router.get("/v1/models", response_model=list[ModelBody], responses=problems(401, 403, 503))
@allows(Action.MODELS_READ)
def models(services: ServicesDep) -> list[dict[str, Any]]:
    """List the live models, one for each risk."""
    return [_about(model, services) for model in services.active.live.models]


@router.get("/v1/models/{risk}", response_model=ModelDetail, responses=problems(401, 403, 404, 503))
@allows(Action.MODELS_READ)
def model(risk: str, services: ServicesDep) -> dict[str, Any]:
    """Show a live model whole: bands, features, and the points of every bin."""
    found = _live(risk, services)
    return {
        **_about(found, services),
        "statement": found.bundle.risk.wording.statement,
        "bands": [
            {"name": band.name, "share": band.share, "threshold_log_odds": band.threshold_log_odds}
            for band in found.bundle.bands.bands
        ],
        "features": list(found.bundle.model.features),
        "model": found.bundle.model.to_json(),
    }


@router.get(
    "/v1/models/{risk}/card",
    responses={
        200: {"content": {"application/json": {}, "text/markdown": {}}, "description": "The card"},
        **problems(401, 403, 404),
    },
)
@allows(Action.MODELS_READ)
async def card(risk: str, request: Request, services: ServicesDep) -> Response:
    """Show the card of a live model: purpose, forbidden uses, data, quality with intervals, limits.

    With `Accept: text/markdown` it comes as a page to read.
    """
    found = _live(risk, services).bundle.card
    if "text/markdown" in request.headers.get("accept", ""):
        return Response(found.to_markdown(), media_type="text/markdown; charset=utf-8")
    return Response(found.model_dump_json(), media_type="application/json")


def _live(risk: str, services: Services) -> LiveModel:
    for found in services.active.live.models:
        if found.risk == risk:
            return found
    raise NotFoundError("No model of this risk is live: GET /v1/models lists those that are.")


def _about(found: LiveModel, services: Services) -> dict[str, Any]:
    bundle = found.bundle
    approval = [event for event in services.ledger.events(bundle.digest) if event.event == "approved"][-1]
    return {
        "risk": found.risk,
        "title": bundle.risk.title,
        "audience": found.audience,
        "name": bundle.manifest.name,
        "version": bundle.manifest.version,
        "digest": bundle.digest,
        "approved_at": approval.at,
        "approved_by": approval.principal,
        "rationale": approval.rationale,
    }
