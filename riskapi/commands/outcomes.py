"""``outcomes``: record what was found, from a file."""

from pathlib import Path
from typing import Annotated

import typer

from riskapi.access.matrix import Action, Purpose
from riskapi.access.purpose import Use
from riskapi.commands.console import OUT, KeyOption, opened_services, person
from riskapi.files.outcomes import Columns, import_outcomes

app = typer.Typer()


@app.command()
def outcomes(
    path: Annotated[Path, typer.Argument(help="Outcomes: .csv with a header, or .ndjson / .jsonl, one a line.")],
    *,
    key: KeyOption,
    column: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=COLUMN: where a field of an outcome stands, if not under its own name; repeat."),
    ] = None,
    fixed: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=VALUE: what is the same in all rows; repeat.")
    ] = None,
    purpose: Annotated[Purpose, typer.Option(help="What the data is used for.")] = Purpose.BORDER_CONTROL,
) -> None:
    """Record outcomes from a file as `POST /v1/outcomes` does; sent again, each stays one.

    Rows that are no outcome go to a report beside the file, each with place, rule and remedy. Ends with 1 where there
    are such rows and nothing was recorded.
    """
    with opened_services() as services:
        columns = Columns.read(column or (), fixed or ())
        caller = person(services, key, Action.OUTCOMES_RECORD)
        use = Use(caller, services.purposes.check(caller, purpose.value))
        done = import_outcomes(path, columns, services.outcomes, use)
    told = f"{done.recorded:,} recorded, {done.repeated:,} were on record, {done.refused:,} refused."
    OUT.print(told, highlight=False)
    if done.report is not None:
        OUT.print(f"Findings: {done.report}", style="yellow", highlight=False, soft_wrap=True)
    if done.refused and not done.recorded + done.repeated:
        raise typer.Exit(1)
