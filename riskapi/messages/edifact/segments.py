"""Segments with their place: one split of the text, elements only where somebody asks for them.

Written here and not taken from pydifact: see docs/decisions/0013-own-edifact-tokens.md.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from riskapi.messages.base import unreadable
from riskapi.messages.edifact.separators import PLAIN, Separators
from riskapi.messages.edifact.text import Piece

MAX_SEGMENTS = 500_000
MAX_ELEMENTS = 2_000_000
MAX_PARTS = 1000
"""Elements of a segment, and components of an element, that are looked at."""

_CONTROLS = "\r\n\x00\x01\x02\x03\x04\x07\x0b\x0c\x1a"
"""What telex lines and their transmission leave in a text."""
_BLANKS = " \t\r\n"
"""What stands round segments; control characters may be separators (UNOB)."""


class Segment:
    """A segment: its tag, its number in the interchange, and its elements when they are asked for."""

    __slots__ = ("_parts", "_raw", "_separators", "number", "tag")

    def __init__(self, raw: str, number: int = 1, separators: Separators = PLAIN) -> None:
        """Hold a segment without taking it apart.

        Args:
            raw: its text, without blanks around it and without its terminator.
            number: in its interchange, from 1.
            separators: of the interchange.
        """
        self.tag = raw[:3]
        self.number = number
        self._raw = raw
        self._separators = separators
        self._parts: list[list[str]] | None = None

    @property
    def parts(self) -> list[list[str]]:
        """The tag, and the components of each element as they stand between their separators.

        >>> Segment("NAD+FL+++O?'NEIL:ANN").parts
        [['NAD'], ['FL'], [''], [''], ["O'NEIL", 'ANN']]
        """
        return self._parts or self._taken_apart()

    def components(self, element: int) -> list[str]:
        """The components of one element, without blanks around them; none where it was not sent."""
        parts = self._parts or self._taken_apart()
        return [part.strip(_BLANKS) for part in parts[element + 1]] if element + 1 < len(parts) else []

    def get(self, element: int, component: int = 0) -> str:
        """One component, without blanks around it; empty where it was not sent.

        >>> segment = Segment("DTM+189:2107131100:201")
        >>> segment.tag, segment.get(0, 1), segment.get(4)
        ('DTM', '2107131100', '')
        """
        parts = self._parts or self._taken_apart()
        if element + 1 < len(parts) and component < len(found := parts[element + 1]):
            return found[component].strip(_BLANKS)
        return ""

    def __len__(self) -> int:
        return len(self._parts or self._taken_apart()) - 1

    def _taken_apart(self) -> list[list[str]]:
        raw = self._raw
        mark, element, release, _ = self._separators
        if release and release in raw:
            whole = [_split(one, mark, release, MAX_PARTS) for one in _split(raw, element, release, MAX_PARTS)]
            self._parts = [[_released(part, release) for part in parts] for parts in whole]
        else:
            self._parts = [
                one.split(mark, MAX_PARTS) if mark in one else [one] for one in raw.split(element, MAX_PARTS)
            ]
        return self._parts


def _split(text: str, mark: str, release: str, most: int) -> list[str]:
    """Split a text at a separator that is not released."""
    parts = text.split(mark, most)
    if not release or release not in text:
        return parts
    return _rejoined(parts, mark, release)


def _rejoined(parts: list[str], mark: str, release: str) -> list[str]:
    """Put parts together again where what parted them was released: after an odd number of release characters."""
    joined: list[str] = []
    held: list[str] = []
    for part in parts:
        held.append(part)
        if part.endswith(release) and (len(part) - len(part.rstrip(release))) % 2:
            continue
        joined.append(mark.join(held))
        held.clear()
    if held:
        joined.append(mark.join(held))
    return joined


def _released(text: str, release: str) -> str:
    return re.sub(re.escape(release) + "(.?)", r"\1", text, flags=re.DOTALL)


class Segments:
    """The segments of one interchange."""

    def __init__(self, piece: Piece) -> None:
        """Split the text.

        Args:
            piece: of what was sent.

        Raises:
            InvalidBodyError: there are more than :data:`MAX_SEGMENTS`, or :data:`MAX_ELEMENTS` in all of them.
        """
        self._piece = piece
        separators = piece.separators
        text = piece.text
        for sign in _CONTROLS:
            if sign in text and sign not in separators:
                text = text.replace(sign, "")
        if text.count(separators.terminator) > MAX_SEGMENTS:
            raise unreadable("message", f"at most {MAX_SEGMENTS} segments", "Send the message in parts.")
        if text.count(separators.element) + text.count(separators.component) > MAX_ELEMENTS:
            raise unreadable("message", f"at most {MAX_ELEMENTS} elements", "Send the message in parts.")
        self._parts = _split(text, separators.terminator, separators.release, -1)

    def __iter__(self) -> Iterator[Segment]:
        """Walk the segments in order, numbered from 1; empty ones are passed over."""
        separators = self._piece.separators
        for number, part in enumerate(self._parts, start=1):
            raw = part.strip(_BLANKS)
            if raw:
                yield Segment(raw, number, separators)

    def place(self, segment: Segment) -> str:
        """Say where a segment stands: its number, tag and line in what was sent; never what it says."""
        tag = segment.tag if segment.tag in _TAGS else "?"
        return f"segment {segment.number} ({tag}), line {self.line(segment.number)}"

    def line(self, number: int) -> int:
        """Find the line in which a segment begins; lines are counted only where somebody has to be told of one."""
        return self._piece.line + bisect_right(self._breaks, self._offsets[number - 1])

    @cached_property
    def _offsets(self) -> list[int]:
        """Where each segment begins in the text without its controls."""
        offsets, at = [], 0
        for part in self._parts:
            offsets.append(at + len(part) - len(part.lstrip(_BLANKS)))
            at += len(part) + 1
        return offsets

    @cached_property
    def _breaks(self) -> list[int]:
        """Where the line breaks were in the text without its controls."""
        breaks, removed = [], 0
        for match in re.finditer(f"[{re.escape(_CONTROLS)}]", self._piece.text):
            if match[0] == "\n":
                breaks.append(match.start() - removed)
            removed += match[0] not in self._piece.separators
        return breaks


_TAGS = frozenset(
    re.findall(
        "...",
        "ABIADDAPDATTBGMCNTCOMCPICTADATDOCDTMEBDEMPEQNERCFARFOPFTIFTXGEIGIDIFTLOCLTSMEAMONMSGNADNATORGPDTPTKQTY"
        "RCIREFRFFRPISACSRCSSDSSRTBDTDTTIFTKTTRATRITVLTXDUNAUNBUNEUNGUNHUNSUNTUNZ",
    )
)
"""Tags of both messages; where separators are mistaken, other text stands in their place, which findings never show."""
