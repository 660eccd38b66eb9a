"""/health: whether the process lives, and whether it can score; the only routes that need no key."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from riskapi.access.guard import GuardedRoute, open_to_all
from riskapi.deps import ServicesDep
from riskapi.errors import StorageError
from riskapi.schemas import Readiness

router = APIRouter(tags=["health"], prefix="/health", route_class=GuardedRoute)


@router.get("/live")
@open_to_all("Whoever restarts processes has no key, and learns nothing but that this one lives.")
async def live() -> dict[str, str]:
    """Answer as long as the process serves requests."""
    return {"status": "alive"}


@router.get("/ready", response_model=Readiness, responses={503: {"model": Readiness, "description": "Cannot score"}})
@open_to_all("Whoever distributes requests has no key, and learns what is missing, nothing of anybody.")
def ready(services: ServicesDep) -> Response:
    """Say whether records can be scored and stored now, and what is missing where they cannot."""
    missing = []
    try:
        services.journal.check()
    except StorageError as error:
        missing.append(f"store: {error}")
    if services.store_failure is not None:
        missing.append(f"store, at the last look: {services.store_failure}")
    if not services.writer.is_alive:
        missing.append("writer: its thread has ended; restart the service")
    if services.writer.failure is not None:
        missing.append(f"writer: {services.writer.failure}")
    active = services.active
    if not active.live:
        missing.append("models: none is approved; propose a bundle and have it approved")
    missing += [f"model of {risk}: approved bundle refused: {rule}" for risk, rule in active.refused.items()]
    body: dict[str, Any] = {
        "ready": not missing,
        "missing": missing,
        "models": {model.risk: model.bundle.digest for model in active.live.models},
    }
    return JSONResponse(body, status_code=503 if missing else 200)
