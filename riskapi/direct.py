"""A route for the hot path: documented like any other, called without the dependency machinery of FastAPI.

The endpoint takes a request and gives a response. It authenticates, limits and answers errors by the same functions as
every other route; ``tests/riskapi/test_hot_path.py`` holds it to that.
"""

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import Receive, Scope, Send


class DirectRoute(APIRoute):
    """Calls ``endpoint(request)`` and sends what it returns."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request whose path matches."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)  # answers 405
            return
        response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)
