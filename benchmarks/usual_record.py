"""The traveller record as a FastAPI user would declare it: the same fields and rules, read from parsed JSON.

The service's own record is strict, and so can be read from bytes alone: from parsed JSON, dates would have to come as
dates. A usual route gets parsed JSON, so its models convert.
"""

import types
import typing
from functools import cache
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, create_model

from features.record import TravellerRecord


@cache
def usual(model: type[BaseModel]) -> type[BaseModel]:
    """Make the converting twin of a strict model, and of all models in it."""
    base = type(model.__name__, (model,), {"model_config": ConfigDict(strict=False), "__module__": __name__})
    fields: dict[str, Any] = {
        name: (_usual(info.annotation), info)
        for name, info in model.model_fields.items()
        if _usual(info.annotation) != info.annotation
    }
    return create_model(model.__name__, __base__=base, **fields)


def _usual(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return usual(annotation)
    origin, inner = get_origin(annotation), tuple(_usual(one) for one in get_args(annotation))
    if origin in (Union, types.UnionType):
        return Union[inner]  # noqa: UP007 - made from parts
    if origin is tuple:
        return tuple[inner]
    if origin is typing.Annotated:
        return typing.Annotated[(inner[0], *annotation.__metadata__)]
    return annotation


UsualRecord = usual(TravellerRecord)
