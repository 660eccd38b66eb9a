"""GET /v1/decisions/{id}/person-explanation: what the person concerned is told, to be handed to them."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.access.purpose import PARAMETER, Use
from riskapi.audit import note_view, seen_by
from riskapi.deps import Caller, ServicesDep, StatedPurpose
from riskapi.describe import problems
from riskapi.edge import NOTES
from riskapi.privacy.letter import letter, markdown
from riskapi.privacy.redress import person_explanation
from riskapi.schemas import PersonExplanationBody

router = APIRouter(tags=["decisions"], route_class=GuardedRoute)


@router.get(
    "/v1/decisions/{decision_id}/person-explanation",
    response_model=PersonExplanationBody,
    responses={
        200: {
            "content": {
                "text/markdown": {"schema": {"type": "string"}},
                "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            },
            "description": "Explanation",
        },
        **problems(401, 403, 404, 409, 422, 429, 503),
    },
    openapi_extra={"parameters": [PARAMETER]},
)
@allows(Action.REDRESS)
def explain_to_person(  # noqa: PLR0917 - the framework fills them by name
    decision_id: str,
    request: Request,
    caller: Caller,
    purpose: StatedPurpose,
    services: ServicesDep,
    form: Annotated[Literal["json", "markdown", "pdf"], Query(description="A letter, or its content as data")] = "json",
) -> Response:
    """Explain a decision to the person whom it is about.

    It says in plain words what the system does and that a person decided, which facts about them were used, what raised
    and lowered the estimate, how to contest and correct it, that asylum stays open, and how long everything is kept.
    Risks for other audiences than the caller's, facts of other persons and results of other systems are left out. Make
    sure who asks before you hand it out.
    """
    row, answer, _ = seen_by(services.decisions, decision_id, caller)
    services.desk.require_shown(row.decision_id, caller)
    request.scope[NOTES]["decision_id"] = row.decision_id
    note_view(services.journal, "person_explanation", row, Use(caller, purpose))
    told: dict[str, Any] = person_explanation(row, answer, services.settings, services.limits)
    if form == "markdown":
        return Response(markdown(told), media_type="text/markdown")
    if form == "pdf":
        from riskapi.privacy.letter_pdf import letter_pdf  # noqa: PLC0415 - by those alone who ask for one

        return Response(letter_pdf(letter(told), "en", "ltr"), media_type="application/pdf")
    return Response(orjson.dumps(told), media_type="application/json")
