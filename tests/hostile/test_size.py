import gzip
import json
import socket
import zlib
from pathlib import Path

import pytest

from tests.faults.service import LOOPBACK, RECORD
from tests.hostile.bodies import MARK, marked
from tests.hostile.wire import exchange

LIMIT = 64 * 1024
CHUNKED = "Transfer-Encoding: chunked"


def head(service, *headers):
    """The head of a scoring request."""
    lines = ["POST /v1/scores HTTP/1.1", f"Host: {LOOPBACK}", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Authorization: Bearer {service.key}"]).encode() + b"\r\n\r\n"


def in_chunks(body, size=4096):
    """A body in chunks."""
    pieces = (body[place : place + size] for place in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT * 3])
@pytest.mark.parametrize("way", ["announced", "in chunks", "in one chunk"])
def test_body_beyond_the_limit_is_refused(service, size, way):
    """One byte too many gives 413, however the body comes, and the connection ends."""
    body = RECORD.ljust(size)
    if way == "announced":
        sent = head(service, f"Content-Length: {size}") + body
    else:
        sent = head(service, CHUNKED) + in_chunks(body, 4096 if way == "in chunks" else size)
    heard = exchange(service.port, sent)
    assert heard.statuses == [413]
    assert heard.answers[0].headers["content-type"] == "application/problem+json"
    assert heard.closed


def test_announced_length_alone_is_enough_to_refuse(service):
    """A length beyond the limit is refused before a byte of the body came."""
    assert exchange(service.port, head(service, f"Content-Length: {200 << 20}")).statuses == [413]


def test_body_of_exactly_the_limit_is_read_in_any_way(service):
    """The largest body that is allowed is answered, in chunks, too."""
    body = RECORD.ljust(LIMIT)
    whole = head(service, f"Content-Length: {LIMIT}", "Connection: close") + body
    assert exchange(service.port, whole).statuses == [200]
    assert exchange(service.port, head(service, CHUNKED, "Connection: close") + in_chunks(body)).statuses == [200]


def pour(service, headers, piece, total, first=b""):
    """Send until the server cuts the connection.

    Returns:
        The bytes that the server took at most: what was sent, its own buffers included.
    """
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        connection.settimeout(10)
        connection.connect((LOOPBACK, service.port))
        sent = 0
        try:
            connection.sendall(head(service, *headers) + first)
            while sent < total:
                sent += connection.send(piece)
        except OSError:
            return sent
    return sent


def resident_kb(service):
    """Memory of the server, in kB."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@pytest.mark.parametrize("key", ["valid", "none"])
def test_200_megabytes_are_cut_before_one_is_read(service, key):
    """A stream that does not end costs the server less than a megabyte each, and no memory that stays."""
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    headers = [CHUNKED] if key == "valid" else [CHUNKED, "X-Other: y"]
    if key == "none":
        keyless = type("Keyless", (), {"key": "rk_0_0", "port": service.port})()
        pours = [pour(keyless, headers, piece, 200 << 20) for _ in range(10)]
    else:
        pour(service, headers, piece, 200 << 20)
        before = resident_kb(service)
        pours = [pour(service, headers, piece, 200 << 20) for _ in range(10)]
        assert resident_kb(service) - before < 5 * 1024
    assert max(pours) < 1 << 20


def test_framing_without_end_is_cut(service):
    """Extensions of chunks and trailers are bounded, too."""
    extension = b"1;a=" + b"b" * 0x10000 + b"\r\n \r\n"
    assert pour(service, [CHUNKED], extension, 200 << 20) < 4 << 20
    trailer = b"X-Note: " + b"b" * 0x10000 + b"\r\n"
    assert pour(service, [CHUNKED], trailer, 200 << 20, first=b"0\r\n") < 4 << 20


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-gzip", "identity, gzip", "GZIP", "unknown"])
def test_compressed_bodies_are_not_unpacked(service, coding):
    """A megabyte that would unpack to a gigabyte is refused by its header, and so is any other coding."""
    bomb = gzip.compress(bytes(1 << 24)) if "gzip" in coding.lower() else zlib.compress(bytes(1 << 24))
    heard = exchange(service.port, head(service, f"Content-Encoding: {coding}", f"Content-Length: {len(bomb)}") + bomb)
    assert heard.statuses == [415]


def test_large_fact_is_not_repeated(service):
    """A name of 50,000 characters is refused with a short answer."""
    body = json.dumps(marked() | {"record_id": MARK * 5_000}).encode()
    heard = exchange(service.port, head(service, f"Content-Length: {len(body)}", "Connection: close") + body)
    assert heard.statuses == [422]
    assert len(heard.answers[0].body) < 1000
    assert MARK.encode() not in heard.answers[0].body
