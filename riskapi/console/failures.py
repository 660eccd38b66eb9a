"""What a page says where something went wrong: plain words, what to do next, and never what was sent."""

from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Scope

from riskapi.access.callers import CALLER
from riskapi.console.pages import HEADERS, html
from riskapi.errors import AuthenticationError, ProblemAnswer, TooManyRequestsError, kind_of

ROOT: Final = "/console"
_TITLES: Final = {
    HTTPStatus.BAD_REQUEST: "This could not be read",
    HTTPStatus.FORBIDDEN: "You may not do this",
    HTTPStatus.NOT_FOUND: "Nothing is here",
    HTTPStatus.CONFLICT: "This has changed meanwhile",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something is missing or not as it should be",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available now",
}
_OTHER: Final = "Something went wrong"
_NOT_HERE: Final = "There is no such page. Look for it in the bar at the top."
_INSIDE: Final = "Nothing was changed. The operator finds the cause in the log."


def is_page(scope: Scope) -> bool:
    """Whether a request is for a page, so that a person reads the answer."""
    path: str = scope["path"]
    return path == ROOT or path.startswith(ROOT + "/")


def page_for(request: Request, error: Exception) -> ProblemAnswer:
    """Turn an error into the page that is sent for it; who is not known is asked to sign in, where they wanted to go.

    Args:
        request: that failed.
        error: of this project, or whatever else was raised.
    """
    if isinstance(error, HTTPException):
        status, name, text = HTTPStatus(error.status_code), "no-such-page", _NOT_HERE
    else:
        kind = kind_of(error)
        status, name, text = kind.status, kind.name, str(error) if kind.shows_text else _INSIDE
    headers = HEADERS | {"content-type": "text/html; charset=utf-8"}
    if isinstance(error, TooManyRequestsError):
        headers["retry-after"] = str(error.retry_after_seconds)
    if isinstance(error, AuthenticationError):
        headers["www-authenticate"] = 'Bearer realm="riskapi"'
        if request.headers.get("hx-request") == "true":
            headers["hx-refresh"] = "true"  # a part of a page asks: load all of it anew, with the form to sign in
        body = html(request, "sign_in.html", wanted=_wanted(request), problem=None, new_password=False, login="")
    else:
        problems = [problem.rule for problem in getattr(error, "problems", ())]
        title = _TITLES.get(status, _OTHER)
        known = request.scope.get(CALLER) is not None
        body = html(request, "failure.html", title=title, text=text, problems=problems, known=known)
    return ProblemAnswer(status.value, name, body.encode(), tuple(headers.items()))


def _wanted(request: Request) -> str:
    """Where somebody wanted to go: a page that can be asked for again, with what was asked of it."""
    if request.method != "GET":
        return ROOT
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")
