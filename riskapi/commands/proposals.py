"""``propose``, ``proposals``, ``approve``, ``reject``: let a model go live, or not."""

from pathlib import Path
from typing import Annotated

import typer
from rich.measure import Measurement
from rich.table import Column, Table

from models.bundle import read_directory
from riskapi.access.matrix import Action
from riskapi.approvals import RATIONALE_LENGTH_MIN
from riskapi.commands.console import ERR, OUT, KeyOption, opened_services, person
from riskapi.storage.base import LedgerEvent

app = typer.Typer()

_UNBOUNDED = OUT.options.update(max_width=1000)

Digest = Annotated[str, typer.Argument(help="Digest of the bundle, as `proposals` lists it.")]
Rationale = Annotated[str, typer.Option(prompt=True, help="Why you decide so; it goes on record.")]


@app.command()
def propose(
    directory: Annotated[Path, typer.Argument(help="Directory of a bundle.", exists=True, file_okay=False)],
    key: KeyOption,
    rationale: Annotated[str, typer.Option(help="What changed, for those who decide.")] = "",
) -> None:
    """Verify a bundle and hand it in for approval."""
    with opened_services() as services:
        principal = person(services, key, Action.MODELS_PROPOSE)
        event = services.approvals.propose(read_directory(directory), principal, rationale)
    OUT.print(f"Proposed {event.digest} for {event.risk}.", highlight=False, soft_wrap=True)


@app.command()
def proposals() -> None:
    """List all proposed bundles and where they stand."""
    with opened_services() as services:
        events, bundles = services.ledger.events(), services.ledger.bundles()
        live = {event.digest for event in services.ledger.live().values()}
    table = Table("risk", "name", "version", "state", "by", "on", Column("digest", no_wrap=True, overflow="ignore"))
    for digest in dict.fromkeys(event.digest for event in reversed(events)):
        last = [event for event in events if event.digest == digest][-1]
        state = "live" if digest in live else last.event.value
        bundle = bundles[digest]
        table.add_row(
            bundle.risk, bundle.name, bundle.version, state, last.principal, f"{last.at:%Y-%m-%d %H:%M}", digest
        )
    # wider than the terminal, where need be: a digest is there to be copied whole
    OUT.print(table, width=max(OUT.width, Measurement.get(OUT, _UNBOUNDED, table).maximum), crop=False, soft_wrap=True)


@app.command()
def approve(
    digest: Digest,
    rationale: Rationale,
    key: KeyOption,
    accept_inconclusive: Annotated[
        list[str] | None, typer.Option(help="Name of an inconclusive gate that you answer for; may be repeated.")
    ] = None,
) -> None:
    """Let a bundle go live; running services follow at their next look. Approving an earlier one goes back to it."""
    require_rationale(rationale)
    with opened_services() as services:
        principal = person(services, key, Action.MODELS_APPROVE)
        _say(services.approvals.approve(digest, principal, rationale, accept_inconclusive or ()))


@app.command()
def reject(digest: Digest, rationale: Rationale, key: KeyOption) -> None:
    """Refuse a proposal, for good."""
    require_rationale(rationale)
    with opened_services() as services:
        principal = person(services, key, Action.MODELS_APPROVE)
        _say(services.approvals.reject(digest, principal, rationale))


def require_rationale(rationale: str) -> None:
    """End the command where a rationale is too short to be one."""
    if len(rationale.strip()) < RATIONALE_LENGTH_MIN:
        ERR.print(f"Give a rationale of {RATIONALE_LENGTH_MIN} characters or more.", style="red")
        raise typer.Exit(1)


def _say(done: LedgerEvent) -> None:
    OUT.print(f"{done.event.value.capitalize()} {done.digest} for {done.risk}.", highlight=False, soft_wrap=True)
