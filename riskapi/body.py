"""Bodies from outside: read within a limit, of one media type, as strict JSON. The one door for all routes."""

import asyncio
import re
from collections.abc import Collection
from typing import Any

import jiter
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from riskapi.errors import BodyTimeoutError, BodyTooLargeError, MalformedBodyError, MediaTypeError

JSON_TYPES = (b"application/json",)
NDJSON_TYPE = b"application/x-ndjson"

_PLACE = re.compile(r" at line (\d+) column (\d+)$")
_RULES = (
    ("Detected duplicate key", "a key occurs twice in one object", "Send each key once."),
    ("recursion limit", "it is nested too deeply", "Nest at most 200 levels."),
    ("lone leading surrogate", "a text holds half of a surrogate pair", "Send characters as UTF-8 or as whole pairs."),
    ("hex escape", "a text holds a broken \\u escape", "Send characters as UTF-8 or as whole pairs."),
    ("invalid unicode", "a text is not valid UTF-8", "Encode the body as UTF-8."),
    ("number out of range", "a number has too many digits", "Send numbers of ordinary length."),
    ("control character", "a text holds a control character", "Write control characters as escapes."),
    ("EOF", "it ends too early", "Send one complete JSON value."),
    ("trailing characters", "something follows the value", "Send one JSON value and nothing after it."),
)
_OTHER_RULE = ("it is not what JSON allows here", "NaN, Infinity, comments and trailing commas are no JSON.")


def strict_json(raw: bytes) -> Any:
    """Parse JSON that every reader understands alike: no duplicate keys, no NaN, no broken text, bounded depth.

    Raises:
        MalformedBodyError: naming rule, line and column; never what stands there.

    >>> strict_json(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    riskapi.errors.MalformedBodyError: Line 1, column 14: a key occurs twice in one object. Send each key once.
    """
    try:
        return jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        text = str(error)
        place = _PLACE.search(text)
        where = f"Line {place[1]}, column {place[2]}: " if place else ""
        rule, remedy = next((found[1:] for found in _RULES if found[0] in text), _OTHER_RULE)
        raise MalformedBodyError(f"{where}{rule}. {remedy}") from None


def is_plain(raw: bytes, names: int) -> bool:
    """Whether valid JSON is known to name nothing twice, without parsing it again.

    Where no colon follows white space, each name of the text ends in a quotation mark and a colon. So there are at most
    as many names as such places; where these are as many as the different names that were read, none occurs twice. A
    text that holds such a place itself makes the answer no, which only says that :func:`strict_json` has to look. What
    lies between them is taken out first, digits excepted, so that a text with a time in it is no such place.

    Args:
        raw: JSON that was read as an object.
        names: different names of all its objects together.

    >>> is_plain(b'{"a":{"b":1}}', 2), is_plain(b'{"a":1,"a":2}', 1), is_plain(b'{"a" :1}', 1)
    (True, False, False)
    """
    marks = raw.translate(None, _NO_MARKS)
    return marks.count(b'":') == names and not (b" :" in marks or b"\n:" in marks or b"\r:" in marks or b"\t:" in marks)


_NO_MARKS = bytes(set(range(256)) - set(b'": \n\r\t0123456789'))


def check_media_type(scope: Scope, accepted: Collection[bytes] = JSON_TYPES) -> tuple[bytes, int | None]:
    """Check type and encoding of a body before it is read.

    Returns:
        The media type, and the length that the sender announced.

    Raises:
        MediaTypeError: for any other type or character set, or a compressed body.
    """
    media_type, length = b"", None
    for name, value in scope["headers"]:
        if name == b"content-type":
            media_type, _, rest = value.partition(b";")
            media_type = media_type.strip().lower()
            if rest and b"charset" in rest.lower() and rest.lower().strip().replace(b'"', b"") != b"charset=utf-8":
                raise MediaTypeError("The body has a character set that is not read here. Send UTF-8.")
        elif name == b"content-encoding":
            if value.strip().lower() != b"identity":
                raise MediaTypeError("The body is compressed. Send it as it is, without Content-Encoding.")
        elif name == b"content-length" and value.isdigit():
            length = int(value)
    if media_type not in accepted:
        raise MediaTypeError(f"Send the body with Content-Type {' or '.join(t.decode() for t in accepted)}.")
    return media_type, length


async def read_body(receive: Receive, announced: int | None, limit_bytes: int, timeout_seconds: float) -> bytes:
    """Read a body within a limit of size and time.

    Raises:
        BodyTooLargeError: as soon as the limit is passed, before more is read.
        BodyTimeoutError: where the rest does not arrive in time.
    """
    if announced is not None and announced > limit_bytes:
        raise BodyTooLargeError(_too_large(limit_bytes))
    message = await receive()
    if not message.get("more_body"):  # nearly always: the whole body came with the head
        body: bytes = _chunk(message)
        if len(body) > limit_bytes:
            raise BodyTooLargeError(_too_large(limit_bytes))
        return body
    chunks = [_chunk(message)]
    size = len(chunks[0])
    try:
        async with asyncio.timeout(timeout_seconds):
            while message.get("more_body"):
                if size > limit_bytes:
                    raise BodyTooLargeError(_too_large(limit_bytes))
                message = await receive()
                chunks.append(_chunk(message))
                size += len(chunks[-1])
    except TimeoutError:
        raise BodyTimeoutError(f"The rest of the body did not arrive within {timeout_seconds:g} seconds.") from None
    if size > limit_bytes:
        raise BodyTooLargeError(_too_large(limit_bytes))
    return b"".join(chunks)


def _chunk(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    chunk: bytes = message.get("body", b"")
    return chunk


def _too_large(limit_bytes: int) -> str:
    return f"A body may have {limit_bytes} bytes. Send less, or several requests."
