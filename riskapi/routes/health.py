"""/health: whether the process lives, and whether it can score; the only routes that need no key."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from riskapi.access.guard import GuardedRoute, open_to_all
from riskapi.deps import ServicesDep
from riskapi.operations.alarms import FATAL
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
    alarms = services.alarms.look()
    missing = [f"{one.name}: {one.text}" for one in alarms if one.name in FATAL]
    body: dict[str, Any] = {
        "ready": not missing,
        "missing": missing,
        "alarms": [asdict(one) for one in alarms],
        "models": {model.risk: model.bundle.digest for model in services.active.live.models},
    }
    return JSONResponse(body, status_code=503 if missing else 200)
