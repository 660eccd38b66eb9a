"""What the desk's own figures say: time to decide, agreement with scores and reasons, agreement of two readers.

Readers who agree with whatever they are shown show themselves where some cases are read without the score: whether the
own view comes first is drawn (:mod:`riskapi.desk.arrival`), so the two groups differ in nothing else. Cases that were
drawn at random are in neither group, since their own view always comes first.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Annotated, Any

from pydantic import Field

from features.risk import Audience
from riskapi.desk.acts import Act, DeskEvent, Standing, found_of, standing_of
from riskapi.schemas import Wire
from riskapi.storage.desk_history import CaseHistory

LEVEL = 0.90
_LOOK_CLOSER, _CANNOT_TELL, _AGREES = "look_closer", "cannot_tell", "agrees"


class ShareBody(Wire):
    """A share with its interval (Wilson, 90 %); null where there is nothing to count."""

    hits: int
    of: int
    share: float | None
    low: float | None
    high: float | None


class ReasonAgreement(Wire):
    """What readers thought of one reason."""

    risk: str
    code: str
    verdicts: Annotated[dict[str, int], Field(description="How often each verdict was given")]
    agrees: Annotated[ShareBody, Field(description="Of those who could tell")]


class ReaderFigures(Wire):
    """What one reader did."""

    person: str
    readings: int
    minutes: Annotated[float | None, Field(description="Median time from taking a case to the end of its reading")]
    agrees: Annotated[ShareBody, Field(description="Verdicts on reasons that agree, of those who could tell")]
    alike: Annotated[ShareBody, Field(description="Cases read by two in which the other one found the same")]


class DeskMeasures(Wire):
    """Figures of the desk over the cases that were scored within a time."""

    audience: Audience
    since: datetime
    until: datetime
    cases: Annotated[int, Field(description="Cases with at least one act that were counted")]
    cut: Annotated[bool, Field(description="Whether there are more cases than were counted; the earliest are counted")]
    readings: int
    minutes_median: float | None
    minutes_p90: float | None
    shown: Annotated[
        ShareBody, Field(description="Of cases referred by score and read with it: readers who would look closer")
    ]
    hidden: Annotated[ShareBody, Field(description="The same by their own view, where that was drawn to come first")]
    moved: Annotated[ShareBody, Field(description="Own views that the score changed")]
    alike: Annotated[ShareBody, Field(description="Cases read by two who found the same")]
    reasons: list[ReasonAgreement]
    readers: Annotated[list[ReaderFigures], Field(description="By name for auditors; empty for others")]


def measure(
    histories: Sequence[CaseHistory], audience: Audience, window: tuple[datetime, datetime], *, cut: bool, named: bool
) -> DeskMeasures:
    """Count what was done with some cases.

    Args:
        histories: of the cases.
        audience: whose they are.
        window: when they were scored: since, until.
        cut: whether there are more.
        named: tell each reader's figures.
    """
    cases = [(one, standing_of(one.readings, one.events)) for one in histories]
    minutes = _Minutes(histories)
    verdicts = [(event.person, one) for _, case in cases for event in case.readings for one in event.content["reasons"]]
    pairs = [_pair(case) for _, case in cases if len(case.readings) > 1]
    times = sorted(minutes.all())
    moved = [view for _, case in cases for view in _moved(case)]
    return DeskMeasures(
        audience=audience,
        since=window[0],
        until=window[1],
        cases=len(cases),
        cut=cut,
        readings=sum(len(case.readings) for _, case in cases),
        minutes_median=median(times) if times else None,
        minutes_p90=times[int(0.9 * (len(times) - 1))] if times else None,
        shown=_share_of_closer(_shown(cases)),
        hidden=_share_of_closer(_hidden(cases)),
        moved=share(sum(moved), len(moved)),
        alike=share(sum(same for _, same in pairs), len(pairs)),
        reasons=_reasons(verdict for _, verdict in verdicts),
        readers=_readers(cases, minutes, verdicts, pairs) if named else [],
    )


def share(hits: int, of: int) -> ShareBody:
    """A share with its interval.

    >>> share(0, 0).share, round(share(8, 10).low, 2)
    (None, 0.54)
    """
    if not of:
        return ShareBody(hits=0, of=0, share=None, low=None, high=None)
    from models.metrics.intervals import wilson_interval  # noqa: PLC0415 - a service starts without numpy

    low, high = wilson_interval(hits, of, LEVEL)
    return ShareBody(hits=hits, of=of, share=hits / of, low=low, high=high)


_Cases = Sequence[tuple[CaseHistory, Standing]]


def _shown(cases: _Cases) -> Iterable[str]:
    """Views of first readers who had the score before them all the time."""
    return (
        case.readings[0].content["view"]
        for history, case in cases
        if history.by_score and history.first_view == "none" and case.readings
    )


def _hidden(cases: _Cases) -> Iterable[str]:
    """Own views of first readers, noted before they saw the score because that was drawn."""
    return (
        event.content["view"]
        for history, case in cases
        if history.by_score and history.first_view == "lane"
        for (turn, _), event in case.first_views.items()
        if turn == 1
    )


def _moved(case: Standing) -> Iterable[bool]:
    """For each reading with an own view, whether the view after the score is another one."""
    for turn, event in enumerate(case.readings, 1):
        before = case.first_views.get((turn, event.person))
        if before is not None:
            yield before.content["view"] != event.content["view"]


def _pair(case: Standing) -> tuple[tuple[str, str], bool]:
    """The two readers of a case, and whether they found the same."""
    one, other = case.readings[:2]
    return (one.person, other.person), found_of(one.content) == found_of(other.content)


def _share_of_closer(views: Iterable[str]) -> ShareBody:
    told = [view for view in views if view != _CANNOT_TELL]
    return share(told.count(_LOOK_CLOSER), len(told))


def _agrees(verdicts: Iterable[str]) -> ShareBody:
    told = [verdict for verdict in verdicts if verdict != _CANNOT_TELL]
    return share(told.count(_AGREES), len(told))


def _reasons(verdicts: Iterable[dict[str, str]]) -> list[ReasonAgreement]:
    by_reason: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in verdicts:
        by_reason[one["risk"], one["code"]].append(one["verdict"])
    return [
        ReasonAgreement(risk=risk, code=code, verdicts=dict(Counter(given)), agrees=_agrees(given))
        for (risk, code), given in sorted(by_reason.items())
    ]


def _readers(
    cases: _Cases, minutes: "_Minutes", verdicts: Sequence[tuple[str, dict[str, Any]]], pairs: Sequence[Any]
) -> list[ReaderFigures]:
    read = Counter(event.person for _, case in cases for event in case.readings)
    figures = []
    for person in sorted(read):
        own = [same for persons, same in pairs if person in persons]
        times = minutes.of(person)
        figures.append(
            ReaderFigures(
                person=person,
                readings=read[person],
                minutes=median(times) if times else None,
                agrees=_agrees(one["verdict"] for who, one in verdicts if who == person),
                alike=share(sum(own), len(own)),
            )
        )
    return figures


class _Minutes:
    """Minutes from taking a case to the end of its reading, by reader; from the last time that they took it anew."""

    def __init__(self, histories: Iterable[CaseHistory]) -> None:
        self._found: dict[str, list[float]] = defaultdict(list)
        for history in histories:
            self._add(history.events)

    def of(self, person: str) -> list[float]:
        """Those of one reader."""
        return self._found.get(person, [])

    def all(self) -> list[float]:
        """Those of all."""
        return [one for found in self._found.values() for one in found]

    def _add(self, events: Sequence[DeskEvent]) -> None:
        holder, since = "", ""
        for event in events:
            if event.act in {Act.CLAIMED, Act.HANDED_OVER}:
                person = event.content.get("to", event.person)
                if person != holder:
                    holder, since = person, event.at
            elif event.act is Act.RELEASED:
                holder = ""
            elif event.act in {Act.READ, Act.RESOLVED}:
                took = datetime.fromisoformat(event.at) - datetime.fromisoformat(since)
                self._found[event.person].append(took.total_seconds() / 60)
                holder = ""
