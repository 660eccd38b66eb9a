"""The process that watches stands back behind the service."""

import time
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

import pytest

from riskapi.monitoring import process
from riskapi.monitoring.parts import Watch


def waits(monkeypatch: pytest.MonkeyPatch, backlog: int) -> list[float]:
    """Let three turns of a tenth of a second pass; gives the seconds that were waited after each."""
    asked: list[float] = []
    monkeypatch.setattr(process, "service_is_gone", lambda seconds: bool(asked.append(seconds)) or len(asked) == 3)
    watch = cast("Watch", SimpleNamespace(watcher=SimpleNamespace(backlog=lambda: backlog)))
    turns: Any = process._turns(watch)
    for _ in islice(turns, 4):
        time.sleep(0.1)
    return asked


def test_rests_three_times_as_long_as_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pile of rows takes a quarter of a core."""
    rests = waits(monkeypatch, backlog=10_000)
    assert len(rests) == 3
    assert all(rest >= 3 * 0.1 for rest in rests)


def test_pauses_where_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quiet store is looked at now and then."""
    assert waits(monkeypatch, backlog=0) == [process.PAUSE_SECONDS] * 3
