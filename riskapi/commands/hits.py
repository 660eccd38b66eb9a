"""``hits``: how the systems are doing that are told of hits, and what they refused."""

from typing import Annotated

import typer
from rich.table import Table

from riskapi.commands.console import OUT, opened_services
from riskapi.hits.subscription import read_subscriptions

app = typer.Typer(help="See how the systems are doing that are told of hits.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the subscription.")]


@app.command(name="list")
def list_() -> None:
    """List all subscriptions with how they are doing."""
    with opened_services() as services:
        subscriptions = read_subscriptions(services.settings.hits_file, services.settings.hits_hosts)
        standings = services.hits.outbox.standings()
    table = Table("subscription", "key", "bands", "takes nothing since", "why", "refused")
    for one in subscriptions:
        since, failure, refused = standings.get(one.name, (None, None, 0))
        table.add_row(one.name, one.key_id, ", ".join(one.bands) or "all", since or "", failure or "", str(refused))
    OUT.print(table)


@app.command()
def refused(
    name: Name,
    *,
    seen: Annotated[bool, typer.Option("--seen", help="Forget them afterwards: somebody has seen to them.")] = False,
) -> None:
    """List the decisions of which a receiver did not want to hear."""
    with opened_services() as services:
        for decision_id, at, told in services.hits.outbox.refused(name):
            OUT.print(f"{decision_id}  {at}  {told}", highlight=False, soft_wrap=True)
        if seen:
            OUT.print(f"Forgotten: {services.hits.outbox.unbury(name)}.", highlight=False)
