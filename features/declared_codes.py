"""Reason codes of declared columns: those that an agency gives, and those that follow from a name."""

import hashlib
from collections.abc import Sequence
from itertools import count

from features.declared_column import DeclaredColumn

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def codes_of(column: DeclaredColumn) -> list[str]:
    """The codes that an entry gives."""
    return [code for name in ("code", "seen_code", "persons_code", "since_code") if (code := getattr(column, name))]


def _code(text: str, taken: set[str]) -> str:
    """Choose a code that stays the same while the name does: X, Y or Z, a letter, two more of either kind."""
    for salt in count():
        number = int.from_bytes(hashlib.sha256(f"{text}/{salt}".encode()).digest()[:6], "big")
        number, tail = divmod(number, 36 * 36)
        number, letter = divmod(number, 26)
        code = "XYZ"[number % 3] + chr(65 + letter) + _DIGITS[tail // 36] + _DIGITS[tail % 36]
        if code not in taken:
            break
    return code


def with_codes(columns: Sequence[DeclaredColumn]) -> tuple[DeclaredColumn, ...]:
    """Give every feature without a code one that follows from its name."""
    taken = {code for column in columns for code in codes_of(column)}
    finished = []
    for column in columns:
        codes = {}
        for key in column.codes if column.feature else ():
            if getattr(column, key) is None:
                codes[key] = _code(f"{column.name}/{key}", taken)
                taken.add(codes[key])
        finished.append(column.model_copy(update=codes))
    return tuple(finished)
