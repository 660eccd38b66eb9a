"""Many rows into one table by one statement, in the manner that is fastest in each kind of database."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import sqlalchemy as sa

Columns = Mapping[str, str]
"""Names with their PostgreSQL types, in the order of the rows' values."""

_PARAMETERS_MAX = 4096
"""Of one statement in the embedded database, whose own bound is 32,766."""

_ANY_SIZE_MAX = 16
"""Groups of rows up to this size have a statement each; five tables have fewer than the driver keeps prepared."""


def insert_rows(
    connection: sa.Connection,
    table: str,
    columns: Columns,
    rows: Sequence[tuple[Any, ...]],
    *,
    unless_there: bool = False,
) -> None:
    """Insert rows.

    In PostgreSQL one statement takes one array for each column. In SQLite up to 16 rows go at once, and more in groups
    whose sizes are powers of two, so that the driver finds the statements prepared; one call for many rows also lets
    go of the interpreter once instead of once a row, which is what makes a writer's thread wait.

    Args:
        connection: in a transaction.
        table: name of the table.
        columns: of the rows.
        rows: to insert.
        unless_there: pass over rows whose key exists.
    """
    if connection.dialect.name == "postgresql":
        statement = _unnest(table, tuple(columns.items()), unless_there)
        connection.exec_driver_sql(statement, tuple(map(list, zip(*rows, strict=True))))
        return
    names = tuple(columns)
    start, left = 0, len(rows)
    largest = 1 << (_PARAMETERS_MAX // len(names)).bit_length() - 1
    while left:
        size = min(largest, left if left <= _ANY_SIZE_MAX else 1 << left.bit_length() - 1)
        parameters = tuple([value for row in rows[start : start + size] for value in row])
        connection.exec_driver_sql(_values(table, names, size, unless_there), parameters)
        start, left = start + size, left - size


def select_in(connection: sa.Connection, table: str, columns: Columns, column: str, values: Sequence[Any]) -> list[Any]:
    """Find the rows whose column has any of many values.

    Args:
        connection: in a transaction.
        table: name of the table.
        columns: to read.
        column: one of them, to compare.
        values: to look for.
    """
    if not values:
        return []
    start = f"SELECT {', '.join(columns)} FROM {table} WHERE {column} "  # noqa: S608 - names are the program's own
    if connection.dialect.name == "postgresql":
        return list(connection.exec_driver_sql(f"{start}= ANY(%b::{columns[column]}[])", (list(values),)))
    found: list[Any] = []
    for at in range(0, len(values), _PARAMETERS_MAX):
        some = values[at : at + _PARAMETERS_MAX]
        places = 1 << (len(some) - 1).bit_length()  # a statement for each power of two is found prepared
        filled = (*some, *[some[0]] * (places - len(some)))
        found += connection.exec_driver_sql(f"{start}IN ({', '.join('?' * places)})", filled)
    return found


def put_rows(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, in place of those with the same key.

    Args:
        connection: in a transaction.
        table: to insert into.
        rows: values by the names of the columns.
    """
    if not rows:
        return
    dialect: Any = import_module(f"sqlalchemy.dialects.{connection.dialect.name}")  # by those alone who put
    made = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    values = {column.name: made.excluded[column.name] for column in table.c if column.name not in keys}
    connection.execute(made.on_conflict_do_update(index_elements=keys, set_=values), rows)


@cache
def _values(table: str, names: tuple[str, ...], rows: int, unless_there: bool) -> str:  # noqa: FBT001 - a cache key
    one = f"({', '.join('?' * len(names))})"
    conflict = " ON CONFLICT DO NOTHING" if unless_there else ""
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([one] * rows)}{conflict}"  # noqa: S608 - see below


@cache
def _unnest(table: str, columns: tuple[tuple[str, str], ...], unless_there: bool) -> str:  # noqa: FBT001 - a cache key
    arrays = ", ".join(f"%b::{kind}[]" for _, kind in columns)
    names = ", ".join(name for name, _ in columns)
    conflict = " ON CONFLICT DO NOTHING" if unless_there else ""
    return f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}){conflict}"  # noqa: S608 - names are the program's own
