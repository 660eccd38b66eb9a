"""One connection: deadlines, bounds and one meaning for every request, before any of it is served.

uvicorn parses (by llhttp, strictly) and runs the application. What it leaves open is closed here: a head may take for
ever, be of any size and name any host; an answer may never be fetched; the rest of a body that nobody reads may go on.
``docs/decisions`` says why this server was chosen and how others did.
"""

import asyncio
import socket
import struct
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from riskapi.access.certificates import peer_certificate
from riskapi.errors import plain_answer
from riskapi.server.framing import Trailers, is_padded
from riskapi.server.head import check_head
from riskapi.server.limits import Limits
from riskapi.server.refusals import HEAD, LATE, PADDED, SYNTAX, Refusal, RefusedError
from riskapi.services import Services


class _Phase(Enum):
    """What of a request is awaited."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


class GuardedProtocol(HttpToolsProtocol):
    """One connection with deadlines and bounds; made by :func:`guarded`."""

    limits: ClassVar[Limits]
    services: ClassVar[Services]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._phase = _Phase.HEAD
        self._head_bytes = 0
        self._refusal = SYNTAX
        self._awaited = _Phase.NOTHING
        self._keeps_alive = True
        self._wire_bytes = 0
        self._body_bytes = 0
        self._running: RequestResponseCycle | None = None
        self._refused = False
        self._tls: dict[Any, Any] | None = None
        self._receiving: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent has it
        """Start waiting for the first head."""
        super().connection_made(transport)
        if self.scheme == "https":
            self._tls = peer_certificate(transport)  # once: the handshake is over
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of all timers."""
        for timer in (self._receiving, self._writing):
            if timer is not None:
                timer.cancel()
        self._receiving = self._writing = None
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, then see to the deadline of what is still awaited."""
        self._unset_keepalive_if_required()
        if self.transport.is_closing() or self._refused:
            return
        if self._is_endless_head(data):
            self._refuse(HEAD)
            return
        began = self._phase is _Phase.HEAD
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._last_of_connection()  # another protocol is not spoken here: the request is served as it stands
        except httptools.HttpParserError:
            self._refuse(self._refusal)
            return
        if self._phase is _Phase.HEAD:
            self._head_bytes += len(data) if began else 1  # where it began within, its size is known at its end
            if self._head_bytes > self.limits.head_bytes:
                self._refuse(HEAD)
                return
        elif self._phase is _Phase.BODY:
            self._wire_bytes += len(data)
            if is_padded(self._wire_bytes, self._body_bytes):
                self._refuse(PADDED)
                return
        if self._phase is not self._awaited:
            self._watch()

    def on_message_begin(self) -> None:
        """Note that a head is on its way."""
        self._phase = _Phase.HEAD
        self._head_bytes = 0
        super().on_message_begin()
        if self._tls is not None:
            self.scope["extensions"] = {"tls": self._tls}

    def on_headers_complete(self) -> None:
        """Hand the request on if it has one meaning only."""
        refusal = check_head(self.parser.get_http_version(), self.url, self.headers, self.limits)
        if refusal is not None:
            self._refusal = refusal
            raise RefusedError
        self._phase = _Phase.BODY
        super().on_headers_complete()
        self.headers = Trailers()  # what comes after the body is no header: it is counted and forgotten
        self._wire_bytes = self._body_bytes = 0
        self._keeps_alive = self.cycle.keep_alive
        self.cycle.keep_alive = False  # an answer before the end of the body is the last one

    def on_body(self, body: bytes) -> None:
        """Count what of the body came."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that nothing of this request is awaited any more."""
        self._phase = self._awaited = _Phase.NOTHING
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None
        if not self.cycle.response_started:
            self.cycle.keep_alive = self._keeps_alive
        super().on_message_complete()

    def shutdown(self) -> None:
        """Close, or let the request in flight be the last."""
        self._keeps_alive = False
        super().shutdown()

    def on_response_complete(self) -> None:
        """Close where the caller still sends what nobody will read, or does not fetch what was answered."""
        super().on_response_complete()
        if self._phase is _Phase.BODY and self.cycle.response_complete:
            self.transport.close()
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._watch_writing()

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection, whether or not the last answer was fetched."""
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self._cut()

    def pause_writing(self) -> None:
        """Start waiting for the caller to fetch the answer."""
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        """Stop waiting: the answer is being fetched."""
        super().resume_writing()
        if self._writing is not None and not self.transport.is_closing():
            self._writing.cancel()
            self._writing = None

    def _watch_writing(self) -> None:
        if self._writing is None:
            self._writing = self.loop.call_later(self.limits.write_seconds, self._cut)

    def _watch(self) -> None:
        """Set the one deadline of what is awaited now; more bytes do not move it."""
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None
        self._awaited = self._phase
        if self._phase is not _Phase.NOTHING:
            head = self._phase is _Phase.HEAD
            seconds = self.limits.head_seconds if head else self.limits.body_seconds
            self._receiving = self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        self._receiving = None
        if self.transport.is_closing():
            return
        if self._phase is _Phase.HEAD and self._head_bytes:
            self._refuse(LATE)
        elif self._phase is _Phase.HEAD and self._is_answering():
            return
        else:
            self._cut()

    def _cut(self) -> None:
        """End the connection at once; what was not fetched is dropped, by the system too."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_endless_head(self, data: bytes) -> bool:
        """Whether a head is larger than it may be, seen without parsing it."""
        limit = self.limits.head_bytes
        return len(data) > limit and self._phase is not _Phase.BODY and data.find(b"\r\n\r\n", 0, limit) < 0

    def _last_of_connection(self) -> None:
        if self._is_answering():
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer for a request that is not served; where an earlier one is being answered, only end the connection."""
        self._refused = True
        self._account(refusal)
        running = self._running
        own = running is self.cycle and self._phase is _Phase.BODY
        if running is None or running.response_complete or (own and not running.response_started):
            self._write(refusal)
            self.transport.close()
        elif own:
            self.transport.close()
        else:
            self._end_after_whole_requests(running)

    def _end_after_whole_requests(self, running: RequestResponseCycle) -> None:
        """Let the requests that came whole be answered, then close; what follows them is never looked at."""
        if self._phase is _Phase.BODY:
            self.pipeline.popleft()  # the newest, which is broken
        last = self.pipeline[0][0] if self.pipeline else running
        last.keep_alive = False
        self.cycle = last
        self.flow.pause_reading()

    def _write(self, refusal: Refusal) -> None:
        answer = plain_answer(refusal.status, detail=refusal.detail)
        headers = {name.encode(): value.encode() for name, value in answer.headers}
        headers |= {
            b"content-length": str(len(answer.body)).encode(),
            b"cache-control": b"no-store",
            b"x-content-type-options": b"nosniff",
            b"connection": b"close",
        }
        lines = [*self.server_state.default_headers, *headers.items()]
        head = b"".join([name + b": " + value + b"\r\n" for name, value in lines])
        self.transport.write(STATUS_LINE[refusal.status] + head + b"\r\n" + answer.body)

    def _account(self, refusal: Refusal) -> None:
        """Write the one line of a request that nobody else accounts for."""
        if self._phase is _Phase.BODY:
            return  # its head was served: the application writes the line
        self.services.metrics.requests.labels("(unserved)", "(other)", refusal.status).inc()
        self.services.log.info("request", route="(unserved)", status=refusal.status, cause=refusal.cause)


def guarded(limits: Limits, services: Services) -> type[GuardedProtocol]:
    """Make the protocol of a server."""
    members: Mapping[str, Any] = {"limits": limits, "services": services}
    return type("BoundedProtocol", (GuardedProtocol,), dict(members))
