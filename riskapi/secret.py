"""The service's one secret, and the separate keys that are derived from it."""

import hashlib
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

_DIGEST = "sha256"
_FACT_BYTES = 16
_KEY_BYTES = 32


class ServiceSecret:
    """Keyed hashes of API keys, of linkage facts and of subjects, the key that wraps subject keys, those of the lane.

    Each purpose has a key of its own.

    >>> one = ServiceSecret(SecretStr("k" * 32))
    >>> one.hash_fact("A1234567") == one.hash_fact("A1234567") != one.hash_fact("A1234568")
    True
    """

    __slots__ = ("_api_keys", "_facts", "_raw", "_subjects", "wrapping_key")

    def __init__(self, secret: SecretStr) -> None:
        raw = self._raw = secret.get_secret_value().encode()
        self._api_keys = hmac.new(hmac.digest(raw, b"riskapi api keys v1", _DIGEST), digestmod=_DIGEST)
        key = hmac.digest(raw, b"riskapi linkage facts v1", _DIGEST)
        self._facts = hashlib.blake2b(key=key, digest_size=_FACT_BYTES)
        self._subjects = hmac.digest(raw, b"riskapi subjects v1", _DIGEST)
        self.wrapping_key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"riskapi subject keys v1").derive(raw)
        """Wraps the keys of subjects (AES-256); without the secret, a stolen keys database opens nothing."""

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

    def lane_key(self, month: str) -> bytes:
        """Derive the key by which travellers are drawn at random in one month (YYYY-MM); it says nothing of others."""
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"riskapi random lane v1 " + month.encode()).derive(self._raw)

    def desk_key(self, month: str) -> bytes:
        """Derive the key by which cases at the desk are drawn in one month (YYYY-MM); never shown to anybody."""
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"riskapi desk v1 " + month.encode()).derive(self._raw)

    def hash_subject(self, purpose: bytes, value: bytes) -> bytes:
        """Hash what says who somebody is, or what a client sent under a name of its own.

        Args:
            purpose: keeps hashes for different uses apart; at most 16 bytes.
            value: anything.

        Returns:
            32 bytes.
        """
        return hashlib.blake2b(value, key=self._subjects, person=purpose, digest_size=_KEY_BYTES).digest()
