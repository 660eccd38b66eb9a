"""Reads the bodies of rows that anybody may have written: a value of another kind is no value."""

from collections.abc import Mapping
from typing import Any

import orjson


def read_body(body: bytes) -> Mapping[str, Any]:
    """Read the body of a row; empty where it is no JSON object, which its hash then shows too."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def text_or_none(value: Any) -> str | None:
    """A text, or nothing.

    >>> text_or_none("score"), text_or_none(["score"])
    ('score', None)
    """
    return value if isinstance(value, str) else None


def texts(value: Any) -> tuple[str, ...] | None:
    """A list of texts as a tuple; ``None`` for anything else.

    >>> texts(["score"]), texts("score"), texts([1])
    (('score',), None, None)
    """
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    return None
