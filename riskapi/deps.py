"""What routes ask for by type: the services, a caller with a scope, a strict body."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ValidationError

from riskapi.auth import Principal, Scope
from riskapi.body import check_media_type, read_body, strict_json
from riskapi.edge import NOTES
from riskapi.errors import InvalidBodyError
from riskapi.problems import problems_of
from riskapi.services import Services

BEARER = HTTPBearer(
    scheme_name="ApiKey", bearerFormat="rk_<id>_<secret>", description="A key of a named principal", auto_error=False
)
SECURITY: list[dict[str, list[str]]] = [{"ApiKey": []}]
"""For routes that check the caller themselves."""

Body = TypeVar("Body", bound=BaseModel)


def services_of(request: Request) -> Services:
    """The services of the application that serves a request."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(services_of)]


def authenticate(request: Request, services: Services, scope: Scope | None) -> Principal:
    """Find out who calls and whether they may.

    Raises:
        AuthenticationError: for no valid key.
        PermissionDeniedError: where the key lacks the scope.
    """
    principal = services.caller(request.scope)
    request.scope[NOTES]["key_id"] = principal.key_id
    if scope is not None:
        principal.require(scope)
    return principal


def caller_with(scope: Scope) -> Any:
    """Make the dependency that hands a route its caller, if the key has a scope."""

    async def caller(request: Request, services: ServicesDep, _shown: Annotated[Any, Depends(BEARER)]) -> Principal:
        return authenticate(request, services, scope)

    return Depends(caller)


DecisionReader = Annotated[Principal, caller_with(Scope.DECISIONS_READ)]
ModelReader = Annotated[Principal, caller_with(Scope.MODELS_READ)]
Approver = Annotated[Principal, caller_with(Scope.MODELS_APPROVE)]


def strict_body(model: type[Body], limit: Callable[[Services], int]) -> Callable[..., Awaitable[Body]]:
    """Make the dependency that reads a body as strict JSON; depend on the caller first, so that nobody else is read.

    Args:
        model: what the body must be.
        limit: most bytes, from the settings.
    """

    async def body(request: Request, services: ServicesDep) -> Body:
        _, announced = check_media_type(request.scope)
        raw = await read_body(request.receive, announced, limit(services), services.settings.body_timeout_seconds)
        parsed = strict_json(raw)
        try:
            return model.model_validate_json(raw)
        except ValidationError as error:
            raise InvalidBodyError(problems_of(error, model, parsed)) from None

    return body
