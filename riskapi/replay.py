"""Computes decisions again, from what is stored and nothing else: the same bytes, or the places where they differ."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import orjson
from pydantic import ValidationError

from features.checks import failed_checks
from features.errors import FeatureError
from features.record import TravellerRecord
from models.assessment import RiskScorer
from models.errors import ModelError
from riskapi.decisions import StoredDecision
from riskapi.errors import ServiceError
from riskapi.live import LiveModel, LiveModels
from riskapi.rendering import answer_json
from riskapi.scoring import CREW, Assessment, checks_for
from riskapi.selection import told_selection

DIFFERENCES_MAX = 20
"""Places that are listed of one decision."""


class Outcome(StrEnum):
    """What came of computing a decision again."""

    SAME = "same"
    DIFFERENT = "different"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision computed again.

    Attributes:
        decision_id: which.
        outcome: whether the bytes are the same; ``GONE`` where the record is no longer kept.
        differences: places that differ; numbers are shown, texts are not, since they may say who it is about.
    """

    decision_id: str
    outcome: Outcome
    differences: tuple[str, ...] = ()


class Replayer:
    """Computes decisions again.

    Args:
        open_bundle: opens and verifies a stored bundle by its digest.
    """

    def __init__(self, open_bundle: Callable[[str], LiveModel]) -> None:
        self._open_bundle = open_bundle
        self._models: dict[tuple[str, ...], LiveModels] = {}

    def replay(self, decision: StoredDecision) -> Replayed:
        """Compute one decision again.

        As many reasons are given as the stored answer has: how many were asked for then is a setting, not a finding.
        """
        if decision.input is None or decision.answer is None:
            return Replayed(decision.decision_id, Outcome.GONE)
        try:
            stored = orjson.loads(decision.answer)
            again = self._answer(decision, decision.input, stored)
        except (ValidationError, FeatureError, ModelError, ServiceError) as error:
            return Replayed(decision.decision_id, Outcome.DIFFERENT, (f"not computable: {type(error).__name__}",))
        except (ValueError, KeyError, TypeError):
            return Replayed(decision.decision_id, Outcome.DIFFERENT, ("the stored answer has another form",))
        if again == decision.answer:
            if len(stored["risks"]) == len(decision.digests):
                return Replayed(decision.decision_id, Outcome.SAME)
            return Replayed(decision.decision_id, Outcome.DIFFERENT, ("the log names models that did not score",))
        found = tuple(_differences(stored, orjson.loads(again), "")) or ("the bytes differ, the values do not",)
        return Replayed(decision.decision_id, Outcome.DIFFERENT, found[:DIFFERENCES_MAX])

    def _answer(self, decision: StoredDecision, input_: bytes, stored: dict[str, Any]) -> bytes:
        record = TravellerRecord.model_validate_json(input_)
        crew = record.traveller is not None and record.traveller.passenger_type == "C"
        day, audiences = date.fromisoformat(decision.scored_at[:10]), frozenset(decision.audiences)
        checks = checks_for(audiences, failed_checks(record, day))
        risks = []
        if not crew:
            for (model, values), told in zip(self._live(decision.digests).values(record), stored["risks"], strict=True):
                scorer = RiskScorer(model.bundle, len(told["reasons_for"]), len(told["reasons_against"]))
                risks.append(scorer.assess(values))
        found = Assessment(
            "", decision.scored_at, stored["notice"], list(decision.dropped), CREW if crew else None, checks, risks
        )
        selection = told_selection(decision.policy, decision.referrals, is_scored=not crew) if decision.policy else None
        facts = orjson.loads(answer_json(decision.decision_id, found, selection))
        facts["record_id"] = None
        return orjson.dumps(facts)

    def _live(self, digests: tuple[str, ...]) -> LiveModels:
        if digests not in self._models:
            self._models[digests] = LiveModels([self._open_bundle(digest) for digest in digests])
        return self._models[digests]


def _differences(stored: Any, again: Any, place: str) -> Iterator[str]:
    if isinstance(stored, dict) and isinstance(again, dict):
        for name in [*stored, *(name for name in again if name not in stored)]:
            inner = f"{place}.{name}" if place else name
            if name not in again or name not in stored:
                yield f"{inner}: {'only stored' if name in stored else 'only computed'}"
            else:
                yield from _differences(stored[name], again[name], inner)
    elif isinstance(stored, list) and isinstance(again, list):
        if len(stored) != len(again):
            yield f"{place}: {len(stored)} stored, {len(again)} computed"
        for at, (one, other) in enumerate(zip(stored, again, strict=False)):
            yield from _differences(one, other, f"{place}[{at}]")
    elif stored != again or type(stored) is not type(again):
        numbers = isinstance(stored, int | float) and isinstance(again, int | float)
        yield f"{place}: {stored!r} stored, {again!r} computed" if numbers else f"{place}: another value"
