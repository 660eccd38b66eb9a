"""What a person concerned is told of a decision about them: in plain words, with what they can do about it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from features.checks import FROM_ELSEWHERE
from riskapi.decisions import StoredDecision
from riskapi.privacy.limits import Limits, months_later
from riskapi.privacy.plain_facts import plain_facts
from riskapi.privacy.sealing import rejoin
from riskapi.settings import Settings

ROLE = (
    "A computer system compared facts about your journey with earlier journeys and gave the officers an estimate.",
    "It is an aid: it finds nothing to be true, and it does not know you.",
    "The system does not decide. A person decided what happened at the border, and could set the estimate aside.",
    "Nobody may be turned away, detained or punished on the estimate alone.",
    "Your nationality, gender, place of residence, religion, ethnic origin and health play no part in the estimate.",
)
ASYLUM = (
    "Nothing here limits your right to ask for asylum. You may ask any officer for protection at any time, also with a "
    "false document or with none, and your request has to be examined."
)
PROTECTION = (
    "If somebody forces you, threatens you, keeps your documents or takes your pay, you may ask any officer for help "
    "where nobody else can hear it. You will be heard as a person to be protected."
)
CONTEST = (
    "You may ask who decided and why, and have the decision looked at again by another person.",
    "You may have wrong or outdated facts corrected. They are then assessed again; both assessments are kept.",
    "You may see what is stored about you, and ask for its erasure where the law gives you that right.",
    "You may complain to the data-protection authority, and go to court.",
)
WITHHELD = (
    "Results of other systems, such as watch lists, are not in this letter: the estimate does not rest on them. "
    "Ask for them where they come from. Facts about other persons are left out."
)
_NO_CONTACT = "ask at the border post"


@dataclass(frozen=True, slots=True)
class ToldRisk:
    """What was said of one risk, in sentences.

    Attributes:
        statement: what the estimate is about.
        band: in which band it fell.
        raised: what raised it most, the strongest first.
        lowered: what lowered it most.
    """

    statement: str
    band: str
    raised: tuple[str, ...]
    lowered: tuple[str, ...]


def person_explanation(
    row: StoredDecision, answer: Mapping[str, Any] | None, settings: Settings, limits: Limits
) -> dict[str, Any]:
    """Tell a person what a decision about them rests on.

    Args:
        row: the decision, as far as it is kept.
        answer: what was said, with the risks alone that the person who hands this out may see.
        settings: name the agency and whom to ask.
        limits: how long is kept what.

    Returns:
        JSON data; :func:`riskapi.privacy.letter.letter` makes a letter of it.
    """
    named: dict[str, Any] = orjson.loads(row.identity) if row.identity is not None else {}
    facts = plain_facts(rejoin(row.input, row.identity), named) if row.input is not None else []
    scored_at = datetime.fromisoformat(row.scored_at)
    return {
        "decision_id": row.decision_id,
        "assessed_at": row.scored_at,
        "agency": settings.agency_name,
        "role_of_the_system": list(ROLE),
        "not_assessed": None if answer is None else answer["not_scored"],
        "estimates": [asdict(_told(risk)) for risk in (answer or {"risks": ()})["risks"]],
        "checks": [one["sentence"] for one in (answer or {}).get("checks", ()) if one["code"] not in FROM_ELSEWHERE],
        "facts_used": [{"fact": one.label, "value": one.value} for one in facts if one.used],
        "facts_kept_but_not_used": [{"fact": one.label, "value": one.value} for one in facts if not one.used],
        "facts_not_kept": list(row.dropped),
        "withheld": WITHHELD,
        "asylum": ASYLUM,
        "protection": PROTECTION,
        "your_rights": list(CONTEST),
        "contact": settings.agency_contact or _NO_CONTACT,
        "data_protection_officer": settings.data_protection_contact or _NO_CONTACT,
        "corrects": row.supersedes,
        "corrected_by": list(row.superseded_by),
        "identity_kept_until": _day(scored_at, limits.identity_months),
        "everything_kept_until": _day(scored_at, limits.retention_months),
        "note": row.note,
    }


def _told(risk: Mapping[str, Any]) -> ToldRisk:
    raised, lowered = ([reason["sentence"] for reason in risk[side]] for side in ("reasons_for", "reasons_against"))
    return ToldRisk(risk["statement"], risk["band"], tuple(raised), tuple(lowered))


def _day(moment: datetime, months: int) -> str:
    return f"{months_later(moment, months):%Y-%m-%d}"
