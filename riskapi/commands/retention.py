"""``retention``: mask and delete what is past its time, now."""

from typing import Annotated

import typer

from riskapi.commands.console import OUT, opened_services

app = typer.Typer(help="Mask and delete what is past its time.", no_args_is_help=True)


@app.command()
def run(*, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be done.")] = False) -> None:
    """Do what the service does once an hour; may run beside it, and again after anything that cut it short."""
    with opened_services() as services:
        done = services.retention.due() if dry_run else services.retention.run()
        if not dry_run:
            services.retention.scrub()
    would = "would be " if dry_run else ""
    told = f"Identity of {done.masked:,} decisions {would}masked, contents of {done.expired:,} {would}deleted."
    OUT.print(told, highlight=False)
    if not dry_run:
        OUT.print(f"{done.keys:,} keys destroyed.", highlight=False)
    if done.held:
        OUT.print(f"Legal holds keep {done.held:,} that are past their time.", style="yellow", highlight=False)


@app.command()
def scrub() -> None:
    """Rewrite the tables of keys without the destroyed ones; at a quiet hour, since a server locks them meanwhile."""
    with opened_services() as services:
        services.retention.scrub(whole=True)
    OUT.print("The tables of keys hold nothing but the keys that exist.", highlight=False)
