"""POST /v1/manifests: a passenger list in, one row for each of its entries out, in the order of the list."""

import asyncio
from datetime import datetime
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
from riskapi.body import check_media_type, read_body
from riskapi.describe import body_of, problems, request_body
from riskapi.edge import NOTES
from riskapi.messages.border import seen_from
from riskapi.messages.voyage_codes import MODES
from riskapi.messages.voyage_manifest import MAX_PASSENGERS, read_voyage_manifest
from riskapi.pushes import answer_records
from riskapi.schemas import ProblemRow, ScoreAnswer, Wire
from riskapi.services import Services

router = APIRouter(tags=["scores"], route_class=DirectRoute)

_EXAMPLE = {
    "EventCode": "DC",
    "VoyageKey": "517c62be54d6822e33424d0fd7057440",
    "CarrierCode": "KQ",
    "CarrierType": "AIR",
    "VoyageNumber": "0416",
    "VoyageNumberTrailingLetter": "",
    "DeparturePortCode": "MGQ",
    "DeparturePortCountryCode": "SOM",
    "ScheduledDateOfDeparture": "2026-03-14",
    "ScheduledTimeOfDeparture": "07:50:00",
    "ArrivalPortCode": "NBO",
    "ScheduledDateOfArrival": "2026-03-14",
    "ScheduledTimeOfArrival": "09:40:00",
    "PassengerList": [
        {
            "PoavKey": "000d6ab0f4929d8a92a99b83b0c35cf0",
            "PersonType": "P",
            "Age": "34",
            "NationalityCountryCode": "KEN",
            "DocumentType": "P",
            "DocumentLevel": "Primary",
            "DocumentIssuingCountryCode": "KEN",
            "InTransitFlag": "N",
            "DisembarkationPortCode": "NBO",
            "DisembarkationPortCountryCode": "KEN",
        }
    ],
}
_SCHEMA = {
    "type": "object",
    "required": [
        "CarrierType",
        "ArrivalPortCode",
        "ScheduledDateOfArrival",
        "ScheduledTimeOfArrival",
        "PassengerList",
    ],
    "properties": {
        "CarrierType": {"type": "string", "enum": list(MODES), "description": "Small letters are read, too"},
        "ArrivalPortCode": {"type": "string", "pattern": "^[A-Z0-9]{3,5}$"},
        "ScheduledDateOfArrival": {"type": "string", "format": "date"},
        "ScheduledTimeOfArrival": {
            "type": "string",
            "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$",
            "description": "UTC where it names no zone; one with a zone is read, too",
        },
        "PassengerList": {
            "type": "array",
            "items": {"anyOf": [{"type": "object"}, {"description": "Not scored; a finding says so"}]},
            "description": f"At most {MAX_PASSENGERS:,} entries",
        },
    },
}


class VoyageBody(Wire):
    """The voyage as it was read."""

    carrier: str | None
    number: str | None
    origin: str | None
    destination: str
    departs_at: Annotated[datetime | None, Field(description="UTC")]
    arrives_at: Annotated[datetime, Field(description="UTC")]


class ManifestRow(Wire):
    """The answer of one entry of the list."""

    entry: Annotated[int, Field(ge=0, description="Place in PassengerList, from 0")]
    answer: ScoreAnswer


class ManifestAnswer(Wire):
    """What is said of a passenger list: one row for each entry that could be read, in order."""

    voyage: VoyageBody
    entries: Annotated[int, Field(description="Entries of the list, read or not")]
    scored: Annotated[int, Field(description="Rows of this answer")]
    findings: Annotated[list[ProblemRow], Field(description="What could not be used, and what was done about it")]
    rows: list[ManifestRow]


@router.post(
    "/v1/manifests",
    response_model=ManifestAnswer,
    responses=problems(400, 401, 403, 408, 413, 415, 422, 429, 503),
    openapi_extra={**request_body(body_of(_SCHEMA, example=_EXAMPLE)), "parameters": [PARAMETER]},
)
@allows(Action.SCORE)
async def score_manifest(request: Request) -> Response:
    """Assess everybody on a voyage manifest, as carriers send it in JSON.

    What cannot be used of an entry is left out and told in `findings`, by place and rule; the entry is scored without
    it. A traveller's second document is an entry of its own, and gets a row of its own. All decisions of a list are
    stored in one transaction, by one set of models, before the answer leaves. An entry that comes again with the same
    content is answered as it was; one that changed gets a new decision that is linked to the first.
    """
    services: Services = request.app.state.services
    principal: Principal = request.scope[CALLER]
    principal.require_audience()
    use = Use(principal, services.purposes.check(principal, stated_purpose(request.scope["headers"])))
    settings = services.settings
    _, announced = check_media_type(request.scope)
    raw = await read_body(request.receive, announced, settings.batch_body_limit_bytes, settings.body_timeout_seconds)
    manifest = seen_from(await asyncio.to_thread(read_voyage_manifest, raw), settings.country)
    live = services.active.live
    answers, decided = await answer_records(services, use, manifest.records, live)
    request.scope[NOTES] |= {"rows": manifest.persons, "scored": decided, "digests": live.digests}
    body: dict[str, Any] = {
        "voyage": manifest.voyages[0],
        "entries": manifest.persons,
        "scored": len(answers),
        "findings": [finding._asdict() for finding in manifest.findings],
        "rows": [
            {"entry": entry.number, "answer": orjson.Fragment(found.answer)}
            for entry, found in zip(manifest.entries, answers, strict=True)
        ],
    }
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")
