"""/console/monitoring: what is watched of each live model, as pictures with the table behind each."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.console.moves import moves_of
from riskapi.console.pages import page
from riskapi.deps import Caller, ServicesDep
from riskapi.desk.measures import LEAST
from riskapi.errors import NotFoundError
from riskapi.monitoring.people import SHARES
from riskapi.routes.challengers import NONE, compared
from riskapi.routes.monitoring import reports_for

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)


@router.get("/console/monitoring")
@allows(Action.MONITORING_READ)
def overview(request: Request, caller: Caller, services: ServicesDep) -> Response:
    """Show each risk that somebody may see with its alarms."""
    return page(request, "monitoring/list.html", reports=reports_for(caller, services))


@router.get("/console/monitoring/{risk}")
@allows(Action.MONITORING_READ)
def report(risk: str, request: Request, caller: Caller, services: ServicesDep, days: int | None = None) -> Response:
    """Show the last report about one risk, one of its windows, and its challenger where it has one."""
    found = next((one for one in reports_for(caller, services) if one.risk == risk), None)
    if found is None:
        raise NotFoundError("No report about this risk that you may see.")
    window = next((one for one in found.windows if one.days == days), found.windows[0])
    return page(
        request,
        "monitoring/report.html",
        report=found,
        window=window,
        challenger=compared(risk, caller, services),
        shares_of_people=SHARES,
        least=LEAST,
    )


@router.get("/console/monitoring/{risk}/challenger")
@allows(Action.MONITORING_READ)
def challenger(risk: str, request: Request, caller: Caller, services: ServicesDep) -> Response:
    """Show what a challenger says other than the live model, of the same travellers."""
    found = compared(risk, caller, services)
    if found is None:
        raise NotFoundError(NONE)
    bundle = services.active.open(found.digest).bundle
    return page(
        request,
        "monitoring/challenger.html",
        found=found,
        bundle=bundle,
        moves=moves_of(found, [band.name for band in reversed(bundle.bands.bands)]),
        may_open=Action.DECISIONS_READ in caller.rights,
        may_compare=Action.MODELS_READ in caller.rights,
    )
