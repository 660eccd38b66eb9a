"""Why a request is not served: one meaning for every request, or none."""

from typing import NamedTuple


class Refusal(NamedTuple):
    """Why a request is not served: its status, the word for the log, the sentence for the caller."""

    status: int
    cause: str
    detail: str


SYNTAX = Refusal(400, "syntax", "The request is no strict HTTP/1.1 message.")
HOST = Refusal(400, "host", "The request must name one host, and one that this service answers for.")
TARGET = Refusal(400, "target", "The request must ask for a path of the host that it names.")
CODING = Refusal(400, "transfer_encoding", "A body comes with Content-Length, or in chunks and nothing else.")
VERSION = Refusal(505, "version", "HTTP/1.1 is spoken here.")
HEAD = Refusal(431, "head_size", "Request line and headers are too large together.")
PADDED = Refusal(400, "padding", "The body has more framing than content.")
LATE = Refusal(408, "head_timeout", "The head of the request did not arrive in time.")


class RefusedError(Exception):
    """Leaves the parser from within one of its callbacks."""
