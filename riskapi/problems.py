"""What pydantic found wrong, as place, rule and remedy; nothing of what was sent, not even a name that was."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from features.declared import Problem

PROBLEMS_MAX = 50

_RULES = {
    "missing": ("is required", "Send it."),
    "extra_forbidden": ("has a field that is not part of the schema", "Leave it out; GET /v1/schema lists the fields."),
    "model_type": ("an object is expected", "Send an object."),
    "dict_type": ("an object is expected", "Send an object."),
    "tuple_type": ("a list is expected", "Send a list."),
    "list_type": ("a list is expected", "Send a list."),
    "string_type": ("a text is expected", "Send a text in quotes."),
    "int_type": ("a whole number is expected", "Send a number without quotes and without fraction."),
    "int_from_float": ("a whole number is expected", "Send a number without fraction."),
    "int_parsing_size": ("the number is too large", "Send a number of ordinary size."),
    "float_type": ("a number is expected", "Send a number without quotes."),
    "finite_number": ("a finite number is expected", "Leave the field out where it is not known."),
    "bool_type": ("true or false is expected", "Send true or false, without quotes."),
    "date_type": ("a date is expected", "Send a text YYYY-MM-DD."),
    "date_parsing": ("a date is expected", "Send a text YYYY-MM-DD."),
    "date_from_datetime_parsing": ("a date is expected", "Send a text YYYY-MM-DD."),
    "date_from_datetime_inexact": ("a date is expected", "Send a text YYYY-MM-DD."),
    "datetime_type": ("a time is expected", "Send a text like 2026-03-14T09:40:00Z."),
    "datetime_parsing": ("a time is expected", "Send a text like 2026-03-14T09:40:00Z."),
    "datetime_from_date_parsing": ("a time is expected", "Send a text like 2026-03-14T09:40:00Z."),
    "blank_text": ("holds nothing but spaces", "Leave the field out where it is not known."),
    "hidden_character": (
        "holds a control character or an invisible one",
        "Send letters, marks, digits, spaces and punctuation.",
    ),
    "stacked_marks": ("stacks more marks upon a letter than any script does", "Send the letter with its own marks."),
    "timezone_aware": ("a time with its offset is expected", "Add Z or an offset like +03:00."),
}
_LIMITS = {
    "greater_than_equal": ("must be {ge} or more", ("ge",)),
    "greater_than": ("must be more than {gt}", ("gt",)),
    "less_than_equal": ("must be {le} or less", ("le",)),
    "less_than": ("must be less than {lt}", ("lt",)),
    "string_too_short": ("must have {min_length} characters or more", ("min_length",)),
    "string_too_long": ("may have {max_length} characters", ("max_length",)),
    "too_long": ("may have {max_length} entries", ("max_length",)),
    "too_short": ("must have {min_length} entries or more", ("min_length",)),
    "string_pattern_mismatch": ("must have the form {pattern}", ("pattern",)),
    "literal_error": ("must be {expected}", ("expected",)),
    "enum": ("must be {expected}", ("expected",)),
}
"""Rules whose bounds come from the schema; every other part of the context may hold what was sent."""
_EXTRA_VALUE = Problem("extra", "has a value that is no number, flag or text of 200 characters", "Send one of these.")
_EXTRA_NAME = Problem("extra", "has a name that is no column name", "Use small letters, digits and _; at most 40.")


def problems_of(error: ValidationError, model: type[BaseModel], body: Any, prefix: str = "") -> list[Problem]:
    """Describe what is wrong with a body, at most :data:`PROBLEMS_MAX` problems.

    Args:
        error: what pydantic raised.
        model: what the body was validated as.
        body: the body as parsed, to find the position of an unknown field; it is not shown.
        prefix: place of the body within something larger, such as a batch.
    """
    found = error.errors(include_url=False, include_input=False)
    problems = list(dict.fromkeys(_problem(one, model, body, prefix) for one in found))
    return problems[:PROBLEMS_MAX]


def _problem(error: Mapping[str, Any], model: type[BaseModel], body: Any, prefix: str) -> Problem:
    location: Sequence[int | str] = error["loc"]
    kind: str = error["type"]
    if location[:1] == ("extra",) and len(location) > 1:
        found = _EXTRA_NAME if location[-1] == "[key]" else _EXTRA_VALUE
        return found._replace(place=_place(["extra"], prefix))
    if kind == "extra_forbidden":
        return _unknown_field(location, model, body, prefix)
    place = _place(location, prefix)
    if kind in _LIMITS:
        text, names = _LIMITS[kind]
        context = error.get("ctx", {})
        return Problem(place, text.format(**{name: context.get(name) for name in names}), "Send an allowed value.")
    return Problem(place, *_RULES.get(kind, ("is not valid", "GET /v1/schema says what is allowed.")))


def _unknown_field(location: Sequence[int | str], model: type[BaseModel], body: Any, prefix: str) -> Problem:
    """Describe a field that the schema does not have by its position and by the nearest name that the schema has."""
    *parents, name = location
    block: type[BaseModel] | None = model
    parent = body
    for part in parents:
        parent = parent[part]
        if isinstance(part, str) and block is not None:
            block = _block_of(block, part)
    rule, remedy = _RULES["extra_forbidden"]
    position = list(parent).index(name) + 1 if isinstance(parent, dict) and name in parent else None
    near = get_close_matches(str(name)[:60], block.model_fields if block else (), n=1, cutoff=0.75)
    if near:
        remedy = f"Did you mean {near[0]}? {remedy}"
    where = f" (field {position} of this object)" if position else ""
    return Problem(_place(parents, prefix), rule + where, remedy)


def _block_of(model: type[BaseModel], field: str) -> type[BaseModel] | None:
    info = model.model_fields.get(field)
    return next(_models_in(info.annotation), None) if info else None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Union, UnionType, Annotated, tuple, list}:
        for part in get_args(annotation):
            yield from _models_in(part)


def _place(location: Sequence[int | str], prefix: str) -> str:
    """Write a place as ``documents[0].number``; every part comes from the schema.

    >>> _place(["documents", 0, "number"], "")
    'documents[0].number'
    >>> _place([], "records[3]"), _place([], "")
    ('records[3]', '(body)')
    """
    text = prefix
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(body)"
