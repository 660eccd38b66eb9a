"""/v1/accounts: persons with an account at this installation, their roles, and who confirmed them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from riskapi.access.account_store import Account, RoleGrant
from riskapi.access.accounts import LOGIN
from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action, Role
from riskapi.deps import Caller, ServicesDep, strict_body
from riskapi.describe import model_body, problems
from riskapi.schemas import Wire

router = APIRouter(tags=["accounts"], route_class=GuardedRoute)

_BODY_PROBLEMS = (400, 401, 403, 408, 409, 413, 415, 422, 429, 503)
_PROBLEMS = (401, 403, 404, 409, 429, 503)

Roles = Annotated[list[Role], Field(max_length=len(Role), description="All that the account holds afterwards")]


class AccountRequest(Wire):
    """An account to be made."""

    login: Annotated[str, Field(min_length=2, max_length=64, pattern=f"^{LOGIN.pattern}$", examples=["amina"])]
    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="By which the person is on record; printable",
            examples=["Amina Yusuf"],
        ),
    ]
    roles: Roles
    units: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], Field(max_length=64)] = ()


class RolesRequest(Wire):
    """Roles that an account is to hold."""

    roles: Roles


class AccountBody(Wire):
    """An account, without anything of its password."""

    login: str
    name: str
    roles: list[Role]
    units: list[str]
    disabled: bool
    created_at: datetime
    created_by: str


class GrantBody(Wire):
    """Roles that somebody asked for, and what somebody else decided."""

    grant_id: str
    login: str
    roles: list[Role]
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    confirmed: bool | None


class AccountsBody(Wire):
    """All accounts, and the grants of their roles."""

    accounts: list[AccountBody]
    grants: list[GrantBody]


class NewAccountBody(Wire):
    """A new account's password for once, and the grant that another person has to confirm."""

    password: str
    grant: GrantBody


class PasswordBody(Wire):
    """A password for once, to be handed to the person and replaced at the first sign-in."""

    password: str


class AskedBody(Wire):
    """The grant that another person has to confirm; null where roles were only taken away."""

    grant: GrantBody | None


NewAccount = Annotated[
    AccountRequest, Depends(strict_body(AccountRequest, lambda services: services.settings.body_limit_bytes))
]
WantedRoles = Annotated[
    RolesRequest, Depends(strict_body(RolesRequest, lambda services: services.settings.body_limit_bytes))
]


@router.get("/v1/accounts", response_model=AccountsBody, responses=problems(401, 403, 429, 503))
@allows(Action.ACCOUNTS_READ)
def accounts(caller: Caller, services: ServicesDep) -> dict[str, Any]:
    """List all accounts, and all grants of roles in the order in which they were asked for."""
    every, grants = services.accounts.everything(caller)
    return {"accounts": [_account(one) for one in every], "grants": [_grant(one) for one in grants]}


@router.post(
    "/v1/accounts",
    status_code=201,
    response_model=NewAccountBody,
    responses=problems(*_BODY_PROBLEMS),
    openapi_extra=model_body(AccountRequest),
)
@allows(Action.ACCOUNTS_MANAGE)
def create(caller: Caller, body: NewAccount, services: ServicesDep) -> dict[str, Any]:
    """Make an account; its roles count when another admin, or an auditor, has confirmed them."""
    password, grant = services.accounts.create(caller, body.login, body.name, body.roles, body.units)
    return {"password": password, "grant": _grant(grant)}


@router.post(
    "/v1/accounts/{login}/roles",
    response_model=AskedBody,
    responses=problems(*_BODY_PROBLEMS, 404),
    openapi_extra=model_body(RolesRequest),
)
@allows(Action.ACCOUNTS_MANAGE)
def ask_roles(login: str, caller: Caller, body: WantedRoles, services: ServicesDep) -> dict[str, Any]:
    """Change the roles of an account: what goes, goes at once; what comes waits for another person."""
    grant = services.accounts.ask_roles(caller, login, body.roles)
    return {"grant": _grant(grant) if grant is not None else None}


@router.post("/v1/accounts/{login}/disable", status_code=204, responses=problems(*_PROBLEMS))
@allows(Action.ACCOUNTS_MANAGE)
def disable(login: str, caller: Caller, services: ServicesDep) -> None:
    """Take an account out of use: its sessions end now."""
    services.accounts.disable(caller, login)


@router.post("/v1/accounts/{login}/reset", response_model=PasswordBody, responses=problems(*_PROBLEMS))
@allows(Action.ACCOUNTS_MANAGE)
def reset(login: str, caller: Caller, services: ServicesDep) -> dict[str, str]:
    """Give an account a new password for once: its sessions end now."""
    return {"password": services.accounts.reset(caller, login)}


@router.post("/v1/grants/{grant_id}/confirm", response_model=GrantBody, responses=problems(*_PROBLEMS))
@allows(Action.ACCOUNTS_CONFIRM)
def confirm(grant_id: str, caller: Caller, services: ServicesDep) -> dict[str, Any]:
    """Confirm roles, as another person than the one who asked and the one who gets them."""
    return _grant(services.accounts.confirm(caller, grant_id))


@router.post("/v1/grants/{grant_id}/refuse", response_model=GrantBody, responses=problems(*_PROBLEMS))
@allows(Action.ACCOUNTS_CONFIRM)
def refuse(grant_id: str, caller: Caller, services: ServicesDep) -> dict[str, Any]:
    """Refuse roles that somebody asked for."""
    return _grant(services.accounts.refuse(caller, grant_id))


def _account(account: Account) -> dict[str, Any]:
    shown = {name: getattr(account, name) for name in AccountBody.model_fields}
    return shown | {"units": [unit for unit in account.units if unit]}


def _grant(grant: RoleGrant) -> dict[str, Any]:
    return {name: getattr(grant, name) for name in GrantBody.model_fields}
