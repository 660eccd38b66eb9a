"""The scoreboard: finds every claim of this package, measures it, and shows what holds and what does not."""

import importlib
import pkgutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import training.rigour
from training.rigour.claim import Claim

FIRST_SEED = 20_261_124
"""Seeds count up from here, so that a scoreboard is the same each time."""


@dataclass(frozen=True)
class Result:
    """A claim as measured.

    Attributes:
        module: where it is made, for example ``prevalence``.
        claim: what came out.
        seconds: how long it took.
    """

    module: str
    claim: Claim
    seconds: float


def claims() -> dict[str, Callable[[Sequence[int]], Claim]]:
    """Find the claims: every module of this package that has a function ``claim``, by name of the module."""
    found = {}
    for module in sorted(pkgutil.iter_modules(training.rigour.__path__), key=lambda each: each.name):
        if module.name == "__main__":
            continue
        claim = getattr(importlib.import_module(f"training.rigour.{module.name}"), "claim", None)
        if callable(claim):
            found[module.name] = claim
    return found


def seeds_of(count: int) -> list[int]:
    """Give the seeds of a scoreboard.

    >>> seeds_of(2)
    [20261124, 20261125]
    """
    return list(range(FIRST_SEED, FIRST_SEED + count))


def measure(names: Sequence[str], seeds: Sequence[int]) -> Iterator[Result]:
    """Measure claims one after the other.

    Args:
        names: modules; none for all.
        seeds: the seeds of each claim.

    Raises:
        KeyError: for a name that no module has.
    """
    known = claims()
    for name in names or list(known):
        start = time.perf_counter()
        claim = known[name](seeds)
        yield Result(name, claim, time.perf_counter() - start)


def show(result: Result, console: Console) -> None:
    """Print a claim as a table."""
    claim = result.claim
    verdict = "[green]holds[/]" if claim.holds else "[bold red]does not hold[/]"
    table = Table(title=f"{escape(claim.name)}: {verdict}", title_justify="left", caption_justify="left")
    table.caption = escape(claim.note) or None
    for heading in ("measured", "mean ± standard error", "limit", ""):
        table.add_column(heading)
    for row in claim.rows:
        label = f"control: {row.label}" if row.is_control else row.label
        table.add_row(
            escape(label),
            row.text(),
            escape(row.limit),
            "[green]yes[/]" if row.holds else "[bold red]NO[/]",
            style="dim" if row.is_control else None,
        )
    console.print(table)
    console.print(f"{result.module}, {result.seconds:.0f} s\n", style="dim")


def write(results: Sequence[Result], seeds: Sequence[int], path: Path) -> None:
    """Write a scoreboard as JSON, for a release pack or a page of docs."""
    content: dict[str, Any] = {
        "seeds": list(seeds),
        "holds": all(result.claim.holds for result in results),
        "claims": [
            {"module": each.module, "seconds": round(each.seconds, 1), **each.claim.to_json()} for each in results
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
