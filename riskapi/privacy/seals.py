"""Seals: parts of a decision encrypted under the keys of its subject, and the commitments that the log keeps."""

import hashlib
import os
from enum import StrEnum

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from riskapi.errors import SealError

_SALT_BYTES, _NONCE_BYTES = 16, 12
RANDOM_BYTES = _SALT_BYTES + _NONCE_BYTES
"""Random bytes that one sealed part takes."""
_UNLOCKED_BYTES = 2047
_PLAIN, _PACKED = b"\x00", b"\x01"
_PACKED_FROM_BYTES = 2048
"""Smaller parts are not compressed: it would save no page."""
_CONTENT_BYTES_MAX = 1 << 26
_LEVEL = 1
"""Of Zstandard: as small as zlib makes an answer, in a fifth of the time."""


class Part(StrEnum):
    """The three parts of what is stored of a decision; each is sealed on its own."""

    INPUT = "input"
    """The record without identity: enough to compute the answer again."""
    IDENTITY = "identity"
    """Facts of identity and contact; destroyed first."""
    ANSWER = "answer"
    """What was said, without the sender's id of the record."""


OUTCOME = "outcome"
"""What stands in the place of a part where an outcome is sealed, under its own id."""
DESK = "desk"
"""The same for what somebody did at the review desk."""


def seal(cipher: AESGCM, owner_id: str, part: str, content: bytes, random: bytes) -> tuple[bytes, bytes]:
    """Seal one part of a decision, or one outcome.

    Args:
        cipher: of the subject's key.
        owner_id: of the decision or outcome; bound to the sealed bytes, as the part is: neither is exchanged unseen.
        part: which.
        content: the part.
        random: :data:`RANDOM_BYTES` fresh random bytes.

    Returns:
        The sealed bytes, and the commitment that the log keeps: SHA-256 of salt and content. The salt is sealed
        with the content, so that nobody can guess at the commitment once the key is gone.
    """
    salt, nonce = random[:_SALT_BYTES], random[_SALT_BYTES:]
    packed = len(content) >= _PACKED_FROM_BYTES
    kept = salt + _PACKED + zstandard.compress(content, _LEVEL) if packed else salt + _PLAIN + content
    return nonce + cipher.encrypt(nonce, kept, f"{owner_id}/{part}".encode()), commitment(salt + content)


def unseal(cipher: AESGCM, owner_id: str, part: str, sealed: bytes) -> tuple[bytes, bytes]:
    """Open one part of a decision, or one outcome.

    Returns:
        The content, and the commitment computed from it, to be held against the log.

    Raises:
        SealError: where the bytes are not what was sealed for this decision and part.
    """
    salted = unseal_salted(cipher, owner_id, part, sealed)
    return salted[_SALT_BYTES:], commitment(salted)


def unseal_salted(cipher: AESGCM, owner_id: str, part: str, sealed: bytes) -> bytes:
    """Open one part or one outcome as the commitment was computed: a salt of 16 bytes, then the content.

    Raises:
        SealError: where the bytes are not what was sealed for this decision and part.
    """
    nonce = sealed[:_NONCE_BYTES]
    try:
        kept = cipher.decrypt(nonce, sealed[_NONCE_BYTES:], f"{owner_id}/{part}".encode())
    except (InvalidTag, ValueError):
        raise SealError(f"The stored {part} of the decision is not what was sealed.") from None
    salt, form, content = kept[:_SALT_BYTES], kept[_SALT_BYTES : _SALT_BYTES + 1], kept[_SALT_BYTES + 1 :]
    return salt + (_unpack(content) if form == _PACKED else content)


def _unpack(content: bytes) -> bytes:
    size = zstandard.frame_content_size(content)
    if not 0 <= size <= _CONTENT_BYTES_MAX:
        raise SealError("The stored part is larger than any that was sealed.")
    return zstandard.ZstdDecompressor().decompress(content)


def commitment(salted: bytes) -> bytes:
    """Hash salt and content (SHA-256) in pieces so small that the thread keeps the interpreter while it hashes."""
    digest = hashlib.sha256(salted[:_UNLOCKED_BYTES])
    for start in range(_UNLOCKED_BYTES, len(salted), _UNLOCKED_BYTES):
        digest.update(salted[start : start + _UNLOCKED_BYTES])
    return digest.digest()


def fresh_random(parts: int) -> bytes:
    """Draw the random bytes for several parts at once."""
    return os.urandom(parts * RANDOM_BYTES)
