"""Copies of one database, taken while others write: a snapshot in, the same rows out."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from riskapi.errors import StorageError
from riskapi.privacy import keys
from riskapi.storage import access_tables, schema
from riskapi.storage.engine import is_embedded, open_database, upgrade

STORE_TABLES = (*schema.METADATA.sorted_tables, *access_tables.METADATA.sorted_tables)
KEYS_TABLES = tuple(keys.METADATA.sorted_tables)
_SQLITE = "sqlite:///"
_COUNTED = "ledger"
"""The one table whose numbers the database itself counts up."""


def copy_out(engine: sa.Engine, tables: Iterable[sa.Table], directory: Path) -> list[Path]:
    """Write a snapshot of a database into an empty directory; others may go on writing.

    Args:
        engine: of the database.
        tables: that it has; an embedded database is copied whole.
        directory: to write to.

    Returns:
        The files.
    """
    directory.mkdir(mode=0o700)
    if is_embedded(engine):
        path = directory / "database.db"
        path.touch(mode=0o600)
        with closing(sqlite3.connect(str(engine.url.database))) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)  # all pages in one step: a reader of the write-ahead log keeps no writer waiting
            target.execute("PRAGMA journal_mode = DELETE")
        return [path]
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        return [_copy_table_out(connection, table.name, directory) for table in tables]


def copy_in(directory: Path, url: str, setting: str, tables: Iterable[sa.Table], *, versioned: bool) -> None:
    """Put a snapshot into a database that holds nothing.

    Args:
        directory: that :func:`copy_out` wrote.
        url: of the database: of the same kind as the one that was copied.
        setting: name of the setting that will hold it, for errors.
        tables: that it has.
        versioned: whether its tables are made by migrations.

    Raises:
        StorageError: where something is there already, or the kinds differ.
    """
    if url.startswith(_SQLITE) != (directory / "database.db").is_file():
        raise StorageError(f"The backup is of the other kind of database than {setting}: SQLite and PostgreSQL differ.")
    if url.startswith(_SQLITE):
        _copy_file_in(directory / "database.db", Path(url.removeprefix(_SQLITE)), setting)
        return
    engine = open_database(url, setting, 10.0)
    try:
        if sa.inspect(engine).get_table_names():
            raise StorageError(f"The database of {setting} is not empty: restore into an empty one.")
        if versioned:
            upgrade(engine)
        with engine.begin() as connection:
            if not versioned:
                keys.METADATA.create_all(connection)
            for table in tables:
                _copy_table_in(connection, table, directory)
    finally:
        engine.dispose()


def _copy_file_in(source: Path, target: Path, setting: str) -> None:
    if target.exists() and target.stat().st_size:
        raise StorageError(f"The file of {setting} is there already: restore into an empty place.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _copy_table_out(connection: sa.Connection, table: str, directory: Path) -> Path:
    path = directory / f"{table}.copy"
    cursor = connection.connection.cursor()
    path.touch(mode=0o600)
    with path.open("wb") as file, cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as rows:
        for piece in rows:
            file.write(piece)
    return path


def _copy_table_in(connection: sa.Connection, table: sa.Table, directory: Path) -> None:
    """Fill one table, whose guards against changes stand aside within this transaction."""
    name = table.name
    connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER USER")
    connection.execute(sa.delete(table))  # what making the tables put in: the name of another instance
    with (directory / f"{name}.copy").open("rb") as file:
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {name} FROM STDIN (FORMAT binary)") as rows:
            while piece := file.read(1 << 20):
                rows.write(piece)
    connection.exec_driver_sql(f"ALTER TABLE {name} ENABLE TRIGGER USER")
    if name == _COUNTED:
        last = sa.select(sa.func.coalesce(sa.func.max(table.c.seq), 0) + 1).scalar_subquery()
        connection.execute(sa.select(sa.func.setval(f"{name}_seq_seq", last, sa.false())))
