"""POST /v1/scores/batch: many records in, one row for each out, in their order; a bad row spoils no other."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.callers import CALLER
from riskapi.access.guard import DirectRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.access.purpose import PARAMETER_BESIDE_RECORDS, stated_purpose
from riskapi.body import JSON_TYPES, NDJSON_TYPE, check_media_type, read_body, strict_json
from riskapi.deciding import Asked, Decided, answer_all
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
from riskapi.schemas import RECORD_EXAMPLES, BatchAnswer
from riskapi.services import Services
from riskapi.turns import AT_ONCE_MAX

router = APIRouter(tags=["scores"], route_class=DirectRoute)

_EXAMPLE = [RECORD_EXAMPLES["air"]["value"], RECORD_EXAMPLES["land"]["value"]]
_NDJSON_EXAMPLE = "\n".join(json.dumps(record) for record in _EXAMPLE)


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
    rows = _lines(raw) if media_type == NDJSON_TYPE else list(_elements(raw))
    if len(rows) > settings.batch_limit_rows:
        raise BodyTooLargeError(f"A batch may have {settings.batch_limit_rows} records. Send several batches.")
    live = services.active.live
    answers, decided = await _answer_rows(rows, services, live, principal, stated_purpose(request.scope["headers"]))
    if decided:
        await services.writer.append([one.row for one in decided])
    for one in decided:
        services.metrics.count(one.assessment)
    request.scope[NOTES] |= {"rows": len(rows), "scored": len(decided), "digests": live.digests}
    if media_type == NDJSON_TYPE:
        lines = b"".join([orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE) for answer in answers])
        return Response(lines, media_type=NDJSON_TYPE.decode())
    body = {"scored": len(decided), "refused": len(rows) - len(decided), "rows": answers}
    return Response(orjson.dumps(body), media_type="application/json")


async def _answer_rows(
    rows: Sequence[bytes | ServiceError], services: Services, live: LiveModels, principal: Principal, stated: str | None
) -> tuple[list[dict[str, Any]], list[Decided]]:
    """Assess some rows at a time, letting other requests in between; answers wait until decisions are stored."""
    answers: list[dict[str, Any]] = []
    decided = []
    for start in range(0, len(rows), AT_ONCE_MAX):
        some = list(enumerate(rows[start : start + AT_ONCE_MAX], start))
        asked = [Asked(principal, stated, row, f"records[{place}]") for place, row in some if isinstance(row, bytes)]
        results = iter(answer_all(services, live, asked))
        for place, row in some:
            found = next(results) if isinstance(row, bytes) else row
            if isinstance(found, Decided):
                decided.append(found)
                answers.append({"row": place, "answer": orjson.Fragment(found.answer), "problem": None})
            elif isinstance(found, ServiceError) and not isinstance(found, (NoApprovedModelError, PurposeError)):
                told = _at(place, found) if isinstance(found, MalformedBodyError) else found
                answers.append({"row": place, "answer": None, "problem": problem_document(told)})
            else:  # no row is stored where one of them may not be looked at
                raise found
        await asyncio.sleep(0)
    return answers, decided


def _lines(raw: bytes) -> list[bytes]:
    return [line for line in raw.split(b"\n") if line.strip()]


def _elements(raw: bytes) -> Iterator[bytes | ServiceError]:
    parsed = strict_json(raw)
    if not isinstance(parsed, list):
        raise InvalidBodyError([Problem("(body)", "a list of records is expected", "Send a JSON array of records.")])
    for place, element in enumerate(parsed):
        try:
            yield json.dumps(element, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
        except ValueError:  # 1e999 is JSON, but no number that can be meant
            problem = Problem(f"records[{place}]", "has a number that is too large", "Send numbers of ordinary size.")
            yield InvalidBodyError([problem])


def _at(place: int, error: MalformedBodyError) -> InvalidBodyError:
    return InvalidBodyError([Problem(f"records[{place}]", "is no strict JSON", str(error))])
