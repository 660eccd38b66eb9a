"""What a connection may cost, and which hosts it may ask for."""

from dataclasses import dataclass

from riskapi.services import Services

_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection may cost.

    Attributes:
        head_seconds: from the first wait for a request to the end of its head.
        body_seconds: from there to the end of its body; the application gives up earlier and answers 408.
        write_seconds: how long a caller may leave an answer unread.
        head_bytes: request line and headers together.
        headers: number of headers.
        hosts: names that may be asked for, in lower case and without port; empty allows any.
    """

    head_seconds: float = 10.0
    body_seconds: float = 12.0
    write_seconds: float = 10.0
    head_bytes: int = 16 * 1024
    headers: int = 100
    hosts: frozenset[bytes] = frozenset()


def limits_of(services: Services) -> Limits:
    """Derive the limits of connections from the settings.

    On a loopback address only its own names are answered for, so that no page of another site reaches the service
    through a name of its own; elsewhere any name is, unless the settings list some.
    """
    settings = services.settings
    hosts = settings.allowed_hosts or (_LOCAL_NAMES if settings.is_local else ())
    return Limits(
        head_seconds=settings.head_timeout_seconds,
        body_seconds=settings.body_timeout_seconds + 2,
        write_seconds=settings.body_timeout_seconds,
        hosts=frozenset(host.lower().encode() for host in hosts),
    )
