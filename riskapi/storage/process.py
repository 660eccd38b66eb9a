"""The writer as a process of its own: sealing, hashing and the database cost the service's interpreter nothing.

The service hands decisions over on a private pair of sockets and hears when they are on disk. The process holds a chain
of the log, and ends with the service, however that ends: what it was told before it still stores.
"""

import marshal
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from riskapi.decisions import AnsweredRecord, Claim, Rectifies, Refused
from riskapi.errors import ChainError, ServiceError, StorageError
from riskapi.settings import Settings

_HEAD = struct.Struct("!I")
_TICK: Final = "tick"
_STORED, _FAILED, _BROKEN = 0, 1, 2
_ERRORS = {_FAILED: StorageError, _BROKEN: ChainError}
_START_SECONDS, _STOP_SECONDS = 60.0, 30.0
_NEEDED = {
    "database_url",
    "keys_url",
    "log_key_file",
    "checkpoint_file",
    "busy_timeout_seconds",
    "desk_first_view_share",
    "desk_second_share",
    "desk_second_bands",
}


class StoreProcess:
    """The process, and this end of the sockets.

    Args:
        settings: of the service.

    Attributes:
        socket: to talk through, without blocking; ``None`` while the process does not run.
        chain: name of the chain that the process writes.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.socket: socket.socket | None = None
        self.chain = ""

    @property
    def pid(self) -> int | None:
        """Id of the process; ``None`` while it does not run."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process, and wait until it has a chain.

        Raises:
            StorageError: where it gets none.
        """
        ours, theirs = socket.socketpair()
        places = os.pathsep.join(path for path in sys.path if path)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and this module
                [sys.executable, "-m", "riskapi.storage.process", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": places},
            )
        ours.settimeout(_START_SECONDS)
        secret = self._settings.secret_key.get_secret_value()
        settings = self._settings.model_dump(mode="json", include=_NEEDED) | {"secret_key": secret}
        try:
            _send(ours, marshal.dumps(settings))
            told, error = _meaning(_receive(ours))
        except (OSError, EOFError):
            told, error = (), StorageError("The writer's process does not start: its output says why.")
        if error is not None:
            ours.close()
            self.close()
            raise error
        ours.setblocking(False)
        self.socket = ours
        (self.chain,) = told

    def close(self) -> None:
        """Let the process make its last checkpoint and end."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        if self._process is not None:
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


class Incoming:
    """Puts answers of the process together, however they come in."""

    def __init__(self) -> None:
        self._data = b""

    def add(self, data: bytes) -> list[tuple[Refused, StorageError | None]]:
        """Take more bytes; gives the answers that are whole now: ids that were refused, or an error."""
        self._data += data
        whole = []
        while len(self._data) >= _HEAD.size:
            end = _HEAD.size + _HEAD.unpack_from(self._data)[0]
            if len(self._data) < end:
                break
            message, self._data = self._data[_HEAD.size : end], self._data[end:]
            whole.append(_meaning(marshal.loads(message)))  # noqa: S302 - from our own process, by a private socket
        return whole


def message_of(rows: Sequence[AnsweredRecord]) -> bytes:
    """Write the message that asks to store rows."""
    return _framed(marshal.dumps(list(map(_plain, rows))))


def _meaning(answer: tuple[int, Any]) -> tuple[Refused, StorageError | None]:
    outcome, said = answer
    return (said, None) if outcome == _STORED else ((), _ERRORS[outcome](said))


def _plain(row: AnsweredRecord) -> tuple[Any, ...]:
    """Write a row as plain values, in the order of its fields; words of a list become texts."""
    return (
        row.decision_id,
        row.scored_at,
        row.principal,
        row.unit,
        row.key_id,
        tuple(map(str, row.audiences)),
        row.digests,
        row.dropped,
        row.purpose and str(row.purpose),
        row.record,
        row.age_years,
        row.answer,
        row.claim and tuple(row.claim),
        row.rectifies and tuple(row.rectifies),
        row.policy,
        row.referrals,
        row.trace,
        row.birth_contradicts,
    )


def _record(values: tuple[Any, ...]) -> AnsweredRecord:
    row = AnsweredRecord(*values)
    if row.claim is None and row.rectifies is None:
        return row
    return replace(row, claim=row.claim and Claim(*row.claim), rectifies=row.rectifies and Rectifies(*row.rectifies))


def _framed(message: bytes) -> bytes:
    return _HEAD.pack(len(message)) + message


TICK = _framed(marshal.dumps(_TICK))
"""The message that asks to see to what is due."""


def _send(to: socket.socket, message: bytes) -> None:
    to.sendall(_framed(message))


def _receive(source: socket.socket) -> Any:
    """Read one message; both ends are this program, and nobody else has the sockets."""
    (size,) = _HEAD.unpack(_exactly(source, _HEAD.size))
    return marshal.loads(_exactly(source, size))  # noqa: S302 - see above


def _exactly(source: socket.socket, size: int) -> bytes:
    data = source.recv(size, socket.MSG_WAITALL)
    while len(data) < size:
        more = source.recv(size - len(data), socket.MSG_WAITALL)
        if not more:
            raise EOFError
        data += more
    return data


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Any, str]]:
    """What stores decisions, and the name of the chain that it writes."""
    from riskapi.storage.parts import open_writer  # noqa: PLC0415 - the service needs this module, and not those parts

    store, journal = open_writer(settings)
    try:
        yield store, journal.writer
    finally:
        journal.close()


def _serve(source: socket.socket, store: Any) -> None:
    """Store what comes until the other end closes."""
    while True:
        _send(source, marshal.dumps(_outcome(_receive(source), store)))


def _outcome(message: Any, store: Any) -> tuple[int, Any]:
    """Do what a message asks; an error becomes an answer."""
    try:
        if message == _TICK:
            store.tick()
            return _STORED, []
        return _STORED, list(store.append(list(map(_record, message))))
    except ChainError as error:
        return _BROKEN, str(error)
    except StorageError as error:
        return _FAILED, str(error)
    except Exception as error:  # noqa: BLE001 - its text may show what was to be stored
        return _FAILED, f"The store failed ({type(error).__name__}). Nothing was acknowledged."


def main(descriptor: int) -> None:
    """Run the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends with the service, which is told by the same signal
    with socket.socket(fileno=descriptor) as source, suppress(EOFError, ConnectionError):
        settings = Settings(**_receive(source))
        try:
            with _opened(settings) as (store, chain):
                _send(source, marshal.dumps((_STORED, [chain])))
                _serve(source, store)
        except ServiceError as error:
            _send(source, marshal.dumps((_FAILED, str(error))))


if __name__ == "__main__":
    main(int(sys.argv[1]))
