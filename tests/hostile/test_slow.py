import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.faults.service import LOOPBACK, RECORD

EACH = 100
REAPED_SECONDS = 15.0


def slow_heads(service):
    """The head of a request, a byte at a time."""
    return f"GET /health/live HTTP/1.1\r\nHost: {LOOPBACK}\r\nX-Note: ".encode(), b"a"


def slow_bodies(service):
    """A head, then a body a byte at a time."""
    lines = ["POST /v1/scores HTTP/1.1", f"Host: {LOOPBACK}", "Content-Type: application/json"]
    lines += [f"Authorization: Bearer {service.key}", "Content-Length: 60000"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n{", b" "


def slow_readers(service):
    """Some requests for a large answer, of which nothing is ever read."""
    return f"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: {LOOPBACK}\r\n\r\n".encode() * 4, b""


def silent(service):
    """Nothing at all."""
    return b"", b""


def open_all(service, kinds):
    """Open the connections of each kind.

    Returns:
        Socket -> the byte that it sends now and then.
    """
    drips = {}
    for kind in kinds:
        first, drip = kind(service)
        for _ in range(EACH):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((LOOPBACK, service.port))
            connection.sendall(first)
            connection.setblocking(False)
            drips[connection] = (kind, drip)
    return drips


def is_open(service, connection):
    """Whether the server still holds its end, by the kernel's table: a reader that reads would not be slow."""
    state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    established = 1
    return state == established


@pytest.mark.parametrize("kinds", [(slow_heads, slow_bodies, silent), (slow_readers,)], ids=["senders", "readers"])
def test_slow_callers_hold_nobody_up_and_are_let_go(service, kinds):
    """With hundreds of slow connections every normal request is answered, and in 15 seconds all of them are gone."""
    drips = open_all(service, kinds)
    began = time.monotonic()
    answered = 0
    try:
        with httpx.Client(base_url=service.url, headers=service.headers, trust_env=False, timeout=5.0) as client:
            while any(is_open(service, connection) for connection in drips):
                assert time.monotonic() - began < REAPED_SECONDS, "slow connections are still open"
                assert client.post("/v1/scores", content=RECORD).status_code == 200
                answered += 1
                for connection, (_, drip) in drips.items():
                    try:
                        connection.send(drip)
                    except OSError:
                        continue
                time.sleep(0.2)
    finally:
        for connection in drips:
            connection.close()
    assert answered > 5
    assert open_sockets(service) < 10


def open_sockets(service):
    """Established connections of the server, by the kernel's table."""
    port = f":{service.port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for line in lines if line[1].endswith(port) and line[3] == "01")


def test_steady_caller_is_not_cut(service):
    """A body that comes slowly and within its time is read: the deadlines hit nobody who sends."""
    first, _ = slow_bodies(service)
    sent = first[:-1].replace(b"60000", str(len(RECORD)).encode())
    with socket.create_connection((LOOPBACK, service.port), timeout=5) as connection:
        for piece in (sent[:40], sent[40:], RECORD[:100], RECORD[100:]):
            connection.sendall(piece)
            time.sleep(0.4)
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_many_files_may_be_open(service):
    """The server asks the system for as many open connections as it may have."""
    limits = Path(f"/proc/{service.process.pid}/limits").read_text()
    soft, hard = next(line for line in limits.splitlines() if "open files" in line).split()[3:5]
    assert soft == hard
