"""``monitor``: count what is new, and write the report as a page."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from riskapi.commands.console import OUT, errors_shown
from riskapi.errors import ServiceError
from riskapi.monitoring.page import page
from riskapi.monitoring.parts import Watch
from riskapi.monitoring.process import WORK
from riskapi.monitoring.report import SEASON_DAYS, WINDOW_DAYS
from riskapi.operations.companion import only_one
from riskapi.settings import Settings

app = typer.Typer()


@app.command()
def monitor(
    out: Annotated[Path, typer.Argument(help="File for the page.")] = Path("monitoring.html"),
    *,
    season: Annotated[
        bool, typer.Option(help="Count the same weeks of last year as the live models see them: their season.")
    ] = False,
) -> None:
    """Count what the log tells since last time, and write a page: volumes, referrals, drift, calibration, alarms.

    Where a service that counts is running, the page shows what it found last.
    """
    with errors_shown():
        settings = Settings.load()
        watch = Watch(settings)
        try:
            with only_one(settings, WORK) as is_ours:
                if is_ours:
                    watch.count()
                    if season:
                        _count_season(watch)
                elif season:
                    raise ServiceError("A running service counts this store: stop it, then count the season.")
                reports = watch.reports()
        finally:
            watch.close()
        try:
            out.write_text(page(reports), encoding="utf-8")
        except OSError as error:
            raise ServiceError(f"{out.name} cannot be written ({error.strerror}).") from None
        for report in reports:
            OUT.print(f"{report.risk}: {len(report.alarms)} alarms", highlight=False, markup=False)
        OUT.print(f"Written to {out}.", highlight=False, markup=False)


def _count_season(watch: Watch) -> None:
    """Count last year's weeks around this day, a window to either side."""
    watch.active.refresh()
    then, reach = datetime.now(UTC) - timedelta(days=SEASON_DAYS), timedelta(days=max(WINDOW_DAYS))
    for model in watch.active.live.models:
        counted = watch.watcher.recount(f"{then - reach:%Y-%m-%d}", f"{then + reach:%Y-%m-%d}", model.bundle.digest)
        OUT.print(f"{model.risk}: {counted:,} records of last year counted", highlight=False, markup=False)
