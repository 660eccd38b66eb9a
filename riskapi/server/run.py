"""The server itself: uvicorn with the connections of this package, and TLS where the settings ask for it."""

import resource
import ssl
from typing import Any

import uvicorn

from riskapi.server.connection import guarded
from riskapi.server.limits import limits_of
from riskapi.services import Services
from riskapi.settings import Settings

_IDLE_SECONDS = 5


def run(application: Any, services: Services) -> None:
    """Serve until told to stop.

    Args:
        application: the ASGI application.
        services: what it works with; settings, log and metrics are taken from there.
    """
    settings = services.settings
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each connection is an open file
    uvicorn.run(
        application,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=guarded(limits_of(services), services),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        ws="none",
        **tls_of(settings),
    )


def tls_of(settings: Settings) -> dict[str, Any]:
    """Derive the server's TLS options from the settings; none where it speaks plain HTTP."""
    if settings.tls_certificate_file is None:
        return {}
    asked = ssl.CERT_REQUIRED if settings.tls_client_required else ssl.CERT_OPTIONAL
    return {
        "ssl_certfile": settings.tls_certificate_file,
        "ssl_keyfile": settings.tls_key_file,
        "ssl_ca_certs": settings.tls_client_ca_file,
        "ssl_cert_reqs": ssl.CERT_NONE if settings.tls_client_ca_file is None else asked,
        "ssl_version": ssl.PROTOCOL_TLS_SERVER,
    }
