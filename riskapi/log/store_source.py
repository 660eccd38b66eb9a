"""Opens the store that the settings name as a source of its log, for reading alone: nothing is created or changed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

from riskapi.errors import StorageError
from riskapi.log.database_found import FoundOpener
from riskapi.log.database_source import DatabaseSource, Opener, database_source
from riskapi.log.opener import found_opener, opener
from riskapi.privacy.keys import Keys
from riskapi.secret import ServiceSecret
from riskapi.settings import Settings
from riskapi.storage import schema
from riskapi.storage.engine import open_database, version_of

_SQLITE = "sqlite:///"


@contextmanager
def store_source(settings: Settings, *, with_contents: bool = True) -> Iterator[DatabaseSource]:
    """Take a read-only snapshot of the store.

    Contents are opened where the keys database is there too; :attr:`DatabaseContents.can_open` tells.

    Args:
        settings: of the service.
        with_contents: open contents; else only their presence is seen.

    Raises:
        StorageError: where a database is missing, cannot be read, or has tables of another version.
    """
    with ExitStack() as stack:
        engine = _existing(settings.database_url, "RISKAPI_DATABASE_URL", settings.busy_timeout_seconds)
        stack.callback(engine.dispose)
        _require_version(engine)
        opens: Opener | None = None
        opens_found: FoundOpener | None = None
        if with_contents and _is_there(settings.keys_url):
            keys = Keys(
                _existing(settings.keys_url, "RISKAPI_KEYS_URL", settings.busy_timeout_seconds),
                ServiceSecret(settings.secret_key),
            )
            stack.callback(keys.close)
            opens, opens_found = opener(keys), found_opener(keys)
        name = (
            Path(settings.database_url.removeprefix(_SQLITE)).name if _is_file(settings.database_url) else "the store"
        )
        yield stack.enter_context(database_source(engine, name, opens, opens_found))


def _existing(url: str, setting: str, timeout_seconds: float) -> sa.Engine:
    if not _is_there(url):
        raise StorageError(f"There is no database: check {setting}.")
    return open_database(url, setting, timeout_seconds)


def _is_there(url: str) -> bool:
    return not _is_file(url) or Path(url.removeprefix(_SQLITE)).is_file()


def _is_file(url: str) -> bool:
    return url.startswith(_SQLITE)


def _require_version(engine: sa.Engine) -> None:
    try:
        with engine.connect() as connection:
            version = version_of(connection)
    except sa.exc.SQLAlchemyError as error:
        raise StorageError(f"The database cannot be read ({type(error).__name__}).") from None
    if version != schema.REVISIONS[-1]:
        found = f"has version {version}" if version else "has no tables"
        raise StorageError(f"The store {found}; this program knows {schema.REVISIONS[-1]}.")
