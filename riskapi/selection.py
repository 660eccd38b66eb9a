"""Who is referred: by score within a capacity, or by the random lane; with the chance of it before the draw.

What is promised of slots: one process never refers more travellers by score for one crossing point and hour than there
are slots, and a traveller who is sent again for the same hour keeps theirs. Counts live in memory: with several
processes the bound holds for each, so share the slots out among them; a restart begins anew.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

import orjson

from features.record import TravellerRecord
from features.risk import Audience
from models.assessment import RiskAssessment
from models.lane import Lane
from riskapi.live import LiveModel, LiveModels
from riskapi.scoring import Assessment
from riskapi.selection_policy import RiskCapacity, SelectionPolicy

HOURS_KEPT: Final = 10_000
"""Hours of crossing points whose slots are counted at once; beyond, the one that was counted first is forgotten."""
_SECONDS_OF_HOUR = 3600
_NOBODY: Final = MappingProxyType[str, "Referral"]({})


class Arm(StrEnum):
    """How somebody came to be referred."""

    SCORE = "score"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Referral:
    """Whether a person is asked to look at a traveller, and how that came about.

    Attributes:
        referred: whether a person is asked to look.
        arm: by score or by the random lane; ``None`` where nobody is asked. Who is drawn counts as drawn, whatever the
            score, so that the lane is a sample of everybody.
        probability: chance of being referred, given the record and the slots left, before the draw. It is 0 only where
            there is no lane.
        json: the above as it is sent.
        told: the same as the log has it: audience, arm (``none``, or ``full`` where slots lacked) and probability.
    """

    referred: bool
    arm: Arm | None
    probability: float
    json: orjson.Fragment
    told: str


class Selection(NamedTuple):
    """What was selected of one decision.

    Attributes:
        policy: version of the policy, and the month whose key drew: ``<version>/<YYYY-MM>``.
        risks: one referral for each risk that was scored.
        unscored: by audience, where nothing was scored.
    """

    policy: str
    risks: Sequence[Referral]
    unscored: Mapping[str, Referral]

    @property
    def told(self) -> tuple[str, ...]:
        """The referrals as the log has them."""
        return tuple([one.told for one in (*self.risks, *self.unscored.values())])


class _Referrals:
    """Every referral that there can be for one audience, made once."""

    def __init__(self, audience: str, lane: float) -> None:
        self.none = _made(audience, None, lane)
        self.full = _made(audience, None, lane, "full")
        self.score = _made(audience, Arm.SCORE, 1.0)
        self.random = _made(audience, Arm.RANDOM, lane)
        self.random_and_score = _made(audience, Arm.RANDOM, 1.0)


def _made(audience: str, arm: Arm | None, probability: float, word: str = "none") -> Referral:
    sent = {"referred": arm is not None, "arm": arm, "probability": probability}
    told = f"{audience}:{word if arm is None else arm.value}:{probability!r}"
    return Referral(arm is not None, arm, probability, orjson.Fragment(orjson.dumps(sent)), told)


class _Rule(NamedTuple):
    """What one model refers by score."""

    threshold: float
    capacity: RiskCapacity | None
    """``None`` where no slots bound it."""


class Selector:
    """Selects under one policy; may be used from any thread.

    Args:
        policy: who is referred.
        key_of: gives the lane's key of a month.
    """

    def __init__(self, policy: SelectionPolicy, key_of: Callable[[str], bytes]) -> None:
        self.policy = policy
        self.version = policy.version
        self.lane = Lane(key_of, policy.lane)
        self._rules: dict[str, _Rule] = {}
        self._referrals = {audience.value: _Referrals(audience.value, policy.lane) for audience in Audience}
        self._hours = Hours()

    def select(
        self,
        decision_id: str,
        scored_at: str,
        record: TravellerRecord,
        found: Iterable[tuple[LiveModel, RiskAssessment]],
    ) -> Selection:
        """Select for each risk of a decision.

        Args:
            decision_id: that the draw rests on.
            scored_at: when, in UTC (ISO 8601): its month says which key draws.
            record: of whom it is about; says who takes a slot where.
            found: each model with what it said.
        """
        month = scored_at[:7]
        draws = self.lane.of(month)
        drawn: dict[str, bool] = {}
        selected = []
        for model, risk in found:
            audience = risk.audience
            if audience not in drawn:
                drawn[audience] = draws.drawn(decision_id, audience)
            there = self._referrals[audience]
            rule = self._rules.get(risk.model.digest) or self._learn(model)
            if not (risk.log_odds >= rule.threshold and not abstains(risk)):  # not-a-number reaches no threshold
                selected.append(there.random if drawn[audience] else there.none)
            elif rule.capacity is None:
                selected.append(there.random_and_score if drawn[audience] else there.score)
            else:
                selected.append(self._within_slots(risk.risk, rule.capacity, record, there, is_drawn=drawn[audience]))
        return Selection(f"{self.version}/{month}", selected, _NOBODY)

    def of(self, decision_id: str, record: TravellerRecord, found: Assessment, models: LiveModels) -> Selection:
        """Select for a decision: for each risk, or for each audience where nothing was scored by rule.

        Args:
            decision_id: that the draw rests on.
            record: of whom it is about.
            found: what was said.
            models: that said it, or would have.
        """
        if found.not_scored is None:
            return self.select(decision_id, found.scored_at, record, zip(models.models, found.risks, strict=True))
        audiences = sorted({model.audience.value for model in models.models})
        return self.select_unscored(decision_id, found.scored_at, audiences)

    def select_unscored(self, decision_id: str, scored_at: str, audiences: Iterable[str]) -> Selection:
        """Select for each audience of a decision without scores: by the lane alone."""
        month = scored_at[:7]
        draws = self.lane.of(month)
        selected = {}
        for audience in audiences:
            there = self._referrals[audience]
            selected[audience] = there.random if draws.drawn(decision_id, audience) else there.none
        return Selection(f"{self.version}/{month}", (), selected)

    def threshold(self, model: LiveModel) -> float:
        """The log-odds from which a model refers by score."""
        return (self._rules.get(model.bundle.digest) or self._learn(model)).threshold

    def _learn(self, model: LiveModel) -> _Rule:
        capacity = self.policy.of(model.risk)
        bounded = capacity if capacity.slots or capacity.slots_per_hour is not None else None
        rule = _Rule(model.bundle.baselines.threshold(capacity.capacity), bounded)
        self._rules[model.bundle.digest] = rule
        return rule

    def _within_slots(
        self, risk: str, capacity: RiskCapacity, record: TravellerRecord, there: _Referrals, *, is_drawn: bool
    ) -> Referral:
        """Refer by score while slots are left; who is drawn takes none, since the lane has places of its own."""
        crossing = record.crossing
        limit = capacity.slots_at(crossing.point)
        hour = risk, crossing.point, int(crossing.expected_at.timestamp()) // _SECONDS_OF_HOUR
        if limit is not None and not self._hours.has_one(hour, _person(record), limit, take=not is_drawn):
            return there.random if is_drawn else there.full
        return there.random_and_score if is_drawn else there.score


class Hours:
    """Counts who has taken the slots of the hours of crossing points, in bounded memory."""

    def __init__(self, kept: int = HOURS_KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._taken: OrderedDict[tuple[str, str, int], set[int]] = OrderedDict()

    def has_one(self, hour: tuple[str, str, int], person: int, limit: int, *, take: bool) -> bool:
        """Whether there is a slot for somebody: theirs from before, or a free one.

        Args:
            hour: risk, crossing point and number of the hour.
            person: would have it.
            limit: slots of that hour.
            take: keep it for them.
        """
        with self._lock:
            taken = self._taken.get(hour)
            if taken is None:
                taken = self._taken[hour] = set()
                if len(self._taken) > self._kept:
                    self._taken.popitem(last=False)
            if person in taken:
                return True
            if len(taken) >= limit:
                return False
            if take:
                taken.add(person)
            return True


@cache
def referral_of(told: str) -> Referral:
    """Read a referral as the log has it.

    Raises:
        ValueError: where it has another form.

    >>> referral_of("enforcement:score:1.0").arm
    <Arm.SCORE: 'score'>
    """
    audience, word, probability = told.split(":")
    return _made(audience, Arm(word) if word in set(Arm) else None, float(probability), word)


def told_selection(policy: str, referrals: Sequence[str], *, is_scored: bool) -> Selection:
    """Read what the log says of a selection.

    Raises:
        ValueError: where it has another form.
    """
    found = [referral_of(one) for one in referrals]
    if is_scored:
        return Selection(policy, found, _NOBODY)
    return Selection(policy, (), {one.told.partition(":")[0]: one for one in found})


def _person(record: TravellerRecord) -> int:
    """Tell persons apart for as long as the process runs, keeping nothing of them: document, else name, else record."""
    document = record.documents[0] if record.documents else None
    if document is not None and document.number is not None:
        return hash((document.number, document.issuing_country))
    who = record.traveller
    if who is not None and who.date_of_birth is not None and who.surname is not None:
        return hash((who.surname, who.given_names, who.date_of_birth))
    return hash(record.record_id)


def abstains(risk: RiskAssessment) -> bool:
    """Whether the model has too little to go by: such a record is never referred by its score."""
    return bool(risk.abstained)
