"""``export-log``: write the log out for people who verify it elsewhere."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.signing import load_key
from riskapi.commands.console import ERR, OUT, errors_shown
from riskapi.errors import ServiceError
from riskapi.log.export import export_log
from riskapi.log.keys import read_public_keys
from riskapi.log.store_source import store_source
from riskapi.settings import Settings

app = typer.Typer()

_PERSONAL = "With contents: the files hold personal data. Whoever has them has to protect, and in time to delete, them."


@app.command(name="export-log")
def export_log_(
    out: Annotated[Path, typer.Option(help="New directory for the files.")],
    key: Annotated[
        list[str] | None, typer.Option(help="Public keys to put beside the log; left out, that of this service.")
    ] = None,
    *,
    with_contents: Annotated[
        bool, typer.Option(help="Write what is stored of each decision too, opened: personal data.")
    ] = False,
) -> None:
    """Export the log with its checkpoints, bundle digests and commitments; nobody's data, unless asked for."""
    with errors_shown():
        settings = Settings.load()
        public = [one for text in key or () for one in read_public_keys(text)]
        public = public or [load_key(settings.log_key_file).public_key()]
        if with_contents:
            ERR.print(_PERSONAL, style="yellow", soft_wrap=True)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with (
            store_source(settings) as source,
            Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as progress,
        ):
            task = progress.add_task("Exporting", total=source.row_count())
            try:
                done = export_log(
                    source,
                    out,
                    public,
                    with_contents=with_contents,
                    progress=lambda rows: progress.update(task, advance=rows),
                )
            except OSError as error:
                raise ServiceError(f"{out} cannot be written: {error.strerror}.") from None
    OUT.print(f"{done.rows:,} rows, {done.contents:,} decisions: {out}", highlight=False, soft_wrap=True)
