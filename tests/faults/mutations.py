"""One record written in many ways, and records that are almost that one: for idempotency keys that come again."""

import copy
import json
import random
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from features.record import TravellerRecord
from tests.riskapi.makers import with_facts

Place = tuple[str | int, ...]

BASE = with_facts(traveller={"surname": "\u00c5NGSTR\u00d6M"}, meals="VGML", journey={"stay_days": 10.5})
"""Has letters with two spellings, whole and broken numbers, and a fact that is dropped on receipt."""

_ADDED: dict[Place, Any] = {
    ("meals",): "HNML",
    ("ssr",): ["WCHR"],
    ("assistance",): None,
    ("traveller", "title"): "Ms",
    ("traveller", "religion"): "",
    ("traveller", "biometric_match_ok"): True,
    ("documents", 0, "chip_auth_ok"): False,
    ("documents", 0, "sltd_hit"): None,
    ("guardian",): {"on_booking": None},
    ("guardian", "record_present"): None,
    ("upstream",): {},
    ("upstream", "visa_ok"): True,
    ("extra",): {},
}
_MARK = "(number)"
_NUMBERS: tuple[Callable[[float], str], ...] = (
    lambda number: f"{number}.0" if isinstance(number, int) else f"{number}0",
    lambda number: f"{number}e0",
    lambda number: f"{number:.6f}",
    lambda number: f"{number * 10}E-1",
)


def equal_forms(body: Any = BASE) -> Iterator[tuple[str, bytes]]:
    """Write a body in ways that differ in their bytes and not in their canonical form (RFC 8785)."""
    yield "compact", json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    yield "escapes", json.dumps(body, ensure_ascii=True).encode()
    yield "lines", json.dumps(body, indent="\t", separators=(" ,\r\n", "  :  ")).encode() + b"\n\n"
    yield "sorted", json.dumps(body, sort_keys=True).encode()
    yield "every letter escaped", _written(body, text=lambda text: "".join(f"\\u{ord(one):04X}" for one in text))
    yield "slashes escaped", _written(body, text=lambda text: json.dumps(text)[1:-1].replace("/", "\\/"))
    for place, value in _places(body):
        if isinstance(value, int | float) and not isinstance(value, bool):
            marked = json.dumps(_changed(body, place, _MARK))
            for style, write in enumerate(_NUMBERS):
                name = f"{'.'.join(map(str, place))} in style {style}"
                yield name, marked.replace(json.dumps(_MARK), write(value)).encode()
    yield "minus nought", _written(body, number=lambda number: "-0" if number == 0 else json.dumps(number))
    for seed in range(12):
        draw = random.Random(seed)
        yield f"order {seed}", _written(body, order=lambda names, draw=draw: draw.sample(names, len(names)))


def other_bodies(body: Any = BASE) -> Iterator[tuple[str, bytes]]:
    """Change a body in one place, so that another one comes out."""
    for place, value in _places(body):
        name = ".".join(map(str, place))
        yield f"without {name}", json.dumps(_changed(body, place)).encode()
        for change, new in _others(value):
            if new != value or type(new) is not type(value):
                yield f"{change} {name}", json.dumps(_changed(body, place, new), ensure_ascii=False).encode()
    for place, value in _ADDED.items():
        if _at(body, place[:-1]) is not None and _at(body, place) != value:
            yield f"{'.'.join(map(str, place))} added", json.dumps(_changed(body, place, value)).encode()


def is_record(raw: bytes) -> bool:
    """Whether the service would take a body as a record."""
    try:
        TravellerRecord.model_validate_json(raw)
    except ValidationError:
        return False
    return True


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    """Values that are not this one, however alike they look."""
    yield "null", None
    if isinstance(value, bool):
        yield "other", not value
        yield "number", int(value)
    elif isinstance(value, int | float):
        yield "one more", value + 1
        yield "a little more", value + 1e-9
        yield "as text", str(value)
    elif isinstance(value, str):
        yield "a letter more", f"{value}A"
        yield "a blank more", f"{value} "
        yield "other case", value.swapcase()
        yield "decomposed", unicodedata.normalize("NFD", value)
        yield "shortened", value[:-1]
        yield "next", value[:-1] + chr(ord(value[-1]) + 1)
    elif isinstance(value, list):
        yield "backwards", value[::-1]
        yield "twice", value * 2
        yield "empty", []
    else:
        yield "empty", {}


def _places(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if place:
        yield place, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from _places(part, (*place, name))


def _at(body: Any, place: Place) -> Any:
    for name in place:
        if isinstance(body, dict) and name not in body:
            return None
        body = body[name]
    return body


def _changed(body: Any, place: Place, *value: Any) -> Any:
    """Copy a body with another value at a place, or without what is there."""
    made = copy.deepcopy(body)
    inside = _at(made, place[:-1])
    if value:
        inside[place[-1]] = value[0]
    else:
        del inside[place[-1]]
    return made


def _written(
    value: Any,
    text: Callable[[str], str] = lambda text: json.dumps(text)[1:-1],
    number: Callable[[float], str] = json.dumps,
    order: Callable[[list[str]], list[str]] = list,
) -> bytes:
    """Write JSON with other escapes, numbers or order of keys than is usual."""

    def write(part: Any) -> str:
        if isinstance(part, dict):
            return "{" + ", ".join(f'"{text(name)}": {write(part[name])}' for name in order(list(part))) + "}"
        if isinstance(part, list):
            return "[" + ", ".join(map(write, part)) + "]"
        if isinstance(part, str):
            return f'"{text(part)}"'
        return json.dumps(part) if part is None or isinstance(part, bool) else number(part)

    return write(value).encode()
