"""Ed25519 keys that sign bundles: made, kept readable by their owner alone, loaded, and shown as text."""

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from models.errors import SigningKeyError

CONTEXT = b"risk model bundle, signature 1\n"
"""Stands before what is signed, so that a signature made for another purpose proves nothing here."""
_OTHERS = 0o077


def create_key(path: Path) -> Ed25519PrivateKey:
    """Make a key and write it to a new file that only its owner can read (PEM, mode 0600).

    Raises:
        SigningKeyError: where the file exists already, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # O_EXCL: an existing key is never overwritten, and a planted link is never followed
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise SigningKeyError(f"{path} exists: move the old key away before you make a new one") from None
    except OSError as error:
        raise SigningKeyError(f"{path} cannot be written: {error.strerror}") from None
    return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        SigningKeyError: where the file is missing, readable by others, or no Ed25519 key.
    """
    try:
        if path.stat().st_mode & _OTHERS:
            raise SigningKeyError(f"{path} can be read by others: run chmod 600 on it")
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise SigningKeyError(f"{path} does not exist: make a key first") from None
    except OSError as error:
        raise SigningKeyError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SigningKeyError(f"{path} holds no unencrypted private key in PEM form") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError(f"{path} holds another kind of key: Ed25519 is needed")
    return key


def public_text(key: Ed25519PrivateKey) -> str:
    """Write the public half as base64 of its 32 bytes: what a service lists as a trusted signer."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def read_public(text: str) -> Ed25519PublicKey:
    """Read a public key from its base64 text.

    Raises:
        SigningKeyError: where the text is not base64 of 32 bytes.

    >>> read_public("not a key")
    Traceback (most recent call last):
    models.errors.SigningKeyError: a public key is 32 bytes in base64, 44 characters
    """
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        raise SigningKeyError("a public key is 32 bytes in base64, 44 characters") from None


def sign_digest(digest: str, key: Ed25519PrivateKey) -> str:
    """Sign the digest of a bundle; base64."""
    return base64.b64encode(key.sign(CONTEXT + digest.encode())).decode()


def is_signed(digest: str, signature: str, public: str) -> bool:
    """Whether the signature of a digest was made by the owner of a public key (both base64)."""
    try:
        read_public(public).verify(base64.b64decode(signature, validate=True), CONTEXT + digest.encode())
    except (InvalidSignature, SigningKeyError, ValueError, binascii.Error):
        return False
    return True
