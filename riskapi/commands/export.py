"""``export-log``: write the log out for people who verify it elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from features.risk import Audience
from models.signing import load_key
from riskapi.access.matrix import Action, Purpose
from riskapi.commands.console import ERR, OUT, errors_shown, opened_services, person
from riskapi.errors import ServiceError
from riskapi.log.entry import Kind
from riskapi.log.export import export_log
from riskapi.log.keys import read_public_keys
from riskapi.log.store_source import store_source
from riskapi.settings import Settings

app = typer.Typer()

_PERSONAL = "These files hold data about persons. Whoever has them has to protect, and in time to delete, them."


@app.command(name="export-log")
def export_log_(
    out: Annotated[Path, typer.Option(help="New directory for the files.")],
    public_key: Annotated[
        list[str] | None, typer.Option(help="Public keys to put beside the log; left out, that of this service.")
    ] = None,
    *,
    with_contents: Annotated[
        bool, typer.Option(help="Write record and answer of each decision too, without identity; goes on record.")
    ] = False,
    key: Annotated[
        str | None, typer.Option(envvar="RISK_API_KEY", help="With contents: your own API key; asked for if left out.")
    ] = None,
    purpose: Annotated[Purpose, typer.Option(help="With contents: what they are for.")] = Purpose.OVERSIGHT,
) -> None:
    """Export the log with its checkpoints, bundle digests and commitments; nobody's data, unless asked for."""
    with errors_shown():
        settings = Settings.load()
        public = [one for text in public_key or () for one in read_public_keys(text)]
        public = public or [load_key(settings.log_key_file).public_key()]
        audiences = _put_on_record(key, purpose) if with_contents else None
        with store_source(settings) as source, _progress(source.row_count()) as advance:
            try:
                done = export_log(source, out, public, contents_for=audiences, progress=advance)
            except OSError as error:
                raise ServiceError(f"{out} cannot be written: {error.strerror}.") from None
    OUT.print(f"{done.rows:,} rows, {done.contents:,} decisions: {out}", highlight=False, soft_wrap=True)
    if with_contents:
        ERR.print(_PERSONAL, style="yellow", soft_wrap=True)


def _put_on_record(key: str | None, purpose: Purpose) -> frozenset[Audience]:
    """Find out who asks, and note that they look at all decisions; gives the audiences that they may see."""
    with opened_services() as services:
        given = key if key is not None else typer.prompt("API key", hide_input=True)
        principal = person(services, given, Action.LOG_READ)
        stated = services.purposes.check(principal, purpose.value)
        services.journal.append(
            Kind.ACCESS,
            {"by": principal.name, "key_id": principal.key_id, "purpose": stated.value, "what": "export-log"},
        )
        return principal.audiences


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as progress:
        task = progress.add_task("Exporting", total=total)
        yield lambda rows: progress.update(task, advance=rows)
