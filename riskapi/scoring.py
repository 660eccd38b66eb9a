"""The middle of the house: a record and the approved models give an assessment; nothing is read or written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from features.check import FailedCheck
from features.checks import failed_checks
from features.errors import FeatureError
from features.record import TravellerRecord
from features.risk import Audience
from features.walk import dropped_fields
from models.assessment import RiskAssessment
from riskapi.errors import InvalidBodyError, NoApprovedModelError, ServiceError
from riskapi.live import LiveModel, LiveModels, Values
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
        checks: hard checks that failed; they are facts, and no score rests on them.
        risks: one assessment for each risk that the caller may see, each with its own model.
    """

    record_id: str
    scored_at: str
    notice: str
    dropped_fields: list[str]
    not_scored: Literal["crew"] | None
    checks: Sequence[FailedCheck]
    risks: Sequence[RiskAssessment]


Failure = ServiceError | FeatureError
"""Why there is no assessment."""


class Scorable(NamedTuple):
    """A record, and for whom it is assessed.

    Attributes:
        record: validated.
        audiences: whose scores the caller may see; no other risk is computed.
        dropped: names of the facts that came and were dropped on receipt.
    """

    record: TravellerRecord
    audiences: frozenset[Audience]
    dropped: list[str]


def assess_all(wanted: Sequence[Scorable], active: LiveModels, now: datetime) -> list[Assessment | Failure]:
    """Assess records, each step for all of them before the next.

    Args:
        wanted: records.
        active: the approved models.
        now: the time of the assessment, in UTC.

    Returns:
        In their order, the assessment of each or why there is none: no approved model is for its audiences, or it has
        columns that no model declares.
    """
    scored_at, day = iso(now), now.date()
    computed = [_values(one, active) for one in wanted]
    risks: list[list[RiskAssessment]] = [
        [] if isinstance(values, Exception) else [model.scorer.assess(own) for model, own in values]
        for values in computed
    ]
    return [
        values
        if isinstance(values, Exception)
        else Assessment(
            one.record.record_id,
            scored_at,
            NOTICE,
            one.dropped,
            CREW if _is_crew(one.record) else None,
            checks_for(one.audiences, failed_checks(one.record, day)),
            found,
        )
        for one, values, found in zip(wanted, computed, risks, strict=True)
    ]


def checks_for(audiences: frozenset[Audience], failures: Sequence[FailedCheck]) -> Sequence[FailedCheck]:
    """Leave out the checks that are for other audiences."""
    return [one for one in failures if not audiences.isdisjoint(one.audiences)] if failures else failures


def assess(record: TravellerRecord, active: LiveModels, audiences: frozenset[Audience], now: datetime) -> Assessment:
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
    [found] = assess_all([Scorable(record, audiences, dropped_fields(record))], active, now)
    if isinstance(found, Exception):
        raise found
    return found


def _values(one: Scorable, active: LiveModels) -> Sequence[tuple[LiveModel, Values]] | Failure:
    """Compute what the models read of a record; nothing for crew, which is not scored."""
    models = active.for_audiences(one.audiences)
    if not models:
        return NoApprovedModelError("No approved model is live for this key's audiences. Propose and approve one.")
    record = one.record
    if record.extra and (problems := models.problems_of_extra(record)):
        return InvalidBodyError(problems)
    if _is_crew(record):
        return ()
    try:
        return models.values(record)
    except FeatureError as error:
        return error


def _is_crew(record: TravellerRecord) -> bool:
    return record.traveller is not None and record.traveller.passenger_type == "C"
