"""What the commands of training print: how far they are, what a run found, what went wrong."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from features.errors import FeatureError
from models.errors import ModelError
from training.errors import TrainingError

if TYPE_CHECKING:
    from models.card import Measure
    from training.intake import Difference
    from training.pipeline import RunResult
    from training.tracked import TrackedRun

out = Console()
err = Console(stderr=True)


class Steps:
    """Shows the steps of a run as they pass.

    Args:
        progress: the bar.
        name: of the run.
    """

    def __init__(self, progress: Progress, name: str) -> None:
        self.bars, self.name = progress, name
        self.task = progress.add_task(name, total=None)

    def begin(self, step: str) -> None:
        """Name the step that begins."""
        self.bars.update(self.task, description=f"{self.name}: {step}", completed=0, total=None)

    def progress(self, done: int, total: int) -> None:
        """Tell how far it is [rows]."""
        self.bars.update(self.task, completed=done, total=total)


def progress_bar() -> Progress:
    """A bar on the terminal; nothing where the output is no terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


@contextmanager
def errors_told() -> Iterator[None]:
    """Say in one line what went wrong; a trace helps nobody who can act on the text."""
    try:
        yield
    except (TrainingError, FeatureError, ModelError) as error:
        err.print(f"[bold red]{type(error).__name__}[/]: {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from None


def show_run(result: "RunResult") -> None:
    """Print what a run found and left."""
    bundle, evaluation = result.package.bundle, result.evaluation
    level = f"{result.config.evaluation.level:.0%}".replace("%", " %")
    table = Table(title=f"{bundle.card.title}: {bundle.manifest.name} {bundle.manifest.version}", title_justify="left")
    table.add_column(f"measure,\n{level} interval")
    shown = [model for model in evaluation.models if model.name != "prior"]  # all of it follows from the base rate
    for model in shown:
        table.add_column(model.title)
    for name in ("roc_auc", "average_precision", "calibration_slope", "observed_to_expected"):
        rows = [model.measure(name) for model in shown]
        table.add_row(rows[0].title, *map(_in_two_lines, rows))
    judged = result.config.gates.capacity
    asked = [(share, "precision") for share in sorted({*result.config.evaluation.capacities, judged})]
    for share, name in [*asked, (judged, "recall"), (judged, "lift")]:
        rows = [model.at(share, name) for model in shown]
        table.add_row(f"{rows[0].title} at {share * 100:g} % referred", *map(_in_two_lines, rows))
    out.print(table)
    if bundle.card.simulated:
        out.print("Simulated cases: the numbers show that the software works, and nothing about real travellers.")
    out.print(escape(evaluation.verdict), soft_wrap=True)
    for gate in bundle.gates.open_gates:
        out.print(
            f"[yellow]Gate {gate.verdict.value}[/]: {escape(gate.title)}: {escape(gate.rule)}. {escape(gate.note)}"
        )
    out.print(f"Gates: {len(bundle.gates.gates) - len(bundle.gates.open_gates)} of {len(bundle.gates.gates)} passed.")
    out.print(f"Bundle: {result.directory / 'bundle'}", soft_wrap=True)
    out.print(f"Digest: {bundle.digest}", soft_wrap=True)
    out.print(f"Signed by: {bundle.signer} (the service lists it in RISKAPI_TRUSTED_SIGNERS)", soft_wrap=True)
    out.print(f"Report: {result.directory / 'report.html'}", soft_wrap=True)
    out.print(f"Release pack: {result.directory / 'release' / 'index.html'}", soft_wrap=True)
    if result.tracked:
        out.print(f"MLflow: run {result.tracked.run_id}, {result.tracked.model_uri}, alias candidate", soft_wrap=True)


def show_differences(found: "Sequence[Difference]") -> None:
    """Print in what a case table is not like the one before."""
    if not found:
        out.print("Like the table before.")
        return
    table = Table("place", "what is different", "remedy", title="Not like the table before", title_justify="left")
    for one in found:
        table.add_row(escape(one.place), escape(one.rule), escape(one.remedy))
    out.print(table)


def _in_two_lines(measure: "Measure") -> str:
    """Write a number, and its interval below it, so that a table fits a narrow terminal."""
    if measure.value is None or measure.low is None or measure.high is None:
        return measure.text()
    scale, unit = (100, " %") if measure.unit == "percent" else (1, "")
    return f"{measure.value * scale:.3g}{unit}\n{measure.low * scale:.3g} to {measure.high * scale:.3g}{unit}"


def side_by_side(runs: Sequence["TrackedRun"], measures: Sequence[str]) -> Table:
    """Make a table of runs, a column each, with a row for each measure by its name in MLflow."""
    table = Table(title="Runs, newest first", title_justify="left")
    table.add_column("measure")
    for run_ in runs:
        table.add_column(f"{run_.name}\n{run_.run_id[:8]}")
    for name in measures:
        table.add_row(name, *(_with_interval(run_, name) for run_ in runs))
    for tag in ("family", "gates", "data_sha256", "digest", "git_commit"):
        table.add_row(tag, *(run_.tags.get(tag, "").removeprefix("sha256:")[:12] for run_ in runs))
    return table


def _with_interval(run_: "TrackedRun", name: str) -> str:
    value, low, high = (run_.metrics.get(name + end) for end in ("", ".low", ".high"))
    if value is None:
        return "not measured"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
