"""Which addresses secrets and keys may be fetched from."""

import ipaddress
from urllib.parse import urlsplit


def is_safe_url(url: str) -> bool:
    """Whether keys may be fetched from an address: over TLS, or from this very machine.

    >>> is_safe_url("https://id.example/keys"), is_safe_url("http://127.0.0.1:9000/keys"), is_safe_url("http://id.example/")
    (True, True, False)
    """
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
