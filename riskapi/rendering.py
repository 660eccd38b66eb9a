"""Assessments as JSON: plain dictionaries, since the writer takes nine times as long over dataclasses with slots.

Reasons come written: records that share a value share the reason.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from models.assessment import RiskAssessment
from models.reasons import Reason
from riskapi.scoring import Assessment
from riskapi.selection import Selection


def answer_json(decision_id: str, assessment: Assessment, selection: Selection | None = None) -> bytes:
    """Write an answer as it is sent and stored; a test holds it against the fields of the dataclasses.

    Args:
        decision_id: of the decision.
        assessment: what is said.
        selection: who is referred; ``None`` where nobody was selected.
    """
    risks = [_risk(risk) for risk in assessment.risks]
    answer = {
        "decision_id": decision_id,
        "record_id": assessment.record_id,
        "scored_at": assessment.scored_at,
        "notice": assessment.notice,
        "dropped_fields": assessment.dropped_fields,
        "not_scored": assessment.not_scored,
        "checks": assessment.checks,
        "risks": risks,
    }
    if selection is not None:
        for risk, referral in zip(risks, selection.risks, strict=True):
            risk["referral"] = referral.json
        answer["referrals"] = [
            {"audience": audience, "referral": one.json} for audience, one in selection.unscored.items()
        ]
    return orjson.dumps(answer)


def _risk(found: RiskAssessment) -> dict[str, Any]:
    interval, model = found.interval, found.model
    return {
        "risk": found.risk,
        "audience": found.audience,
        "probability": found.probability,
        "interval": {"low": interval.low, "high": interval.high, "level": interval.level},
        "percentile": found.percentile,
        "band": found.band,
        "abstained": found.abstained,
        "baseline": found.baseline,
        "log_odds": found.log_odds,
        "standard_error": found.standard_error,
        "reasons_for": _list(found.reasons_for),
        "reasons_against": _list(found.reasons_against),
        "other_contributions": found.other_contributions,
        "missing": found.missing,
        "out_of_range": found.out_of_range,
        "model": {"name": model.name, "version": model.version, "digest": model.digest},
        "statement": found.statement,
        "advice": found.advice,
    }


def _list(reasons: Sequence[Reason]) -> orjson.Fragment:
    """Reasons were written when they were first said."""
    return orjson.Fragment(b"[" + b",".join([reason.json for reason in reasons]) + b"]")
