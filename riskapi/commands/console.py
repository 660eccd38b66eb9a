"""What all commands share: the console, the settings, the services, and how an error is shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from models.errors import ModelError
from riskapi.auth import Principal, Scope
from riskapi.errors import ServiceError
from riskapi.services import Services
from riskapi.settings import Settings

OUT = Console()
ERR = Console(stderr=True)

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
    """Open the store that the environment names, for the time of one command."""
    with errors_shown():
        services = Services(Settings.load())
        try:
            yield services
        finally:
            services.close()


def person(services: Services, key: str, scope: Scope) -> Principal:
    """Find out who sits at the keyboard, by the key they give.

    Raises:
        AuthenticationError: for a key that is not valid now.
        PermissionDeniedError: where the key lacks the scope.
    """
    principal = services.ring.principal(f"Bearer {key}", services.clock())
    principal.require(scope)
    return principal
