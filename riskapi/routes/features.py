"""GET /v1/features and GET /v1/schema: what may be sent, and what is made of it."""

from typing import Any

from fastapi import APIRouter

from features.catalogue import CATALOGUE, describe
from features.record import TravellerRecord
from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.deps import ServicesDep
from riskapi.describe import problems

router = APIRouter(tags=["catalogue"], route_class=GuardedRoute)

_SCHEMA = TravellerRecord.model_json_schema()
_FEATURES = CATALOGUE.describe()


@router.get("/v1/features", responses=problems(401, 403))
@allows(Action.MODELS_READ)
async def features(services: ServicesDep) -> list[dict[str, Any]]:
    """List every feature with its meaning, unit, permitted use, justification and sentences.

    Features over an agency's own columns follow, as the live models declare them.
    """
    declared = {spec.name: spec for live in services.active.live.models for spec in live.bundle.declared.specs}
    return _FEATURES + [describe(spec) for spec in declared.values()]


@router.get("/v1/schema", responses=problems(401, 403))
@allows(Action.MODELS_READ)
async def schema() -> dict[str, Any]:
    """Show the JSON Schema of a record: every fact with type, unit, standard, example and what becomes of it."""
    return _SCHEMA
