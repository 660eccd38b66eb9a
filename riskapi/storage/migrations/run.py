"""Runs the steps that a store lacks, within the caller's transaction."""

from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory

from riskapi.storage.schema import VERSION_TABLE

_LOCK = 0x7269736B  # "risk"


def steps() -> ScriptDirectory:
    """The steps of this program."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return ScriptDirectory.from_config(config)


def upgrade(connection: sa.Connection, to: str = "head") -> None:
    """Take every step that is missing; either all of them are stored, with the version, or none.

    Args:
        connection: in a transaction, which the caller commits.
        to: the last step to take.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    script = steps()

    def missing(revision: str | tuple[str, ...], _context: MigrationContext) -> list[RevisionStep]:
        return script._upgrade_revs(to, revision)  # type: ignore[arg-type]  # noqa: SLF001 - alembic's own recipe

    with EnvironmentContext(Config(), script, fn=missing, destination_rev=to) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE, transactional_ddl=False)
        environment.run_migrations()
