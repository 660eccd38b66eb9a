"""The messages of an interchange: from UNH to UNT, in groups or not, whole or cut off."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from riskapi.errors import InvalidBodyError
from riskapi.messages.base import Findings, unreadable
from riskapi.messages.edifact.segments import Segment, Segments
from riskapi.messages.edifact.text import decoded, pieces

MAX_MESSAGES = 10_000
_ENVELOPE = frozenset({"UNB", "UNG", "UNH", "UNT", "UNE", "UNZ"})
_PERSONS = frozenset({"NAD", "TIF", "PDT"})


@dataclass(slots=True)
class EdifactMessage:
    """One message of an interchange."""

    type: str
    """As UNH says it, in capitals: PAXLST, PNRGOV ...; empty where it does not."""
    prepared_at: datetime | None
    """When the interchange was prepared, as UNB says it; without a zone."""
    segments: list[Segment]
    """Between UNH and UNT."""
    source: Segments = field(repr=False)
    """Where places are looked up."""
    number: int = 1
    """Among the messages of what was sent."""

    def place(self, segment: Segment) -> str:
        """Say where a segment stands."""
        return f"message {self.number}, {self.source.place(segment)}"


def edifact_messages(raw: bytes, findings: Findings) -> list[EdifactMessage]:
    """Find the messages in what was sent.

    Args:
        raw: bytes as they arrived.
        findings: where broken envelopes are told.

    Raises:
        InvalidBodyError: there is no message in it.
    """
    found: list[EdifactMessage] = []
    texts, errors = pieces(decoded(raw))
    for piece in texts:
        for message in _messages(Segments(piece), findings):
            if len(found) == MAX_MESSAGES:
                findings.add("message", f"at most {MAX_MESSAGES} messages", "Those that follow are not read.")
                return found
            message.number = len(found) + 1
            found.append(message)
    if not found:
        raise errors[0] if errors else unreadable("message", "a message that begins with UNH", "Send it whole.")
    for error in errors:
        _tell(error, findings)
    return found


def _tell(error: InvalidBodyError, findings: Findings) -> None:
    for problem in error.problems:
        findings.add(problem.place, problem.rule, "Its interchange is not read. " + problem.remedy)


def _messages(source: Segments, findings: Findings) -> Iterator[EdifactMessage]:
    message: EdifactMessage | None = None
    prepared_at: datetime | None = None
    stray: list[Segment] = []
    for segment in source:
        tag = segment.tag
        if tag not in _ENVELOPE:
            (stray if message is None else message.segments).append(segment)
            continue
        if message is not None:
            _close(message, segment if tag == "UNT" else None, findings)
            yield message
            message = None
        if tag == "UNB":
            prepared_at = _prepared(segment)
        elif tag == "UNH":
            message = _opened(segment, prepared_at, source)
        elif tag == "UNZ":  # what follows is mail
            break
    if message is not None:
        _close(message, None, findings)
        yield message
    elif any(segment.tag in _PERSONS for segment in stray):
        findings.add(source.place(stray[0]), "a message begins with UNH", "The segments are read as one message.")
        yield EdifactMessage("", prepared_at, stray, source)


def _opened(header: Segment, prepared_at: datetime | None, source: Segments) -> EdifactMessage:
    return EdifactMessage(header.get(1).upper(), prepared_at, [header], source)


def _close(message: EdifactMessage, trailer: Segment | None, findings: Findings) -> None:
    """Leave the header out of the segments, and compare their number with the trailer's."""
    header, count = message.segments[0], len(message.segments) + 1
    message.segments = message.segments[1:]
    if trailer is None:
        findings.add(message.source.place(header), "a message ends with UNT", "What came of it is read.")
        return
    told = trailer.get(0)
    if told.isascii() and told.isdigit() and int(told[:9]) != count:
        findings.add(
            message.source.place(trailer),
            "UNT tells the number of segments of its message",
            f"{count} came and are read; compare with what was sent.",
        )


def _prepared(header: Segment) -> datetime | None:
    day, time = header.get(3), header.get(3, 1)
    for text, form in ((day + time, "%y%m%d%H%M"), (day + time, "%Y%m%d%H%M"), (day, "%y%m%d"), (day, "%Y%m%d")):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - UNB knows no zones
        except ValueError:
            continue
    return None
