"""The API's document in the older form that the page can show: its renderer knows OpenAPI 3.0, programs get 3.1."""

from collections.abc import Mapping
from typing import Any, Final

VERSION: Final = "3.0.3"
_AS_THEY_ARE = frozenset({"example", "default", "enum"})
_NULL = {"type": "null"}


def for_page(document: Mapping[str, Any]) -> dict[str, Any]:
    """Write an OpenAPI 3.1 document as 3.0; nothing that a reader sees is lost."""
    return {**_older(document), "openapi": VERSION}


def _older(node: Any) -> Any:
    """Write a part of the document in the older words.

    >>> _older({"anyOf": [{"type": "string"}, {"type": "null"}], "examples": ["NBO"]})
    {'type': 'string', 'nullable': True, 'example': 'NBO'}
    >>> _older({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}), _older({"const": "in"})
    ({'allOf': [{'$ref': '#/x'}], 'nullable': True}, {'enum': ['in']})
    """
    if isinstance(node, list):
        return [_older(each) for each in node]
    if not isinstance(node, dict):
        return node
    older: dict[str, Any] = {}
    for key, value in node.items():
        if key in _AS_THEY_ARE:
            older[key] = value
        elif key == "examples" and isinstance(value, list):
            older |= {"example": value[0]} if value else {}
        elif key == "const":
            older["enum"] = [value]
        elif key == "patternProperties":
            older.setdefault("additionalProperties", _older(next(iter(value.values()))))
        elif key == "anyOf" and _NULL in value:
            older |= _nullable([_older(each) for each in value if each != _NULL])
        else:
            older[key] = _older(value)
    return older


def _nullable(choices: list[dict[str, Any]]) -> dict[str, Any]:
    """Say that a value may be left empty."""
    if len(choices) > 1:
        return {"anyOf": choices, "nullable": True}
    only = choices[0]
    return {"allOf": [only], "nullable": True} if "$ref" in only else {**only, "nullable": True}
