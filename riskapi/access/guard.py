"""Every route declares what it lets be done; one that does not cannot be made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from riskapi.access.matrix import MATRIX, Action
from riskapi.describe import problems

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

SECURITY: list[dict[str, list[str]]] = [{"ApiKey": []}, {"Token": []}, {"Session": []}]
"""The ways to be known, for the API document."""
SECURITY_SCHEMES: dict[str, dict[str, str]] = {
    "ApiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "rk_<id>_<secret>",
        "description": "A key of a named principal",
    },
    "Token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the agency's identity provider (OpenID Connect)",
    },
    "Session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-riskapi",
        "description": "A session of a local account, from POST /v1/sessions",
    },
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a route lets be done.

    Attributes:
        action: that its caller needs a right to; ``None`` for a route that is open.
        why_open: the reason, for an open route.
        unless: tells whether a request needs no caller, by a setting of the operator.
    """

    action: Action | None
    why_open: str = ""
    unless: Callable[[Scope], bool] | None = None


def allows(action: Action, unless: Callable[[Scope], bool] | None = None) -> Callable[[Endpoint], Endpoint]:
    """Declare the action of a route; stands between the router's decorator and the function."""
    if action not in MATRIX:
        raise ValueError(f"The table of rights has no row for {action.value!r}.")
    return _declare(Declaration(action, unless=unless))


def open_to_all(why: str) -> Callable[[Endpoint], Endpoint]:
    """Declare that a route needs no caller, and why that is right."""
    return _declare(Declaration(None, why))


def _declare(declaration: Declaration) -> Callable[[Endpoint], Endpoint]:
    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__declares__ = declaration  # type: ignore[attr-defined]
        return endpoint

    return mark


class GuardedRoute(APIRoute):
    """A route that finds out who calls and whether they may, before anything else of the request is looked at."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        declaration: Declaration | None = getattr(endpoint, "__declares__", None)
        if declaration is None:
            raise TypeError(f"{path}: declare @allows(Action...) or @open_to_all(...) for this route.")
        self.declares = declaration
        if declaration.action is not None:
            about = {"security": SECURITY, "x-action": declaration.action.value}
            options["responses"] = {**problems(401, 403, 429), **(options.get("responses") or {})}
            options["openapi_extra"] = {**about, **(options.get("openapi_extra") or {})}
        super().__init__(path, endpoint, **options)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request whose path matches."""
        await self.guard(scope)
        await super().handle(scope, receive, send)

    async def guard(self, scope: Scope) -> None:
        """Let a request through, or raise what is to be answered."""
        declared = self.declares
        if declared.action is not None and scope["method"] in (self.methods or ()):
            if declared.unless is not None and declared.unless(scope):
                return
            await scope["app"].state.services.callers.admit(scope, declared.action)


class DirectRoute(GuardedRoute):
    """A route of the hot path: documented like any other, called without the dependency machinery of FastAPI.

    The endpoint takes a request and gives a response. It answers errors by the same functions as every other route.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request whose path matches."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)  # answers 405
            return
        response = await self.answer(scope, receive, send)
        await response(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> Response:
        """Answer one request, or raise what is to be answered."""
        await self.guard(scope)
        response: Response = await self.endpoint(Request(scope, receive, send))
        return response
