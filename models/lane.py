"""The random lane: draws that nobody can predict and anybody with the key can check, each month under its own key."""

from collections.abc import Callable
from hashlib import sha256

_BLOCK_BYTES = 64
"""Of SHA-256, as HMAC fills a key up (RFC 2104)."""
_DIGEST_BITS = 256
SHARE_MAX = 0.05
"""Of travellers: a draw costs somebody time, so no more are drawn than learning needs."""


def commitment_to(key: bytes) -> str:
    """Commit to a key before it is used: whoever is shown the key later can tell that it is that one.

    >>> commitment_to(bytes(32))[:16]
    '66687aadf862bd77'
    """
    return sha256(key).hexdigest()


class Draws:
    """Draws under one key.

    A decision is drawn for an audience where HMAC-SHA256 of the key over ``<decision id>|<audience>``, read as a number
    from 0 to 1, lies below the share. The hash is prepared once, which halves its cost.

    Args:
        key: 32 bytes.
        share: of decisions that are drawn, 0 to :data:`SHARE_MAX`.

    >>> draws = Draws(bytes(32), 0.05)
    >>> sum(draws.drawn(f"decision {number}", "enforcement") for number in range(1000))
    51
    """

    __slots__ = ("_inner", "_limit", "_outer")

    def __init__(self, key: bytes, share: float) -> None:
        if not 0 <= share <= SHARE_MAX:
            raise ValueError(f"A lane takes from 0 to {SHARE_MAX:g} of travellers.")
        block = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))
        above, below = share.as_integer_ratio()  # exact: a share is a binary fraction
        self._limit = ((above << _DIGEST_BITS) // below).to_bytes(_DIGEST_BITS // 8)

    def drawn(self, decision_id: str, audience: str) -> bool:
        """Whether a decision is drawn for an audience."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{decision_id}|{audience}".encode())
        outer.update(inner.digest())
        return outer.digest() < self._limit


class Lane:
    """The draws of every month.

    A key that was shown to an auditor predicts no draw of another month.

    Args:
        key_of: gives the key of a month (YYYY-MM).
        share: of decisions that are drawn.
    """

    def __init__(self, key_of: Callable[[str], bytes], share: float) -> None:
        self._key_of = key_of
        self._share = share
        self._now: tuple[str, Draws] = ("", Draws(b"", 0))

    def of(self, month: str) -> Draws:
        """The draws of a month; those of the last one asked for are kept."""
        kept, draws = self._now  # read at once: another thread may be about to exchange it
        if kept != month:
            draws = Draws(self._key_of(month), self._share)
            self._now = month, draws
        return draws

    def commitment(self, month: str) -> str:
        """What is published of a month's key before it is used."""
        return commitment_to(self._key_of(month))
