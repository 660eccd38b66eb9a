"""``convert``: any message, list or table as records, one a line."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from features.errors import FeatureError
from features.mapping import TableMapping
from riskapi.commands.console import OUT, errors_shown
from riskapi.commands.score_file import CountryOption
from riskapi.errors import ServiceError
from riskapi.files.convert import Converted, convert_files

app = typer.Typer()


@app.command(name="convert")
def convert(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Messages (EDIFACT, manifests, GTAS, zones: of the kind they hold), records (.ndjson, .jsonl), "
            "tables (.csv, .csv.gz, .parquet)."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Records, one a line (NDJSON).")],
    mapping: Annotated[
        Path | None, typer.Option(help="What the columns of a table mean (TOML); not needed for a column 'record'.")
    ] = None,
    mode: Annotated[
        Literal["air", "sea", "land"] | None, typer.Option(help="Zones alone: how the border was crossed.")
    ] = None,
    point: Annotated[str | None, typer.Option(help="Zones alone: border post, port or airport.")] = None,
    direction: Annotated[Literal["in", "out", "transit"], typer.Option(help="Zones alone: which way.")] = "in",
    country: CountryOption = None,
    at: Annotated[str | None, typer.Option(help="Zones alone: when, such as 2026-03-14T09:40:00+03:00.")] = None,
) -> None:
    """Read files of any kind and write the travellers of all as records.

    Of a booking that was pushed several times the last version is written; what a passenger list and a booking say of
    one traveller becomes one record. Findings, versions and the sources of joined facts go to a report beside --out.

    Example: riskapi convert list.edi push-72h.edi push-24h.edi --out records.ndjson
    """
    with errors_shown():
        try:
            described = TableMapping.from_toml(mapping) if mapping else None
            done = convert_files(paths, out, described, _crossing(mode, point, direction, at), country)
        except FeatureError as error:  # a mapping that breaks a rule: its text says which
            raise ServiceError(str(error)) from None
    _tell(done, out)


def _crossing(mode: str | None, point: str | None, direction: str, at: str | None) -> dict[str, Any] | None:
    if mode is None or point is None or at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise ServiceError("--at takes a time such as 2026-03-14T09:40:00+03:00.") from None
    return {"mode": mode, "point": point, "direction": direction, "expected_at": moment}


def _tell(done: Converted, out: Path) -> None:
    more = [f"{done.joined} of list and booking"] if done.joined else []
    more += [f"{done.earlier} earlier pushes left out"] if done.earlier else []
    text = f"{done.records} records, {done.not_read} travellers not read{''.join(', ' + one for one in more)}: {out}"
    OUT.print(text, highlight=False, soft_wrap=True)
    if done.report is not None:
        OUT.print(f"{done.findings} findings: {done.report}", style="yellow", highlight=False, soft_wrap=True)
    if not done.records and done.not_read:
        raise typer.Exit(1)
