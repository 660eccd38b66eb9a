"""What comes in one turn of the event loop, worked through together."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE_MAX = 16
"""Most items of one turn: the loop serves others in between, after some ten milliseconds."""


class Turns(Generic[Item, Result]):
    """Gathers items until the turn of the event loop ends, then has them worked through.

    Under load many requests are ready in the same turn; alone, one costs a callback more.

    Args:
        work: gives the result of each item, in their order; an error among them is raised to who waits for it.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result | Exception]]) -> None:
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []

    def add(self, item: Item) -> "asyncio.Future[Result]":
        """Have an item worked through; gives its result, or raises its error, when awaited."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._turn, loop)
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        return future

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        taken, self._waiting = self._waiting[:AT_ONCE_MAX], self._waiting[AT_ONCE_MAX:]
        if self._waiting:
            loop.call_soon(self._turn, loop)
        try:
            results = self._work([item for item, _ in taken])
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            results = [error] * len(taken)
        for (_, future), result in zip(taken, results, strict=True):
            if future.done():  # the caller hung up
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
