"""One booking of a PNRGOV message, sorted: whose segments are whose, and what is history."""

from dataclasses import dataclass, field
from enum import Enum, auto

from riskapi.messages.edifact.segments import Segment


@dataclass(slots=True)
class Traveller:
    """A TIF segment with the segments that belong to it."""

    header: Segment
    surname: str
    given: str
    kind: str
    """A adult, C child, IN infant, or empty."""
    ref: str
    segments: list[Segment] = field(default_factory=list)


@dataclass(slots=True)
class CheckIn:
    """What departure control says of one traveller on one leg: seat and baggage."""

    ref: str
    surname: str
    given: str
    segments: list[Segment] = field(default_factory=list)


@dataclass(slots=True)
class Leg:
    """A TVL segment of the itinerary with what belongs to it."""

    header: Segment
    segments: list[Segment] = field(default_factory=list)
    checked_in: list[CheckIn] = field(default_factory=list)


@dataclass(slots=True)
class Booking:
    """The segments of one booking, from SRC to the next."""

    header: Segment
    head: list[Segment] = field(default_factory=list)
    """Before the first traveller: locator, dates, agency, requests for all."""
    travellers: list[Traveller] = field(default_factory=list)
    groups: int = 0
    """TIF segments of a group without names."""
    legs: list[Leg] = field(default_factory=list)
    is_split: bool = False
    changes: int = 0
    """Entries of the history."""
    name_changes: int = 0
    has_history: bool = False
    has_free_text: bool = False


class _Part(Enum):
    HEAD = auto()
    TRAVELLERS = auto()
    ITINERARY = auto()
    OTHER = auto()
    HISTORY = auto()


def sorted_bookings(segments: list[Segment]) -> tuple[list[Segment], list[Booking]]:
    """Part a message into what is before the bookings, and the bookings."""
    level_0: list[Segment] = []
    bookings: list[Booking] = []
    sorter: _Sorter | None = None
    for segment in segments:
        if segment.tag == "SRC" or (sorter is None and segment.tag in {"RCI", "TIF"}):  # SRC is lost in some
            sorter = _Sorter(Booking(segment))
            bookings.append(sorter.booking)
        if sorter is None:
            level_0.append(segment)
        elif segment.tag != "SRC":
            sorter.add(segment)
    return level_0, bookings


class _Sorter:
    """Follows the order of the segment groups; where a message leaves it, the last group that was clear counts."""

    def __init__(self, booking: Booking) -> None:
        self.booking = booking
        self._part = _Part.HEAD
        self._checked_in: CheckIn | None = None
        self._adds = False

    def add(self, segment: Segment) -> None:
        """Put a segment where it belongs."""
        tag, booking = segment.tag, self.booking
        if tag == "LTS":
            booking.has_free_text = True
        elif tag == "ABI":
            self._part = _Part.HISTORY
            booking.has_history = True
            booking.changes += 1
        elif self._part is _Part.HISTORY:
            self._in_history(segment)
        elif tag == "MSG":
            self._part = _Part.OTHER
        elif tag == "EQN":
            booking.is_split = True
            self._part = _Part.OTHER
        elif tag == "TVL":
            self._travel(segment)
        elif self._part is not _Part.OTHER:
            self._own(segment)

    def _travel(self, segment: Segment) -> None:
        if self._part is _Part.OTHER:  # a hotel, a hired car
            return
        self._part = _Part.ITINERARY
        self._checked_in = None
        if segment.get(1) or segment.get(2) or not self.booking.legs:  # without ports: the operating flight's number
            self.booking.legs.append(Leg(segment))

    def _in_history(self, segment: Segment) -> None:
        """Count names that were added: one that changes is taken out (SAC X) and added (SAC A)."""
        if segment.tag == "SAC":
            self._adds = segment.get(2).upper() == "A"
        elif segment.tag == "TIF" and self._adds:
            self.booking.name_changes += 1

    def _own(self, segment: Segment) -> None:
        if segment.tag == "TIF":
            self._named(segment)
        elif segment.tag == "TRI" and self._part is _Part.ITINERARY:
            self._checked_in = CheckIn(segment.get(1, 3), "", "")
            self.booking.legs[-1].checked_in.append(self._checked_in)
        elif self._part is _Part.HEAD:
            self.booking.head.append(segment)
        elif self._part is _Part.TRAVELLERS:
            self.booking.travellers[-1].segments.append(segment)
        elif self._checked_in is not None and segment.tag in {"SSD", "TBD"}:
            self._checked_in.segments.append(segment)
        elif self.booking.legs:
            self.booking.legs[-1].segments.append(segment)

    def _named(self, segment: Segment) -> None:
        surname, given, ref = segment.get(0), segment.get(1), segment.get(1, 2)
        if self._part is _Part.ITINERARY:
            if self._checked_in is None:
                self._checked_in = CheckIn("", "", "")
                self.booking.legs[-1].checked_in.append(self._checked_in)
            found = self._checked_in
            found.ref, found.surname, found.given = ref or found.ref, surname, given
        elif segment.get(0, 1).upper() == "G" and not given:
            self.booking.groups += 1
        else:
            self._part = _Part.TRAVELLERS
            self.booking.travellers.append(Traveller(segment, surname, given, segment.get(1, 1).upper(), ref))
