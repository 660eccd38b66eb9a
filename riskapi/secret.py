"""The service's one secret, and the separate keys that are derived from it."""

import hashlib
import hmac

from pydantic import SecretStr

_DIGEST = "sha256"
_FACT_BYTES = 16


class ServiceSecret:
    """Keyed hashes of API keys and of linkage facts; each purpose has a key of its own.

    >>> one = ServiceSecret(SecretStr("k" * 32))
    >>> one.hash_fact("A1234567") == one.hash_fact("A1234567") != one.hash_fact("A1234568")
    True
    """

    __slots__ = ("_api_keys", "_facts")

    def __init__(self, secret: SecretStr) -> None:
        raw = secret.get_secret_value().encode()
        self._api_keys = hmac.new(hmac.digest(raw, b"riskapi api keys v1", _DIGEST), digestmod=_DIGEST)
        key = hmac.digest(raw, b"riskapi linkage facts v1", _DIGEST)
        self._facts = hashlib.blake2b(key=key, digest_size=_FACT_BYTES)

    def hash_api_key(self, key: str) -> bytes:
        """Hash an API key for the store: without the secret, a stolen store tells no key and accepts none."""
        started = self._api_keys.copy()  # keyed once; the one-call form would key again, and let go of the interpreter
        started.update(key.encode())
        return started.digest()

    def hash_fact(self, value: str) -> str:
        """Hash a linkage fact (document number, telephone, ...): equal facts stay equal, and cannot be guessed back.

        Returns:
            32 hexadecimal digits.
        """
        started = self._facts.copy()  # keyed once, as above
        started.update(value.encode())
        return started.hexdigest()
