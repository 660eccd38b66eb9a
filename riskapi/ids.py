"""Ids of decisions: UUID version 7 (RFC 9562), so that they sort by time and cannot be guessed."""

import os
import threading
import time
import uuid
from collections.abc import Iterator

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_RANDOM_MASK = (1 << 62) - 1
_PIECE_BYTES = 8
_BLOCK_BYTES = 4096


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
    random = int.from_bytes(_take_random()) & _RANDOM_MASK
    text = f"{milliseconds << 80 | fraction << 64 | _VERSION_AND_VARIANT | random:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _random_pieces() -> Iterator[bytes]:
    """Draw from the system's generator in blocks: a call for each id would cost more than the id."""
    while True:
        block = os.urandom(_BLOCK_BYTES)
        yield from (block[start : start + _PIECE_BYTES] for start in range(0, _BLOCK_BYTES, _PIECE_BYTES))


_pieces = _random_pieces()
_lock = threading.Lock()


def _take_random() -> bytes:
    with _lock:  # a generator serves one thread at a time
        return next(_pieces)


def _forget_random() -> None:
    """Start afresh in a forked process, which would otherwise draw the same pieces."""
    global _pieces  # noqa: PLW0603 - the one state of this module
    _pieces = _random_pieces()


os.register_at_fork(after_in_child=_forget_random)


def is_uuid(text: str) -> bool:
    """Whether a text has the shape of an id.

    >>> is_uuid(uuid7()), is_uuid("x")
    (True, False)
    """
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
