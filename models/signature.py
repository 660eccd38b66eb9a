"""Ed25519 signatures of bundle digests, and public keys as text: all that opening a bundle needs of cryptography."""

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from models.errors import SigningKeyError

CONTEXT = b"risk model bundle, signature 1\n"
"""Stands before what is signed, so that a signature made for another purpose proves nothing here."""


def public_text(key: Ed25519PrivateKey) -> str:
    """Write the public half as base64 of its 32 bytes: what a service lists as a trusted signer."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def read_public(text: str) -> Ed25519PublicKey:
    """Read a public key from its base64 text.

    Raises:
        SigningKeyError: where the text is not base64 of 32 bytes.

    >>> read_public("not a key")
    Traceback (most recent call last):
    models.errors.SigningKeyError: a public key is 32 bytes in base64, 44 characters
    """
    try:
        return Ed25519PublicKey.from_public_bytes(_decode(text))
    except ValueError:
        raise SigningKeyError("a public key is 32 bytes in base64, 44 characters") from None


def sign_digest(digest: str, key: Ed25519PrivateKey) -> str:
    """Sign the digest of a bundle; base64."""
    return base64.b64encode(key.sign(CONTEXT + digest.encode())).decode()


def is_signed(digest: str, signature: str, public: str) -> bool:
    """Whether the signature of a digest was made by the owner of a public key (both base64)."""
    try:
        read_public(public).verify(_decode(signature), CONTEXT + digest.encode())
    except (InvalidSignature, SigningKeyError, ValueError):
        return False
    return True


def _decode(text: str) -> bytes:
    """Read base64 in its one canonical form: other texts for the same bytes are refused, with a ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError
    return data
