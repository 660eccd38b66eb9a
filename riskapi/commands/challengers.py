"""``challenge``, ``withdraw-challenger``: have a proposed bundle score beside the live one, unseen, or end that."""

from typing import Annotated

import typer

from riskapi.access.matrix import Action
from riskapi.challengers import ChallengerEvent
from riskapi.commands.console import OUT, KeyOption, opened_services, person
from riskapi.commands.proposals import Digest, Rationale, require_rationale

app = typer.Typer()


@app.command()
def challenge(digest: Digest, rationale: Rationale, key: KeyOption) -> None:
    """Name a proposed bundle challenger of its risk: it scores off the response path, and no answer shows it."""
    require_rationale(rationale)
    with opened_services() as services:
        principal = person(services, key, Action.MODELS_APPROVE)
        _say(services.challengers.name(digest, principal, rationale))


@app.command()
def withdraw_challenger(
    risk: Annotated[str, typer.Argument(help="Name of the risk.")], rationale: Rationale, key: KeyOption
) -> None:
    """End the trial of a risk's challenger."""
    require_rationale(rationale)
    with opened_services() as services:
        principal = person(services, key, Action.MODELS_APPROVE)
        _say(services.challengers.withdraw(risk, principal, rationale))


def _say(done: ChallengerEvent) -> None:
    OUT.print(f"{done.event.capitalize()} {done.digest} for {done.risk}.", highlight=False, soft_wrap=True)
