"""The client's certificate of a connection, in the words of ASGI's TLS extension, so that a key can be bound to it."""

from typing import Any

from cryptography import x509
from starlette.types import Scope

_NAME = "client_cert_name"


def peer_certificate(transport: Any) -> dict[str, Any]:
    """Describe the client's certificate of a TLS connection; the server has verified it by then.

    Args:
        transport: of the connection (:class:`asyncio.Transport`).

    Returns:
        ``client_cert_name``: its subject (RFC 4514), or ``None`` where the client sent no certificate.
    """
    ssl_object = transport.get_extra_info("ssl_object")
    encoded = ssl_object.getpeercert(binary_form=True) if ssl_object is not None else None
    if not encoded:
        return {_NAME: None}
    return {_NAME: x509.load_der_x509_certificate(encoded).subject.rfc4514_string()}


def certificate_of(scope: Scope) -> str | None:
    """The subject of the client's certificate, where the connection of a request has one."""
    extensions = scope.get("extensions")
    name = extensions["tls"].get(_NAME) if extensions and "tls" in extensions else None
    return str(name) if name else None


def normal_subject(text: str) -> str:
    """Write a subject as it is compared: parsed and written again (RFC 4514).

    Raises:
        ValueError: for a text that is no subject.

    >>> normal_subject("CN = Gateway NBO, O=Agency")
    'CN=Gateway NBO,O=Agency'
    """
    parts = [part.strip() for part in text.split(",")]
    tidy = ",".join("=".join(side.strip() for side in part.split("=", 1)) for part in parts)
    return x509.Name.from_rfc4514_string(tidy).rfc4514_string()
