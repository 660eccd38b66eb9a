"""``backtest``: score stored history again under a candidate, and estimate what it would have found."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table

from models.bundle import read_directory
from models.metrics.off_policy import OffPolicyEstimate
from riskapi.commands.console import OUT, errors_shown
from riskapi.errors import ServiceError
from riskapi.monitoring.backtest import Backtest, Backtester
from riskapi.monitoring.parts import Watch
from riskapi.settings import Settings

app = typer.Typer()

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
NOTE = (
    "Hit rates are estimates from logged chances of referral: valid for travellers whom the service could refer, "
    "whatever officers chose besides."
)


@app.command()
def backtest(
    bundle: Annotated[str, typer.Argument(help="Directory of a signed bundle, or digest of one that was proposed.")],
    *,
    since: Annotated[datetime, typer.Option("--from", formats=_FORMATS, help="Not before (UTC).")],
    until: Annotated[datetime, typer.Option("--to", formats=_FORMATS, help="Before (UTC).")],
    out: Annotated[Path | None, typer.Option(help="File for all figures (JSON).")] = None,
) -> None:
    """Compare a candidate with what was answered: band moves, overlap of referrals, and hits at each capacity."""
    with errors_shown():
        watch = Watch(Settings.load())
        try:
            if bundle.startswith("sha256:"):
                candidate = watch.active.open(bundle)
            else:
                candidate = watch.active.verify(read_directory(Path(bundle)))
            found = Backtester(watch.reader, watch.outcomes).run(
                candidate, f"{since:%Y-%m-%dT%H:%M:%S}", f"{until:%Y-%m-%dT%H:%M:%S}"
            )
        finally:
            watch.close()
        if out is not None:
            try:
                out.write_bytes(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2))
            except OSError as error:
                raise ServiceError(f"{out.name} cannot be written ({error.strerror}).") from None
        _show(found)


def _show(found: Backtest) -> None:
    OUT.print(
        f"{found.risk}: {found.travellers:,} travellers; {found.inspected:,} referrals came to a finding, "
        f"{found.confirmed:,} confirmed; a chance of referral is on record for {found.with_chance:.1%}.",
        highlight=False,
        markup=False,
    )
    correlation = "none" if found.correlation is None else f"{found.correlation:.3f}"
    OUT.print(f"Rank correlation of the scores: {correlation}", highlight=False, markup=False)
    bands = list(dict.fromkeys([*found.band_moves, *(band for row in found.band_moves.values() for band in row)]))
    moves = Table("given \\ candidate", *bands)
    for band, row in found.band_moves.items():
        moves.add_row(band, *(f"{row.get(one, 0):,}" for one in bands))
    OUT.print(moves)
    table = Table("referred", "overlap", "hit rate, as given", "hit rate, candidate", "inspected", "note")
    for line in found.rows:
        inspected = f"{line.live.inspected:,} / {line.candidate.inspected:,}"
        table.add_row(
            f"{line.capacity:.1%}",
            f"{line.overlap:.1%}",
            _rate(line.live),
            _rate(line.candidate),
            inspected,
            line.candidate.note,
        )
    OUT.print(table)
    OUT.print(NOTE, style="dim")


def _rate(one: OffPolicyEstimate) -> str:
    if one.estimate is None or one.low is None or one.high is None:
        return "nothing known"
    return f"{one.estimate:.2%} ({one.low:.2%} to {one.high:.2%})"
