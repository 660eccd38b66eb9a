"""What can be done at the desk, and where a case stands after it: worked out from what was done, never written down."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from riskapi.errors import ConflictError, FourEyesError


class Act(StrEnum):
    """What can be done with a case."""

    CLAIMED = "claimed"
    RELEASED = "released"
    HANDED_OVER = "handed_over"
    FIRST_VIEW = "first_view"
    OPENED = "opened"
    NOTED = "noted"
    READ = "read"
    RESOLVED = "resolved"


class State(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    """It waits for a reader, or one has it."""
    DISPUTED = "disputed"
    """Two readers found different things: a third person resolves it."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class DeskEvent:
    """Something that was done.

    Attributes:
        version: of the case after it: 1 for the first event, one more for each.
        person: who did it.
        at: when (UTC, ISO 8601).
        content: what was said with it.
    """

    id: str
    version: int
    act: Act
    person: str
    at: str
    content: Mapping[str, Any]


@dataclass(slots=True)
class Standing:
    """Where a case stands.

    Attributes:
        needed: persons who have to read it.
        version: of its last event; 0 where nothing was done yet.
        held_by: who took it last, and nobody since; empty once it was given back or read.
        held_until: until when nobody else can take it (UTC, ISO 8601).
        readings: what readers found, in order; the last one of three is the resolution.
        first_views: what readers noted before they saw the score, by turn and person.
        opened: turns and persons that saw score and reasons.
        notes: of each turn: who, when, what.
    """

    needed: int
    version: int = 0
    state: State = State.OPEN
    held_by: str = ""
    held_until: str = ""
    readings: list[DeskEvent] = field(default_factory=list)
    first_views: dict[tuple[int, str], DeskEvent] = field(default_factory=dict)
    opened: dict[tuple[int, str], DeskEvent] = field(default_factory=dict)
    notes: list[tuple[int, DeskEvent]] = field(default_factory=list)
    last: DeskEvent | None = None

    @property
    def turn(self) -> int:
        """The reading that is under way, from 1."""
        return len(self.readings) + 1

    @property
    def readers(self) -> frozenset[str]:
        """Who has read it."""
        return frozenset(one.person for one in self.readings)

    def has_opened(self, person: str) -> bool:
        """Whether somebody has seen score and reasons in this turn."""
        return (self.turn, person) in self.opened

    def after(self, event: DeskEvent) -> "Standing":
        """Take one more event."""
        self.version, self.last = event.version, event
        match event.act:
            case Act.CLAIMED:
                self.held_by, self.held_until = event.person, event.content["until"]
            case Act.HANDED_OVER:
                self.held_by, self.held_until = event.content["to"], event.content["until"]
                self.notes.append((self.turn, event))
            case Act.RELEASED:
                self.held_by = self.held_until = ""
                if event.content.get("note"):
                    self.notes.append((self.turn, event))
            case Act.NOTED:
                self.notes.append((self.turn, event))
            case Act.FIRST_VIEW:
                self.first_views[self.turn, event.person] = event
            case Act.OPENED:
                self.opened.setdefault((self.turn, event.person), event)
            case Act.READ | Act.RESOLVED:
                last = len(self.readings) + 1 >= self.needed
                self.state = State.CLOSED if closes(self, event.content) else State.DISPUTED if last else State.OPEN
                self.readings.append(event)
                self.held_by = self.held_until = ""
        return self


def standing_of(needed: int, events: Sequence[DeskEvent]) -> Standing:
    """Work out where a case stands.

    Args:
        needed: persons who have to read it.
        events: of the case, in order.

    >>> made = [DeskEvent("a", 1, Act.CLAIMED, "Amina", "2026-03-14T09:00:00.000Z", {"until": "2026-03-14T09:20:00Z"})]
    >>> standing_of(1, made).held_by
    'Amina'
    """
    standing = Standing(needed)
    for event in events:
        standing.after(event)
    return standing


def found_of(content: Mapping[str, Any]) -> tuple[str, str | None]:
    """What two readers have to agree on: whether somebody looked, and what was found."""
    outcome = content["outcome"]
    return outcome["compliance"], outcome["outcome_code"]


def closes(standing: Standing, content: Mapping[str, Any]) -> bool:
    """Whether one more reading closes a case, so that its outcome counts: all found the same, or it resolves."""
    if standing.state is State.DISPUTED:
        return True
    others = [found_of(one.content) for one in standing.readings]
    return len(others) + 1 >= standing.needed and all(one == found_of(content) for one in others)


def check_claim(standing: Standing, person: str, now: str) -> None:
    """Check that somebody can take a case.

    Raises:
        ConflictError: where somebody else has it, or it is closed.
        FourEyesError: where they have read it before.
    """
    _check_not_closed(standing)
    if person in standing.readers:
        raise FourEyesError("You have read this case: another named person has to.")
    if standing.held_by not in {"", person} and standing.held_until > now:
        raise ConflictError(f"{standing.held_by} took this case and has it until {_minute(standing.held_until)}.")


def check_holds(standing: Standing, person: str, version: int) -> None:
    """Check that somebody has a case, and has seen everything that was done with it.

    Who took a case keeps it when its time is over, for as long as nobody else takes it: nothing that was written is
    lost to a clock.

    Raises:
        ConflictError: saying what happened meanwhile.
    """
    _check_not_closed(standing)
    if standing.held_by != person:
        taken = f"{standing.held_by} has it now" if standing.held_by else "it is back in the queue"
        raise ConflictError(f"You do not have this case: {taken}. Nothing was stored.")
    if standing.version != version:
        raise ConflictError(
            f"The page is out of date: it shows version {version} of the case, which is at {standing.version}"
            f"{_last(standing)}. Nothing was stored; load the case again."
        )


def check_first_view(standing: Standing, person: str) -> None:
    """Check that an own view can be noted: once, and before the score is seen.

    Raises:
        ConflictError: where it cannot.
    """
    if standing.has_opened(person):
        raise ConflictError("You have seen the score: an own view can be noted only before.")
    if (standing.turn, person) in standing.first_views:
        raise ConflictError("Your own view is noted, and is not changed afterwards.")


def check_open(standing: Standing, person: str, *, view_first: bool) -> None:
    """Check that score and reasons can be shown.

    Raises:
        ConflictError: where the own view has to come first.
    """
    if view_first and standing.state is State.OPEN and (standing.turn, person) not in standing.first_views:
        raise ConflictError("Note your own view of this case first; score and reasons are shown after it.")


def check_opened(standing: Standing, person: str) -> None:
    """Check that somebody has seen what they judge.

    Raises:
        ConflictError: where they have not.
    """
    if not standing.has_opened(person):
        raise ConflictError("Open score, reasons and data quality of this case first; nothing is decided unseen.")


def visible_notes(standing: Standing, person: str) -> Iterator[DeskEvent]:
    """Notes that somebody may read: of their own turn once they saw the score, and all once others' views are shown."""
    shows_all = shows_readings(standing, person)
    for turn, note in standing.notes:
        if shows_all or note.person == person or (turn == standing.turn and standing.has_opened(person)):
            yield note


def shows_score(standing: Standing, person: str) -> bool:
    """Whether somebody sees score and reasons: once they had them shown, or when all is done."""
    return standing.state is State.CLOSED or standing.has_opened(person)


def shows_readings(standing: Standing, person: str) -> bool:
    """Whether somebody may see what readers found: when all is done, or to resolve it, once they saw the score."""
    if standing.state is State.CLOSED:
        return True
    return standing.state is State.DISPUTED and standing.held_by == person and standing.has_opened(person)


def _check_not_closed(standing: Standing) -> None:
    if standing.state is State.CLOSED:
        raise ConflictError(f"This case is closed{_last(standing)}. To correct its outcome, record one that names it.")


def _last(standing: Standing) -> str:
    last = standing.last
    return "" if last is None else f" ({last.act.replace('_', ' ')} by {last.person}, {_minute(last.at)})"


def _minute(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"
