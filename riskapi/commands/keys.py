"""``keys``: make, rotate, list and revoke API keys."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from riskapi.access.certificates import normal_subject
from riskapi.access.keys import KEY_DAYS, new_key, successor
from riskapi.access.matrix import Action, Role
from riskapi.access.principal import PrincipalKind
from riskapi.commands.console import ERR, OUT, opened_services
from riskapi.errors import NotFoundError, ServiceError

app = typer.Typer(help="Make, rotate, list and revoke API keys.", no_args_is_help=True)

Days = Annotated[int, typer.Option(min=1, max=10 * KEY_DAYS, help="Days until it expires.")]
_SHOWN_ONCE = "This key is shown once. The store keeps a keyed hash of it only."


@app.command()
def create(
    principal: Annotated[str, typer.Argument(help="Name of the person or system that the key belongs to.")],
    *,
    role: Annotated[list[Role] | None, typer.Option(help="Role of the principal; repeat for several.")] = None,
    scope: Annotated[list[Action] | None, typer.Option(help="Single thing that it may do; repeat for several.")] = None,
    kind: Annotated[PrincipalKind, typer.Option(help="Only a person may approve models.")] = PrincipalKind.SYSTEM,
    days: Days = KEY_DAYS,
    unit: Annotated[
        list[str] | None, typer.Option(help="Place of work whose decisions it may see; the first is its own.")
    ] = None,
    certificate: Annotated[
        str | None, typer.Option(help="Subject of the client certificate that must come with it: `CN=...,O=...`.")
    ] = None,
) -> None:
    """Make a key and show it, this once."""
    name = " ".join(principal.split())
    if not name or not name.isprintable():
        ERR.print("Give the key's principal a name that can be printed.", style="red")
        raise typer.Exit(1)
    grants = [*(role or ()), *(scope or ())]
    if not grants:
        ERR.print("Give the key a --role, or what it may do by --scope.", style="red")
        raise typer.Exit(2)
    with opened_services() as services:
        now = services.clock()
        expires_at = now + timedelta(days=days)
        key, row = new_key(
            services.secret,
            name,
            kind,
            grants,
            now,
            expires_at=expires_at,
            units=unit or (),
            certificate=_subject(certificate),
        )
        row.require_roles_apart()
        services.keys.add_key(row)
    typer.echo(key)
    ERR.print(f"{_SHOWN_ONCE} It expires on {expires_at:%Y-%m-%d}: rotate it before.")


@app.command()
def rotate(
    key_id: Annotated[str, typer.Argument(help="Id of the key: the part between rk_ and the next _.")],
    grace_hours: Annotated[int, typer.Option(min=0, max=24 * 31, help="How long the old key still works.")] = 24,
    days: Days = KEY_DAYS,
) -> None:
    """Make the key that takes over from another: valid at once, with the same rights; the old one ends later."""
    with opened_services() as services:
        now = services.clock()
        rows = services.keys.keys()
        old = next((row for row in rows if row.key_id == key_id and row.is_valid(now)), None)
        if old is None:
            raise NotFoundError("No valid key has this id; `keys list` shows them all.")
        key, row = successor(services.secret, old, now, days)
        ends = now + timedelta(hours=grace_hours)
        services.keys.add_key(row, ends)
    typer.echo(key)
    ERR.print(f"{_SHOWN_ONCE} The old one ends at {ends:%Y-%m-%d %H:%M} UTC.")


@app.command(name="list")
def list_() -> None:
    """List all keys, without anything that could be used as one."""
    with opened_services() as services:
        rows = services.keys.keys()
        now = services.clock()
    table = Table("id", "principal", "kind", "rights", "units", "made", "expires", "state")
    for row in rows:
        revoked, expired = (at is not None and at <= now for at in (row.revoked_at, row.expires_at))
        state = "revoked" if revoked else "expired" if expired else "ends soon" if row.revoked_at else "valid"
        expires = f"{row.expires_at:%Y-%m-%d}" if row.expires_at else "never"
        rights, units = ", ".join(one.value for one in row.scopes), ", ".join(filter(None, row.units))
        table.add_row(
            row.key_id, row.principal, row.kind.value, rights, units, f"{row.created_at:%Y-%m-%d}", expires, state
        )
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


def _subject(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return normal_subject(text)
    except ValueError:
        raise ServiceError("--certificate is no subject: write it like `CN=Gateway NBO,O=Agency`.") from None
