"""Text from outside that reads as it is written: letters of every script, nothing that hides or moves them."""

import re
import unicodedata
from itertools import groupby

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

HIDDEN = (
    "\\u0000-\\u001f\\u007f-\\u009f"  # C0 and C1: line breaks, ESC, NUL: they forge lines and steer terminals
    "\\u00ad\\u200b\\u2060-\\u2064\\ufeff"  # invisible: two names that look alike would differ
    "\\u2028\\u2029"  # line breaks to some readers
    "\\u202a-\\u202e\\u2066-\\u206f"  # turn the direction of what follows: 'exe' reads as another text
    "\\ufff9-\\uffff"  # no characters, and what replaced one that was lost
    "\U000e0000-\U000e007f"  # tags: a text within the text
)
"""Characters that no text may hold, as the inside of a character class (Python, Rust and ECMAScript read it alike).

Joiners (U+200C, U+200D) and direction marks (U+200E, U+200F, U+061C) stay: Persian, Indic, Arabic and Hebrew need them.
"""
MARKS_MAX = 10
"""Combining marks upon one letter; Tibetan stacks reach nine, no living script more."""

_HIDDEN = re.compile(f"[{HIDDEN}]")
_PATTERN = f"^[^{HIDDEN}]*$"


def check_text(value: str) -> str:
    r"""Give a text back if it reads as it is written.

    Raises:
        PydanticCustomError: for spaces alone, a hidden character, or more marks upon a letter than any script has.

    >>> check_text("O'Brien-Ńguyễn"), check_text("محمد"), check_text("李")
    ("O'Brien-Ńguyễn", 'محمد', '李')
    >>> check_text("A\u202eB")
    Traceback (most recent call last):
    pydantic_core._pydantic_core.PydanticCustomError: holds a control character or an invisible one
    """
    if value.isspace():
        raise PydanticCustomError("blank_text", "holds nothing but spaces")
    if value.isascii() and value.isprintable():
        return value
    return _check_characters(value)


def check_lines(value: str) -> str:
    r"""Do the same for a text of several lines.

    >>> check_lines("Read.\nAgreed.")
    'Read.\nAgreed.'
    """
    for line in value.split("\n"):
        _check_characters(line)
    return value


def _check_characters(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value
    if _HIDDEN.search(value):
        raise PydanticCustomError("hidden_character", "holds a control character or an invisible one")
    if _marks_in_a_row(value) > MARKS_MAX:
        raise PydanticCustomError("stacked_marks", "stacks more marks upon a letter than any script does")
    return value


def _marks_in_a_row(value: str) -> int:
    runs = groupby(value, key=lambda character: unicodedata.category(character).startswith("M"))
    return max((sum(1 for _ in run) for marks, run in runs if marks), default=0)


READABLE = (AfterValidator(check_text), Field(json_schema_extra={"pattern": _PATTERN}))
"""To be added to a text after its bounds of length: ``Annotated[str, Field(max_length=40), *READABLE]``."""
READABLE_LINES = AfterValidator(check_lines)
"""The same for a text that people write, with line breaks."""
