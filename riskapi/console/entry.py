"""/console: where a person comes in and goes out, what they find first, and the files that every page needs."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field, SecretStr, StringConstraints
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from riskapi.access.callers import session_cookies
from riskapi.access.guard import GuardedRoute, allows, open_to_all
from riskapi.access.matrix import Action
from riskapi.access.sessions import OUT_OF_BROWSER
from riskapi.console.assets import BASE, FOREVER, asset_at
from riskapi.console.failures import ROOT
from riskapi.console.forms import Form, Sent
from riskapi.console.languages import COOKIE, LANGUAGES
from riskapi.console.pages import page
from riskapi.deps import ServicesDep
from riskapi.errors import (
    AuthenticationError,
    InvalidBodyError,
    NotFoundError,
    PasswordChangeError,
    TooManyRequestsError,
    kind_of,
)
from riskapi.schemas import Wire

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

SEE_OTHER: Final = 303
_YEAR_SECONDS: Final = 31_536_000
_Password = Annotated[SecretStr, Field(min_length=1, max_length=1024)]


class _SignIn(Wire):
    """Who signs in."""

    login: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    password: _Password
    new_password: _Password | None = None
    wanted: str = ROOT


class _Choice(Wire):
    """Which language somebody reads."""

    language: str
    wanted: str = ROOT


@router.get("/console")
@allows(Action.SELF)
def home(request: Request, services: ServicesDep) -> Response:
    """Show what somebody finds first: who they are here, where they may go, and whether the service is well."""
    return page(request, "home.html", alarms=services.alarms.current)


@router.get("/console/sign-in")
@open_to_all("Whoever signs in is not known before; the page holds no data.")
async def sign_in_page(request: Request) -> Response:
    """Ask for login and password."""
    return page(request, "sign_in.html", wanted=ROOT, problem=None, new_password=False, login="")


@router.post("/console/sign-in")
@open_to_all("Whoever signs in is not known before; guesses are counted and delayed.")
def sign_in(request: Request, sent: Sent, services: ServicesDep) -> Response:
    """Open a session, and go where the person wanted to go."""
    try:
        form = sent.read(_SignIn)
        fresh = form.new_password.get_secret_value() if form.new_password is not None else None
        token, _ = services.sessions.sign_in(form.login, form.password.get_secret_value(), fresh)
    except (AuthenticationError, InvalidBodyError, PasswordChangeError, TooManyRequestsError) as error:
        return _sign_in_again(request, sent, error)
    return RedirectResponse(local(form.wanted), SEE_OTHER, {"set-cookie": services.sessions.cookie(token)})


def _sign_in_again(request: Request, sent: Form, error: Exception) -> Response:
    """Show the form once more, with what was wrong; the login stays, a password never does."""
    problems = [f"{one.place.replace('_', ' ')}: {one.rule}." for one in getattr(error, "problems", ())]
    return page(
        request,
        "sign_in.html",
        kind_of(error).status.value,
        wanted=local(sent.text("wanted")),
        problem=" ".join(problems) or str(error),
        new_password=isinstance(error, PasswordChangeError) or bool(sent.text("new_password")),
        login=sent.text("login"),
    )


@router.post("/console/sign-out")
@allows(Action.SELF)
def sign_out(request: Request, sent: Sent, services: ServicesDep) -> Response:  # noqa: ARG001 - read to be checked
    """End the session of this browser."""
    for token in session_cookies(request.headers.get("cookie", "").encode("latin-1")):
        services.sessions.sign_out(token)
    return RedirectResponse("/console/sign-in", SEE_OTHER, {"set-cookie": OUT_OF_BROWSER})


@router.post("/console/language")
@open_to_all("Everybody chooses a language, also before signing in; nothing else changes.")
def choose_language(request: Request, sent: Sent) -> Response:
    """Remember a language in this browser."""
    form = sent.read(_Choice)
    code = form.language if form.language in LANGUAGES else "en"
    secure = "; Secure" if request.url.scheme == "https" else ""
    cookie = f"{COOKIE}={code}; Path=/console; Max-Age={_YEAR_SECONDS}; HttpOnly; SameSite=Strict{secure}"
    return RedirectResponse(local(form.wanted), SEE_OTHER, {"set-cookie": cookie})


@router.get("/console/static/{name}")
@open_to_all("Style, script and sign of the pages hold no data; the page to sign in needs them.")
async def static(name: str) -> Response:
    """Hand out a file that pages need; its name changes with its content, so a browser may keep it."""
    asset = asset_at(BASE + name)
    if asset is None:
        raise NotFoundError("The console has no such file.")
    return Response(asset.content, media_type=asset.media_type, headers={"cache-control": FOREVER})


def local(address: str) -> str:
    r"""An address of the console as it was sent, or the first page where it is none: nobody is led elsewhere.

    >>> local("/console/models?risk=x"), local("//evil.example/console"), local("/console/../docs")
    ('/console/models?risk=x', '/console', '/console')
    >>> local("/console/a\r\nSet-Cookie: x"), local("/consoles"), local("https://evil.example/console/")
    ('/console', '/console', '/console')
    """
    path, _, _ = address.partition("?")
    ours = path == ROOT or path.startswith(ROOT + "/")
    plain = address.isascii() and address.isprintable() and not {" ", "\\"} & set(address)
    return address if ours and plain and ".." not in path and "//" not in path else ROOT
