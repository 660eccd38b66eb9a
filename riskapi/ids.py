"""Ids of decisions: UUID version 7 (RFC 9562), so that they sort by time and cannot be guessed."""

import os
import time
import uuid

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_RANDOM_MASK = (1 << 62) - 1


def uuid7(now_ns: int | None = None) -> str:
    """Make one id: 48 bits of milliseconds, 12 bits of their fraction (RFC 9562, 6.2, method 3), 62 random bits.

    Args:
        now_ns: nanoseconds since 1970-01-01 UTC; the clock's where it is left out.

    >>> uuid7(1_700_000_000_123_000_000)[:15]
    '018bcfe5-687b-7'
    >>> uuid.UUID(uuid7()).variant == uuid.RFC_4122
    True
    """
    if now_ns is None:
        now_ns = time.time_ns()
    milliseconds, rest = divmod(now_ns, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    random = int.from_bytes(os.urandom(8)) & _RANDOM_MASK
    text = f"{milliseconds << 80 | fraction << 64 | _VERSION_AND_VARIANT | random:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_uuid(text: str) -> bool:
    """Whether a text has the shape of an id.

    >>> is_uuid(uuid7()), is_uuid("x")
    (True, False)
    """
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
