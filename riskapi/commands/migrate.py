"""``migrate``: bring the tables of the store to this program's version."""

import typer

from riskapi.commands.console import OUT, errors_shown
from riskapi.settings import Settings
from riskapi.storage import schema
from riskapi.storage.engine import open_database, upgrade, version_of
from riskapi.storage.guard import storage_errors

app = typer.Typer()


@app.command()
def migrate() -> None:
    """Make the tables of a new PostgreSQL store, or bring those of an older version up to date.

    Either every step is stored or none; running it again does nothing. An embedded store does so by itself at start.
    """
    with errors_shown():
        settings = Settings.load()
        engine = open_database(settings.database_url, "RISKAPI_DATABASE_URL", settings.busy_timeout_seconds)
        with storage_errors():
            with engine.connect() as connection:
                before = version_of(connection)
            upgrade(engine)
        engine.dispose()
    OUT.print(f"Version {before or 'none'} -> {schema.REVISIONS[-1]}.")
