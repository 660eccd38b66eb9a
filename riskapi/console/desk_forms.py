"""What the forms of the desk send, as the acts of the desk take it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from riskapi.console.forms import Form
from riskapi.desk.forms import ReadingRequest
from riskapi.errors import InvalidBodyError
from riskapi.problems import problems_of

REASON = "reason"
"""Fields that list the reasons of a page: ``<risk>.<code>``; a verdict is under ``verdict.<risk>.<code>``."""
FORM_ID = "form_id"
"""The field that makes a form count once."""
_FOUND = (
    "compliance",
    "outcome_code",
    "known_at",
    "evidence_type",
    "decided_by_role",
    "rationale",
    "inspection_depth",
    "supersedes",
)
WRITTEN = ("note", "rationale", "to")
"""Fields that people write into: shown again whatever becomes of a form."""


def act_of(sent: Form, model: type[BaseModel]) -> Any:
    """Read an act with its token and version.

    Raises:
        InvalidBodyError: naming the place and the rule of each problem.
    """
    names = [name for name in model.model_fields if name != "audience"]
    return _validated(model, _filled(sent, names))


def reading_of(sent: Form, zone: str) -> ReadingRequest:
    """Read what ends a reading: verdicts, view, and what was found.

    Args:
        sent: the form.
        zone: of the clock by which the time was written (IANA name).

    Raises:
        InvalidBodyError: naming the place and the rule of each problem.
    """
    body = _filled(sent, ("token", "version", "view", "note"))
    body["outcome"] = _filled(sent, _FOUND)
    body["outcome"]["known_at"] = _moment(body["outcome"].get("known_at"), zone)
    body["reasons"] = [
        {"risk": risk, "code": code, "verdict": verdict}
        for risk, _, code in (name.partition(".") for name in sent.texts(REASON))
        if (verdict := sent.text(f"verdict.{risk}.{code}"))
    ]
    found: ReadingRequest = _validated(ReadingRequest, body)
    return found


def _filled(sent: Form, names: Any) -> dict[str, Any]:
    """The fields that were filled in; a version is a number."""
    fields = {name: sent.text(FORM_ID if name == "token" else name) for name in names}
    body: dict[str, Any] = {name: text for name, text in fields.items() if text.strip()}
    if body.get("version", "").isdecimal():
        body["version"] = int(body["version"])
    return body


def _moment(text: str | None, zone: str) -> datetime | str | None:
    """A time as browsers send it, by the clock of the post; anything else is left to the rules."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))


def _validated(model: type[BaseModel], body: dict[str, Any]) -> Any:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InvalidBodyError(problems_of(error, model, body)) from None
