"""The public keys of the token issuer: from a file, or fetched, remembered, and looked for again when need be."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jwt

from riskapi.access.addresses import is_safe_url
from riskapi.body import strict_json
from riskapi.errors import MalformedBodyError, TokenKeysError

ALGORITHMS: Final = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""What a token may be signed with, and the type of key that goes with it; nothing else is ever tried."""

_BYTES_MAX = 1 << 18
_TIMEOUT_SECONDS = 3.0
_LIFETIME_SECONDS = 3600.0
_ASK_AGAIN_SECONDS = 10.0
_RSA_BITS_MIN = 2048


class TokenKeys:
    """The issuer's keys by their ids. May be used from several threads.

    Args:
        issuer: whose discovery document (``/.well-known/openid-configuration``) names the address of the keys.
        path: of a file with the keys (JWKS); with it nothing is ever fetched.
        url: address of the keys, where it is not to be discovered.
        clock: seconds that only grow.
        ask_again_seconds: least time between two looks at the issuer, whatever tokens name.
    """

    def __init__(
        self,
        issuer: str,
        path: Path | None = None,
        url: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        ask_again_seconds: float = _ASK_AGAIN_SECONDS,
    ) -> None:
        self._issuer = issuer.rstrip("/")
        self._path = path
        self._url = url
        self._clock = clock
        self._ask_again_seconds = ask_again_seconds
        self._keys: dict[tuple[str | None, str], jwt.PyJWK] = {}
        self._read_at = self._asked_at = float("-inf")
        self._lock = threading.Lock()

    def key(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Find the key that a token names.

        Args:
            key_id: ``kid`` of the token's header; may be left out where the issuer has one key of the type.
            algorithm: ``alg`` of the token's header; a key serves its own algorithm alone.

        Raises:
            TokenKeysError: where the issuer has never been reached, or its answer cannot be used.
        """
        if algorithm not in ALGORITHMS:
            return None
        found = self._find(key_id, algorithm)
        if (found is None or self._clock() - self._read_at > _LIFETIME_SECONDS) and self._look():
            found = self._find(key_id, algorithm)
        return found

    def _find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        if key_id is not None:
            return self._keys.get((key_id, algorithm))
        fitting = [key for (_, one), key in self._keys.items() if one == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    def _look(self) -> bool:
        """Read the keys again, unless that was done a moment ago; a failure leaves those that are known."""
        import httpx  # noqa: PLC0415 - six megabytes that a service without an issuer does not need

        with self._lock:
            if self._clock() - self._asked_at < self._ask_again_seconds:
                return False
            self._asked_at = self._clock()
            try:
                self._keys = _read_keys(self._document())
            except (httpx.HTTPError, OSError, MalformedBodyError, TokenKeysError) as error:
                if self._keys:
                    return False
                raise TokenKeysError(f"The issuer's keys cannot be read ({type(error).__name__}).") from None
            self._read_at = self._clock()
            return True

    def _document(self) -> Any:
        if self._path is not None:
            return strict_json(self._path.read_bytes())
        url = self._url
        if url is None:
            found = _fetch(f"{self._issuer}/.well-known/openid-configuration")
            if not isinstance(found, dict) or str(found.get("issuer")).rstrip("/") != self._issuer:
                raise TokenKeysError("The discovery document is another issuer's.")
            url = str(found.get("jwks_uri"))
        return _fetch(url)


def _fetch(url: str) -> Any:
    import httpx  # noqa: PLC0415 - as above

    if not is_safe_url(url):
        raise TokenKeysError("Keys are fetched over https only.")
    with (
        httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client,
        client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
    ):
        answer.raise_for_status()
        body = b""
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > _BYTES_MAX:
                raise TokenKeysError("The issuer's answer is too large.")
    return strict_json(body)


def _read_keys(document: Any) -> dict[tuple[str | None, str], jwt.PyJWK]:
    """Take the keys that may sign tokens; what is not understood is left out, symmetric and private keys always."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise TokenKeysError("The issuer's answer holds no list of keys.")
    found = {}
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or "d" in entry or "k" in entry:
            continue
        for algorithm, key_type in ALGORITHMS.items():
            if entry.get("kty") != key_type or entry.get("alg", algorithm) != algorithm:
                continue
            try:
                key = jwt.PyJWK(entry, algorithm=algorithm)
            except jwt.PyJWTError:
                continue
            if key_type != "RSA" or key.key.key_size >= _RSA_BITS_MIN:
                found[entry.get("kid"), algorithm] = key
    return found
