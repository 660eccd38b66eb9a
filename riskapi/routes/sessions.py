"""/v1/sessions: signing in at a post without an identity provider, and what a caller is to the service."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.callers import session_cookies
from riskapi.access.cross_site import refuse_cross_site
from riskapi.access.guard import GuardedRoute, allows, open_to_all
from riskapi.access.matrix import Action, Purpose, Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.access.sessions import OUT_OF_BROWSER
from riskapi.deps import Caller, ServicesDep, strict_body
from riskapi.describe import model_body, problems
from riskapi.schemas import Wire

router = APIRouter(tags=["sessions"], route_class=GuardedRoute)

Password = Annotated[SecretStr, Field(min_length=1, max_length=1024)]


class SignInRequest(Wire):
    """Who signs in; a password for once has to be replaced on the way."""

    login: Annotated[str, Field(min_length=1, max_length=64, examples=["amina"])]
    password: Password
    new_password: Password | None = None


class SelfBody(Wire):
    """What a caller is to the service."""

    name: str
    kind: PrincipalKind
    roles: list[Role]
    rights: Annotated[list[Action], Field(description="What the caller may do")]
    units: list[str]
    purposes: Annotated[list[Purpose], Field(description="For what the caller may use data about travellers")]


Credentials = Annotated[
    SignInRequest, Depends(strict_body(SignInRequest, lambda services: services.settings.body_limit_bytes))
]


@router.post(
    "/v1/sessions",
    status_code=201,
    response_model=SelfBody,
    responses=problems(400, 401, 403, 408, 413, 415, 422, 429, 503),
    openapi_extra=model_body(SignInRequest),
)
@open_to_all("Whoever signs in is not known before; guesses are counted and delayed.")
async def sign_in(request: Request, response: Response, body: Credentials, services: ServicesDep) -> dict[str, Any]:
    """Open a session for a local account: the answer sets a cookie that ends when the browser closes or time is up.

    After ten failures a login is locked, for a time that doubles with each further one.
    """
    refuse_cross_site(request.scope, unless_told=True)
    fresh = body.new_password.get_secret_value() if body.new_password is not None else None
    password = body.password.get_secret_value()
    token, caller = await asyncio.to_thread(services.sessions.sign_in, body.login, password, fresh)
    response.headers["set-cookie"] = services.sessions.cookie(token)
    return _about(caller)


@router.get("/v1/sessions/current", response_model=SelfBody, responses=problems(401, 403, 429, 503))
@allows(Action.SELF)
async def current(caller: Caller) -> dict[str, Any]:
    """Tell a caller what it is to the service: roles, rights, places of work, purposes."""
    return _about(caller)


@router.delete("/v1/sessions/current", status_code=204, responses=problems(401, 403, 429, 503))
@allows(Action.SELF)
def sign_out(request: Request, services: ServicesDep) -> Response:
    """End the session of this browser; a key or a token has none, and stays as it is."""
    for token in session_cookies(request.headers.get("cookie", "").encode("latin-1") or None):
        services.sessions.sign_out(token)
    return Response(status_code=204, headers={"set-cookie": OUT_OF_BROWSER})


def _about(caller: Principal) -> dict[str, Any]:
    return {
        "name": caller.name,
        "kind": caller.kind,
        "roles": caller.roles,
        "rights": [action for action in Action if action in caller.rights],
        "units": [unit for unit in caller.units if unit],
        "purposes": [purpose for purpose in Purpose if purpose in caller.purposes],
    }
