"""POST /v1/scores/batch: many records in, one row for each out, in their order; a bad row spoils no other."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.callers import CALLER
from riskapi.access.guard import DirectRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.access.purpose import PARAMETER_BESIDE_RECORDS, Use, stated_purpose
from riskapi.body import JSON_TYPES, NDJSON_TYPE, check_media_type, read_body, strict_json
from riskapi.decisions import DecisionRecord
from riskapi.describe import RECORDS, body_of, problems, request_body
from riskapi.edge import NOTES
from riskapi.errors import (
    BodyTooLargeError,
    InvalidBodyError,
    MalformedBodyError,
    NoApprovedModelError,
    Problem,
    PurposeError,
    ServiceError,
    problem_document,
)
from riskapi.live import LiveModels
from riskapi.routes.scores import decide, read_record
from riskapi.schemas import RECORD_EXAMPLES, BatchAnswer
from riskapi.scoring import Assessment
from riskapi.services import Services

router = APIRouter(tags=["scores"], route_class=DirectRoute)

_ROWS_PER_TURN = 8
"""After so many rows the event loop serves others: about two milliseconds."""
_EXAMPLE = [RECORD_EXAMPLES["air"]["value"], RECORD_EXAMPLES["land"]["value"]]
_NDJSON_EXAMPLE = "\n".join(json.dumps(record) for record in _EXAMPLE)

Row = tuple[bytes, Any]
"""One record: its JSON, and the same parsed."""


@router.post(
    "/v1/scores/batch",
    response_model=BatchAnswer,
    responses={
        200: {"content": {NDJSON_TYPE.decode(): {"schema": {"type": "string", "description": "One row a line"}}}},
        **problems(400, 401, 403, 408, 413, 415, 422, 429, 503),
    },
    openapi_extra={
        **request_body(
            body_of(RECORDS, example=_EXAMPLE),
            body_of({"type": "string"}, NDJSON_TYPE.decode(), example=_NDJSON_EXAMPLE),
        ),
        "parameters": [PARAMETER_BESIDE_RECORDS],
    },
)
@allows(Action.SCORE)
async def score_batch(request: Request) -> Response:
    """Assess up to 1,000 records.

    Send a JSON array, or one record a line (`application/x-ndjson`); lines are answered by lines. Each row of the
    answer holds an answer like that of `POST /v1/scores`, or a problem with its place. One set of models scores the
    whole batch, and all its decisions are stored in one transaction before the answer leaves.
    """
    services: Services = request.app.state.services
    principal: Principal = request.scope[CALLER]
    principal.require_audience()
    settings = services.settings
    media_type, announced = check_media_type(request.scope, (*JSON_TYPES, NDJSON_TYPE))
    raw = await read_body(request.receive, announced, settings.batch_body_limit_bytes, settings.body_timeout_seconds)
    rows = list(_lines(raw) if media_type == NDJSON_TYPE else _elements(raw))
    if len(rows) > settings.batch_limit_rows:
        raise BodyTooLargeError(f"A batch may have {settings.batch_limit_rows} records. Send several batches.")
    live = services.active.live
    answers, decided = await _answer_rows(rows, services, live, principal, stated_purpose(request.scope["headers"]))
    if decided:
        await services.writer.append([decision for decision, _ in decided])
    for _, assessment in decided:
        services.metrics.count(assessment)
    request.scope[NOTES] |= {"rows": len(rows), "scored": len(decided), "digests": live.digests}
    if media_type == NDJSON_TYPE:
        lines = b"".join([orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE) for answer in answers])
        return Response(lines, media_type=NDJSON_TYPE.decode())
    body = {"scored": len(decided), "refused": len(rows) - len(decided), "rows": answers}
    return Response(orjson.dumps(body), media_type="application/json")


async def _answer_rows(
    rows: list[Row | ServiceError], services: Services, live: LiveModels, principal: Principal, stated: str | None
) -> tuple[list[dict[str, Any]], list[tuple[DecisionRecord, Assessment]]]:
    """Assess row after row, letting other requests in between; the answers wait until the decisions are stored."""
    answers: list[dict[str, Any]] = []
    decided = []
    for place, row in enumerate(rows):
        if place % _ROWS_PER_TURN == _ROWS_PER_TURN - 1:
            await asyncio.sleep(0)
        try:
            if isinstance(row, ServiceError):
                raise row
            record = read_record(*row, f"records[{place}]")
            answer, decision, assessment = decide(
                services, live, Use(principal, services.purposes.check(principal, stated, record.purpose_code)), record
            )
        except (NoApprovedModelError, PurposeError):  # no row is stored where one of them may not be looked at
            raise
        except ServiceError as error:
            answers.append({"row": place, "answer": None, "problem": problem_document(error)})
        else:
            decided.append((decision, assessment))
            answers.append({"row": place, "answer": orjson.Fragment(answer), "problem": None})
    return answers, decided


def _lines(raw: bytes) -> Iterator[Row | ServiceError]:
    for place, line in enumerate(line for line in raw.split(b"\n") if line.strip()):
        try:
            yield line, strict_json(line)
        except MalformedBodyError as error:
            yield _at(place, error)


def _elements(raw: bytes) -> Iterator[Row | ServiceError]:
    parsed = strict_json(raw)
    if not isinstance(parsed, list):
        raise InvalidBodyError([Problem("(body)", "a list of records is expected", "Send a JSON array of records.")])
    for place, element in enumerate(parsed):
        try:
            yield json.dumps(element, allow_nan=False, ensure_ascii=False).encode(), element
        except ValueError:  # 1e999 is JSON, but no number that can be meant
            problem = Problem(f"records[{place}]", "has a number that is too large", "Send numbers of ordinary size.")
            yield InvalidBodyError([problem])


def _at(place: int, error: MalformedBodyError) -> InvalidBodyError:
    return InvalidBodyError([Problem(f"records[{place}]", "is no strict JSON", str(error))])
