"""Public keys of a log as text: the base64 of 32 bytes, one a line, as the signers of bundles are written."""

import base64
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from models.errors import SigningKeyError
from models.signature import read_public
from riskapi.errors import ServiceError

_FILE_BYTES_MAX = 64 * 1024


def write_public(key: Ed25519PublicKey) -> str:
    """Write a public key as base64."""
    return base64.b64encode(key.public_bytes_raw()).decode()


def read_public_keys(text_or_path: str) -> list[Ed25519PublicKey]:
    """Read public keys, given as base64 or as the name of a file that has one a line.

    Raises:
        ServiceError: where there is none.

    >>> len(read_public_keys("rPDGqsnT/QXsYvJ4vXGyzFqj3fTk2cM9aCmVbIy5RZI="))
    1
    """
    try:
        return [read_public(text_or_path)]
    except SigningKeyError:
        pass
    try:
        with Path(text_or_path).open("rb") as file:
            lines = file.read(_FILE_BYTES_MAX).decode("ascii").split()
        keys = [read_public(line) for line in lines]
    except (OSError, UnicodeDecodeError, SigningKeyError):
        keys = []
    if not keys:
        raise ServiceError("The public key is base64 of 32 bytes, or a file that has one such key a line.")
    return keys


def same_keys(one: Sequence[Ed25519PublicKey], other: Sequence[Ed25519PublicKey]) -> bool:
    """Whether two lists name the same keys."""
    return {key.public_bytes_raw() for key in one} == {key.public_bytes_raw() for key in other}
