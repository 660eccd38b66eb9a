"""Looking back: who may see a stored decision, and whether it can still be accounted for."""

from typing import Any

import orjson
from pydantic import ValidationError

from features.errors import FeatureError
from features.record import TravellerRecord
from models.errors import ModelError
from riskapi.active import ActiveModels
from riskapi.auth import Principal
from riskapi.decisions import StoredDecision
from riskapi.errors import ExplanationMismatchError, NotFoundError
from riskapi.ids import is_uuid
from riskapi.live import LiveModels
from riskapi.storage.base import DecisionStore

_NOT_FOUND = "No decision with this id that this key may see."


def seen_by(store: DecisionStore, decision_id: str, caller: Principal) -> tuple[StoredDecision, dict[str, Any] | None]:
    """Find a decision as far as a caller may see it.

    Returns:
        The decision, and its answer without the risks of other audiences; ``None`` where it is no longer kept.

    Raises:
        NotFoundError: for no such decision, and for one that is only for other audiences: the text is the same.
    """
    row = store.decision(decision_id) if is_uuid(decision_id) else None
    if row is None or caller.audiences.isdisjoint(row.audiences):
        raise NotFoundError(_NOT_FOUND)
    if row.answer is None:
        return row, None
    answer: dict[str, Any] = orjson.loads(row.answer)
    scored = bool(answer["risks"])
    answer["risks"] = [risk for risk in answer["risks"] if risk["audience"] in caller.audiences]
    if scored and not answer["risks"]:
        raise NotFoundError(_NOT_FOUND)
    answer["record_id"] = identity_of(row).get("record_id")
    return row, answer


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
        raise NotFoundError(row.note or _NOT_FOUND)
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
                "contributions": model.scorer.explanation(own),
            }
        )
    return explained
