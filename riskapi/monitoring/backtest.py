"""What a candidate would have said of stored travellers, whom it would refer, and what that would have found."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import orjson
from pydantic import ValidationError

from features.errors import FeatureError
from features.record import TravellerRecord
from models.assessment import RiskAssessment
from models.metrics.off_policy import OffPolicyEstimate, at_capacities, highest
from riskapi.errors import ServiceError
from riskapi.live import LiveModel, LiveModels
from riskapi.monitoring.opened import LogReader, OpenedDecision
from riskapi.monitoring.tally import Told, finding, is_watched, told
from riskapi.monitoring.watcher import OutcomeSource

CAPACITIES = (0.005, 0.01, 0.02, 0.05)
PAGE = 1000


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """Two models at one capacity.

    Attributes:
        capacity: share of travellers that is referred.
        overlap: share of those referred by the one whom the other refers, too.
        live: what referring by the scores that were given would have found, with interval.
        candidate: the same by the candidate's.
    """

    capacity: float
    overlap: float
    live: OffPolicyEstimate
    candidate: OffPolicyEstimate


@dataclass(frozen=True, slots=True)
class Backtest:
    """A candidate on stored travellers.

    Attributes:
        risk: name.
        digest: of the candidate.
        travellers: decisions that were scored again.
        left_out: decisions that were not, by cause.
        band_moves: how many went from one band (as it was given) to another.
        correlation: of the ranks of both scores; ``None`` where one of them is constant.
        with_chance: share of the decisions whose chance of referral is on record.
        inspected: referrals that were looked at and came to a finding.
        confirmed: of those.
        rows: by capacity.
    """

    risk: str
    digest: str
    travellers: int
    left_out: dict[str, int]
    band_moves: dict[str, dict[str, int]]
    correlation: float | None
    with_chance: float
    inspected: int
    confirmed: int
    rows: tuple[CapacityRow, ...]


@dataclass(slots=True)
class _Columns:
    """What is kept of each traveller: numbers only."""

    live: list[float] = field(default_factory=list)
    candidate: list[float] = field(default_factory=list)
    chance: list[float] = field(default_factory=list)
    inspected: list[bool] = field(default_factory=list)
    confirmed: list[bool] = field(default_factory=list)
    subject: list[int] = field(default_factory=list)


class Backtester:
    """Scores stored history again; nothing is stored, and nobody is referred by it.

    Args:
        reader: of the log.
        outcomes: opens outcomes.
    """

    def __init__(self, reader: LogReader, outcomes: OutcomeSource) -> None:
        self._reader = reader
        self._outcomes = outcomes

    def run(self, candidate: LiveModel, start: str, end: str, capacities: Sequence[float] = CAPACITIES) -> Backtest:
        """Compare a candidate with what was answered.

        Args:
            candidate: verified.
            start: first moment (ISO 8601, UTC).
            end: first moment that is past the span.
            capacities: shares of travellers that can be referred.

        Raises:
            ServiceError: where no decision of the span can be scored again.
        """
        columns, left_out = _Columns(), Counter[str]()
        moves: dict[str, Counter[str]] = {}
        models, subjects = LiveModels([candidate]), dict[str, int]()
        for page in _pages(self._reader.between(start, end)):
            codes = self._found([one.decision_id for one in page], candidate)
            for decision in page:
                given = _given(decision, candidate.risk)
                said = _assessed(models, decision) if given is not None else None
                if given is None or said is None:
                    left_out["not scored for this risk" if given is None else "cannot be computed"] += 1
                    continue
                moves.setdefault(given.band, Counter())[said.band] += 1
                confirmed = _confirmed(codes.get(decision.decision_id), given, candidate, decision)
                columns.live.append(given.log_odds)
                columns.candidate.append(said.log_odds)
                columns.chance.append(given.chance)
                columns.inspected.append(confirmed is not None and given.chance > 0)
                columns.confirmed.append(bool(confirmed))
                columns.subject.append(subjects.setdefault(decision.subject_id, len(subjects)))
        if not columns.live:
            raise ServiceError("No decision of this time can be scored again for this risk.")
        return _compared(candidate, columns, left_out, moves, capacities)

    def _found(self, ids: Sequence[str], candidate: LiveModel) -> dict[str, dict[str, Any]]:
        stored = self._outcomes.of(ids, candidate.audience.value)
        return {one.decision_id: orjson.loads(one.content) for one in stored}  # the last version counts


def _pages(decisions: Iterator[OpenedDecision]) -> Iterator[list[OpenedDecision]]:
    while page := list(islice(decisions, PAGE)):
        yield page


def _given(decision: OpenedDecision, risk: str) -> Told | None:
    """What was answered about a risk; ``None`` where it was not asked for, or the decision is no travel."""
    if not is_watched(decision):
        return None
    return next((one for one in told(decision.answer) if one.risk == risk), None)


def _assessed(models: LiveModels, decision: OpenedDecision) -> RiskAssessment | None:
    try:
        ((model, values),) = models.values(TravellerRecord.model_validate_json(decision.input))
    except (ValidationError, FeatureError):
        return None
    return model.scorer.assess(values)


def _confirmed(
    content: dict[str, Any] | None, given: Told, candidate: LiveModel, decision: OpenedDecision
) -> bool | None:
    """What was found of somebody whom the service referred; what officers chose themselves has no chance on record."""
    if content is None or not given.referred:
        return None
    return finding(content, candidate.bundle.risk.outcome_codes, decision.scored_at).confirmed


def _compared(
    candidate: LiveModel,
    columns: _Columns,
    left_out: Counter[str],
    moves: dict[str, Counter[str]],
    capacities: Sequence[float],
) -> Backtest:
    live, new = np.array(columns.live), np.array(columns.candidate)
    chance, inspected = np.array(columns.chance), np.array(columns.inspected, dtype=bool)
    outcome, cluster = np.array(columns.confirmed, dtype=np.float64), np.array(columns.subject)
    rows = []
    for capacity in capacities:
        first, second = highest(live, capacity), highest(new, capacity)
        estimates = [
            at_capacities(score, inspected, outcome, chance, (capacity,), cluster=cluster)[0] for score in (live, new)
        ]
        overlap = float(np.minimum(first, second).sum() / first.sum())
        rows.append(CapacityRow(capacity, overlap, estimates[0], estimates[1]))
    return Backtest(
        candidate.risk,
        candidate.bundle.digest,
        len(live),
        dict(left_out),
        {band: dict(found) for band, found in moves.items()},
        _rank_correlation(live, new),
        float((chance > 0).mean()),
        int(inspected.sum()),
        int((outcome * inspected).sum()),
        tuple(rows),
    )


def _rank_correlation(first: "np.ndarray[Any, Any]", second: "np.ndarray[Any, Any]") -> float | None:
    """Spearman's correlation; equal scores share their ranks."""
    ranks = []
    for scores in (first, second):
        _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks.append((ends - (counts - 1) / 2)[place])
    if any(np.ptp(one) == 0 for one in ranks):
        return None
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
