"""POST /v1/gtas/score: what GTAS asks of a scorer, answered in the form that it reads, about one risk at a time."""

import asyncio
from typing import Annotated, Any, NamedTuple

import orjson
from fastapi import APIRouter
from pydantic import Field
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.callers import CALLER
from riskapi.access.guard import DirectRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.access.purpose import PARAMETER, Use, stated_purpose
from riskapi.body import check_media_type, read_body
from riskapi.describe import body_of, problems, request_body
from riskapi.edge import NOTES
from riskapi.errors import InvalidBodyError, NotFoundError, Problem
from riskapi.hits.gtas import CATEGORIES, OTHER, scorer_answer
from riskapi.ids import uuid7
from riskapi.messages.gtas import PROFILES
from riskapi.messages.kinds import read_message
from riskapi.pushes import answer_records
from riskapi.schemas import Wire
from riskapi.services import Services

router = APIRouter(tags=["scores"], route_class=DirectRoute)

_EXAMPLE = {
    "profiles": [
        {
            "unique_id": "309f3a1a-6ce9-4e75-8aa4-08b6b8e0317a",
            "passenger_num": 587,
            "gender": "M",
            "age_bin": "20-25",
            "eta": 1773481200000,
            "passenger_citizen_country": ["KEN"],
            "documentation_country": ["KEN"],
            "documentation_type": ["P"],
            "flight_number": "0416",
            "carrier": "KQ",
            "flight_origin_airport": "MGQ",
            "flight_arrival_airport": "NBO",
        }
    ]
}
_SCHEMA = {
    "type": "object",
    "required": ["profiles"],
    "properties": {"profiles": {"type": "array", "items": {"description": "A profile, as GTAS writes it"}}},
}
_PARAMETERS = [
    {"name": "risk", "in": "query", "required": True, "schema": {"type": "string"}, "example": "document_fraud"},
    {
        "name": "category",
        "in": "query",
        "required": False,
        "description": "Of GTAS, that the risk is told in; left out, 6 (other)",
        "schema": {"type": "integer", "minimum": CATEGORIES[0], "maximum": CATEGORIES[-1]},
    },
    {
        "name": "reasons",
        "in": "query",
        "required": False,
        "description": "Whether reasons are added, which GTAS as it is published does not read",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
]


class SupportInfoBody(Wire):
    """For inquiries."""

    internal_trace_id: str


class GtasAnswer(Wire):
    """``OmniAssessPassengersResponse`` of GTAS."""

    support_info: SupportInfoBody
    predictions: Annotated[
        list[dict[str, Any]], Field(description="One for each traveller who is scored for the risk; pairs of chances")
    ]
    start_prediction_time_millisecs: int
    end_prediction_time_millisecs: int
    prediction_time_millisecs: int
    status: str
    error: dict[str, Any] | None


class _Asked(NamedTuple):
    risk: str
    category: int
    reasons: bool


@router.post(
    "/v1/gtas/score",
    response_model=GtasAnswer,
    responses=problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra={**request_body(body_of(_SCHEMA, example=_EXAMPLE)), "parameters": [*_PARAMETERS, PARAMETER]},
)
@allows(Action.SCORE)
async def score_for_gtas(request: Request) -> Response:
    """Answer what GTAS (US-CBP/GTAS) asks of a scorer: `profiles` in, predictions out, about one risk.

    GTAS's form has one number for everything. There is no such number here: it is that of the risk that is asked for,
    so ask once for each. Profiles say little of a traveller; full messages go to `POST /v1/messages`. Every decision is
    stored before the answer leaves, and a profile that comes again has the decision that it had.
    """
    services: Services = request.app.state.services
    principal: Principal = request.scope[CALLER]
    principal.require_audience()
    asked = _asked(request.query_params)
    live = services.active.live
    if asked.risk not in {model.risk for model in live.for_audiences(principal.audiences).models}:
        raise NotFoundError("No approved model of this risk is live for this key's audiences.")
    use = Use(principal, services.purposes.check(principal, stated_purpose(request.scope["headers"])))
    settings = services.settings
    _, announced = check_media_type(request.scope)
    raw = await read_body(request.receive, announced, settings.batch_body_limit_bytes, settings.body_timeout_seconds)
    began = services.clock()
    message = await asyncio.to_thread(read_message, raw, PROFILES)
    answers, decided = await answer_records(services, use, message.records, live)
    request.scope[NOTES] |= {"rows": message.persons, "scored": decided, "digests": live.digests}
    sent = orjson.loads(raw)["profiles"]
    told = [
        (sent[entry.number], orjson.loads(found.answer)) for entry, found in zip(message.entries, answers, strict=True)
    ]
    times = [round(at.timestamp() * 1000) for at in (began, services.clock())]
    body = scorer_answer(
        told, asked.risk, (times[0], times[1]), trace_id=uuid7(), category=asked.category, reasons=asked.reasons
    )
    return Response(orjson.dumps(body), media_type="application/json")


def _asked(query: QueryParams) -> _Asked:
    """Read what is asked for.

    Raises:
        InvalidBodyError: naming each parameter that is not valid.
    """
    names = {str(one["name"]) for one in _PARAMETERS}
    wrong = [Problem("query", "has an unknown name, or one twice", f"Send {', '.join(sorted(names))}, each once.")]
    if len(query.multi_items()) != len(query) or not set(query) <= names:
        raise InvalidBodyError(wrong)
    risk, category, reasons = query.get("risk"), query.get("category", str(OTHER)), query.get("reasons", "false")
    problems_found = []
    if not risk:
        problems_found.append(Problem("risk", "is missing", "Name a risk, such as document_fraud."))
    if category not in map(str, CATEGORIES):
        problems_found.append(Problem("category", "is no category of GTAS", "Send a number from 1 to 6."))
    if reasons not in {"true", "false"}:
        problems_found.append(Problem("reasons", "is no flag", "Send true or false."))
    if problems_found:
        raise InvalidBodyError(problems_found)
    return _Asked(risk or "", int(category), reasons == "true")
