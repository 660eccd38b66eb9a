"""The persons of the demo who sign in to the console: one for each role, made and confirmed as anywhere else."""

import secrets
from dataclasses import dataclass
from typing import Any, Final

import httpx

from riskapi.access.matrix import Role
from riskapi.errors import ServiceError

UNIT: Final = "NBO"
"""Place of work of the demo's keys and persons."""


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    login: str
    name: str
    role: Role


PEOPLE: Final = (
    Person("fatuma", "Fatuma Ali", Role.REVIEWER),
    Person("wanjiru", "Wanjiru Kamau", Role.DATA_SCIENTIST),
    Person("abdi", "Abdi Hassan", Role.APPROVER),
    Person("hodan", "Hodan Warsame", Role.AUDITOR),
    Person("grace", "Grace Mwangi", Role.PROTECTION_OFFICER),
    Person("sahra", "Sahra Ahmed", Role.ADMIN),
)


def make_accounts(admin: httpx.Client, confirmer: httpx.Client) -> str:
    """Make an account for each person: one key asks for it, another confirms its roles.

    Returns:
        The password of them all, made anew for each demo.

    Raises:
        ServiceError: where the service refuses a step.
    """
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    for person in PEOPLE:
        about = {"login": person.login, "name": person.name, "roles": [person.role], "units": [UNIT]}
        made = _done(admin.post("/v1/accounts", json=about))
        _done(confirmer.post(f"/v1/grants/{made['grant']['grant_id']}/confirm"))
        first = {"login": person.login, "password": made["password"], "new_password": password}
        _done(httpx.post(admin.base_url.join("/v1/sessions"), json=first, trust_env=False, timeout=30.0))
    return password


def _done(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise ServiceError(f"Making accounts: {answer.status_code} {answer.text}")
    body: dict[str, Any] = answer.json()
    return body
