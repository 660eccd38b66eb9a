"""The way of the hot path: FastAPI documents its routes like all others, and is not asked to find and call them.

FastAPI and Starlette pass a request through eleven layers before its function runs, which costs more than the scores.
A request for a direct route without parameters in its path goes straight to it, through the same edge, the same guard
and the same error answers as every other one.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from riskapi.access.guard import DirectRoute

ErrorHandler = Callable[[Request, Exception], Awaitable[Response]]


class DirectlyServed(FastAPI):
    """An application with a short way to its direct routes.

    Args:
        options: those of FastAPI.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._routes_by_request: dict[tuple[str, str], DirectRoute] = {}
        self._direct: ASGIApp = self._serve
        self._handlers: tuple[tuple[type[Exception], ErrorHandler], ...] = ()

    def serve_directly(
        self, routers: Iterable[APIRouter], layers: Iterable[Callable[[ASGIApp], ASGIApp]], errors: Any
    ) -> None:
        """Open the short way.

        Args:
            routers: whose direct routes take it; they are included in the application like all others.
            layers: around each request, the innermost first; the same as those of the application.
            errors: pairs of an error and what answers it, the most special first.
        """
        for router in routers:
            for route in router.routes:
                if isinstance(route, DirectRoute) and "{" not in route.path:
                    self._routes_by_request |= {(method, route.path): route for method in route.methods or ()}
        for layer in layers:
            self._direct = layer(self._direct)
        self._handlers = tuple(errors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or whatever else the server asks for."""
        if scope["type"] == "http" and not scope.get("root_path"):
            route = self._routes_by_request.get((scope["method"], scope["path"]))
            if route is not None:
                scope["app"] = self
                scope["route"] = route
                await self._direct(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await scope["route"].answer(scope, receive, send)
        except Exception as error:
            handler = next((handle for kind, handle in self._handlers if isinstance(error, kind)), None)
            if handler is None:
                raise
            response = await handler(Request(scope, receive, send), error)
        await response(scope, receive, send)
