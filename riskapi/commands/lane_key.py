"""``lane-key``: show the key that drew travellers in a month that is over, so that every draw can be checked."""

import re
import sys
from typing import Annotated

import typer

from riskapi.access.matrix import Action, Purpose
from riskapi.commands.console import KeyOption, opened_services, person
from riskapi.errors import ServiceError
from riskapi.log.entry import Kind

app = typer.Typer()


@app.command(name="lane-key")
def lane_key(
    month: Annotated[str, typer.Argument(help="The month, YYYY-MM; it must be over.")],
    *,
    key: KeyOption,
) -> None:
    """Print a month's key of the random lane for `riskapi verify --lane-key`; it goes on record that you saw it.

    Keys of other months do not follow from it. A month that is not over is refused: its draws could be foretold.
    """
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month) is None:
        raise typer.BadParameter("give the month as YYYY-MM")
    with opened_services() as services:
        caller = person(services, key, Action.LOG_READ)
        purpose = services.purposes.check(caller, Purpose.OVERSIGHT.value)
        if month >= f"{services.clock():%Y-%m}":
            raise ServiceError("This month is not over: whoever has its key could foretell who is drawn.")
        what = {"by": caller.name, "key_id": caller.key_id, "month": month, "purpose": purpose.value}
        services.journal.append(Kind.ACCESS, what | {"what": "lane-key"})
        sys.stdout.write(f"{month}={services.secret.lane_key(month).hex()}\n")
