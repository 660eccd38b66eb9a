"""``demo``: everything once, on simulated data."""

import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from riskapi.commands.console import ERR, OUT, errors_shown
from riskapi.demo.journey import CROSSINGS, Demo
from riskapi.errors import ServiceError

app = typer.Typer()


@app.command()
def demo(
    *,
    once: Annotated[bool, typer.Option(help="Stop after showing, and check that the printed curl line works.")] = False,
    root: Annotated[Path, typer.Option(help="Folder for everything the demo makes; emptied first.")] = Path("var/demo"),
    crossings: Annotated[int, typer.Option(min=1000, help="Border crossings to simulate.")] = CROSSINGS,
) -> None:
    """Simulate crossings, train three models, have them approved, score a traveller; then serve until Ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)
    with errors_shown():
        if root.exists() and not (root / "logs").is_dir():
            raise ServiceError("--root names a folder that no demo made; name another one, or remove it yourself.")
        if not Path("training").is_dir():
            raise ServiceError("The demo trains models: run it where the project's folder `training` is.")
        try:
            Demo(OUT, root, crossings).run(once=once)
        except KeyboardInterrupt:
            ERR.print("Stopped. `make demo` starts afresh.")


def _interrupt(_number: int, _frame: Any) -> None:
    """Treat a request to end like Ctrl-C, so that all programs are stopped."""
    raise KeyboardInterrupt
