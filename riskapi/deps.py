"""What routes ask for by type: the services, the caller, the purpose, a strict body."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from riskapi.access.callers import CALLER
from riskapi.access.matrix import Purpose
from riskapi.access.principal import Principal
from riskapi.access.purpose import stated_purpose
from riskapi.body import check_media_type, read_body, strict_json
from riskapi.errors import InvalidBodyError
from riskapi.problems import problems_of
from riskapi.services import Services

Body = TypeVar("Body", bound=BaseModel)


def services_of(request: Request) -> Services:
    """The services of the application that serves a request."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(services_of)]


async def caller_of(request: Request) -> Principal:
    """Who sent a request; its route let them in before."""
    caller: Principal = request.scope[CALLER]
    return caller


Caller = Annotated[Principal, Depends(caller_of)]


async def purpose_of(request: Request, caller: Caller, services: ServicesDep) -> Purpose:
    """Check the purpose that the header of a request states.

    Raises:
        PurposeError: for none, or one that is not allowed to the caller.
    """
    return services.purposes.check(caller, stated_purpose(request.scope["headers"]))


StatedPurpose = Annotated[Purpose, Depends(purpose_of)]


def strict_body(model: type[Body], limit: Callable[[Services], int]) -> Callable[..., Awaitable[Body]]:
    """Make the dependency that reads a body as strict JSON; the route lets its caller in first.

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
