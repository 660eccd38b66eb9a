"""``verify``: find out whether the log is what was written, and where it first is not."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import orjson
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.errors import ModelError
from models.signing import load_key
from riskapi.commands.console import ERR, OUT
from riskapi.errors import ServiceError
from riskapi.log.draw_check import read_lane_keys
from riskapi.log.export_format import PUBLIC_KEY
from riskapi.log.export_source import ExportSource
from riskapi.log.keys import read_public_keys
from riskapi.log.source import LogSource
from riskapi.log.store_source import store_source
from riskapi.log.verify import Verification, verify
from riskapi.settings import Settings

app = typer.Typer()

_FOUND, _UNREADABLE = 1, 2
_OWN_KEY = "The public key comes from beside the log itself. To trust nobody, give the one that you were handed: --key."
_NO_FILE = "No file of checkpoints from elsewhere was given (--checkpoints): rows cut off the end would not be missed."
_NO_CONTENTS = "Contents of decisions were not opened: a change of them would not be found."


@app.command(name="verify")
def verify_(
    exports: Annotated[
        list[Path] | None,
        typer.Argument(help="Exported directories; left out, the database of this service. Several are compared."),
    ] = None,
    *,
    key: Annotated[
        list[str] | None, typer.Option(help="Public key of the log, or a file of them; repeat for several.")
    ] = None,
    checkpoints: Annotated[
        list[Path] | None, typer.Option(help="File of checkpoints kept elsewhere; repeat for several.")
    ] = None,
    contents: Annotated[
        bool, typer.Option(help="Open what is stored of each decision and hold it against the log (database only).")
    ] = True,
    lane_key: Annotated[
        list[str] | None,
        typer.Option(help="YYYY-MM=KEY: a key of the random lane, to compute each draw of its month again; repeat."),
    ] = None,
    json: Annotated[bool, typer.Option(help="Print the findings as JSON.")] = False,
) -> None:
    """Verify the log: every row, every signature, every bundle, every content; name the first bad place.

    Ends with 0 where everything holds, with 1 where something was found, with 2 where something cannot be read.
    """
    try:
        lane_keys = read_lane_keys(lane_key or ())
        results, warnings = _run(exports or (), key or (), checkpoints or (), lane_keys, contents=contents)
    except (ServiceError, ModelError) as error:
        ERR.print(str(error), style="red", highlight=False, markup=False)
        raise typer.Exit(_UNREADABLE) from None
    except OSError as error:
        ERR.print(f"{error.filename}: {error.strerror}", style="red", highlight=False, markup=False)
        raise typer.Exit(_UNREADABLE) from None
    if json:
        told = {"holds": all(one.holds for one in results), "warnings": warnings}
        sys.stdout.buffer.write(orjson.dumps(told | {"sources": [one.to_json() for one in results]}) + b"\n")
    else:
        for warning in warnings:
            ERR.print(warning, style="yellow", highlight=False, markup=False, soft_wrap=True)
        for one in results:
            _tell(one)
    if not all(one.holds for one in results):
        raise typer.Exit(_FOUND)


def _run(
    exports: Sequence[Path],
    keys: Sequence[str],
    checkpoints: Sequence[Path],
    lane_keys: Mapping[str, bytes],
    *,
    contents: bool,
) -> tuple[list[Verification], list[str]]:
    warnings: list[str] = []
    trusted = [key for text in keys for key in read_public_keys(text)]
    files = list(checkpoints)
    with ExitStack() as stack:
        sources: list[LogSource] = [ExportSource(directory) for directory in exports]
        if exports:
            if not trusted:
                trusted = read_public_keys(str(exports[0] / PUBLIC_KEY))
                warnings.append(_OWN_KEY)
        else:
            settings = Settings.load()
            source = stack.enter_context(store_source(settings, with_contents=contents))
            sources.append(source)
            if not trusted:
                trusted = [_own_key(settings)]
                warnings.append(_OWN_KEY)
            if not files and settings.checkpoint_file.is_file():
                files.append(settings.checkpoint_file)
            if not source.contents.can_open:
                warnings.append(_NO_CONTENTS)
        if not files:
            warnings.append(_NO_FILE)
        with _progress() as advance:
            return verify(sources, files, trusted, advance, lane_keys), warnings


def _own_key(settings: Settings) -> Ed25519PublicKey:
    return load_key(settings.log_key_file).public_key()


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as progress:
        task = progress.add_task("Verifying", total=None)
        yield lambda more, total: progress.update(task, advance=more, total=total)


def _tell(result: Verification) -> None:
    for finding in result.findings:
        OUT.print(finding.line(), highlight=False, markup=False, soft_wrap=True)
    for writer, rule, count in result.unlisted:
        OUT.print(f"{result.source}: {writer}: {rule}: {count} more", highlight=False, markup=False, soft_wrap=True)
    read = f"{result.rows:,} rows in {len(result.heads)} chains, {result.checkpoints:,} checkpoints"
    if result.contents is not None:
        read += f", contents of {result.contents:,} decisions"
    if result.draws is not None:
        read += f", draws of {result.draws:,} decisions"
    verdict = "all holds" if result.holds else f"{result.total:,} findings"
    style = "green" if result.holds else "red"
    OUT.print(f"{result.source}: {read}: {verdict}.", style=style, highlight=False, markup=False, soft_wrap=True)
