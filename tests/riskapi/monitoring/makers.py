"""Makes answered decisions and outcomes for the tests of watching, without a service in between."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from features.examples import EXAMPLE_RECORD
from features.record import TravellerRecord
from riskapi.ids import uuid7
from riskapi.monitoring.opened import OpenedDecision
from riskapi.scoring import NOTICE
from riskapi.services import Services
from tests.riskapi.makers import row

NOW = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


def record_data(point: str = "NBO", **facts: Any) -> dict[str, Any]:
    """A record as JSON data."""
    data = json.loads(json.dumps(EXAMPLE_RECORD))
    data["crossing"] |= {"point": point} | facts
    return data


def answer_about(services: Services, data: dict[str, Any], arm: str | None = None) -> dict[str, Any]:
    """What the live models say of a record, with the arm of its referral."""
    record = TravellerRecord.model_validate_json(json.dumps(data))
    risks = []
    for model, values in services.active.live.values(record):
        said = orjson.loads(orjson.dumps(model.scorer.assess(values), default=lambda one: one.__dict__))
        said["referral"] = {"referred": arm is not None, "arm": arm, "probability": 1.0 if arm == "score" else 0.02}
        risks.append(said)
    return {"record_id": None, "notice": NOTICE, "risks": risks}


def store(
    services: Services,
    many: Iterable[tuple[dict[str, Any], str | None]],
    at: str = "2026-03-14T09:00:00.000Z",
    **changes: Any,
) -> list[str]:
    """Store decisions about records with the arms of their referrals; gives their ids."""
    rows = []
    for place, (data, arm) in enumerate(many):
        answer = answer_about(services, data, arm)
        rows.append(
            row(
                **{
                    "subject": sha256(f"{at}{place}".encode()).digest(),
                    "scored_at": at,
                    "digests": tuple(risk["model"]["digest"] for risk in answer["risks"]),
                    "input": json.dumps(data).encode(),
                    "answer": orjson.dumps(answer),
                }
                | changes
            )
        )
    services.decisions.append(rows)
    return [one.decision_id for one in rows]


@dataclass(frozen=True)
class MadeOutcome:
    """An outcome as the store gives it."""

    outcome_id: str
    decision_id: str
    version: int
    content: bytes


class MadeOutcomes:
    """Outcomes in memory, each version after the one before."""

    def __init__(self) -> None:
        self.stored: list[MadeOutcome] = []

    def add(self, decision_id: str, **content: Any) -> str:
        """Add the next version of an outcome."""
        version = 1 + sum(one.decision_id == decision_id for one in self.stored)
        made = MadeOutcome(uuid7(), decision_id, version, orjson.dumps({"compliance": "done"} | content))
        self.stored.append(made)
        return made.outcome_id

    def of(self, decision_ids, audience):
        """All outcomes of decisions, the first version first; of enforcement alone."""
        return [one for one in self.stored if one.decision_id in decision_ids and audience == "enforcement"]


def opened(answer: dict[str, Any], data: dict[str, Any], **changes: Any) -> OpenedDecision:
    """A decision as watching reads it."""
    values: dict[str, Any] = {
        "decision_id": uuid7(),
        "scored_at": "2026-03-14T09:00:00.000Z",
        "digests": tuple(risk["model"]["digest"] for risk in answer["risks"]),
        "purpose": "border_control",
        "corrects": False,
        "answer": answer,
        "input": json.dumps(data).encode(),
        "subject_id": "s",
    }
    return OpenedDecision(**(values | changes))
