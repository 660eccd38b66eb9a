"""``backup`` and ``restore``: copies of store and keys while the service runs, and their way back."""

from pathlib import Path
from typing import Annotated

import typer

from models.signing import load_key
from riskapi.commands.console import ERR, OUT, errors_shown
from riskapi.log.keys import read_public_keys
from riskapi.operations.backup import back_up
from riskapi.operations.backup import restore as put_back
from riskapi.settings import Settings

app = typer.Typer()

_APART = "Not in it, to be kept elsewhere: RISKAPI_SECRET_KEY, the log key, the signing keys of models."
_ERASED = "No file of checkpoints was given (--acts): erasures and holds that came after this backup are undone by it."


@app.command()
def backup(
    to: Annotated[Path, typer.Option(help="Directory for backups; each gets a directory of its own in it.")],
) -> None:
    """Copy store and keys while the service runs; the copy is complete when its directory appears."""
    with errors_shown():
        made = back_up(Settings.load(), to)
    rows = ", ".join(f"{name} {seq:,}" for name, seq in sorted(made.heads.items()))
    OUT.print(
        f"{made.path}: {made.size:,} bytes of {made.instance}; rows of the log: {rows or 'none'}.", soft_wrap=True
    )
    ERR.print(_APART, style="yellow", soft_wrap=True)


@app.command()
def restore(
    *,
    source: Annotated[Path, typer.Option("--from", help="Directory of one backup.")],
    to: Annotated[str, typer.Option(help="Address of an empty database for the store.")],
    keys_to: Annotated[str, typer.Option(help="Address of an empty database for the keys.")],
    key: Annotated[
        list[str] | None, typer.Option(help="Public key of the log; left out, the one of RISKAPI_LOG_KEY_FILE.")
    ] = None,
    acts: Annotated[
        Path | None,
        typer.Option(help="File of checkpoints that outlived the store: erasures and holds in it are done again."),
    ] = None,
) -> None:
    """Put a backup into empty databases and verify the log there; ends with 1 where something does not hold."""
    with errors_shown():
        settings = Settings.load()
        trusted = [one for text in key or () for one in read_public_keys(text)]
        trusted = trusted or [load_key(settings.log_key_file).public_key()]
        places = {"database_url": to, "keys_url": keys_to}
        restored = put_back(source, Settings.model_validate(settings.model_dump() | places), trusted, acts)
    result = restored.verification
    for finding in result.findings:
        ERR.print(finding.line(), style="red", highlight=False, markup=False, soft_wrap=True)
    contents = 0 if result.contents is None else result.contents
    told = f"{result.rows:,} rows, {result.checkpoints:,} checkpoints, contents of {contents:,} decisions"
    OUT.print(f"Restored and verified: {told}.", style="green" if result.holds else "red", highlight=False)
    if acts is None:
        ERR.print(_ERASED, style="yellow", soft_wrap=True)
    else:
        done = restored.repeated
        OUT.print(f"Done again: contents of {done.erased:,} decisions erased, {done.holds:,} changes of holds.")
    for number in restored.refused:
        ERR.print(f"{acts} line {number}: this act was not signed by the log.", style="red", soft_wrap=True)
    if not restored.holds:
        raise typer.Exit(1)
