"""A person's own facts in plain words, parted by whether a score could rest on them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from features.record import Sensitivity, TravellerRecord
from features.walk import block_types

_TITLES = {
    "": "Submission",
    "crossing": "Crossing",
    "traveller": "Traveller",
    "documents": "Document",
    "journey": "Journey",
    "journey.legs": "Leg",
    "booking": "Booking",
    "contact": "Contact",
    "baggage": "Baggage",
    "seat": "Seat",
    "guardian": "Guardian",
    "stay": "Stay",
    "history": "Earlier crossings",
}
_OF_OTHERS = frozenset({"booking.co_traveller_refs"})
"""Facts that tell of somebody else."""
_WITHHELD = frozenset({Sensitivity.CHECK.value, Sensitivity.NEVER.value})
MASKED = "masked: no longer kept"
_TIME_LENGTH = 16


@dataclass(frozen=True, slots=True)
class PlainFact:
    """One fact as its owner reads it."""

    place: str
    label: str
    value: str
    used: bool


def plain_facts(record: Mapping[str, Any], named: Mapping[str, Any]) -> list[PlainFact]:
    """Put a person's facts into plain words.

    Left out are facts of other persons, and results of other systems: no score rests on them, and they are asked for
    where they come from.

    Args:
        record: as JSON data, put together again.
        named: facts of identity by place, as far as they are kept; linkage facts that are not there are masked.
    """
    return [fact for fact in _walk(TravellerRecord, record, "", named) if fact.place not in _OF_OTHERS]


def _walk(kind: type[BaseModel], block: Mapping[str, Any], path: str, named: Mapping[str, Any]) -> Iterator[PlainFact]:
    for name, info in kind.model_fields.items():
        value = block.get(name)
        if value is None or value in ([], {}):
            continue
        place = f"{path}{name}"
        nested = _block_of(info.annotation)
        if nested is not None:
            yield from _nested(nested, value, place, named)
        elif name == "extra":
            yield from (PlainFact(f"extra.{key}", _title(key), _plain(one), used=True) for key, one in value.items())
        elif _about(info).get("x-sensitivity") not in _WITHHELD:
            yield _fact(place, info, value, named)


def _nested(kind: type[BaseModel], value: Any, place: str, named: Mapping[str, Any]) -> Iterator[PlainFact]:
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _walk(kind, one, f"{place}[{number}].", named)
    elif place in _TITLES:
        yield from _walk(kind, value, f"{place}.", named)


def _fact(place: str, info: FieldInfo, value: Any, named: Mapping[str, Any]) -> PlainFact:
    about, name = _about(info), place.rpartition(".")[2]
    sensitivity = about.get("x-sensitivity")
    is_masked = sensitivity == Sensitivity.HASHED.value and place not in named
    hidden = name == "record_id" and place not in named
    used = sensitivity == Sensitivity.FEATURE.value or bool(about.get("x-derived-by"))
    where = _TITLES.get(place.rpartition(".")[0].partition("[")[0], "")
    label = f"{where}: {info.description or _title(name)}" if where else info.description or _title(name)
    unit = f" {about['x-unit']}" if "x-unit" in about else ""
    return PlainFact(place, label, MASKED if is_masked or hidden else _plain(value) + unit, used)


def _block_of(annotation: Any) -> type[BaseModel] | None:
    """The kind of block behind an annotation, where it is one."""
    return next((one for one in (annotation, *get_args(annotation)) if _is_block(one)), None)


def _is_block(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _about(info: FieldInfo) -> Mapping[str, Any]:
    return info.json_schema_extra if isinstance(info.json_schema_extra, Mapping) else {}


def _plain(value: Any) -> str:
    """Write a value as people do.

    >>> [_plain(one) for one in (True, 12.0, ["API", "PNR"], "2026-03-14T09:40:00Z", "KEN")]
    ['yes', '12', 'API, PNR', '2026-03-14 09:40 UTC', 'KEN']
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    if len(text) > _TIME_LENGTH and "T" in text:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    return text


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


assert set(_TITLES) >= {name for name, _ in block_types()} - {"journey__legs", "upstream"}
