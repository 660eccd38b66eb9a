"""The command line of training: simulate cases, run trainings, compare them, propose a bundle to the service."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.markup import escape

from training.console import Steps, err, errors_told, out, progress_bar, show_run, side_by_side

app = typer.Typer(
    name="training",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="""Train risk models that explain themselves, and hand them to the service for approval.

A first round, on simulated cases:

    python -m training simulate
    python -m training run document_fraud
    python -m training compare document_fraud
    python -m training propose var/training/runs/document-fraud-1.0.0-... --key rk_...

The next round learns from what was found: python -m training import-outcomes --help

Each command explains itself: python -m training run --help
""",
)

COMPARED = ("roc_auc", "average_precision", "lift_at_2pct", "precision_at_2pct", "recall_at_2pct", "calibration_slope")
"""Measures that are shown side by side where nothing else is asked for."""


@app.command()
def simulate(
    out_dir: Annotated[Path, typer.Option("--out", help="Directory for feed/ and world/.")] = Path("var/simulation"),
    crossings: Annotated[int, typer.Option(min=100, help="Crossings to make.")] = 240_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
    world: Annotated[Path | None, typer.Option(help="TOML file of the world; the project's own by default.")] = None,
) -> None:
    """Make a world of border crossings with biased checks, and write what an agency would have.

    What an agency would have goes to `feed/cases.parquet`. What is true goes to `world/`, which no training reads.

    **Examples**

        python -m training simulate
        python -m training simulate --crossings 20000 --seed 7 --out /tmp/small
    """
    from training.simulator.parameters import WorldParameters  # noqa: PLC0415  numpy and pyarrow, when they are due
    from training.simulator.simulation import simulate as make  # noqa: PLC0415  same

    with errors_told(), progress_bar() as progress:
        parameters = WorldParameters.default() if world is None else WorldParameters.from_toml(world)
        task = progress.add_task("simulate crossings", total=crossings)
        summary = make(
            parameters, crossings, seed, out_dir, lambda done, total: progress.update(task, completed=done, total=total)
        )
    out.print(
        f"{summary.crossings:,} crossings by {summary.travellers:,} travellers, {summary.labelled:,} of them labelled. "
        f"Cases: {out_dir / 'feed' / 'cases.parquet'}"
    )


@app.command()
def run(
    configs: Annotated[list[str], typer.Argument(metavar="CONFIG", help="TOML files, or names of shipped ones.")],
    cases: Annotated[
        list[Path] | None, typer.Option(help="Case table instead of the configured one; repeatable.")
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that describes your own table.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one setting; repeatable.")
    ] = None,
    *,
    champion: Annotated[
        str | None,
        typer.Option(metavar="DIRECTORY|DIGEST|live", help="Model that it would replace; none for a first one."),
    ] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Log the run to MLflow.")] = True,
) -> None:
    """Train, judge and package one model per configuration; nothing is served before a person approves it.

    Shipped configurations: `document_fraud`, `migrant_smuggling`, `trafficking_protection`. For a table of your own,
    one file that says what its columns mean is enough (docs/agency-columns.md).

    **Examples**

        python -m training run document_fraud migrant_smuggling trafficking_protection
        python -m training run my_table.toml
        python -m training run my.toml --cases history.csv --mapping my_table.toml
        python -m training run document_fraud --set family.name=logistic_scorecard --set seed=7
        python -m training run document_fraud --set version=1.1.0 --champion live
    """
    with errors_told():
        from training.champion_bundle import find_champion  # noqa: PLC0415  only what the command needs
        from training.config import TrainingConfig, read_change  # noqa: PLC0415  scikit-learn, when it is due
        from training.pipeline import read_cases  # noqa: PLC0415  same
        from training.pipeline import run as train  # noqa: PLC0415  same
        from training.settings import read_settings  # noqa: PLC0415  same

        settings = read_settings()
        changed: dict[str, Any] = dict(map(read_change, changes or []))
        changed |= {"cases": [str(path) for path in cases]} if cases else {}
        changed |= {"mapping": str(mapping)} if mapping else {}
        asked = [TrainingConfig.from_toml(Path(name), changed) for name in configs]
        read: dict[tuple[Any, ...], Any] = {}
        for config in asked:
            source = (config.cases, config.mapping)
            with progress_bar() as progress:
                watcher = Steps(progress, config.name)
                if source not in read:
                    read = {source: read_cases(config, settings, watcher)}  # one table at a time: they are large
                risk = config.risk or read[source].risk
                other = None if champion is None or risk is None else find_champion(champion, risk.name, settings)
                result = train(config, settings, cases=read[source], watcher=watcher, track=track, champion=other)
            show_run(result)


@app.command()
def import_outcomes(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Exports of cases, or outcomes by id of the case.")
    ],
    into: Annotated[Path, typer.Option(help="Case history to add to: .parquet; made where there is none.")] = Path(
        "var/training/history.parquet"
    ),
    corrections: Annotated[  # noqa: FBT002  typer's form
        bool, typer.Option("--corrections", help="Take the outcome of these files where the history holds another.")
    ] = False,
) -> None:
    """Add what was found to the case history that the next training learns from.

    A FILE is an export of the service (`riskapi export-cases`), or a table of outcomes by the id of their case: a
    column `decision_id`, and `outcome_code`, `known_at`, `evidence_type`, `decided_by_role`; for a case that the
    service did not refer, `selection`.

    Order does not matter, and the same file again changes nothing. Who was not inspected stays a case without outcome;
    outcomes that are not known yet are left for a later import. A file that contradicts the history changes nothing.
    Each such row, and each that is no case, is told in a report beside the file, with place, rule and remedy.

    **Examples**

        python -m training import-outcomes cases-2026-10.parquet cases-2026-11.parquet
        python -m training import-outcomes found.csv --into var/training/history.parquet
        python -m training run document_fraud --cases var/training/history.parquet
    """
    with errors_told():
        from training.history import import_file, write_findings  # noqa: PLC0415  pandas, when it is due

        for file in files:
            done = import_file(file, into, now=datetime.now(UTC), corrections=corrections)
            for line in done.text().splitlines():
                out.print(line, highlight=False, markup=False, soft_wrap=True)
            if done.findings:
                report = write_findings(done, file)
                err.print(f"Left out, and why: {escape(str(report))}", style="yellow", soft_wrap=True)
            if done.refused:
                raise typer.Exit(1)


@app.command()
def check_cases(
    cases: Annotated[
        list[Path] | None, typer.Argument(metavar="[CASES]...", help="Case tables; by default those of the mapping.")
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that describes your own table.")] = None,
    like: Annotated[Path | None, typer.Option(help="profile.json of the table before.")] = None,
    write: Annotated[Path | None, typer.Option(help="Where the profile of this table goes.")] = None,
) -> None:
    """Say whether a case table is like the one before, before anything is learned from it.

    A unit, a time zone, day and month swapped, a batch that came twice or a file that ends early leave every row valid.
    They show in how often facts take which values: each run leaves a profile of its cases, numbers about nobody alone.
    The exit code is 1 where something is different. `like = "profile.json"` in a configuration makes it a gate.

    **Examples**

        python -m training check-cases november.parquet --like var/training/runs/document-fraud-1.0.0-.../profile.json
        python -m training check-cases october.parquet --write october.json
        python -m training check-cases november.csv --mapping my_table.toml --like october.json
    """
    with errors_told():
        from training.cases import load  # noqa: PLC0415  pandas, when it is due
        from training.console import show_differences  # noqa: PLC0415  same
        from training.intake import differences, read_profile  # noqa: PLC0415  same
        from training.table_profile import profile  # noqa: PLC0415  same

        before = None if like is None else read_profile(like)
        with progress_bar() as progress:
            steps = Steps(progress, "check cases")
            steps.begin("read")
            table = load(cases or (), mapping, progress=steps.progress)
            steps.begin("look through")
            now = profile(table)
        if write is not None:
            write.write_text(now.model_dump_json(indent=1), encoding="utf-8")
        out.print(f"{now.rows:,} cases, {now.rejected:,} rejected rows, {now.repeated:,} repeated.")
        found = () if before is None else differences(table, now, before)
        if before is not None:
            show_differences(found)
        if found:
            raise typer.Exit(1)


@app.command()
def frontier(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="TOML file, or name of a shipped one.")],
    cases: Annotated[
        list[Path] | None, typer.Option(help="Case table instead of the configured one; repeatable.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Feature to leave out once; repeatable.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one setting; repeatable.")
    ] = None,
    page: Annotated[Path, typer.Option("--page", help="Where the table and its picture go.")] = Path(
        "var/training/frontier.html"
    ),
) -> None:
    """Show what it costs in quality to meet groups alike: one fit per mitigation, on the same cases.

    **Examples**

        python -m training frontier migrant_smuggling
        python -m training frontier migrant_smuggling --drop paid_in_cash --drop detour_ratio
    """
    with errors_told():
        from training.config import TrainingConfig, read_change  # noqa: PLC0415  scikit-learn, when it is due
        from training.frontier import Point, write  # noqa: PLC0415  same
        from training.frontier import frontier as explore  # noqa: PLC0415  same
        from training.pipeline import read_cases  # noqa: PLC0415  same
        from training.settings import read_settings  # noqa: PLC0415  same

        settings = read_settings()
        changed: dict[str, Any] = dict(map(read_change, changes or []))
        changed |= {"cases": [str(path) for path in cases]} if cases else {}
        asked = TrainingConfig.from_toml(Path(config), changed)

        def tell(point: Point) -> None:
            out.print(
                f"{escape(point.name)}: precision {point.precision:.1%} ({point.low:.1%} to {point.high:.1%}), "
                f"furthest ratio {point.gap:.2f} ({escape(point.furthest)}), {point.verdict.value}".replace("%", " %"),
                soft_wrap=True,
            )

        with progress_bar() as progress:
            progress.add_task("fit under each mitigation", total=None)
            read = read_cases(asked, settings)
            points = explore(asked, read, drop=drop or (), jobs=settings.processes, told=tell)
        page.parent.mkdir(parents=True, exist_ok=True)
        write(points, page, title=f"What fairness costs: {asked.name}", simulated=asked.simulated)
    out.print(f"Table and picture: {page}", soft_wrap=True)


@app.command()
def compare(
    risk: Annotated[str, typer.Argument(help="Name of the risk, such as document_fraud.")],
    measures: Annotated[
        list[str] | None, typer.Option("--measure", help="Measure to show, as MLflow names it; repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="Most runs to show.")] = 5,
) -> None:
    """Put the last runs of one risk side by side, with intervals.

    Runs on other data or another split are not comparable: the data digest of each run is shown.

    **Examples**

        python -m training compare document_fraud
        python -m training compare document_fraud --measure roc_auc --measure lift_at_1pct --limit 3
    """
    from training.settings import read_settings  # noqa: PLC0415  only what the command needs
    from training.tracking import Tracker  # noqa: PLC0415  same

    with errors_told(), progress_bar() as progress:
        progress.add_task("read runs", total=None)
        runs = Tracker(read_settings()).runs(risk, limit)
    if not runs:
        err.print(f"No finished run for {escape(risk)}. Make one: python -m training run {escape(risk)}")
        raise typer.Exit(1)
    out.print(side_by_side(runs, measures or list(COMPARED)))


@app.command()
def propose(
    source: Annotated[
        str, typer.Argument(metavar="DIRECTORY|RUN", help="Directory of a bundle or a run, or a run id.")
    ],
    url: Annotated[str | None, typer.Option(help="Address of the service.")] = None,
    key: Annotated[
        str | None, typer.Option(envvar="TRAINING_API_KEY", show_envvar=True, help="Key with the scope models:propose.")
    ] = None,
) -> None:
    """Hand a bundle to the service. It is not used before another person approves it.

    The release pack beside it must be whole; the proposal puts its digest on record.

    **Examples**

        python -m training propose var/training/runs/document-fraud-1.0.0-0123456789ab --key rk_...
        TRAINING_API_KEY=rk_... python -m training propose 4f1c0d2e... --url https://risk.example.org
    """
    import tempfile  # noqa: PLC0415  only what the command needs

    from training.proposing import propose as send  # noqa: PLC0415  same
    from training.settings import read_settings  # noqa: PLC0415  same
    from training.tracking import Tracker  # noqa: PLC0415  same

    with errors_told(), tempfile.TemporaryDirectory() as temporary, progress_bar() as progress:
        progress.add_task("hand over the bundle", total=None)
        settings = read_settings()
        directory = Path(source) if Path(source).is_dir() else Tracker(settings).handed_over(source, Path(temporary))
        secret = key or (settings.api_key.get_secret_value() if settings.api_key else None)
        proposal = send(directory, url or settings.service_url, secret, timeout=settings.timeout_seconds)
    out.print(escape(proposal.next_steps), soft_wrap=True, highlight=False)


@app.command()
def follow(
    url: Annotated[str | None, typer.Option(help="Address of the service.")] = None,
    key: Annotated[
        str | None, typer.Option(envvar="TRAINING_API_KEY", show_envvar=True, help="Key with the scope models:read.")
    ] = None,
) -> None:
    """Bring MLflow to what the service's ledger says: aliases champion and challenger, and tags with who, when and why.

    The ledger decides, MLflow follows. Run it as often as you like.

    **Examples**

        python -m training follow --key rk_...
        TRAINING_API_KEY=rk_... python -m training follow --url https://risk.example.org
    """
    from training.following import follow as bring  # noqa: PLC0415  only what the command needs
    from training.ledger import read_ledger  # noqa: PLC0415  same
    from training.settings import read_settings  # noqa: PLC0415  same
    from training.tracking import Tracker  # noqa: PLC0415  same

    with errors_told(), progress_bar() as progress:
        progress.add_task("follow the ledger", total=None)
        settings = read_settings()
        given = {"service_url": url, "api_key": None if key is None else SecretStr(key)}
        settings = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
        told = bring(Tracker(settings), read_ledger(settings))
    for line in told or ("MLflow says what the ledger says.",):
        out.print(escape(line), soft_wrap=True, highlight=False)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
