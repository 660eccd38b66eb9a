"""GET /v1/monitoring: what is watched of each live model, read from the last report."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from features.risk import Audience
from riskapi.access.callers import CALLER
from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.deps import ServicesDep
from riskapi.describe import problems
from riskapi.monitoring.form import MonitoringReport
from riskapi.monitoring.people import for_caller
from riskapi.services import Services

router = APIRouter(tags=["monitoring"], route_class=GuardedRoute)


def may_see(caller: Principal, audience: Audience) -> bool:
    """Whether somebody may see what is watched of an audience's risks.

    Figures about protection are for those alone who protect; those who only protect see no others.
    """
    if audience is Audience.PROTECTION or caller.audiences == {Audience.PROTECTION}:
        return audience in caller.audiences
    return True


def reports_for(caller: Principal, services: Services) -> list[MonitoringReport]:
    """The last report about each risk that somebody may see, with names of readers for auditors alone."""
    return [
        for_caller(MonitoringReport.model_validate_json(one.body), caller)
        for one in services.monitoring.reports()
        if may_see(caller, Audience(one.audience))
    ]


@router.get("/v1/monitoring", response_model=list[MonitoringReport], responses=problems(401, 403, 503))
@allows(Action.MONITORING_READ)
def monitoring(request: Request, services: ServicesDep) -> Response:
    """Show volumes, referrals and what came of them, drift, calibration and readers of each live model.

    Reports are made every minute beside the service. An alarm tells a person; no alarm retrains or replaces a model.
    """
    caller: Principal = request.scope[CALLER]
    shown = [one.model_dump_json().encode() for one in reports_for(caller, services)]
    return Response(b"[" + b",".join(shown) + b"]", media_type="application/json")
