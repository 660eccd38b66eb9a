"""From bytes to the text of interchanges: character sets, and what mail and telex put around a message."""

import re
from typing import NamedTuple

from riskapi.errors import InvalidBodyError
from riskapi.messages.base import unreadable
from riskapi.messages.edifact.separators import Separators, announced, used

MAX_BYTES = 16 * 1024 * 1024
MAX_INTERCHANGES = 1000

_CHARSETS = {
    "UNOA": "cp1252",
    "UNOB": "cp1252",
    "UNOC": "cp1252",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
}
"""Syntax identifier of UNB -> character set; cp1252 is Latin-1 with the quotes that mail programs write."""
_IDENTIFIER = re.compile(rb"UNB.{0,3}?(UNO[A-Z])", re.DOTALL)
_START = re.compile(r"(?<![A-Za-z0-9])(?:UNA(?=[^A-Za-z0-9].{0,12}?UN[BGH])|UNB(?=\s?[^\w \t\r\n]))", re.DOTALL)
_CANDIDATE = re.compile("UN[AB]")
_LATE_START = re.compile(r"(?<![A-Za-z0-9])UN[GH](?=\s?[^\w \t\r\n])")
_QUOTES = "\u2018\u2019\u00b4`"


class Piece(NamedTuple):
    """The text of one interchange, from its first segment on.

    Attributes:
        text: with its line breaks.
        separators: of it.
        line: of its first segment in what was sent, from 1.
    """

    text: str
    separators: Separators
    line: int


def decoded(raw: bytes) -> str:
    """Decode a message: UTF-16 by its mark, UTF-8 where it is that, else by the identifier of UNB.

    Raises:
        InvalidBodyError: it is too large.

    >>> decoded("UNB+UNOC:3+É'".encode("latin-1")), decoded("UNB+UNOC:3+É'".encode())
    ("UNB+UNOC:3+É'", "UNB+UNOC:3+É'")
    """
    if len(raw) > MAX_BYTES:
        raise unreadable("message", f"at most {MAX_BYTES // 1024 // 1024} MB", "Send the message in parts.")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    try:
        return raw.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        found = _IDENTIFIER.search(raw)
        name = _CHARSETS.get(found[1].decode(), "cp1252") if found else "cp1252"
        return raw.decode(name, "replace")


def pieces(text: str) -> tuple[list[Piece], list[InvalidBodyError]]:
    """Find the interchanges of a text; headers before, footers after and mail between them are passed over.

    Returns:
        Those that have separators, and why others have none.

    Raises:
        InvalidBodyError: there is nothing of EDIFACT in it.
    """
    starts = _starts(text)
    if not starts:
        raise unreadable("message", "an interchange that begins with UNA, UNB, UNG or UNH", "Send it from there on.")
    found, errors, line, counted = [], [], 1, 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        line += text.count("\n", counted, start)
        counted = start
        try:
            found.append(_piece(text[start:end], line))
        except InvalidBodyError as error:
            errors.append(error)
    return found, errors


def _starts(text: str) -> list[int]:
    starts: list[int] = []
    announced_last = False
    for candidate in _CANDIDATE.finditer(text):  # looked for by its letters alone, which takes a fifth of the time
        match = _START.match(text, candidate.start())
        if match is None:
            continue
        is_una = match[0] == "UNA"
        if not announced_last or is_una:
            starts.append(match.start())
        announced_last = is_una
        if len(starts) == MAX_INTERCHANGES:
            break
    if not starts and (late := _LATE_START.search(text)):
        starts.append(late.start())
    return starts


def _piece(text: str, line: int) -> Piece:
    if not text.startswith("UNA"):
        return Piece(_plain_quotes(text, separators := used(text, 0, line)), separators, line)
    separators, begin = announced(text, 0, line)
    line += text.count("\n", 0, begin)
    if (
        text[begin + 3 : begin + 5].lstrip(" ")[:1] != separators.element
    ):  # UNA says one thing, the message does another
        separators = used(text, begin, line)
    if separators.terminator in _QUOTES:
        separators = separators._replace(terminator="'")
    body = text[begin:]
    return Piece(_plain_quotes(body, separators), separators, line)


def _plain_quotes(text: str, separators: Separators) -> str:
    """Write typographic quotes that end segments as what they were before a mail program changed them."""
    if separators.terminator != "'" or (text.isascii() and "`" not in text):
        return text
    element = re.escape(separators.element)
    return re.sub(rf"[{_QUOTES}](?=\s*(?:[A-Z]{{3}}\s?(?:{element}|['{_QUOTES}])|\Z))", "'", text)
