"""What the suites of the store share: who writes which chain, what is in it, and somebody who may change it."""

from contextlib import contextmanager

import orjson

from riskapi.log.writers import FileLease, ServerLease


def is_sqlite(services):
    """Whether the store is the embedded one."""
    return services.engine.dialect.name == "sqlite"


def lease(services):
    """A chain of a service."""
    if is_sqlite(services):
        return FileLease(services.settings.database_path.with_suffix(".lock"), 1, 0.1)
    return ServerLease(0.5)


def entries(services, writer="cli"):
    """Every entry of a chain."""
    return list(services.journal.entries(writer))


def bodies(services, kind, writer="cli"):
    """What the entries of a kind say."""
    return [orjson.loads(entry.body) for entry in entries(services, writer) if entry.kind == kind]


@contextmanager
def without_guards(services, table="log"):
    """A connection of somebody who may do anything: the owner of the database, with the triggers taken away."""
    with services.engine.begin() as connection:
        if is_sqlite(services):
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            for name in names:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield connection
