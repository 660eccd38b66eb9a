"""A receiver of messages: a real server on a loopback address, which answers as it is told."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECRET = bytes(range(32))
SECRET_TEXT = "whsec_" + base64.b64encode(SECRET).decode()


@dataclass
class Receiver:
    """What came, and what is answered."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and headers of the next answers; 204 after them."""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """Ids of the messages, in the order in which they came."""
        return [headers["webhook-id"] for headers, _ in self.came]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What they say."""
        return [json.loads(body) for _, body in self.came]

    def wait_for(self, met: Callable[["Receiver"], bool], seconds: float = 30.0) -> None:
        """Wait until something is so."""
        until = time.monotonic() + seconds
        while not met(self):
            assert time.monotonic() < until, f"{len(self.came)} messages came"
            time.sleep(0.02)


def is_signed(headers: dict[str, str], body: bytes, secret: bytes = SECRET) -> bool:
    """Check a signature in the way of a receiver, written here a second time."""
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    expected = base64.b64encode(hmac.new(secret, signed, sha256).digest()).decode()
    return headers["webhook-signature"] == f"v1,{expected}"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers = receiver.answers.pop(0) if receiver.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def subscription_file(directory: Path, url: str, key_id: str, /, **facts: Any) -> Path:
    """Write a file of one subscription with its secret."""
    secret = directory / "desk.secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET_TEXT)
    entry = {"name": "desk", "url": url, "key_id": key_id, "secret_file": str(secret), "bands": []} | facts
    path = directory / "hits.toml"
    path.write_text("[[subscription]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in entry.items()))
    return path
