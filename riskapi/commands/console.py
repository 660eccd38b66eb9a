"""What all commands share: the console, the settings, the services, and how an error is shown."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import structlog
import typer
from rich.console import Console

from models.errors import ModelError
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.access.sessions import principal_of
from riskapi.errors import PasswordChangeError, ServiceError
from riskapi.services import Services
from riskapi.settings import Settings

OUT = Console()
ERR = Console(stderr=True)

LoginOption = Annotated[str, typer.Option(prompt="Your login", help="Your own login; it goes on record.")]
PasswordOption = Annotated[
    str, typer.Option(envvar="RISK_PASSWORD", prompt="Your password", hide_input=True, help="Your own password.")
]
KeyOption = Annotated[
    str,
    typer.Option(
        envvar="RISK_API_KEY", prompt="API key", hide_input=True, help="Your own API key; asked for where left out."
    ),
]


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a foreseen error as one line, and end with status 1."""
    try:
        yield
    except (ServiceError, ModelError) as error:
        ERR.print(str(error), style="red", highlight=False, markup=False)
        raise typer.Exit(1) from None


@contextmanager
def opened_services() -> Iterator[Services]:
    """Open the store that the environment names, for the time of one command, whose output is the command's own."""
    with errors_shown(), _only_warnings():
        services = Services(Settings.load())
        try:
            yield services
        finally:
            services.close()


@contextmanager
def _only_warnings() -> Iterator[None]:
    """Keep what a service would log as news out of the output of a command."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),  # what a command prints may be read by a program
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def person(services: Services, key: str, action: Action) -> Principal:
    """Find out who sits at the keyboard, by the key they give.

    Raises:
        AuthenticationError: for a key that is not valid now.
        PermissionDeniedError: where the key lacks the right.
    """
    principal = services.ring.principal(f"Bearer {key}", services.clock())
    principal.require(action)
    return principal


def signed_in(services: Services, login: str, password: str) -> Principal:
    """Find out who sits at the keyboard, by their account; failures of a login are counted here as well.

    Raises:
        AuthenticationError: for an unknown login, a wrong password or a disabled account.
        TooManyRequestsError: where too many failed before.
        PasswordChangeError: where the password is one for once.
    """
    account = services.sessions.verified(login, password)
    if account.must_change:
        raise PasswordChangeError("Replace your password first: `riskapi accounts password`.")
    return principal_of(account)
