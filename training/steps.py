"""The steps of a run as others see them: who is told how it gets on, and how long each step took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


class Watcher(Protocol):
    """Who is told how a run gets on."""

    def begin(self, step: str) -> None:
        """A step begins."""

    def progress(self, done: int, total: int) -> None:
        """So much of the step is done."""


class Silent:
    """Watches without a word."""

    def begin(self, step: str) -> None:
        """Nothing."""

    def progress(self, done: int, total: int) -> None:
        """Nothing."""


@dataclass
class Clock:
    """Tells the watcher of each step and keeps how long it took."""

    watcher: Watcher
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of what happens within."""
        self.watcher.begin(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
