"""Group commit by a process of its own: the event loop hands over and hears back, and no thread waits in between."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

from riskapi.errors import ServiceError, StorageError
from riskapi.storage.process import TICK, Incoming, StoreProcess, message_of
from riskapi.storage.writer import DecisionWriter, Waiting, Watch

_IN_FLIGHT_MAX = 2
"""Messages handed over and not answered yet: the process never waits for the event loop to hear of the last one."""
_TICK_SECONDS = 1.0
_GRANT_SECONDS = 2.0
_STOP_SECONDS = 30.0


class ProcessWriter(DecisionWriter):
    """Stores by another process; where that ends, it is started again, and nothing is acknowledged meanwhile.

    Args:
        process: started.
        rows_max: most rows in one transaction.
        waiting_max: rows that may wait.
        watch: told of each transaction.
    """

    def __init__(self, process: StoreProcess, *, rows_max: int, waiting_max: int, watch: Watch | None = None) -> None:
        super().__init__(rows_max=rows_max, waiting_max=waiting_max, watch=watch)
        self._process = process
        self._incoming = Incoming()
        self._unsent = memoryview(b"")
        self._in_flight: deque[Sequence[Waiting]] = deque()
        self._began = 0.0
        """When the process could begin with the first of those in flight."""
        self._is_scheduled = False
        self._holders: list[threading.Event] = []
        self._holds = 0
        self._idle: asyncio.Future[None] | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._ticking: asyncio.TimerHandle | None = None

    @property
    def is_alive(self) -> bool:
        """Whether decisions can be handed over; a process that ended is being started again."""
        return self._loop is not None

    @property
    def chain(self) -> str:
        """Name of the chain that the process writes."""
        return self._process.chain

    def start(self) -> None:
        """Listen to the process; to be called on the event loop that will append."""
        self._loop = asyncio.get_running_loop()
        self._listen(self._loop)
        self._ticking = self._loop.call_later(_TICK_SECONDS, self._tick)

    async def close(self) -> None:
        """Store what waits, then let the process end."""
        loop = self._loop
        if loop is None:
            return
        self._closing = True
        if self._waiting or self._in_flight:
            self._idle = loop.create_future()
            self._wake()
            await asyncio.wait([self._idle], timeout=_STOP_SECONDS)
        self._loop = None
        if self._ticking is not None:
            self._ticking.cancel()
        if self._restarting is not None:
            await self._restarting
        self._deafen(loop)
        self._grant()
        await asyncio.to_thread(self._process.close)

    def hold(self) -> "Hold":
        """Make what keeps the process from storing for a while, for another writer of the same embedded store."""
        return Hold(self)

    def _wake(self) -> None:
        if len(self._in_flight) < _IN_FLIGHT_MAX and not self._is_scheduled:
            assert self._loop is not None, "the writer was started"
            self._is_scheduled = True
            self._loop.call_soon(self._next)  # whatever else comes in this turn of the loop goes along

    def _next(self) -> None:
        """Hand over what waits, unless enough is under way or somebody else writes."""
        self._is_scheduled = False
        if len(self._in_flight) >= _IN_FLIGHT_MAX:
            return
        if self._holders or self._holds:
            if not self._in_flight:
                self._grant()
            return
        taken = self._take()
        if taken:
            self._hand_over(taken, message_of([row for group, _ in taken for row in group]))
        elif not self._in_flight and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _hand_over(self, taken: Sequence[Waiting], message: bytes) -> None:
        if not self._in_flight:
            self._began = time.perf_counter()
        self._in_flight.append(taken)
        if self._process.socket is None:
            self._lost()
        elif self._unsent:
            self._unsent = memoryview(bytes(self._unsent) + message)
        else:
            self._unsent = memoryview(message)
            self._send()

    def _send(self) -> None:
        sock, loop = self._process.socket, self._loop
        assert sock is not None, "looked at before"
        try:
            self._unsent = self._unsent[sock.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self._lost()
            return
        if loop is None:
            return
        if self._unsent:
            loop.add_writer(sock.fileno(), self._go_on_sending)

    def _go_on_sending(self) -> None:
        sock = self._process.socket
        if sock is not None and self._loop is not None:
            self._loop.remove_writer(sock.fileno())
            self._send()

    def _heard(self) -> None:
        """Read what the process answers."""
        sock = self._process.socket
        if sock is None:
            return
        try:
            data = sock.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        for answer in self._incoming.add(data):
            self._done(*answer)

    def _done(self, refused: Sequence[str], error: ServiceError | None) -> None:
        taken, now = self._in_flight.popleft(), time.perf_counter()
        seconds, self._began = now - self._began, now
        self.failure = None if error is None else str(error)
        if taken:
            self._answer(list(taken), seconds, refused, error)
        self._next()

    def _lost(self) -> None:
        """The process has ended: nobody knows what it stored last."""
        if self._loop is not None:
            self._deafen(self._loop)
            if self._restarting is None or self._restarting.done():
                self._restarting = self._loop.create_task(self._restart())
        self._incoming, self._unsent = Incoming(), memoryview(b"")
        for _ in range(len(self._in_flight)):
            self._done((), StorageError("The writer's process has ended. Nothing was acknowledged."))

    async def _restart(self) -> None:
        """Start the process again, however often that takes."""
        await asyncio.to_thread(self._process.close)
        while self._loop is not None:
            try:
                await asyncio.to_thread(self._process.start)
            except ServiceError as error:
                self.failure = str(error)
                await asyncio.sleep(_TICK_SECONDS)
            else:
                if self._loop is not None:
                    self._listen(self._loop)
                    self.failure = None
                return

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        sock = self._process.socket
        assert sock is not None, "the process was started"
        loop.add_reader(sock.fileno(), self._heard)

    def _deafen(self, loop: asyncio.AbstractEventLoop) -> None:
        sock = self._process.socket
        if sock is not None:
            loop.remove_reader(sock.fileno())
            loop.remove_writer(sock.fileno())

    def _tick(self) -> None:
        """Let an idle process see to what is due; after an error this finds out when the store is well again."""
        if self._loop is None:
            return
        self._ticking = self._loop.call_later(_TICK_SECONDS, self._tick)
        if not self._in_flight and not self._waiting and not self._holds and self._process.socket is not None:
            self._hand_over((), TICK)

    def _ask_to_hold(self, granted: threading.Event) -> None:
        self._holders.append(granted)
        if not self._in_flight:
            self._grant()

    def _grant(self) -> None:
        for granted in self._holders:
            self._holds += 1
            granted.set()
        self._holders.clear()

    def _let_go(self, granted: threading.Event) -> None:
        if granted.is_set():
            self._holds -= 1
        else:
            self._holders.remove(granted)
        if not self._holds and self._loop is not None:
            self._wake()


class Hold:
    """Keeps a writer's process from beginning a transaction; to be entered from any thread.

    Two writers of an embedded store do not queue: the one that finds it locked tries again later, and may find it
    locked again for long while the other one has much to do. On the loop's own thread nothing can be waited for, and
    nothing needs to be: what is not handed over is not begun.
    """

    def __init__(self, writer: ProcessWriter) -> None:
        self._writer = writer
        self._local = threading.local()

    def __enter__(self) -> None:
        loop = self._writer._loop  # noqa: SLF001 - the other half of the same thing
        self._local.depth = getattr(self._local, "depth", 0) + 1
        if self._local.depth > 1:
            return
        self._local.granted = None
        if loop is None or _is_running_here(loop):
            return
        granted = threading.Event()
        try:
            loop.call_soon_threadsafe(self._writer._ask_to_hold, granted)  # noqa: SLF001
        except RuntimeError:  # the loop has just ended
            return
        granted.wait(_GRANT_SECONDS)  # where that is too long, the database's own lock decides
        self._local.loop, self._local.granted = loop, granted

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._local.depth -= 1
        if self._local.depth == 0 and self._local.granted is not None:
            with suppress(RuntimeError):
                self._local.loop.call_soon_threadsafe(self._writer._let_go, self._local.granted)  # noqa: SLF001


def _is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
