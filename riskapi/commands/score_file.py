"""``score-file``: score whole files, through the running service or with bundles on this machine."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from features.errors import FeatureError
from features.mapping import TableMapping
from models.assessment import RiskScorer
from models.bundle import ModelBundle, read_directory
from riskapi.access.matrix import Purpose
from riskapi.access.purpose import HEADER
from riskapi.commands.console import ERR, OUT, errors_shown
from riskapi.errors import ServiceError
from riskapi.files.read import rows_in
from riskapi.files.scorers import BundleScorer, Scorer, ServiceScorer
from riskapi.live import LiveModel, LiveModels
from riskapi.messages.countries import ALPHA3
from riskapi.score_file import Summary, score_files

app = typer.Typer()

_TIMEOUT_SECONDS = 60.0
_NOT_RECORDED = "Nothing is recorded: these scores are for evaluation, not for a decision about anybody."


def _known_country(text: str | None) -> str | None:
    if text and text not in ALPHA3.values():
        raise typer.BadParameter("a country of ISO 3166-1 in three capital letters is expected, such as KEN or SOM")
    return text or None


MappingOption = Annotated[
    Path | None, typer.Option(help="What the columns of a table mean (TOML); not needed for a column 'record'.")
]
CountryOption = Annotated[
    str | None,
    typer.Option(
        envvar="RISKAPI_COUNTRY",
        callback=_known_country,
        help="Country that receives lists and bookings (KEN): who leaves it departs; else everybody arrives.",
    ),
]
UrlOption = Annotated[str | None, typer.Option(help="Address of the running service; it records every decision.")]
KeyOption = Annotated[
    str | None, typer.Option(envvar="RISK_API_KEY", help="API key for the service, with the scope score.")
]
PurposeOption = Annotated[
    Purpose | None,
    typer.Option(help="Why the records are scored; the service asks for it where they do not say so themselves."),
]
BundleOption = Annotated[
    list[Path] | None,
    typer.Option(help="Instead of --url: directory of a bundle; repeat for several. Records nothing."),
]
SignerOption = Annotated[
    list[str] | None,
    typer.Option(envvar="RISKAPI_TRUSTED_SIGNERS", help="Public key that the bundles must be signed with."),
]


@app.command(name="score-file")
def score_file(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Messages (of the kind they hold), records (.ndjson, .jsonl), tables (.csv, .csv.gz, .parquet)."
        ),
    ],
    *,
    out: Annotated[
        Path, typer.Option(help="Answers: .ndjson holds them whole; .csv and .parquet have a row for each risk.")
    ],
    mapping: MappingOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    purpose: PurposeOption = None,
    bundle: BundleOption = None,
    signer: SignerOption = None,
    country: CountryOption = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew, and forget what a run that was stopped had done.")
    ] = False,
) -> None:
    """Score everybody in files: answers go to --out, what could not be read goes to a report beside it.

    A run that was stopped goes on where it was when it is started again with the same words: its progress is kept
    beside --out until the answers are whole, and they hold each record once. Of the request that was under way (at most
    500 records) the service may keep a decision that no answer shows.

    Example: riskapi score-file --mapping ferry.toml --url http://127.0.0.1:8000 --purpose border_control --out
    scores.csv today.csv
    """
    with errors_shown():
        try:
            described = TableMapping.from_toml(mapping) if mapping else None
            with opened_scorers(url, key, purpose, bundle or (), signer or ()) as scorer, _progress(paths) as progress:
                task = progress.add_task("Scoring", total=sum(map(rows_in, paths)) or None)
                summary = score_files(
                    paths,
                    scorer(),
                    out,
                    described,
                    lambda rows: progress.update(task, advance=rows, refresh=True),
                    restart=restart,
                    country=country,
                )
        except FeatureError as error:  # a mapping or a bundle that breaks a rule: its text says which
            raise ServiceError(str(error)) from None
    _tell(summary, out)


@contextmanager
def opened_scorers(
    url: str | None,
    key: str | None,
    purpose: Purpose | None,
    bundles: Sequence[Path],
    signers: Sequence[str],
    *,
    through: Callable[[httpx.Client], Scorer] = ServiceScorer,
) -> Iterator[Callable[[], Scorer]]:
    """Open what scores, once, for as many files as there are.

    Args:
        url: of the service; either this or bundles.
        key: for it.
        purpose: that its requests state.
        bundles: directories.
        signers: keys that bundles must be signed with.
        through: how the service is asked.

    Raises:
        ServiceError: for neither or both, or without a key.
    """
    if (url is None) == (not bundles):
        raise ServiceError("Give either --url with --key, or --bundle with --signer.")
    if bundles:
        trusted = {one for text in signers for one in text.split(",")}
        opened = [ModelBundle.open(read_directory(directory), trusted) for directory in bundles]
        ERR.print(_NOT_RECORDED, style="yellow")
        models = LiveModels([LiveModel(one, RiskScorer(one)) for one in opened])
        yield lambda: BundleScorer(models, datetime.now(UTC))
        return
    if not key:
        raise ServiceError("Give the API key: --key, or the variable RISK_API_KEY.")
    headers = {"Authorization": f"Bearer {key}"} | ({HEADER: purpose.value} if purpose is not None else {})
    with httpx.Client(base_url=str(url), headers=headers, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
        yield lambda: through(client)


def _progress(paths: Sequence[Path]) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal or not paths)


def _tell(summary: Summary, out: Path) -> None:
    if summary.resumed_after:
        told = f"Went on after {summary.resumed_after:,} rows that an earlier run had done."
        ERR.print(told, highlight=False, soft_wrap=True)
    OUT.print(f"{summary.scored} scored, {summary.not_scored} not. Answers: {out}", highlight=False, soft_wrap=True)
    if summary.findings_path:
        told = f"{summary.findings} {'finding' if summary.findings == 1 else 'findings'}: {summary.findings_path}"
        OUT.print(told, style="yellow", highlight=False, soft_wrap=True)
    if not summary.scored and summary.not_scored:
        raise typer.Exit(1)
