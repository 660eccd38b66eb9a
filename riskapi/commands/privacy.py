"""``privacy``: what a person concerned is told, legal holds, and erasure on the word of two persons."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import orjson
import typer
from rich.table import Table

from riskapi.access.matrix import Action, Purpose
from riskapi.access.purpose import Use
from riskapi.audit import note_view, seen_by
from riskapi.commands.console import OUT, KeyOption, opened_services, person
from riskapi.privacy.letter import markdown
from riskapi.privacy.redress import person_explanation
from riskapi.privacy.subjects import Wanted

app = typer.Typer(help="Explain, hold and erase what is stored of a person.", no_args_is_help=True)
hold = typer.Typer(help="Legal holds: nothing about a person is masked or deleted while one stands.")
app.add_typer(hold, name="hold", no_args_is_help=True)

Decision = Annotated[str | None, typer.Option(help="Id of a decision about the person.")]
Document = Annotated[
    str | None, typer.Option(help="Number of the person's document; `-` asks for it, so that no history keeps it.")
]
Country = Annotated[str | None, typer.Option(help="Its issuing country, alpha-3.")]
Reason = Annotated[str, typer.Option(help="The case by its number; never the person, since the log is never erased.")]


@app.command()
def explain(
    decision: Annotated[str, typer.Argument(help="Id of the decision.")],
    key: KeyOption,
    *,
    json: Annotated[bool, typer.Option(help="Print data in place of a letter.")] = False,
) -> None:
    """Write the explanation for the person concerned; it goes on record that you did."""
    with opened_services() as services:
        caller = person(services, key, Action.REDRESS)
        purpose = services.purposes.check(caller, Purpose.REDRESS)
        row, answer, _ = seen_by(services.decisions, decision, caller)
        note_view(services.journal, "person_explanation", row, Use(caller, purpose))
        told = person_explanation(row, answer, services.settings, services.limits)
    sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_INDENT_2) if json else markdown(told).encode())


@app.command()
def erase(
    *,
    decision: Decision = None,
    document: Document = None,
    country: Country = None,
    legal_basis: Annotated[str, typer.Option(help="The rule and the case by its number; never the person.")],
    key: KeyOption,
    approver_key: Annotated[
        str,
        typer.Option(
            envvar="RISK_APPROVER_KEY",
            prompt="API key of the second person",
            hide_input=True,
            help="Key of another person who approves; asked for where left out.",
        ),
    ],
) -> None:
    """Erase what is stored of a person, for good: the keys first, then the contents; the log keeps that it happened."""
    wanted = _wanted(decision, document, country)
    with opened_services() as services:
        requester = person(services, key, Action.RETENTION)
        approver = person(services, approver_key, Action.ERASURE_CONFIRM)
        done = services.erasure.erase(services.subjects.find(wanted), requester, approver, legal_basis)
        services.retention.scrub()
    OUT.print(f"Erased: contents of {done.decisions:,} decisions, {done.keys:,} keys.", highlight=False)
    OUT.print("Backups of the keys database made before still hold these keys: let them run out.", style="yellow")


@hold.command(name="set")
def set_(
    *,
    decision: Decision = None,
    document: Document = None,
    country: Country = None,
    reason: Reason,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day on which it ends by itself (UTC).")],
    key: KeyOption,
) -> None:
    """Keep what is stored of a person until a day, whatever the rules on retention say."""
    wanted = _wanted(decision, document, country)
    with opened_services() as services:
        caller = person(services, key, Action.RETENTION)
        made = services.holds.set(caller, services.subjects.find(wanted), reason, until.replace(tzinfo=UTC))
    OUT.print(f"Hold {made.hold_id} stands until {made.until[:10]}.", highlight=False)


@hold.command()
def release(
    hold_id: Annotated[str, typer.Argument(help="Id of the hold, as `list` shows it.")],
    *,
    reason: Reason,
    key: KeyOption,
) -> None:
    """End a hold before its time."""
    with opened_services() as services:
        services.holds.release(person(services, key, Action.RETENTION), hold_id, reason)
    OUT.print("Released.")


@hold.command(name="list")
def list_(key: KeyOption) -> None:
    """List the holds that stand."""
    with opened_services() as services:
        person(services, key, Action.RETENTION)
        holds = services.holds.standing()
    table = Table("id", "until", "set by", "reason")
    for one in holds:
        table.add_row(one.hold_id, one.until[:10], one.by, one.reason)
    OUT.print(table)


def _wanted(decision: str | None, document: str | None, country: str | None) -> Wanted:
    if (decision is None) == (document is None):
        raise typer.BadParameter("give either --decision, or --document with --country")
    if document == "-":
        document = typer.prompt("Document number", hide_input=True)
    return Wanted(decision, document, country)
