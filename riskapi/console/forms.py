"""Forms that pages send: read within a limit, with the token of the session that the page was made for."""

import hmac
from collections.abc import Mapping
from typing import Annotated, Final, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from riskapi.access.callers import CALLER, session_cookies
from riskapi.access.cross_site import refuse_cross_site
from riskapi.access.principal import Principal
from riskapi.body import check_media_type, read_body
from riskapi.errors import CrossSiteError, InvalidBodyError, MalformedBodyError
from riskapi.problems import problems_of
from riskapi.services import Services

TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
FIELDS_MAX: Final = 200
_TYPES: Final = (b"application/x-www-form-urlencoded",)
_PURPOSE: Final = b"console forms"
_MODEL = TypeVar("_MODEL", bound=BaseModel)


class Form:
    """What a page sent, checked to come from a page of this session.

    Args:
        fields: every value by the name of its field.
    """

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """The first value of a field; empty where there is none. To show again what somebody wrote."""
        return self._fields.get(name, [""])[0]

    def texts(self, name: str) -> list[str]:
        """Every value of a field, such as the boxes that are ticked."""
        return list(self._fields.get(name, []))

    def read(self, model: type[_MODEL]) -> _MODEL:
        """Read the fields as a model; those whose type is a list take every value, others the first.

        Raises:
            InvalidBodyError: naming the place and the rule of each problem, never the value.
        """
        lists = {name for name, field in model.model_fields.items() if _is_many(field.annotation)}
        body = {name: values if name in lists else values[0] for name, values in self._fields.items() if any(values)}
        try:
            return model.model_validate(body)
        except ValidationError as error:
            raise InvalidBodyError(problems_of(error, model, body)) from None


def _is_many(annotation: object) -> bool:
    return getattr(annotation, "__origin__", None) in (list, tuple, set, frozenset)


def form_token(request: Request) -> str:
    """The token that every form of a page carries: of this session, or of this key or token where there is none."""
    services: Services = request.app.state.services
    sessions = session_cookies(request.headers.get("cookie", "").encode("latin-1"))
    caller: Principal | None = request.scope.get(CALLER)
    whose = f"session {sessions[0]}" if sessions else f"caller {caller.key_id}" if caller is not None else "nobody"
    return services.secret.hash_subject(_PURPOSE, whose.encode()).hex()


async def read_form(request: Request) -> Form:
    """Read a form, and refuse one that no page of this session sent.

    Raises:
        MediaTypeError: where it is no form.
        BodyTooLargeError: beyond the limit of one record.
        BodyTimeoutError: where the rest of it does not arrive.
        MalformedBodyError: where it is not UTF-8 or has too many fields.
        CrossSiteError: where another site's page sent it, or it lacks the token.
    """
    services: Services = request.app.state.services
    _, announced = check_media_type(request.scope, _TYPES)
    limits = services.settings.body_limit_bytes, services.settings.body_timeout_seconds
    raw = await read_body(request.receive, announced, *limits)
    refuse_cross_site(request.scope)
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError:
        raise MalformedBodyError("The form is not UTF-8, or has too many fields.") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))  # browsers end lines by both
    sent = fields.pop(TOKEN, [""])
    if len(sent) != 1 or not hmac.compare_digest(sent[0].encode(), form_token(request).encode()):
        raise CrossSiteError("This form was made for another session. Open the page again and send it from there.")
    return Form(fields)


Sent = Annotated[Form, Depends(read_form)]
"""What a route asks for by type."""
