"""Traces for a collector of the operator's own (OpenTelemetry), off unless asked for; spans hold route and status."""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from riskapi.errors import SettingsError

_UNKNOWN = "(unknown)"
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
_SERVER_ERROR = 500


class Traced:
    """ASGI middleware that makes one span for each request.

    Its attributes are the method, the template of the route and the status. No header of the request is read: neither
    trace context nor baggage is taken over from callers, so nothing of theirs gets into a span.

    Args:
        app: to trace.
        tracer: of OpenTelemetry.
    """

    def __init__(self, app: ASGIApp, tracer: Any) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "(other)"
        with self._tracer.start_as_current_span(method, record_exception=False, set_status_on_exception=False) as span:
            status = 0

            async def send_on(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await self._app(scope, receive, send_on)
            finally:
                route = getattr(scope.get("route"), "path", _UNKNOWN)
                span.update_name(f"{method} {route}")
                span.set_attribute("http.request.method", method)
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                if status >= _SERVER_ERROR or not status:
                    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - an extra; there is a tracer of it

                    span.set_status(StatusCode.ERROR)


def tracer_to(endpoint: str, version: str) -> Any:
    """Make a tracer whose spans go to a collector.

    Args:
        endpoint: address of the collector, for OTLP over HTTP.
        version: of this program.

    Raises:
        SettingsError: where the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - an extra
    except ImportError:
        raise SettingsError("RISKAPI_TRACING_ENDPOINT needs an extra: install riskapi[telemetry].") from None
    provider = TracerProvider(resource=Resource({"service.name": "riskapi", "service.version": version}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider.get_tracer("riskapi", version)
