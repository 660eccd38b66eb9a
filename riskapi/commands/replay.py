"""``replay``: compute stored decisions again, from their stored records and their own bundles."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from riskapi.commands.console import ERR, OUT, opened_services
from riskapi.errors import NotFoundError, ServiceError
from riskapi.log.entry import Kind
from riskapi.replay import Outcome, Replayed, Replayer
from riskapi.services import Services

app = typer.Typer()


@app.command()
def replay(
    decision_ids: Annotated[list[str] | None, typer.Argument(help="Ids of decisions.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All decisions of the log.")] = False,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="With --all: not before (UTC).")
    ] = None,
) -> None:
    """Compute decisions again to the same bytes; ends with 1 where one differs, naming the places.

    What was masked is computed all the same; what has expired or was erased can no longer be.
    """
    with opened_services() as services:
        if everything == bool(decision_ids):
            raise ServiceError("Give ids of decisions, or --all.")
        ids = _ids(services, since) if everything else iter(decision_ids or ())
        total = sum(head.seq for head in services.journal.heads().values()) if everything else len(decision_ids or ())
        replayer = Replayer(services.active.open)
        counts: Counter[Outcome] = Counter()
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as progress:
            task = progress.add_task("Computing again", total=total)
            for decision_id in ids:
                progress.advance(task)
                if decision_id is None:
                    continue
                found = _replayed(services, replayer, decision_id)
                counts[found.outcome] += 1
                for difference in found.differences:
                    OUT.print(f"{decision_id}: {difference}", highlight=False, markup=False, soft_wrap=True)
    told = f"{counts[Outcome.SAME]:,} computed to the same bytes, {counts[Outcome.DIFFERENT]:,} differ"
    if counts[Outcome.GONE]:
        told += f", {counts[Outcome.GONE]:,} are no longer kept"
    OUT.print(f"{told}.", style="red" if counts[Outcome.DIFFERENT] else "green", highlight=False)
    if counts[Outcome.DIFFERENT]:
        raise typer.Exit(1)


def _replayed(services: Services, replayer: Replayer, decision_id: str) -> Replayed:
    try:
        decision = services.decisions.decision(decision_id)
    except ServiceError as error:  # what is stored is not what the log says, or does not open
        return Replayed(decision_id, Outcome.DIFFERENT, (str(error),))
    if decision is None:
        raise NotFoundError(f"The log has no decision {decision_id[:40]}.")
    return replayer.replay(decision)


def _ids(services: Services, since: datetime | None) -> Iterator[str | None]:
    """Read the ids of decisions in the order of the log; ``None`` for every other row."""
    start = f"{since:%Y-%m-%dT%H:%M:%S}" if since else ""
    for writer in services.journal.heads():
        for entry in services.journal.entries(writer):
            wanted = entry.kind == Kind.DECISION and entry.at >= start
            yield str(orjson.loads(entry.body)["decision_id"]) if wanted else None
