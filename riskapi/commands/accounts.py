"""``accounts``: persons with an account at this installation, their roles, and who confirms them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.table import Table

from riskapi.access.account_store import RoleGrant
from riskapi.access.matrix import Role
from riskapi.access.principal import Principal
from riskapi.commands.console import ERR, OUT, LoginOption, PasswordOption, opened_services, signed_in
from riskapi.services import Services

app = typer.Typer(help="Make, change and disable accounts of persons.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(help="Login of the account.")]
Grant = Annotated[str, typer.Argument(help="Id of the grant, as `list` shows it.")]
Roles = Annotated[list[Role] | None, typer.Option("--role", help="Role of the account; repeat for several.")]


@app.command()
def first(
    login: Login,
    name: Annotated[str, typer.Argument(help="Name of the person, by which they are on record.")],
    role: Annotated[Role, typer.Option(help="Admin, or auditor for the second person.")] = Role.ADMIN,
) -> None:
    """Make the first admin of an installation, then a second person to confirm roles; refused from then on."""
    with opened_services() as services:
        password = services.accounts.create_first(login, name, role)
    _show_password(password)


@app.command()
def create(
    login: Login,
    name: Annotated[str, typer.Argument(help="Name of the person, by which they are on record.")],
    *,
    by: LoginOption,
    password: PasswordOption,
    role: Roles = None,
    unit: Annotated[list[str] | None, typer.Option(help="Place of work; the first is the person's own.")] = None,
) -> None:
    """Make an account; its roles count when another person has confirmed them."""
    with _acting(by, password) as (services, caller):
        once, grant = services.accounts.create(caller, login, name, role or (), unit or ())
    _show_password(once)
    _show_grant(grant)


@app.command()
def role(login: Login, by: LoginOption, password: PasswordOption, role: Roles = None) -> None:
    """Set the roles of an account: what goes, goes at once; what comes waits for another person."""
    with _acting(by, password) as (services, caller):
        grant = services.accounts.ask_roles(caller, login, role or ())
    OUT.print("Roles that are not named any more are gone.")
    if grant is not None:
        _show_grant(grant)


@app.command()
def confirm(grant: Grant, by: LoginOption, password: PasswordOption) -> None:
    """Confirm roles, as another person than the one who asked and the one who gets them."""
    with _acting(by, password) as (services, caller):
        done = services.accounts.confirm(caller, grant)
    OUT.print(f"{done.login} has now: {_names(done.roles)}.", highlight=False)


@app.command()
def refuse(grant: Grant, by: LoginOption, password: PasswordOption) -> None:
    """Refuse roles that somebody asked for."""
    with _acting(by, password) as (services, caller):
        services.accounts.refuse(caller, grant)
    OUT.print("Refused.")


@app.command()
def disable(login: Login, by: LoginOption, password: PasswordOption) -> None:
    """Take an account out of use: its sessions end now."""
    with _acting(by, password) as (services, caller):
        services.accounts.disable(caller, login)
    OUT.print("Disabled.")


@app.command()
def reset(login: Login, by: LoginOption, password: PasswordOption) -> None:
    """Give an account a new password for once: its sessions end now."""
    with _acting(by, password) as (services, caller):
        once = services.accounts.reset(caller, login)
    _show_password(once)


@app.command(name="list")
def list_(by: LoginOption, password: PasswordOption) -> None:
    """List all accounts, and the grants that wait for somebody."""
    with _acting(by, password) as (services, caller):
        every, grants = services.accounts.everything(caller)
    table = Table("login", "name", "roles", "units", "made", "by", "state")
    for one in every:
        state = "disabled" if one.disabled else "password for once" if one.must_change else "in use"
        units = ", ".join(filter(None, one.units))
        table.add_row(
            one.login, one.name, _names(one.roles), units, f"{one.created_at:%Y-%m-%d}", one.created_by, state
        )
    OUT.print(table)
    for grant in grants:
        if grant.decided_by is None:
            _show_grant(grant)


@contextmanager
def _acting(by: str, password: str) -> Iterator[tuple[Services, Principal]]:
    with opened_services() as services:
        yield services, signed_in(services, by, password)


@app.command()
def password(
    by: LoginOption,
    password: PasswordOption,
    new_password: Annotated[
        str, typer.Option(envvar="RISK_NEW_PASSWORD", prompt=True, hide_input=True, confirmation_prompt=True)
    ],
) -> None:
    """Replace your own password."""
    with opened_services() as services:
        services.sessions.replace_password(services.sessions.verified(by, password), password, new_password)
    OUT.print("Replaced. Your sessions have ended.")


def _show_password(once: str) -> None:
    typer.echo(once)
    ERR.print("This password is for once: it has to be replaced at the first sign-in. It is not shown again.")


def _show_grant(grant: RoleGrant) -> None:
    asked = f"{_names(grant.roles)} for {grant.login}, asked by {grant.asked_by}"
    OUT.print(f"Waits for another person: {grant.grant_id} ({asked})", highlight=False, soft_wrap=True, markup=False)


def _names(roles: tuple[Role, ...]) -> str:
    return ", ".join(role.value for role in roles) or "no role"
