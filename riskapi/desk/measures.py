"""What the desk's own figures say: time to decide, agreement with scores and reasons, agreement of two readers.

Readers who agree with whatever they are shown show themselves where some cases are read without the score: whether the
own view comes first is drawn (:mod:`riskapi.desk.arrival`), so the two groups differ in nothing else. Cases that were
drawn at random are in neither group, since their own view always comes first.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from statistics import median
from typing import Annotated, NamedTuple

from pydantic import Field

from features.outcome import INCONCLUSIVE, NOTHING_FOUND
from features.risk import Audience
from riskapi.desk.readings import Reading, readings_of
from riskapi.schemas import Wire
from riskapi.storage.desk_history import CaseHistory

LEVEL = 0.90
LEAST = 10
"""Of a share or a median: below, nothing is said, neither of a few cases nor of who read them."""
_LOOK_CLOSER, _NO_CONCERN, _CANNOT_TELL, _AGREES = "look_closer", "no_concern", "cannot_tell", "agrees"


class ShareBody(Wire):
    """A share with its interval (Wilson, 90 %); null where there are fewer than ten to count."""

    hits: int | None
    of: int
    share: float | None
    low: float | None
    high: float | None


class DifferenceBody(Wire):
    """The difference of two shares with its interval (Newcombe, 90 %); null where one of them is."""

    value: float | None
    low: float | None
    high: float | None


class ReasonAgreement(Wire):
    """What readers thought of one reason."""

    risk: str
    code: str
    verdicts: Annotated[
        dict[str, int] | None, Field(description="How often each verdict was given; null where too few could tell")
    ]
    agrees: Annotated[ShareBody, Field(description="Of those who could tell")]


class Figures(Wire):
    """Figures of some readings."""

    readings: int
    minutes_median: Annotated[float | None, Field(description="From taking a case to the end of its reading")]
    minutes_p90: float | None
    minutes_open: Annotated[float | None, Field(description="Median from when score and reasons were shown")]
    agrees: Annotated[ShareBody, Field(description="Verdicts on reasons that agree, of those who could tell")]
    moved: Annotated[ShareBody, Field(description="Own views that the score changed")]
    towards: Annotated[ShareBody, Field(description="Own views against the score, changed to what it says")]
    away: Annotated[ShareBody, Field(description="Own views that were the score's, changed against it")]
    against: Annotated[ShareBody, Field(description="Views against the score, by those who had seen it and could tell")]
    found: Annotated[ShareBody, Field(description="Conclusive readings that found something")]
    alike: Annotated[ShareBody, Field(description="Cases read by two who found the same")]


class ReaderFigures(Figures):
    """What one reader did."""

    person: str


class DeskMeasures(Figures):
    """Figures of the desk over the cases that were scored within a time."""

    audience: Audience
    since: datetime
    until: datetime
    cases: Annotated[int, Field(description="Cases with at least one act that were counted")]
    cut: Annotated[bool, Field(description="Whether there are more cases than were counted; the earliest are counted")]
    shown: Annotated[
        ShareBody, Field(description="Of cases referred by score and read with it: readers who would look closer")
    ]
    hidden: Annotated[ShareBody, Field(description="The same by their own view, where that was drawn to come first")]
    pull: Annotated[DifferenceBody, Field(description="`shown` less `hidden`: what seeing the score does to readers")]
    reasons: list[ReasonAgreement]
    readers: Annotated[list[ReaderFigures], Field(description="By name for auditors; empty for others")]


class _Read(NamedTuple):
    """A reading, and what was settled of its case."""

    history: CaseHistory
    reading: Reading

    @property
    def score_says(self) -> str:
        return _LOOK_CLOSER if self.history.by_score else _NO_CONCERN


class _Pair(NamedTuple):
    """The two readers of a case, and whether they found the same."""

    persons: tuple[str, str]
    same: bool


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
    read = [_Read(history, reading) for history in histories for reading in readings_of(history.events)]
    pairs = list(_pairs(read))
    shown, hidden = _share_of_closer(_shown(read)), _share_of_closer(_hidden(read))
    return DeskMeasures(
        audience=audience,
        since=window[0],
        until=window[1],
        cases=len(histories),
        cut=cut,
        shown=shown,
        hidden=hidden,
        pull=_difference(shown, hidden),
        reasons=_reasons(read),
        readers=_readers(read, pairs) if named else [],
        **_figures(read, pairs),
    )


def share(hits: int, of: int) -> ShareBody:
    """A share with its interval; nothing but its number where there are fewer than :data:`LEAST`.

    >>> share(3, 9).hits, round(share(8, 10).low, 2)
    (None, 0.54)
    """
    if of < LEAST:
        return ShareBody(hits=None, of=of, share=None, low=None, high=None)
    from models.metrics.intervals import wilson_interval  # noqa: PLC0415 - a service starts without numpy

    low, high = wilson_interval(hits, of, LEVEL)
    return ShareBody(hits=hits, of=of, share=hits / of, low=low, high=high)


def _difference(one: ShareBody, other: ShareBody) -> DifferenceBody:
    if one.hits is None or other.hits is None:
        return DifferenceBody(value=None, low=None, high=None)
    from models.metrics.intervals import difference_interval  # noqa: PLC0415 - as above

    low, high = difference_interval((one.hits, one.of), (other.hits, other.of), LEVEL)
    return DifferenceBody(value=one.hits / one.of - other.hits / other.of, low=low, high=high)


def _figures(read: Sequence[_Read], pairs: Iterable[_Pair]) -> dict[str, int | float | ShareBody | None]:
    """Count what is counted of all readers together, and of each."""
    times = sorted(one.reading.minutes for one in read)
    enough = len(times) >= LEAST
    own = [one for one in read if one.reading.own_view is not None]
    told = [one for one in own if one.reading.own_view != _CANNOT_TELL]
    doubted = [one for one in told if one.reading.own_view != one.score_says]
    shared = [one for one in told if one.reading.own_view == one.score_says]
    views = [one.reading.view != one.score_says for one in read if one.reading.view != _CANNOT_TELL]
    codes = [code for one in read if (code := one.reading.found[1]) is not None and code not in INCONCLUSIVE]
    return {
        "readings": len(read),
        "minutes_median": median(times) if enough else None,
        "minutes_p90": times[int(0.9 * (len(times) - 1))] if enough else None,
        "minutes_open": median(one.reading.minutes_open for one in read) if enough else None,
        "agrees": _agrees(verdict["verdict"] for one in read for verdict in one.reading.verdicts),
        "moved": _share(one.reading.view != one.reading.own_view for one in own),
        "towards": _share(one.reading.view == one.score_says for one in doubted),
        "away": _share(one.reading.view not in {one.score_says, _CANNOT_TELL} for one in shared),
        "against": _share(views),
        "found": _share(code != NOTHING_FOUND for code in codes),
        "alike": _share(one.same for one in pairs),
    }


def _shown(read: Iterable[_Read]) -> Iterable[str]:
    """Views of first readers who had the score before them all the time."""
    return (
        one.reading.view
        for one in read
        if one.history.by_score and one.history.first_view == "none" and one.reading.turn == 1
    )


def _hidden(read: Iterable[_Read]) -> Iterable[str]:
    """Own views of first readers, noted before they saw the score because that was drawn."""
    return (
        one.reading.own_view
        for one in read
        if one.history.by_score and one.history.first_view == "lane" and one.reading.turn == 1 and one.reading.own_view
    )


def _pairs(read: Iterable[_Read]) -> Iterable[_Pair]:
    """The first two readings of each case that has them."""
    for _, whole in groupby(read, key=lambda one: id(one.history)):
        first, *others = whole
        if others:
            one, other = first.reading, others[0].reading
            yield _Pair((one.person, other.person), one.found == other.found)


def _share(hits: Iterable[bool]) -> ShareBody:
    found = list(hits)
    return share(sum(found), len(found))


def _share_of_closer(views: Iterable[str]) -> ShareBody:
    return _share(view == _LOOK_CLOSER for view in views if view != _CANNOT_TELL)


def _agrees(verdicts: Iterable[str]) -> ShareBody:
    return _share(verdict == _AGREES for verdict in verdicts if verdict != _CANNOT_TELL)


def _reasons(read: Iterable[_Read]) -> list[ReasonAgreement]:
    by_reason: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in read:
        for verdict in one.reading.verdicts:
            by_reason[verdict["risk"], verdict["code"]].append(verdict["verdict"])
    found = []
    for (risk, code), given in sorted(by_reason.items()):
        agrees = _agrees(given)
        counts = None if agrees.hits is None else dict(Counter(given))
        found.append(ReasonAgreement(risk=risk, code=code, verdicts=counts, agrees=agrees))
    return found


def _readers(read: Sequence[_Read], pairs: Sequence[_Pair]) -> list[ReaderFigures]:
    by_person: dict[str, list[_Read]] = defaultdict(list)
    for one in read:
        by_person[one.reading.person].append(one)
    return [
        ReaderFigures(person=person, **_figures(own, [pair for pair in pairs if person in pair.persons]))
        for person, own in sorted(by_person.items())
    ]
