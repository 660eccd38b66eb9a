"""POST /v1/outcomes: what was found of those who were scored, recorded by persons and never changed."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.purpose import PARAMETER, Use
from riskapi.body import check_media_type, read_body, strict_json
from riskapi.deps import Caller, ServicesDep, StatedPurpose
from riskapi.describe import body_of, problems, request_body
from riskapi.edge import NOTES
from riskapi.errors import BodyTooLargeError, InvalidBodyError, Problem
from riskapi.outcome_form import OutcomeRequest, OutcomesAnswer
from riskapi.problems import PROBLEMS_MAX, problems_of

router = APIRouter(tags=["outcomes"], route_class=GuardedRoute)

_REF = {"$ref": "#/components/schemas/OutcomeRequest"}


async def forms_of(request: Request, services: ServicesDep) -> list[OutcomeRequest]:
    """Read one outcome, or a list of them."""
    settings = services.settings
    _, announced = check_media_type(request.scope)
    raw = await read_body(request.receive, announced, settings.batch_body_limit_bytes, settings.body_timeout_seconds)
    parsed = strict_json(raw)
    several = parsed if isinstance(parsed, list) else [parsed]
    if len(several) > settings.batch_limit_rows:
        raise BodyTooLargeError(f"A list may have {settings.batch_limit_rows} outcomes. Send several lists.")
    if not several:
        raise InvalidBodyError([Problem("(body)", "is an empty list", "Send at least one outcome.")])
    forms, found = read_forms(several, is_list=isinstance(parsed, list))
    if found:
        raise InvalidBodyError(found[:PROBLEMS_MAX])
    return forms


def read_forms(several: Sequence[Any], *, is_list: bool) -> tuple[list[OutcomeRequest], list[Problem]]:
    """Validate outcomes, each on its own."""
    forms, found = [], []
    for place, one in enumerate(several):
        try:
            forms.append(OutcomeRequest.model_validate(one))
        except ValidationError as error:
            found += problems_of(error, OutcomeRequest, one, f"outcomes[{place}]" if is_list else "")
    return forms, found


@router.post(
    "/v1/outcomes",
    status_code=201,
    response_model=OutcomesAnswer,
    responses=problems(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra={
        **request_body(body_of({"oneOf": [_REF, {"type": "array", "minItems": 1, "items": _REF}]})),
        "parameters": [PARAMETER],
    },
)
@allows(Action.OUTCOMES_RECORD)
def record(
    request: Request,
    caller: Caller,
    purpose: StatedPurpose,
    forms: Annotated[list[OutcomeRequest], Depends(forms_of)],
    services: ServicesDep,
) -> JSONResponse:
    """Record what was found of one or several travellers who were scored: all of them, or none.

    An outcome is what a person found and can give evidence for. A score, a rule's hit or no evidence is refused, since
    a model that learned from it would learn its own opinion. Nobody looked? Say so by `compliance`: that is a state of
    its own, and never "nothing found". Outcomes of protection are recorded by protection officers alone.

    Nothing is ever changed: a correction is another outcome that names the one before in `supersedes`, and both are
    kept, with who recorded them and why. The same outcome sent again is answered as before, and stored once.
    """
    done = services.outcomes.record(forms, Use(caller, purpose))
    repeated = sum(one.repeated for one in done)
    request.scope[NOTES] |= {"outcomes": len(done) - repeated, "repeated": repeated}
    body = {"recorded": len(done) - repeated, "repeated": repeated, "outcomes": [asdict(one) for one in done]}
    return JSONResponse(body, 201 if repeated < len(done) else 200)
