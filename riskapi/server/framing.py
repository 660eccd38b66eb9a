"""The framing of a body: chunk sizes, extensions and trailers may cost only so much beside the content."""

from riskapi.server.refusals import RefusedError

_TRAILERS_MAX = 100
_PER_BYTE = 8
"""Bytes of framing that a byte of content may cost; a chunk of one byte costs six."""
_BYTES = 1 << 19
"""Bytes of framing that any body may have: more than one read from the socket brings."""


class Trailers(list[tuple[bytes, bytes]]):
    """Takes trailers, up to a bound, and keeps none: what comes after the body is no header."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def append(self, _pair: tuple[bytes, bytes]) -> None:
        """Count one.

        Raises:
            RefusedError: where there are too many.
        """
        self._count += 1
        if self._count > _TRAILERS_MAX:
            raise RefusedError


def is_padded(wire_bytes: int, body_bytes: int) -> bool:
    """Whether far more came than what the body holds: extensions of chunks, or trailers, without end.

    >>> is_padded(600_000, 0), is_padded(600_000, 500_000)
    (True, False)
    """
    return wire_bytes > _PER_BYTE * body_bytes + _BYTES
