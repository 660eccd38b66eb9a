"""GET /metrics: counts for a monitoring system, in the text format of Prometheus."""

import ipaddress

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response
from starlette.types import Scope

from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.deps import ServicesDep
from riskapi.describe import problems

router = APIRouter(tags=["health"], route_class=GuardedRoute)


def _is_open_to(scope: Scope) -> bool:
    """Whether the operator opened this route to the address that asks."""
    settings = scope["app"].state.services.settings
    client = scope.get("client")
    try:
        return settings.metrics_open and client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Metrics"}, **problems(401, 403)},
)
@allows(Action.METRICS_READ, unless=_is_open_to)
async def metrics(services: ServicesDep) -> Response:
    """Show the metrics of this process.

    The right `metrics:read` is needed, unless the operator opened this route to the loopback address.
    """
    services.metrics.waiting_rows.set(services.writer.waiting_rows)
    return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)
