"""``watch``: score what appears in a folder, through the running service or with bundles on this machine."""

import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from features.errors import FeatureError
from features.mapping import TableMapping
from riskapi.commands.console import ERR, OUT, errors_shown
from riskapi.commands.score_file import (
    BundleOption,
    CountryOption,
    KeyOption,
    MappingOption,
    PurposeOption,
    SignerOption,
    UrlOption,
    opened_scorers,
)
from riskapi.errors import ServiceError
from riskapi.files.scorers import OnceScorer
from riskapi.watching import Done, Folder, Watcher

app = typer.Typer()

LOOK_SECONDS = 1.0
AGAIN_SECONDS_MAX = 60.0


class Form(StrEnum):
    """Of the answers."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


@app.command()
def watch(
    folder: Annotated[Path, typer.Argument(help="Where files appear; answers appear beside them.")],
    *,
    form: Annotated[Form, typer.Option(help="Of the answers: ndjson holds them whole.")] = Form.NDJSON,
    mapping: MappingOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    purpose: PurposeOption = None,
    bundle: BundleOption = None,
    signer: SignerOption = None,
    country: CountryOption = None,
    settle_seconds: Annotated[
        float, typer.Option(min=0, help="How long a file must not have changed before it is taken.")
    ] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="End when everything that is there is done.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew what was begun with another mapping or other bundles.")
    ] = False,
) -> None:
    """Score files as they appear in a folder: answers beside them, sources in done/, broken ones in rejected/.

    A file is taken when it has not changed for some seconds; one that is being written is named .part until it is done.
    Each record is scored once: whatever is stopped goes on where it was. Through the service, a record that comes again
    at the same place of a file of the same name has the decision that it had.

    Example: riskapi watch /srv/exchange --url http://127.0.0.1:8000 --purpose border_control
    """
    with errors_shown():
        try:
            described = TableMapping.from_toml(mapping) if mapping else None
            with opened_scorers(url, key, purpose, bundle or (), signer or (), through=OnceScorer) as scorer:
                kept = Folder(folder)
                with kept.held():
                    watcher = Watcher(
                        kept,
                        scorer,
                        form=f".{form}",
                        mapping=described,
                        country=country,
                        settle_seconds=settle_seconds,
                    )
                    _keep_watching(kept, watcher, settle_seconds, once=once, restart=restart)
        except FeatureError as error:  # a mapping or a bundle that breaks a rule: its text says which
            raise ServiceError(str(error)) from None


def _keep_watching(folder: Folder, watcher: Watcher, settle_seconds: float, *, once: bool, restart: bool) -> None:
    """Look again and again; where nothing can be scored now, later and later."""
    pause = LOOK_SECONDS
    while True:
        try:
            for done in watcher.turn(restart=restart):
                _tell(done)
        except ServiceError as error:
            if once:
                raise
            ERR.print(f"{datetime.now(UTC):%H:%M:%S} {error}", style="yellow", highlight=False, markup=False)
            pause = min(AGAIN_SECONDS_MAX, 2 * pause)
        else:
            if once and not folder.arrived() and not folder.jobs():
                return
            restart, pause = False, min(LOOK_SECONDS, settle_seconds / 2 or LOOK_SECONDS)
        time.sleep(pause)


def _tell(done: Done) -> None:
    """One line for each file, for whoever reads the output of the program."""
    if done.rejected:
        ERR.print(f"{done.name}: rejected", style="red", highlight=False, markup=False)
    elif done.summary is None:
        OUT.print(f"{done.name}: moved out; it was scored before", highlight=False, markup=False)
    else:
        told = f"{done.name}: {done.summary.scored} scored, {done.summary.not_scored} not"
        OUT.print(told, highlight=False, markup=False, soft_wrap=True)
