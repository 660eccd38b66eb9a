"""Ed25519 keys that sign bundles: made, kept readable by their owner alone, and loaded."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from models.errors import SigningKeyError
from models.signature import public_text

__all__ = ["create_key", "load_key", "public_text"]

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
    except OSError as error:
        if os.path.lexists(path):
            raise SigningKeyError(f"{path} exists: move the old key away before you make a new one") from None
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
