"""The application: routes, error answers and life span, put together from the settings."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from features.errors import FeatureError
from models.errors import ModelError
from riskapi import __version__
from riskapi.access.callers import CALLER
from riskapi.access.guard import SECURITY_SCHEMES
from riskapi.access.matrix import Purpose
from riskapi.access.principal import Principal
from riskapi.access.purpose import stated_purpose
from riskapi.console import decisions as decision_pages
from riskapi.console import desk as desk_pages
from riskapi.console import entry
from riskapi.console import log as log_pages
from riskapi.console import models as model_pages
from riskapi.console import monitoring as monitoring_pages
from riskapi.console.failures import is_page, page_for
from riskapi.describe import extra_schemas
from riskapi.desk.forms import DESK_FORMS
from riskapi.desk.what_if import WhatIfRequest
from riskapi.direct import DirectlyServed
from riskapi.edge import Edge
from riskapi.errors import (
    InvalidBodyError,
    Problem,
    ProblemAnswer,
    PurposeError,
    ServiceError,
    StorageError,
    answer_for,
    plain_answer,
)
from riskapi.log.entry import Kind
from riskapi.operations.tracing import Traced, tracer_to
from riskapi.outcome_form import OutcomeRequest
from riskapi.routes import (
    accounts,
    batch,
    challengers,
    decisions,
    desk,
    docs,
    features,
    gtas,
    gtas_hits,
    health,
    manifests,
    messages,
    metrics,
    models,
    monitoring,
    outcomes,
    proposals,
    rectifications,
    redress,
    scores,
    sessions,
)
from riskapi.schemas import ApprovalRequest, ProposalRequest, RationaleRequest
from riskapi.services import Services
from riskapi.settings import Settings

ROUTERS = (
    scores,
    batch,
    manifests,
    messages,
    gtas,
    gtas_hits,
    decisions,
    redress,
    rectifications,
    outcomes,
    desk,
    features,
    models,
    monitoring,
    challengers,
    proposals,
    sessions,
    accounts,
    health,
    metrics,
    entry,
    desk_pages,
    model_pages,
    monitoring_pages,
    decision_pages,
    log_pages,
)
"""In the order of the API page; the hot path first, since paths are tried in this order."""

_READ_BY_ROUTES = (
    ProposalRequest,
    ApprovalRequest,
    RationaleRequest,
    OutcomeRequest,
    *DESK_FORMS,
    WhatIfRequest,
    sessions.SignInRequest,
    accounts.AccountRequest,
    accounts.RolesRequest,
    gtas_hits.PendingHitsRequest,
)
"""Bodies that routes read themselves, so that the framework does not see them."""

DESCRIPTION = """
Explainable risk scores for traveller screening. Every score comes with its reasons, every answer is stored before it
leaves, every model was approved by a second person. **A person decides**: no answer says allow or deny.

Errors are problem documents (RFC 9457). They name places and rules, and never repeat what was sent.
"""


def create_app(settings: Settings | None = None, services: Services | None = None) -> FastAPI:
    """Make the application.

    Args:
        settings: read from the environment where they are left out.
        services: made from the settings where they are left out.
    """
    made = services or Services(settings or Settings.load())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await made.start()
        try:
            yield
        finally:
            await made.stop()

    shows_docs = made.settings.shows_docs
    app = DirectlyServed(
        title="riskapi",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirection would name whatever host the request named
        openapi_url=None,
    )
    app.state.services = made
    layers: list[Callable[[ASGIApp], ASGIApp]] = [partial(Edge, services=made)]
    if made.settings.tracing_endpoint is not None:
        layers.append(partial(Traced, tracer=tracer_to(made.settings.tracing_endpoint, __version__)))
    for layer in layers:
        app.add_middleware(layer)
    for error, answer in _ANSWERS:
        app.add_exception_handler(error, answer)
    routers = [module.router for module in ((*ROUTERS, docs) if shows_docs else ROUTERS)]
    for router in routers:
        app.include_router(router)
    app.serve_directly(routers, layers, _ANSWERS)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # the documented way to extend the document
    return app


async def _answer(request: Request, error: Exception) -> Response:
    """Turn any foreseen error into its problem document, or into a page where a person asked for one."""
    status = error.status_code if isinstance(error, HTTPException) else None
    if isinstance(error, RequestValidationError):  # of a path or a query: bodies are read elsewhere
        places = dict.fromkeys(".".join(map(str, one["loc"][:2])) for one in error.errors())
        error = InvalidBodyError([Problem(place, "is not valid", "See /openapi.json.") for place in places])
    if is_page(request.scope) and status != HTTPStatus.METHOD_NOT_ALLOWED:
        return _response(page_for(request, error))
    if isinstance(error, HTTPException):
        allow = None
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            allow = _methods_of(request) or (error.headers or {}).get("Allow")
        return _response(plain_answer(error.status_code, allow))
    return _response(answer_for(error))


async def _refuse_purpose(request: Request, error: Exception) -> Response:
    """Put a refused purpose on record, then answer; a purpose that is no word of ours is not repeated."""
    stated = stated_purpose(request.scope["headers"])
    caller: Principal = request.scope[CALLER]
    body = {
        "by": caller.name,
        "key_id": caller.key_id,
        "route": getattr(request.scope.get("route"), "path", ""),
        "stated": stated if stated in set(Purpose) else "none" if stated is None else "unknown",
    }
    try:
        await asyncio.to_thread(request.app.state.services.journal.append, Kind.REFUSED_PURPOSE, body)
    except StorageError as failure:
        error = failure
    return await _answer(request, error)


_ANSWERS = (
    (PurposeError, _refuse_purpose),
    *((error, _answer) for error in (ServiceError, FeatureError, ModelError, HTTPException, RequestValidationError)),
)
"""What answers each kind of foreseen error, the most special first."""


def _methods_of(request: Request) -> str:
    """The methods of the path that was asked for, over all its routes."""
    path = getattr(request.scope.get("route"), "path", None)
    same = [context for context in iter_route_contexts(request.app.routes) if context.path == path]
    return ", ".join(sorted({method for context in same for method in context.methods or ()}))


def _response(answer: ProblemAnswer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers))


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, summary=None
        )
        document["components"]["securitySchemes"] = SECURITY_SCHEMES
        schemas = document["components"].setdefault("schemas", {})
        for name, schema in extra_schemas(*_READ_BY_ROUTES).items():
            schemas.setdefault(name, schema)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for path in document["paths"].values():
            for operation in path.values():
                if operation["responses"].get("422", {}).get("description") == "Validation Error":
                    del operation["responses"]["422"]  # FastAPI's own shape, which is never sent
        app.openapi_schema = document
    return app.openapi_schema
