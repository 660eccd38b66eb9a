"""The outermost layer of every request: headers, one log line, counts, and an answer where nothing else has one."""

import time

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from riskapi.access.callers import CALLER, RATE
from riskapi.console.failures import is_page, page_for
from riskapi.errors import answer_for
from riskapi.services import Services
from riskapi.telemetry import where_it_failed

NOTES = "riskapi.notes"
"""Key of the scope under which a route leaves facts for the log line: ids, digests, bands; nothing that was sent."""

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Of every answer that does not say otherwise itself."""
TRANSPORT_SECURITY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")

_UNKNOWN_ROUTE = "(unknown)"
_OTHER_METHOD = "(other)"
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})


class Edge:
    """ASGI middleware around everything, FastAPI's own error handling included."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        notes = scope[NOTES] = {}
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                names = {name for name, _ in headers}
                headers.extend(pair for pair in SECURITY_HEADERS if pair[0] not in names)
                headers.extend(scope.get(RATE, ()))
                if scope.get("scheme") == "https":
                    headers.append(TRANSPORT_SECURITY)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            notes["hung_up"] = True
        except Exception as error:  # noqa: BLE001 - whatever it was, its text must not reach the caller or the log
            notes |= where_it_failed(error)
            if not status:
                answer = page_for(Request(scope), error) if is_page(scope) else answer_for(error)
                await send_with_headers(
                    {
                        "type": "http.response.start",
                        "status": answer.status,
                        "headers": [(name.encode(), value.encode()) for name, value in answer.headers],
                    }
                )
                await send({"type": "http.response.body", "body": answer.body})
        self._account(scope, status, time.perf_counter() - began)

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        """Write the one line, count the one request."""
        route = getattr(scope.get("route"), "path", _UNKNOWN_ROUTE)
        method = scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD
        caller = scope.get(CALLER)
        if caller is not None:
            scope[NOTES]["key_id"] = caller.key_id
        log = self._services.log
        self._services.metrics.count_request(route, method, status, seconds)
        write = log.info if status < 500 else log.error  # noqa: PLR2004 - server errors
        write(
            "request", route=route, method=method, status=status, duration_ms=round(seconds * 1000, 3), **scope[NOTES]
        )
