"""Bytes to a server and back, without a client that would put them in order first."""

import socket
from typing import NamedTuple

HOST = "127.0.0.1"


class Answer(NamedTuple):
    """One answer as it stood on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class Heard(NamedTuple):
    """Everything that came back on one connection.

    Attributes:
        answers: in order.
        rest: what follows them and is no answer.
        closed: whether the server closed the connection before the time was up.
    """

    answers: list[Answer]
    rest: bytes
    closed: bool

    @property
    def statuses(self) -> list[int]:
        """The statuses, in order."""
        return [answer.status for answer in self.answers]


def exchange(port: int, sent: bytes, seconds: float = 1.0) -> Heard:
    """Send bytes on a connection of their own and listen until the server closes it, or for a time."""
    received = bytearray()
    closed = False
    with socket.create_connection((HOST, port), timeout=5) as connection:
        connection.settimeout(seconds)
        try:
            connection.sendall(sent)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            closed = True  # cut while sending; the answer may still have come
        try:
            while piece := connection.recv(1 << 16):
                received += piece
            closed = True
        except TimeoutError:
            pass
        except ConnectionResetError:
            closed = True
    return _read(bytes(received), closed=closed)


def _read(received: bytes, *, closed: bool) -> Heard:
    answers = []
    while received.startswith(b"HTTP/1."):
        head, found, after = received.partition(b"\r\n\r\n")
        if not found:
            break
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(after) < length:
            break
        answers.append(Answer(int(first.split(" ")[1]), headers, after[:length]))
        received = after[length:]
    return Heard(answers, received, closed)
