"""GET /metrics: counts for a monitoring system, in the text format of Prometheus."""

import ipaddress
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from riskapi.auth import Scope
from riskapi.deps import BEARER, ServicesDep, authenticate
from riskapi.describe import problems

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Metrics"}, **problems(401, 403)},
)
async def metrics(request: Request, services: ServicesDep, _shown: Annotated[Any, Depends(BEARER)]) -> Response:
    """Show the metrics of this process.

    A key with the scope `metrics:read` is needed, unless the operator opened this route to the loopback address.
    """
    if not (services.settings.metrics_open and _is_loopback(request)):
        authenticate(request, services, Scope.METRICS_READ)
    services.metrics.waiting_rows.set(services.writer.waiting_rows)
    return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
