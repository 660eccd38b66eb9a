"""Parts of the OpenAPI document for routes that read their body themselves."""

from typing import Any

from pydantic import BaseModel

from features.record import TravellerRecord
from riskapi.errors import KINDS
from riskapi.schemas import ProblemBody

RECORD_REF = {"$ref": "#/components/schemas/TravellerRecord"}
RECORDS = {
    "type": "array",
    "items": {"anyOf": [RECORD_REF, {"description": "Anything else is answered by a problem in its own row"}]},
}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Describe the problem answers of a route by status."""
    titles = {kind.status.value: kind.title for kind in reversed(KINDS.values())}
    return {
        status: {
            "description": titles[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in statuses
    }


def body_of(schema: dict[str, Any], media_type: str = "application/json", **about: Any) -> dict[str, Any]:
    """Describe one media type of a body."""
    return {media_type: {"schema": schema, **about}}


def request_body(*contents: dict[str, Any]) -> dict[str, Any]:
    """Describe a body that the route reads itself, by its media types."""
    return {
        "requestBody": {
            "required": True,
            "content": {name: one for content in contents for name, one in content.items()},
        }
    }


def model_body(model: type[BaseModel], **about: Any) -> dict[str, Any]:
    """Describe a JSON body of one model."""
    return request_body(body_of({"$ref": f"#/components/schemas/{model.__name__}"}, **about))


def extra_schemas(*models: type[BaseModel]) -> dict[str, Any]:
    """The schemas of models that FastAPI does not see, with what they refer to."""
    found: dict[str, Any] = {}
    every: tuple[type[BaseModel], ...] = (TravellerRecord, ProblemBody, *models)
    for model in every:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found
