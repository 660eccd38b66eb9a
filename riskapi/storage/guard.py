"""One translation of database errors for all stores: a type, never a statement or a parameter."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from riskapi.errors import StorageError


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn any error of the database into one of the service.

    Raises:
        StorageError: chained to nothing, since a driver's text may hold what was to be stored.
    """
    try:
        yield
    except (sa.exc.SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StorageError(
            f"The store did not take the request ({type(cause).__name__}). Nothing was stored."
        ) from None
