"""POST /v1/messages: a message as carriers and posts send it in, one row for each of its travellers out."""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.callers import CALLER
from riskapi.access.guard import DirectRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.access.purpose import PARAMETER, Use, stated_purpose
from riskapi.body import JSON_TYPES, check_media_type, read_body
from riskapi.describe import body_of, problems, request_body
from riskapi.edge import NOTES
from riskapi.messages.kinds import EDIFACT, read_message
from riskapi.messages.sources import sources_of_reasons
from riskapi.pushes import answer_records
from riskapi.routes.manifests import VoyageBody
from riskapi.schemas import ProblemRow, ScoreAnswer, Wire
from riskapi.services import Services

router = APIRouter(tags=["scores"], route_class=DirectRoute)

EDIFACT_TYPE, TEXT_TYPE, BYTES_TYPE = b"application/edifact", b"text/plain", b"application/octet-stream"

_LIST = (
    "UNA:+.? 'UNB+UNOA:4+KQ:ZZ+KEAPIS:ZZ+260314:0600+1++APIS'UNH+1+PAXLST:D:05B:UN:IATA'BGM+745'TDT+20+KQ416'"
    "LOC+125+MGQ'DTM+189:2603140750:201'LOC+87+NBO'DTM+232:2603140940:201'NAD+FL+++WARSAME:AMINA YUSUF'ATT+2++F'"
    "DTM+329:910502'LOC+178+MGQ'LOC+179+NBO'NAT+2+KEN'RFF+AVF:K7X2QP'DOC+P+A1234567'DTM+36:310131'LOC+91+KEN'"
    "CNT+42:1'UNT+19+1'UNZ+1+1'"
)
_ZONES = {
    "crossing": {"mode": "land", "point": "LIBOI", "direction": "in", "expected_at": "2026-03-14T09:40:00Z"},
    "zones": ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"],
}
_JSON = {"type": "object", "description": "A voyage manifest, summaries or profiles of GTAS, or zones"}
_TEXT = {"type": "string", "description": "EDIFACT as it arrived, with what telex and mail put around it"}


class MessageRow(Wire):
    """The answer of one traveller."""

    person: Annotated[int, Field(ge=0, description="Among the persons of the message, from 0")]
    booking: Annotated[int | None, Field(description="Among the bookings of the message, from 0")]
    place: Annotated[str, Field(description="Where the message tells of the traveller")]
    version: Annotated[str, Field(description="Names what the record says; the same content has the same version")]
    supersedes: Annotated[str | None, Field(description="Decision about the first version, where this is a later one")]
    sources: Annotated[
        dict[str, dict[str, str]],
        Field(
            description="Of a list and a booking that were joined: code of each reason -> fact that it rests on -> "
            "message that said it (API, PNR, API+PNR); empty for all others"
        ),
    ]
    replayed: Annotated[bool, Field(description="Whether this version came before: the answer is that of then")]
    answer: ScoreAnswer


class MessageAnswer(Wire):
    """What is said of a message: one row for each traveller who could be read, in order."""

    kind: Annotated[str, Field(description="What the message is")]
    voyages: list[VoyageBody]
    persons: Annotated[int, Field(description="Travellers of the message, read or not")]
    bookings: Annotated[int, Field(description="Bookings of the message; 0 for lists without any")]
    scored: Annotated[int, Field(description="Rows of this answer")]
    findings: Annotated[list[ProblemRow], Field(description="What could not be used, and what was done about it")]
    rows: list[MessageRow]


@router.post(
    "/v1/messages",
    response_model=MessageAnswer,
    responses=problems(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra={
        **request_body(
            body_of(_JSON, example=_ZONES),
            body_of(_TEXT, EDIFACT_TYPE.decode(), example=_LIST),
            body_of(_TEXT, TEXT_TYPE.decode(), example=_LIST),
            body_of({"type": "string", "format": "binary"}, BYTES_TYPE.decode()),
        ),
        "parameters": [PARAMETER],
    },
)
@allows(Action.SCORE)
async def score_message(request: Request) -> Response:
    """Assess everybody in a message of carriers, of GTAS or of a document reader.

    Passenger and crew lists (PAXLST) and pushed bookings (PNRGOV) in EDIFACT, whatever telex and mail did to them;
    voyage manifests, message summaries of GTAS and machine-readable zones in JSON. What cannot be used is left out
    and told in `findings`, by place and rule; each traveller is scored with what is there. All decisions are stored
    in one transaction before the answer leaves.

    What a list and a booking in one body say of one traveller is scored as one record, and `sources` names the message
    behind each reason.

    A message that comes again gets the answers of the first time. A traveller of whom a later message says something
    else is decided anew: `record_id` stays, `version` changes, and `supersedes` names the decision about the first
    version.
    """
    services: Services = request.app.state.services
    principal: Principal = request.scope[CALLER]
    principal.require_audience()
    use = Use(principal, services.purposes.check(principal, stated_purpose(request.scope["headers"])))
    settings = services.settings
    media_type, announced = check_media_type(request.scope, (*JSON_TYPES, EDIFACT_TYPE, TEXT_TYPE, BYTES_TYPE))
    raw = await read_body(request.receive, announced, settings.batch_body_limit_bytes, settings.body_timeout_seconds)
    kind = EDIFACT if media_type == EDIFACT_TYPE else None
    message = await asyncio.to_thread(read_message, raw, kind, country=settings.country)
    live = services.active.live
    answers, decided = await answer_records(services, use, message.records, live)
    request.scope[NOTES] |= {"rows": message.persons, "scored": decided, "digests": live.digests}
    body: dict[str, Any] = {
        "kind": message.kind,
        "voyages": message.voyages,
        "persons": message.persons,
        "bookings": message.bookings,
        "scored": len(answers),
        "findings": [finding._asdict() for finding in message.findings],
        "rows": [
            {
                "person": entry.number,
                "booking": entry.booking,
                "place": entry.place,
                "version": found.version,
                "supersedes": found.supersedes,
                "sources": sources_of_reasons(orjson.loads(found.answer), entry.sources) if entry.sources else {},
                "replayed": found.replayed,
                "answer": orjson.Fragment(found.answer),
            }
            for entry, found in zip(message.entries, answers, strict=True)
        ],
    }
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")
