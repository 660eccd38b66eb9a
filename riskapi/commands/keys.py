"""``keys``: make, list and revoke API keys."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from riskapi.auth import PrincipalKind, Scope, new_key
from riskapi.commands.console import ERR, OUT, opened_services

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@app.command()
def create(
    principal: Annotated[str, typer.Argument(help="Name of the person or system that the key belongs to.")],
    scope: Annotated[list[Scope], typer.Option(help="What the key may do; repeat for several.")],
    kind: Annotated[PrincipalKind, typer.Option(help="Only a person may approve models.")] = PrincipalKind.SYSTEM,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; left out, it does not.")] = None,
) -> None:
    """Make a key and show it, this once."""
    name = " ".join(principal.split())
    if not name:
        ERR.print("Give the key's principal a name.", style="red")
        raise typer.Exit(1)
    with opened_services() as services:
        now = services.clock()
        expires_at = now + timedelta(days=days) if days else None
        key, row = new_key(services.secret, name, kind, dict.fromkeys(scope), now, expires_at=expires_at)
        services.keys.add_key(row)
    typer.echo(key)
    ERR.print("This key is shown once. The store keeps a keyed hash of it only.")


@app.command(name="list")
def list_() -> None:
    """List all keys, without anything that could be used as one."""
    with opened_services() as services:
        rows = services.keys.keys()
        now = services.clock()
    table = Table("id", "principal", "kind", "scopes", "made", "expires", "state")
    for row in rows:
        expired = row.expires_at is not None and row.expires_at <= now
        state = "revoked" if row.revoked_at else "expired" if expired else "valid"
        expires = f"{row.expires_at:%Y-%m-%d}" if row.expires_at else "never"
        scopes = ", ".join(scope.value for scope in row.scopes)
        table.add_row(row.key_id, row.principal, row.kind.value, scopes, f"{row.created_at:%Y-%m-%d}", expires, state)
    OUT.print(table)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="Id of the key: the part between rk_ and the next _.")]) -> None:
    """Revoke a key, for good; running services follow at their next look."""
    with opened_services() as services:
        revoked = services.keys.revoke_key(key_id, services.clock())
    if not revoked:
        ERR.print("No valid key has this id; `keys list` shows them all.", style="red")
        raise typer.Exit(1)
    OUT.print("Revoked.")
