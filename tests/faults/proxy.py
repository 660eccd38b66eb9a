"""A wire that can be cut at the worst moment: when the database has committed, and before its client hears of it."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.faults.service import LOOPBACK

_RESET = struct.pack("ii", 1, 0)
_COMMIT = b"COMMIT"


@dataclass
class Proxy:
    """Passes bytes between clients and a server on the loopback address.

    Attributes:
        port: where clients connect.
        cuts: how many commits were answered by a reset.
    """

    server_port: int
    listener: socket.socket = field(default_factory=lambda: socket.create_server((LOOPBACK, 0)))
    cuts: int = 0
    _armed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        """Where clients connect."""
        return int(self.listener.getsockname()[1])

    def arm(self, commits: int = 1) -> None:
        """Cut the wire at the next commits."""
        with self._lock:
            self._armed = commits

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, socket.create_connection((LOOPBACK, self.server_port)) as server:
            quiet = threading.Event()
            back = threading.Thread(target=_copy, args=(server, client, quiet), daemon=True)
            back.start()
            with suppress(OSError):
                while data := client.recv(1 << 16):
                    if _COMMIT in data and self._takes_cut():
                        quiet.set()  # from now on the client hears nothing
                        server.sendall(data)
                        server.shutdown(socket.SHUT_WR)
                        back.join(10)  # the server has done it, and closed
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                        return
                    server.sendall(data)
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            back.join(10)

    def _takes_cut(self) -> bool:
        with self._lock:
            if self._armed == 0:
                return False
            self._armed -= 1
            self.cuts += 1
            return True


def _copy(source: socket.socket, target: socket.socket, quiet: threading.Event) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            if not quiet.is_set():
                target.sendall(data)
        if not quiet.is_set():
            target.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(server_port: int) -> Iterator[Proxy]:
    """A proxy for as long as the block lasts."""
    made = Proxy(server_port)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        with suppress(OSError):
            made.listener.shutdown(socket.SHUT_RDWR)
        made.listener.close()
        thread.join(10)
