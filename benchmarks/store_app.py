"""The service with its store replaced by one that answers at once: what scoring costs without being recorded.

Started by ``store.py`` as ``python -m store_app``; settings, models, server and everything else are the service's own.
"""

import asyncio
from collections.abc import Sequence

from riskapi.commands.serve import serve
from riskapi.decisions import AnsweredRecord, Refused
from riskapi.storage.writer import DecisionWriter


def forget(_writer: DecisionWriter, _rows: Sequence[AnsweredRecord]) -> "asyncio.Future[Refused]":
    """Say at once of everything that it is stored."""
    future: asyncio.Future[Refused] = asyncio.get_running_loop().create_future()
    future.set_result(())
    return future


if __name__ == "__main__":
    DecisionWriter.append = forget  # type: ignore[method-assign]  # the one thing that differs
    serve()
