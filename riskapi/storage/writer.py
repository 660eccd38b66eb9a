"""Group commit: whatever is waiting is gathered into one transaction, so that one flush serves many answers."""

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence

from riskapi.decisions import AnsweredRecord, Refused
from riskapi.errors import ServiceError, StorageError
from riskapi.storage.base import AnswerSink

_TICK_SECONDS = 1.0
"""How often an idle writer looks whether a checkpoint is due."""

Waiting = tuple[Sequence[AnsweredRecord], "asyncio.Future[Refused]"]
Watch = Callable[[int, float, bool], None]
"""Told of each transaction: rows, seconds, whether it was stored."""


class DecisionWriter(ABC):
    """Takes decisions from the event loop and answers when they are on disk.

    Args:
        rows_max: most rows in one transaction; an append larger than that is still one transaction.
        waiting_max: rows that may wait; further appends are refused at once.
        watch: told of each transaction, on the event loop.
    """

    def __init__(self, *, rows_max: int, waiting_max: int, watch: Watch | None = None) -> None:
        self._rows_max = rows_max
        self._waiting_max = waiting_max
        self._watch = watch
        self._waiting: deque[Waiting] = deque()
        self._waiting_rows = 0
        self._moved_at = 0.0
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.failure: str | None = None
        """What went wrong at the last transaction, until one is stored or the store is found well again."""

    @property
    def waiting_rows(self) -> int:
        """Rows that wait for the disk now."""
        return self._waiting_rows

    @property
    def stalled_seconds(self) -> float:
        """For how long rows have waited without any getting to the disk; 0 while none waits."""
        return time.monotonic() - self._moved_at if self._waiting_rows else 0.0

    @property
    @abstractmethod
    def is_alive(self) -> bool:
        """Whether what stores the decisions runs."""

    @property
    def chain(self) -> str:
        """Name of the chain that it writes, where that is another one than the service's own."""
        return ""

    @abstractmethod
    def start(self) -> None:
        """Begin; to be called on the event loop that will append."""

    @abstractmethod
    async def close(self) -> None:
        """Store what waits, then end."""

    def append(self, rows: Sequence[AnsweredRecord]) -> "asyncio.Future[Refused]":
        """Hand rows over.

        Returns:
            A future that is done when all of them are durable, or failed where that is not known. Its result names
            those that were not stored, since another decision has their idempotency key.

        Raises:
            StorageError: where too many rows wait, or the writer is closed.
        """
        if self._loop is None or self._closing:
            raise StorageError("The store is closed. Nothing was stored.")
        if self._waiting_rows + len(rows) > self._waiting_max:
            raise StorageError("Too many decisions wait for the disk. Nothing was stored.")
        future = self._loop.create_future()
        if not self._waiting_rows:
            self._moved_at = time.monotonic()
        self._waiting_rows += len(rows)
        self._waiting.append((rows, future))
        self._wake()
        return future

    @abstractmethod
    def _wake(self) -> None:
        """See to it that what waits is stored soon."""

    def _take(self) -> list[Waiting]:
        """Take whatever is waiting, up to the bound; ``deque.popleft`` needs no lock."""
        taken: list[Waiting] = []
        count = 0
        while self._waiting and (not taken or count + len(self._waiting[0][0]) <= self._rows_max):
            taken.append(self._waiting.popleft())
            count += len(taken[-1][0])
        return taken

    def _answer(self, taken: list[Waiting], seconds: float, refused: Refused, error: ServiceError | None) -> None:
        """Let the answers leave; runs on the event loop."""
        rows = sum([len(group) for group, _ in taken])
        self._waiting_rows -= rows
        self._moved_at = time.monotonic()
        for group, future in taken:
            if future.done():  # the caller hung up; the rows are stored all the same
                continue
            if error is None:
                future.set_result([row.decision_id for row in group if row.decision_id in refused] if refused else ())
            else:
                future.set_exception(error)
        if self._watch is not None:
            self._watch(rows, seconds, error is None)


class GroupCommitWriter(DecisionWriter):
    """Stores by a thread of this process.

    Args:
        store: where to append; used by the writer's thread alone.
        rows_max: most rows in one transaction.
        waiting_max: rows that may wait.
        watch: told of each transaction.
    """

    def __init__(self, store: AnswerSink, *, rows_max: int, waiting_max: int, watch: Watch | None = None) -> None:
        super().__init__(rows_max=rows_max, waiting_max=waiting_max, watch=watch)
        self._store = store
        self._work = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; to be called on the event loop that will append."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="decision-writer", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Store what waits, then end the thread."""
        self._closing = True
        self._work.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None
        while True:
            if not self._work.wait(_TICK_SECONDS):
                self._tick()
                continue
            self._work.clear()
            closing = self._closing
            while taken := self._take():
                rows = [row for group, _ in taken for row in group]
                refused: Refused = ()
                error: ServiceError | None = None
                began = time.perf_counter()
                try:
                    refused = self._store.append(rows)
                except ServiceError as failure:
                    error = failure
                except Exception as failure:  # noqa: BLE001 - whatever it was, the callers must hear that nothing is sure
                    error = StorageError(f"The store failed ({type(failure).__name__}). Nothing was acknowledged.")
                self.failure = None if error is None else str(error)
                loop.call_soon_threadsafe(self._answer, taken, time.perf_counter() - began, refused, error)
            if closing:
                return

    def _tick(self) -> None:
        """Let the store see to what is due; after an error this finds out when it is well again."""
        try:
            self._store.tick()
        except ServiceError as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - the thread must outlive any single failure
            self.failure = f"The store failed ({type(error).__name__})."
        else:
            self.failure = None

    def _wake(self) -> None:
        self._work.set()
