"""What a submitted value of a declared column must be, by the kind of the column."""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple


class Check(NamedTuple):
    """What a submitted value of one kind must be."""

    holds: Callable[[Any], bool]
    text: str
    remedy: str


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


CHECKS = {
    "number": Check(lambda v: type(v) is float or type(v) is int, "a number is expected", "send a JSON number"),
    "flag": Check(lambda v: type(v) is bool, "a flag is expected", "send true or false"),
    "category": Check(lambda v: type(v) is str, "a text is expected", "send the code as text, in quotes"),
    "key": Check(lambda v: type(v) is str, "a text is expected", "send the key as text, in quotes"),
    "date": Check(_is_date, "a date is expected", "send it as text, YYYY-MM-DD"),
}
