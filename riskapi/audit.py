"""Looking back: who may see a stored decision, and whether it can still be accounted for."""

from collections.abc import Set as AbstractSet
from dataclasses import asdict
from datetime import date
from typing import Any

import orjson
from pydantic import ValidationError

from features.check import Check, Result
from features.checks import checked
from features.errors import FeatureError
from features.record import TravellerRecord
from features.risk import Audience
from models.errors import ModelError
from riskapi.access.journal import Journal
from riskapi.access.matrix import Action, Reach
from riskapi.access.principal import Principal
from riskapi.access.purpose import Use
from riskapi.active import ActiveModels
from riskapi.decisions import StoredDecision
from riskapi.errors import ExplanationMismatchError, NotFoundError
from riskapi.ids import is_uuid
from riskapi.live import LiveModels
from riskapi.log.entry import Kind
from riskapi.storage.base import DecisionStore

NOT_FOUND = "No decision with this id that this key may see."


_PROTECTED = frozenset({"gender", "nationality", "residence_country", "issuing_country"})
"""Facts of identity that are for audits of fairness alone."""


def seen_by(
    store: DecisionStore, decision_id: str, caller: Principal
) -> tuple[StoredDecision, dict[str, Any] | None, dict[str, Any]]:
    """Find a decision as far as a caller may see it.

    Returns:
        The decision, its answer without the risks of other audiences (``None`` where it is no longer kept), and the
        facts of identity that the caller may see, by place.

    Raises:
        NotFoundError: for no such decision, and for one that is only for other audiences or beyond the caller's reach:
            the text is the same.
    """
    row = store.decision(decision_id) if is_uuid(decision_id) else None
    if (
        row is None
        or caller.audiences.isdisjoint(row.audiences)
        or not caller.reaches(Action.DECISIONS_READ, row.principal, row.unit)
    ):
        raise NotFoundError(NOT_FOUND)
    identity = _shown(identity_of(row), caller)
    if row.answer is None:
        return row, None, identity
    answer: dict[str, Any] = orjson.loads(row.answer)
    scored = bool(answer["risks"])
    answer["risks"] = [risk for risk in answer["risks"] if risk["audience"] in caller.audiences]
    if scored and not answer["risks"]:
        raise NotFoundError(NOT_FOUND)
    answer["checks"] = [one for one in answer.get("checks", ()) if not caller.audiences.isdisjoint(one["audiences"])]
    answer["referrals"] = [one for one in answer.get("referrals", ()) if one["audience"] in caller.audiences]
    if Action.OUTCOMES_RECORD in caller.rights:
        _hide_arms(answer)
    answer["record_id"] = identity.get("record_id")
    return row, answer, identity


def note_view(journal: Journal, what: str, row: StoredDecision, use: Use) -> None:
    """Put on record that somebody looks at a decision; to be called before they see it.

    Raises:
        StorageError: where it is not on record; then nothing may be shown.
    """
    journal.append(Kind.ACCESS, view_of(what, row.decision_id, use))


def view_of(what: str, decision_id: str, use: Use) -> dict[str, str]:
    """What the log says of a view."""
    caller, purpose = use
    return {
        "by": caller.name,
        "decision_id": decision_id,
        "key_id": caller.key_id,
        "purpose": purpose.value,
        "what": what,
    }


def _hide_arms(answer: dict[str, Any]) -> None:
    """Leave out how a traveller came to be referred: whoever looks at them must not know who was drawn at random."""
    for one in (*answer["risks"], *answer["referrals"]):
        if "referral" in one:
            one["referral"] |= {"arm": None, "probability": None}


def _shown(identity: dict[str, Any], caller: Principal) -> dict[str, Any]:
    """Leave out what a caller may not see: who it is, where views are masked; protected facts, except for audits."""
    masked = caller.rights.get(Action.DECISIONS_READ) is Reach.MASKED
    audits = Action.AUDIT_FACTS in caller.rights
    return {
        place: fact
        for place, fact in identity.items()
        if (audits if place.rpartition(".")[2] in _PROTECTED else not masked)
    }


def identity_of(row: StoredDecision) -> dict[str, Any]:
    """The facts of identity of a decision by place; empty once they are masked."""
    facts: dict[str, Any] = orjson.loads(row.identity) if row.identity is not None else {}
    return facts


def explain_again(row: StoredDecision, answer: dict[str, Any] | None, active: ActiveModels) -> list[dict[str, Any]]:
    """Compute every contribution of a stored decision again, from its stored record and its own bundles.

    Raises:
        NotFoundError: where the record is no longer kept.
        ExplanationMismatchError: where a bundle, the record or a score is not what it was.
    """
    if row.input is None or answer is None:
        raise NotFoundError(row.note or NOT_FOUND)
    try:
        record = TravellerRecord.model_validate_json(row.input)
        models = LiveModels([active.open(risk["model"]["digest"]) for risk in answer["risks"]])
        values = models.values(record)
    except (ValidationError, FeatureError, ModelError, NotFoundError) as error:
        raise ExplanationMismatchError(f"The decision cannot be computed again ({type(error).__name__}).") from None
    explained = []
    for risk, (model, own) in zip(answer["risks"], values, strict=True):
        again = model.scorer.assess(own)
        if again.log_odds != risk["log_odds"] or again.baseline != risk["baseline"]:
            raise ExplanationMismatchError(
                f"Risk {risk['risk']!r}: the log-odds computed from the stored record differ from the stored ones."
            )
        explained.append(
            {
                "risk": risk["risk"],
                "digest": risk["model"]["digest"],
                "baseline": again.baseline,
                "log_odds": again.log_odds,
                "contributions": [
                    {**asdict(reason), "support": share} for reason, share in model.scorer.explanation(own)
                ],
            }
        )
    return explained


def check_again(
    row: StoredDecision, answer: dict[str, Any] | None, audiences: AbstractSet[Audience]
) -> list[dict[str, Any]]:
    """Apply again the hard checks that were in force, and tell every result that some audiences may see.

    Raises:
        NotFoundError: where the record is no longer kept.
        ExplanationMismatchError: where other checks fail now than were told.
    """
    if row.input is None or answer is None:
        raise NotFoundError(row.note or NOT_FOUND)
    record = TravellerRecord.model_validate_json(row.input)
    results = checked(record, date.fromisoformat(row.scored_at[:10]))
    told = audiences & frozenset(row.audiences)  # others were not answered, so nothing was told to them
    shown = [one for one in results if not told.isdisjoint(one[0].audiences)]
    if [check.code for check, result in shown if result is Result.FAILED] != [
        one["code"] for one in answer.get("checks", ())
    ]:
        raise ExplanationMismatchError("Hard checks of the stored record fail otherwise than the stored ones.")
    return [_told(check, result) for check, result in shown]


def _told(check: Check, result: Result) -> dict[str, Any]:
    return {
        "code": check.code,
        "version": check.version,
        "title": check.title,
        "result": result.value,
        "sentence": check.sentence if result is Result.FAILED else None,
        "facts": check.reads,
        "standard": check.standard,
        "valid_from": check.valid_from,
        "valid_until": check.valid_until,
        "audiences": check.failure.audiences,
    }
