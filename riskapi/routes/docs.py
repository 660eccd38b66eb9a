"""/docs: the API page, served from this process alone; no other host is asked for anything."""

from pathlib import Path
from typing import Final

import swagger_ui_bundle
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from riskapi.access.guard import GuardedRoute, open_to_all
from riskapi.errors import NotFoundError
from riskapi.routes.page_document import for_page

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

_ASSETS: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_POLICY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
_WHY = "The operator asked for the API page, which holds no data."
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>riskapi</title>
<link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><main id="api"></main>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/docs/openapi-3.0.json", dom_id: "#api", deepLinking: true, validatorUrl: null, persistAuthorization: false
});
"""


@router.get("/docs")
@open_to_all(_WHY)
async def page() -> HTMLResponse:
    """Show the API page."""
    return HTMLResponse(_PAGE, headers=_POLICY)


@router.get("/openapi.json")
@open_to_all(_WHY)
async def document(request: Request) -> JSONResponse:
    """Describe the API for programs."""
    return JSONResponse(request.app.openapi())


@router.get("/docs/start.js")
@open_to_all(_WHY)
async def start() -> Response:
    """Start the page; a file of its own, so that no script stands in the page."""
    return Response(_START, media_type="text/javascript")


@router.get("/docs/{name}")
@open_to_all(_WHY)
async def asset(name: str, request: Request) -> Response:
    """Hand out one of the few files that the page needs."""
    if name == "openapi-3.0.json":
        return JSONResponse(for_page(request.app.openapi()))
    if name not in _ASSETS:
        raise NotFoundError("The API page has no such file.")
    directory = Path(swagger_ui_bundle.swagger_ui_path)
    return FileResponse(directory / name, media_type=_ASSETS[name], headers={"cache-control": "max-age=86400"})
