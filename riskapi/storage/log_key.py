"""The key that signs checkpoints: read from its file, or made there."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from models.errors import SigningKeyError
from models.signing import create_key, load_key
from riskapi.errors import SettingsError


def log_key(path: Path) -> Ed25519PrivateKey:
    """Read the key, making it where there is none.

    Raises:
        SettingsError: where it can be neither read nor made, or others can read it.
    """
    try:
        if not path.exists():
            try:
                return create_key(path)
            except SigningKeyError:
                if not path.exists():  # otherwise another process was faster
                    raise
        return load_key(path)
    except SigningKeyError as error:
        raise SettingsError(f"RISKAPI_LOG_KEY_FILE: {error}") from None
