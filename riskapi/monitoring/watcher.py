"""Counts what the log tells, in its order and off the response path; the log itself is the queue."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson
from pydantic import ValidationError

from features.errors import FeatureError
from features.record import TravellerRecord
from features.risk import Audience
from models.errors import ModelError
from riskapi.errors import ChainError, NotFoundError, SealError
from riskapi.live import LiveModel, LiveModels
from riskapi.monitoring.bins import BundleBins
from riskapi.monitoring.book import KEPT_DAYS, Disagreement, MonitoringBook
from riskapi.monitoring.groups import count_found, count_groups
from riskapi.monitoring.opened import LogReader, OpenedDecision
from riskapi.monitoring.tally import (
    DAY,
    EVERYWHERE,
    Place,
    Tally,
    count_decision,
    count_outcome,
    count_values,
    finding,
    is_watched,
    told,
)

PAGE_ROWS = 250
VALUES_OF_PAGE = 125
"""Records of a page whose feature values are counted, where rows have piled up; of a shorter page all are."""
RECOUNTED = 5
"""One in so many records is counted once more: a sample of a fifth has a noise that drift of matter exceeds."""
SHADOW_ROWS_MAX = 50_000
"""Rows that may wait before challengers pass decisions over: counting comes first, and catches up."""
BUNDLES_KEPT = 16
PAGES_MAX = 1_000_000
"""Of one call: in effect all."""


class OutcomeSource(Protocol):
    """Opens outcomes."""

    def of(self, decision_ids: Sequence[str], audience: str) -> Sequence[Any]:
        """Find all outcomes of decisions for one audience, the first version first."""


class Shadow(Protocol):
    """Scores what was scored once more."""

    def see(self, tally: Tally, decision: OpenedDecision, record: TravellerRecord) -> list[Disagreement]:
        """Compare a challenger with what was answered."""

    def pass_over(self, tally: Tally, decision: OpenedDecision) -> None:
        """Count a decision that there is no time for."""


class Watcher:
    """Counts page by page; each page is one transaction, so that nothing is counted twice or left out.

    Args:
        reader: of the log.
        book: of the counts.
        open_bundle: opens and verifies a stored bundle by its digest.
        outcomes: opens outcomes.
        clock: the present, in UTC.
        shadow: scores challengers; ``None`` where there are none.
    """

    def __init__(
        self,
        reader: LogReader,
        book: MonitoringBook,
        open_bundle: Callable[[str], LiveModel],
        outcomes: OutcomeSource,
        *,
        clock: Callable[[], datetime],
        shadow: Shadow | None = None,
    ) -> None:
        self._reader = reader
        self._book = book
        self._open_bundle = open_bundle
        self._outcomes = outcomes
        self._clock = clock
        self._shadow = shadow
        self._models: dict[str, LiveModel | None] = {}
        self._together: dict[tuple[str, ...], LiveModels] = {}
        self.bins: dict[str, BundleBins] = {}
        """Of the bundles that were met, by digest."""

    def backlog(self) -> int:
        """Rows of the log that were not counted yet."""
        cursors = self._book.cursors()
        return sum(max(0, seq - cursors.get(writer, 0)) for writer, seq in self._reader.heads().items())

    def catch_up(self, pages_max: int = PAGES_MAX, stopped: Callable[[], bool] = lambda: False) -> int:
        """Count what is new.

        Args:
            pages_max: most pages.
            stopped: whether to end after the page that is under way.

        Returns:
            Rows that were read.
        """
        rows = pages = 0
        cursors = self._book.cursors()
        for writer, head in self._reader.heads().items():
            while pages < pages_max and not stopped():
                after = cursors.get(writer, 0)
                page = self._reader.page(writer, after, PAGE_ROWS)
                if page is None:
                    break
                pages += 1
                rows += page.last - after
                tally, differ = self._count(page.decisions, is_late=head - after > SHADOW_ROWS_MAX)
                self._count_outcomes(tally, page.outcomes)
                self._book.add(tally, {writer: page.last}, differ)
                cursors[writer] = page.last
        return rows

    def recount(self, start: str, end: str, digest: str) -> int:
        """Count the records of a span of time once more, as a bundle sees them: its season, from before it was live.

        Args:
            start: first day.
            end: first day that is past the span.
            digest: of the bundle.

        Returns:
            Decisions that were counted. Days on which the bundle scored itself are left out.
        """
        model = self._model(digest)
        if model is None:
            raise NotFoundError("No bundle has this digest.")
        own = {place.start for place, _ in self._book.days(model.risk, start, end) if place.digest == digest}
        tally, counted = Tally(), 0
        for decision in self._reader.between(start, end):
            if decision.day in own or not is_watched(decision) or zlib.crc32(decision.decision_id.encode()) % RECOUNTED:
                continue
            place = Place(DAY, decision.day, EVERYWHERE, model.risk, digest)
            counted += self._count_values(tally, decision, LiveModels([model]), {digest: place}) is not None
        self._book.add(tally, {})
        return counted

    def tidy(self) -> None:
        """Delete counts that are past their time."""
        now = self._clock()
        self._book.tidy({grain: f"{now - timedelta(days=days):%Y-%m-%d}" for grain, days in KEPT_DAYS.items()})

    def _count(self, decisions: Sequence[OpenedDecision], *, is_late: bool) -> tuple[Tally, list[Disagreement]]:
        tally, differ = Tally(), []
        sampled = max(1, len(decisions) // VALUES_OF_PAGE)
        for decision in decisions:
            if not is_watched(decision) or not decision.answer["risks"]:
                continue
            models = [model for digest in decision.digests if (model := self._model(digest)) is not None]
            count_decision(tally, decision, self.bins)
            record = None
            if zlib.crc32(decision.decision_id.encode()) % sampled == 0:
                places = {
                    m.bundle.digest: Place(DAY, decision.day, EVERYWHERE, m.risk, m.bundle.digest) for m in models
                }
                record = self._count_values(tally, decision, self._joined(models), places)
                if record is not None:
                    count_groups(tally, decision, record)
            if self._shadow is not None and is_late:
                self._shadow.pass_over(tally, decision)
            elif self._shadow is not None and (record := record or _record(decision)) is not None:
                differ += self._shadow.see(tally, decision, record)
        return tally, differ

    def _count_values(
        self, tally: Tally, decision: OpenedDecision, models: LiveModels, places: Mapping[str, Place]
    ) -> TravellerRecord | None:
        record = _record(decision)
        if record is None:
            return None
        try:
            found = models.values(record)
        except FeatureError:
            return None
        for model, values in found:
            digest = model.bundle.digest
            count_values(tally, places[digest], self.bins[digest].value_bins(values))
        return record

    def _count_outcomes(self, tally: Tally, bodies: Sequence[Mapping[str, Any]]) -> None:
        """Count the outcomes that a page tells of; each takes the place of the one that it corrects."""
        if not bodies:
            return
        wanted = {str(body["outcome_id"]) for body in bodies}
        ids = list(dict.fromkeys(str(body["decision_id"]) for body in bodies))
        decisions = self._reader.decisions(ids)
        for audience in Audience:
            before: dict[str, Any] = {}
            try:
                stored = self._outcomes.of(list(decisions), audience.value)
            except (SealError, ChainError):
                continue
            for one in stored:
                if one.outcome_id in wanted:
                    decision = decisions[one.decision_id]
                    for sign, version in ((-1, before.get(one.decision_id)), (1, one)):
                        if version is not None:
                            self._count_finding(tally, decision, audience, orjson.loads(version.content), sign)
                before[one.decision_id] = one

    def _count_finding(
        self, tally: Tally, decision: OpenedDecision, audience: Audience, content: Mapping[str, Any], sign: int
    ) -> None:
        if not is_watched(decision):
            return
        record = _record(decision)
        for one in told(decision.answer):
            model = self._model(one.digest)
            if model is not None and model.audience is audience:
                found = finding(content, model.bundle.risk.outcome_codes, decision.scored_at)
                count_outcome(tally, decision, one, found, sign)
                if record is not None:
                    count_found(tally, decision, record, one, found, sign=sign)

    def _model(self, digest: str) -> LiveModel | None:
        if digest not in self._models:
            while len(self._models) >= BUNDLES_KEPT:
                oldest = next(iter(self._models))
                del self._models[oldest]
                self.bins.pop(oldest, None)
                self._together.clear()
            try:
                self._models[digest] = model = self._open_bundle(digest)
                self.bins[digest] = BundleBins(model.bundle)
            except (ModelError, FeatureError, NotFoundError):
                self._models[digest] = None
        return self._models[digest]

    def _joined(self, models: Sequence[LiveModel]) -> LiveModels:
        digests = tuple(model.bundle.digest for model in models)
        if digests not in self._together:
            self._together[digests] = LiveModels(models)
        return self._together[digests]


def _record(decision: OpenedDecision) -> TravellerRecord | None:
    try:
        return TravellerRecord.model_validate_json(decision.input)
    except (ValidationError, FeatureError):
        return None
