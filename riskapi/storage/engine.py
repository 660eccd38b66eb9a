"""Databases: opened with full durability, brought up to date or refused."""

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from riskapi.errors import StorageError
from riskapi.settings import Settings
from riskapi.storage import schema

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # an acknowledged decision survives a power cut: the log is flushed at every commit
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA secure_delete = ON",
    "PRAGMA cache_size = -32000",  # KiB: the upper pages of the memory's index stay at hand with ten million crossings
    "PRAGMA wal_autocheckpoint = 4000",  # pages: pages that change often are copied into the file less often
)
_FILE_MODE = 0o600
_SQLITE = "sqlite:///"
_POSTGRESQL = "postgresql://"


def open_engine(settings: Settings) -> sa.Engine:
    """Open the store; an embedded one is created where there is none, and brought up to date.

    Raises:
        StorageError: where it cannot be opened, or has tables of another version.
    """
    engine = open_database(settings.database_url, "RISKAPI_DATABASE_URL", settings.busy_timeout_seconds)
    try:
        require_version(engine)
    except sa.exc.SQLAlchemyError as error:
        engine.dispose()
        raise StorageError(f"The store cannot be opened ({_cause(error)}): check RISKAPI_DATABASE_URL.") from None
    except StorageError:
        engine.dispose()
        raise
    return engine


def open_database(url: str, setting: str, timeout_seconds: float) -> sa.Engine:
    """Make the engine of a database, without looking into it.

    Args:
        url: ``sqlite:///`` and a path, or ``postgresql://...``.
        setting: name of the setting that holds it, for the error.
        timeout_seconds: how long to wait for locks.
    """
    if url.startswith(_SQLITE):
        path = Path(url.removeprefix(_SQLITE))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, _FILE_MODE))
        except OSError as error:
            raise StorageError(f"The store cannot be opened ({error.strerror}): check {setting}.") from None
        engine = sa.create_engine(url, connect_args={"timeout": timeout_seconds}, hide_parameters=True)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    milliseconds = round(timeout_seconds * 1000)
    options = f"-c synchronous_commit=on -c lock_timeout={milliseconds} -c timezone=UTC -c client_min_messages=warning"
    try:
        return sa.create_engine(
            url.replace(_POSTGRESQL, "postgresql+psycopg://", 1),
            connect_args={
                "options": options,
                "connect_timeout": max(2, round(timeout_seconds)),
                "application_name": "riskapi",
                "tcp_user_timeout": milliseconds,
            },
            hide_parameters=True,
            pool_pre_ping=True,
        )
    except ImportError:
        raise StorageError(f"{setting} names PostgreSQL: install riskapi[postgres].") from None
    except sa.exc.ArgumentError:
        raise StorageError(f"{setting} is no address of a database.") from None


def for_writing(engine: sa.Engine) -> sa.Engine:
    """The same store, whose transactions take the write lock at once: what they read cannot change beneath them."""
    return engine.execution_options(takes_write_lock=True)


def is_embedded(engine: sa.Engine) -> bool:
    """Whether the database is a file of this machine."""
    return engine.dialect.name == "sqlite"


def version_of(connection: sa.Connection) -> str | None:
    """Read the version of the tables; ``None`` where there are none."""
    if not sa.inspect(connection).has_table(schema.VERSION_TABLE):
        return None
    found = connection.execute(sa.select(sa.column("version_num")).select_from(sa.table(schema.VERSION_TABLE))).scalar()
    return None if found is None else str(found)


def require_version(engine: sa.Engine) -> None:
    """Bring an embedded store up to date; refuse a server's store that is not.

    Raises:
        StorageError: saying what to do.
    """
    with engine.connect() as connection:
        version = version_of(connection)
    if version == schema.REVISIONS[-1]:
        return
    if version is not None and version not in schema.REVISIONS:
        raise StorageError(
            f"The store has version {version}; this program knows {schema.REVISIONS[-1]}: update the program."
        )
    if not is_embedded(engine):
        found = f"has version {version}" if version else "has no tables"
        raise StorageError(f"The store {found}; version {schema.REVISIONS[-1]} is needed: run `riskapi migrate`.")
    upgrade(engine)


def upgrade(engine: sa.Engine) -> None:
    """Bring the tables to this program's version, in one transaction; running it again does nothing."""
    from riskapi.storage.migrations.run import upgrade as run  # noqa: PLC0415 - a start without news does not need it

    with for_writing(engine).begin() as connection:
        run(connection)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not guessed by the driver
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("takes_write_lock")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _cause(error: sa.exc.SQLAlchemyError) -> str:
    return type(getattr(error, "orig", None) or error).__name__
