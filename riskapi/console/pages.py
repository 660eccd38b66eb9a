"""Makes a page: one template, what it shows, and the headers that let a browser do nothing else with it."""

from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from riskapi.access.callers import CALLER
from riskapi.access.principal import Principal
from riskapi.console.assets import address_of
from riskapi.console.figures import Scale, share, step, whisker
from riskapi.console.forms import form_token
from riskapi.console.languages import LANGUAGES, language_of
from riskapi.console.navigation import places_of
from riskapi.services import Services

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",  # without it a browser would not say that a form is of this very origin
}

ENVIRONMENT: Final = Environment(
    loader=PackageLoader("riskapi.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
ENVIRONMENT.globals |= {"address_of": address_of, "share": share, "step": step, "whisker": whisker, "Scale": Scale}


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def moment(value: datetime | str, zone: str) -> str:
    """Write a time as the clock of the post shows it.

    >>> moment("2026-03-14T09:40:00.000Z", "Africa/Nairobi")
    '2026-03-14 12:40 EAT'
    """
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return f"{at.astimezone(_zone(zone)):%Y-%m-%d %H:%M %Z}"


def page(request: Request, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """Answer with a page.

    Args:
        request: that is answered.
        template: its name below ``templates``.
        status: of the answer.
        shown: what the template shows; every text in it is escaped.
    """
    return HTMLResponse(html(request, template, **shown), status, HEADERS)


def html(request: Request, template: str, **shown: Any) -> str:
    """Write a page, as :func:`page` answers with it."""
    services: Services = request.app.state.services
    caller: Principal | None = request.scope.get(CALLER)
    language = language_of(request)
    zone = services.settings.time_zone
    return ENVIRONMENT.get_template(template).render(
        _=language.say,
        caller=caller,
        form_token=form_token(request),
        here=request.url.path,
        language=language,
        languages=list(LANGUAGES.values()),
        moment=lambda value: moment(value, zone),
        places=places_of(caller),
        **shown,
    )
