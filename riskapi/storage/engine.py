"""The embedded database: opened with full durability, created where it is missing, refused where it is newer."""

import os
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
)
_FILE_MODE = 0o600


def open_engine(settings: Settings) -> sa.Engine:
    """Open the store, creating it where there is none.

    Raises:
        StorageError: where it cannot be opened, or was written by a newer program.
    """
    path = settings.database_path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _FILE_MODE))
    except OSError as error:
        raise StorageError(f"The store cannot be opened ({error.strerror}): check RISKAPI_DATABASE_URL.") from None
    engine = sa.create_engine(
        settings.database_url, connect_args={"timeout": settings.busy_timeout_seconds}, hide_parameters=True
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    try:
        _create_or_check(engine)
    except sa.exc.SQLAlchemyError as error:
        raise StorageError(f"The store cannot be opened ({type(error).__name__}).") from None
    return engine


def for_writing(engine: sa.Engine) -> sa.Engine:
    """The same store, whose transactions take the write lock at once: what they read cannot change beneath them."""
    return engine.execution_options(takes_write_lock=True)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not guessed by the driver
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("takes_write_lock")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _create_or_check(engine: sa.Engine) -> None:
    with for_writing(engine).begin() as connection:
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version > schema.VERSION:
            raise StorageError(f"The store has version {version}; this program knows {schema.VERSION}: update it.")
        if version == schema.VERSION:
            return
        schema.METADATA.create_all(connection)
        for statement in schema.append_only_triggers():
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION:d}")
