"""Shows an answer of the service on a terminal, as a reviewer would want to read it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_BAND_STYLES = ("bold red", "yellow", "green")
_BAR_WIDTH = 12
_NAMES_SHOWN = 3


def show_answer(console: Console, who: str, answer: Mapping[str, Any], bands: Mapping[str, Sequence[str]]) -> None:
    """Print one answer.

    Args:
        console: where to print.
        who: name of the principal that asked.
        answer: of ``POST /v1/scores``.
        bands: names of the bands of each risk, highest first.
    """
    console.rule(Text(f"What {who} is told", style="bold"), align="left")
    for risk in answer["risks"]:
        console.print(Panel(Group(*_lines(risk, bands)), title=risk["risk"].replace("_", " "), title_align="left"))
    for check in answer["checks"]:
        console.print(Text.assemble((f"{check['code']}  ", "cyan"), (f"Check: {check['sentence']}", "yellow")))
    told = ", ".join(answer["dropped_fields"]) or "none"
    console.print(
        f"Decision {answer['decision_id']}, on record. Dropped on receipt: {told}.", style="dim", highlight=False
    )
    console.print(answer["notice"], style="italic", highlight=False)


def _lines(risk: Mapping[str, Any], bands: Mapping[str, Sequence[str]]) -> Iterator[RenderableType]:
    interval = risk["interval"]
    names = list(bands[risk["risk"]])
    place = min(names.index(risk["band"]) if risk["band"] in names else len(names), len(_BAND_STYLES) - 1)
    yield Text(risk["statement"])
    yield Text.assemble(
        (f"{risk['probability']:.1%}", "bold"),
        f"  ({interval['level']:.0%} interval {interval['low']:.1%} to {interval['high']:.1%})   band ",
        (risk["band"].replace("_", " "), _BAND_STYLES[place]),
        f"   higher than {risk['percentile']:.1f}% of crossings",
    )
    yield _reasons(risk)
    if risk["abstained"]:
        yield Text(f"No band: {'; '.join(risk['abstained'])}", style="yellow")
    if risk["missing"]:
        yield Text(f"Not submitted: {_some(risk['missing'])}", style="dim")
    if risk["out_of_range"]:
        yield Text(f"Outside of what the model was trained on: {_some(risk['out_of_range'])}", style="yellow")
    if risk["advice"]:
        yield Text(risk["advice"], style="bold")
    yield Text(f"{risk['model']['name']} {risk['model']['version']}  {risk['model']['digest']}", style="dim")


def _reasons(risk: Mapping[str, Any]) -> Table:
    reasons = [*risk["reasons_for"], *risk["reasons_against"]]
    largest = max((abs(reason["contribution"]) for reason in reasons), default=1.0) or 1.0
    table = Table(box=None, padding=(0, 1), show_header=False, expand=True)
    table.add_column(width=8)
    table.add_column(ratio=1)
    table.add_column(justify="right", width=7)
    table.add_column(width=_BAR_WIDTH)
    for reason in reasons:
        amount = reason["contribution"]
        bar = "█" * max(1, round(abs(amount) / largest * _BAR_WIDTH))
        style = "red" if amount > 0 else "green"
        table.add_row(
            Text(reason["code"], style="cyan"), Text(reason["sentence"]), f"{amount:+.2f}", Text(bar, style=style)
        )
    table.add_row("", Text("everything else together", style="dim"), f"{risk['other_contributions']:+.2f}", "")
    return table


def _some(names: Sequence[str]) -> str:
    """List the first few names, and count the others.

    >>> _some(["a", "b", "c", "d", "e", "f"])
    'a, b, c and 3 more'
    """
    if len(names) <= _NAMES_SHOWN + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMES_SHOWN])} and {len(names) - _NAMES_SHOWN} more"
