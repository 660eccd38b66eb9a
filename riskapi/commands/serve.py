"""``serve``: run the service."""

import sys

import typer
import uvicorn

from riskapi.app import create_app
from riskapi.commands.console import errors_shown
from riskapi.settings import Settings
from riskapi.telemetry import configure_logging

app = typer.Typer()

_SWITCH_SECONDS = 0.001
"""How long a thread may keep the others waiting: a fifth of what Python starts with, since the writer waits on a turn."""


@app.command()
def serve() -> None:
    """Run the service in this process; the environment sets it up (docs/settings.md)."""
    with errors_shown():
        settings = Settings.load()
        configure_logging(settings.log_level)
        application = create_app(settings)
    sys.setswitchinterval(_SWITCH_SECONDS)
    uvicorn.run(
        application,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        ws="none",
    )
