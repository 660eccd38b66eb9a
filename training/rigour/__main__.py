"""The command behind `make rigour`: print the scoreboard; exit code 1 where a claim does not hold."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.rigour import scoreboard

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command()
def rigour(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[CLAIM]...", help="Claims to measure; all by default.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Worlds that each claim is measured on.")] = 20,
    json: Annotated[Path, typer.Option("--json", help="Where the scoreboard goes as JSON.")] = Path("var/rigour.json"),
    listed: Annotated[bool, typer.Option("--list", help="Only name the claims.")] = False,  # noqa: FBT002  typer's form
) -> None:
    """Measure what the training side claims, on worlds whose truth is known.

    A control is the uncorrected way: it holds where it fails as it should.

    **Examples**

        python -m training.rigour
        python -m training.rigour prevalence off_policy --seeds 40
    """
    out = Console()
    known = scoreboard.claims()
    if listed:
        out.print("\n".join(known))
        return
    unknown = sorted(set(names or []) - set(known))
    if unknown:
        raise typer.BadParameter(f"no claim of this name: {', '.join(unknown)}; there are {', '.join(known)}")
    chosen = scoreboard.seeds_of(seeds)
    results = []
    for result in scoreboard.measure(names or [], chosen):
        scoreboard.show(result, out)
        results.append(result)
        scoreboard.write(results, chosen, json)
    failed = [result.module for result in results if not result.claim.holds]
    rows = sum(len(result.claim.rows) for result in results)
    verdict = "not all hold" if failed else "all hold"
    out.print(f"{len(results)} claims, {rows} rows, {seeds} seeds: {verdict}. JSON: {json}")
    if failed:
        out.print(f"[bold red]These do not hold:[/] {', '.join(failed)}")
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
