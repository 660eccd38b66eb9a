"""``serve``: run the service."""

import atexit
import gc
import signal
import sys
from types import FrameType

import typer

from riskapi.app import create_app
from riskapi.commands.console import errors_shown
from riskapi.server.memory import keep_one_heap
from riskapi.server.run import run
from riskapi.services import Services
from riskapi.settings import Settings
from riskapi.telemetry import configure_logging

app = typer.Typer()

_COLLECT_AFTER = 50_000
"""New objects between two looks for cycles; a request makes a few thousand, and leaves no cycle behind."""
_LOG_DELAY_SECONDS = 0.05
_SWITCH_SECONDS = 0.001
"""How long one thread keeps the others waiting; a fifth of what Python starts with, for the writer's sake."""


@app.command()
def serve() -> None:
    """Run the service in this process; the environment sets it up (docs/settings.md)."""
    keep_one_heap()
    with errors_shown():
        settings = Settings.load()
        lines = configure_logging(settings.log_level, _LOG_DELAY_SECONDS)
        services = Services(settings)
        application = create_app(services=services)
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # models and schemas stay: looking through them again and again finds nothing
    gc.set_threshold(_COLLECT_AFTER)
    atexit.register(lines.drain)

    def end(number: int, _frame: FrameType | None) -> None:
        """Write what is left to write: the server raises the signal again once it has stopped, and nothing follows."""
        lines.drain()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    signal.signal(signal.SIGTERM, end)
    run(application, services)
