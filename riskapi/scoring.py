"""The middle of the house: a record and the approved models give an assessment; nothing is read or written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from features.record import TravellerRecord, dropped_fields
from features.risk import Audience
from models.assessment import RiskAssessment
from riskapi.errors import InvalidBodyError, NoApprovedModelError
from riskapi.live import LiveModels
from riskapi.moments import iso

NOTICE = (
    "This is an aid to a person, who decides. It is no finding of fact, and nobody may be turned away, detained or "
    "sanctioned on it alone. It never limits access to asylum."
)
CREW: Literal["crew"] = "crew"


@dataclass(slots=True)
class Assessment:
    """What is said of one record, ready for JSON.

    Attributes:
        record_id: the sender's id.
        scored_at: when, in UTC (ISO 8601).
        notice: what the scores are, and what they are not.
        dropped_fields: facts that came and were dropped on receipt, by name.
        not_scored: why there are no scores, where that is so by rule.
        risks: one assessment for each risk that the caller may see, each with its own model.
    """

    record_id: str
    scored_at: str
    notice: str
    dropped_fields: list[str]
    not_scored: Literal["crew"] | None
    risks: Sequence[RiskAssessment]


def assess(
    record: TravellerRecord,
    active: LiveModels,
    audiences: frozenset[Audience],
    now: datetime,
) -> Assessment:
    """Assess one record for one caller.

    Args:
        record: validated.
        active: the approved models.
        audiences: whose scores the caller may see; no other risk is computed.
        now: the time of the assessment, in UTC.

    Raises:
        NoApprovedModelError: where no approved model is for these audiences.
        InvalidBodyError: where the record has columns that no model declares.
    """
    models = active.for_audiences(audiences)
    if not models:
        raise NoApprovedModelError("No approved model is live for this key's audiences. Propose and approve one.")
    if record.extra and (problems := models.problems_of_extra(record)):
        raise InvalidBodyError(problems)
    crew = record.traveller is not None and record.traveller.passenger_type == "C"
    return Assessment(
        record.record_id,
        iso(now),
        NOTICE,
        dropped_fields(record),
        CREW if crew else None,
        () if crew else [model.scorer.assess(values) for model, values in models.values(record)],
    )
