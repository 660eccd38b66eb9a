"""Ed25519 keys that sign bundles: made, kept readable by their owner alone, and loaded."""

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
from models.new_file import write_new_file
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
        write_new_file(path, pem)
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
