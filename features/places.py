"""The places of a record's facts, as a mapping names them: ``crossing.mode``, ``documents[0].type``."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from features.columns import Target
from features.record import Block, Sensitivity, TravellerRecord, sensitivity_of

Path = tuple[str | int, ...]
"""The parts of a place: ``("documents", 0, "type")``."""


class Fact(NamedTuple):
    """One fact of the record."""

    target: Target
    sensitivity: Sensitivity


_TARGETS: dict[Any, Target] = {
    bool: "flag",
    int: "integer",
    float: "number",
    str: "text",
    date: "date",
    datetime: "datetime",
    AwareDatetime: "datetime",
}
_READ_THEN_DROPPED = "mrz"


def _leaf(annotation: Any) -> Any:
    """Walk through unions and annotations to the type of a field."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        return next(_leaf(part) for part in get_args(annotation) if part is not type(None))
    return _leaf(get_args(annotation)[0]) if origin is Annotated else annotation


def _facts(block: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Fact]]:
    """Walk the record's definition."""
    for name, field in block.model_fields.items():
        leaf, place = _leaf(field.annotation), f"{prefix}{name}"
        origin = get_origin(leaf)
        inner = _leaf(get_args(leaf)[0]) if origin is tuple else leaf
        if isinstance(inner, type) and issubclass(inner, Block):
            yield from _facts(inner, f"{place}[]." if origin is tuple else f"{place}.")
        elif name != "extra" and (kept := sensitivity_of(block, name)) is not None:
            target = "texts" if origin is tuple else "text" if origin is Literal else _TARGETS.get(leaf, "text")
            yield place, Fact(target, kept)


FACTS = dict(_facts(TravellerRecord))
"""Every place, with ``[]`` for a number, and what is there."""


def fact_at(place: str) -> Fact:
    """Look up a fact by its place.

    Raises:
        ValueError: where the record has no such fact, or never stores it.

    >>> fact_at("documents[0].issue_date").target
    'date'
    """
    found = FACTS.get(re.sub(r"\[\d\]", "[]", place))
    if found is None:
        if any(known.startswith((f"{place}.", f"{place}[")) for known in FACTS):
            raise ValueError('a whole block; name a fact in it, as in "crossing.mode" or "documents[0].type"')
        raise ValueError("no fact of the record; docs/record.md lists them, and a column of your own goes to [extra]")
    if found.sensitivity is Sensitivity.NEVER and not place.endswith(_READ_THEN_DROPPED):
        raise ValueError("never stored, so never mapped; leave it out")
    return found


def parts(place: str) -> Path:
    """Take a place apart.

    >>> parts("journey.legs[1].origin")
    ('journey', 'legs', 1, 'origin')
    """
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[a-z_]+|\d+", place))
